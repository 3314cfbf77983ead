/* Any bytes become a line that jansson reads, and nothing is lost on the way: content is the input,
 * or `raw` is. */
#include <jansson.h>
#include <string.h>

#include "audit/record.h"
#include "fuzz.h"
#include "util/json-write.h"
#include "util/utf8.h"

static int digit_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	MUST(at);
	return (int)(at - digits);
}

/* RFC 4648, strictly: whole groups, padding at the end alone, no bits behind the last byte. */
static void check_base64(const char *text, size_t length, const uint8_t *data, size_t size)
{
	MUST(length == (size + 2) / 3 * 4);
	for (size_t i = 0, at = 0; i < length; i += 4) {
		size_t bytes = size - at < 3 ? size - at : 3;
		uint32_t group = 0;
		for (size_t j = 0; j < 4; j++) {
			if (j > bytes)
				MUST(text[i + j] == '=');
			else
				group |= (uint32_t)digit_value(text[i + j]) << (18 - 6 * j);
		}
		for (size_t j = 0; j < 3; j++) {
			uint8_t byte = (uint8_t)(group >> (16 - 8 * j));
			MUST(byte == (j < bytes ? data[at + j] : 0));
		}
		at += bytes;
	}
}

/* Each byte that belongs to no valid sequence became one U+FFFD, and the rest stayed. */
static void check_lossy(const char *text, size_t length, const char *data, size_t size)
{
	size_t in = 0, out = 0;

	while (in < size) {
		size_t valid = utf8_valid_prefix(data + in, size - in);
		MUST(valid <= length - out && memcmp(text + out, data + in, valid) == 0);
		in += valid;
		out += valid;
		if (in < size) {
			MUST(length - out >= 3 && memcmp(text + out, "\xef\xbf\xbd", 3) == 0);
			in++;
			out += 3;
		}
	}
	MUST(out == length);
}

static void check_string(const char *data, size_t size)
{
	cleanup_str struct str out = {0};

	bool replaced = json_append_lossy_string(&out, data, size);
	MUST(str_error(&out) == 0);
	MUST(replaced == (utf8_valid_prefix(data, size) < size));
	for (size_t i = 0; i < out.length; i++)
		MUST((uint8_t)out.data[i] >= 0x20 && out.data[i] != 0x7f);

	json_t *json = json_loadb(out.data, out.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	MUST(json_is_string(json));
	check_lossy(json_string_value(json), json_string_length(json), data, size);
	json_decref(json);
}

static const char *text_of(json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));
	MUST(text);
	return text;
}

static void check_record(const char *data, size_t size)
{
	/* The same bytes as a name and a value: up to the first NUL, since those are C strings. */
	char *name = strndup(data, size);
	MUST(name);
	const struct audit_pair metadata[] = {{"a", name}, {"left-out", NULL}, {"b", "x"}};
	const struct audit_record record = {.timestamp_us = UINT64_C(1711523456000001),
					    .source = AUDIT_AGENT,
					    .user = name,
					    .session_id = "",
					    .command_type = "output",
					    .content = data,
					    .content_length = size,
					    .metadata = metadata,
					    .pair_count = 3};
	cleanup_str struct str out = {0};

	audit_put_record(&out, &record);
	MUST(str_error(&out) == 0);
	MUST(out.data[out.length - 1] == '\n' && !memchr(out.data, '\n', out.length - 1));
	json_t *json =
		json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	MUST(json_is_object(json));

	json_t *content = json_object_get(json, "content");
	check_lossy(json_string_value(content), json_string_length(content), data, size);
	check_lossy(text_of(json, "user"), strlen(text_of(json, "user")), name, strlen(name));
	json_t *pairs = json_object_get(json, "metadata");
	MUST(json_object_size(pairs) == 2);
	check_lossy(text_of(pairs, "a"), strlen(text_of(pairs, "a")), name, strlen(name));

	json_t *raw = json_object_get(json, "raw");
	MUST((raw != NULL) == (utf8_valid_prefix(data, size) < size));
	if (raw)
		check_base64(json_string_value(raw), json_string_length(raw), (const uint8_t *)data,
			     size);
	json_decref(json);
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_string((const char *)data, size);
	check_record((const char *)data, size);
	MUST(utf8_incomplete_tail((const char *)data, size) <= size);
	return 0;
}
