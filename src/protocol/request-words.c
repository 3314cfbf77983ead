/* The words of a request that others than its parser need: which version to answer in, what may be
 * a session's name, how features are called. Links no JSON parser, so that a session process can
 * use it. Pure functions; no failures but memory, which sticks to the str. */
#include <string.h>

#include "protocol/request.h"
#include "util/json-write.h"

int request_version(const char *data, size_t length)
{
	static const char prefix[] = "AAAU/";
	size_t n = sizeof(prefix) - 1;

	return length >= n && memcmp(data, prefix, n) == 0 ? 2 : 1;
}

bool request_name_valid(const char *name)
{
	static const char hex[] = "0123456789abcdefABCDEF-";
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strlen(name);

	if (length == 0 || length > REQUEST_MAX_NAME || name[0] == '-' || name[0] == '.')
		return false;
	if (strspn(name, allowed) != length)
		return false;
	return length > 36 || strspn(name, hex) != length;
}

const char *request_feature_name(uint32_t bit)
{
	switch (bit) {
	case FEATURE_NOTICES: return "notices";
	case FEATURE_FREEZES: return "freezes";
	default: return NULL;
	}
}

void request_put_features(struct str *out, uint32_t features)
{
	bool first = true;

	str_append_byte(out, '[');
	for (unsigned i = 0; i < 32; i++) {
		const char *name = request_feature_name(features & (UINT32_C(1) << i));

		if (!name)
			continue;
		if (!first)
			str_append_byte(out, ',');
		first = false;
		json_append_string(out, name, strlen(name));
	}
	str_append_byte(out, ']');
}
