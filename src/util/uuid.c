/* Session ids.
 *
 * Owns nothing. Trusts the kernel's random numbers; text to parse may come from anybody. Fails by
 * negative errno where the kernel does, and by false on text that is no UUID.
 */
#include "util/uuid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "util/hex.h"

int uuid_generate(struct uuid *ret)
{
	struct uuid id;
	ssize_t got;

	/* Up to 256 bytes come whole or not at all, once the pool is ready. */
	do
		got = getrandom(id.bytes, sizeof id.bytes, 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (got != (ssize_t)sizeof id.bytes)
		return -EIO;
	id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40);
	id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
	*ret = id;
	return 0;
}

/* A '-' stands before these bytes. */
static bool dash_before(unsigned byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

char *uuid_format(const struct uuid *id, char out[UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *at = out;

	for (unsigned i = 0; i < sizeof id->bytes; i++) {
		if (dash_before(i))
			*at++ = '-';
		*at++ = digits[id->bytes[i] >> 4];
		*at++ = digits[id->bytes[i] & 15];
	}
	*at = '\0';
	return out;
}

bool uuid_parse(const char *text, struct uuid *ret)
{
	struct uuid id;

	for (unsigned i = 0; i < sizeof id.bytes; i++) {
		if (dash_before(i) && *text++ != '-')
			return false;
		int high = hex_value(*text);
		if (high < 0)
			return false;
		text++;
		int low = hex_value(*text);
		if (low < 0)
			return false;
		text++;
		id.bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (*text != '\0')
		return false;
	*ret = id;
	return true;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool uuid_is_v4(const struct uuid *id)
{
	return (id->bytes[6] & 0xf0) == 0x40 && (id->bytes[8] & 0xc0) == 0x80;
}
