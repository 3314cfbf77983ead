/* UTF-8 (RFC 3629, section 4).
 *
 * Owns nothing. The bytes are an agent's or a client's: nothing about them is trusted, and nothing
 * is read beyond n. Cannot fail; "not UTF-8" is an ordinary answer.
 */
#include "util/utf8.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* What may follow a first byte: how long the sequence is (0: the byte begins none) and between
 * which bounds the second byte lies. The bounds are what rules out overlong forms, surrogates and
 * numbers too large. */
static const struct {
	uint8_t length, low, high;
} leads[256] = {
	[0x00 ... 0x7f] = {1, 0, 0}, [0xc2 ... 0xdf] = {2, 0x80, 0xbf},
	[0xe0] = {3, 0xa0, 0xbf},    [0xe1 ... 0xec] = {3, 0x80, 0xbf},
	[0xed] = {3, 0x80, 0x9f},    [0xee ... 0xef] = {3, 0x80, 0xbf},
	[0xf0] = {4, 0x90, 0xbf},    [0xf1 ... 0xf3] = {4, 0x80, 0xbf},
	[0xf4] = {4, 0x80, 0x8f},
};

static bool second_valid(uint8_t lead, uint8_t second)
{
	return second >= leads[lead].low && second <= leads[lead].high;
}

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

size_t utf8_sequence(const char *data, size_t n)
{
	const uint8_t *byte = (const uint8_t *)data;

	if (n == 0)
		return 0;
	size_t length = leads[byte[0]].length;
	if (length <= 1)
		return length;
	if (n < length || !second_valid(byte[0], byte[1]))
		return 0;
	if (length >= 3 && !is_continuation(byte[2]))
		return 0;
	if (length == 4 && !is_continuation(byte[3]))
		return 0;
	return length;
}

size_t utf8_valid_prefix(const char *data, size_t n)
{
	size_t at = 0;

	while (at < n) {
		if (n - at >= 8) {
			uint64_t eight;
			memcpy(&eight, data + at, sizeof eight);
			uint64_t high = eight & UINT64_C(0x8080808080808080);
			if (high == 0) {
				at += sizeof eight;
				continue;
			}
			at += (size_t)__builtin_ctzll(le64toh(high)) / 8;
		}
		size_t length = utf8_sequence(data + at, n - at);
		if (length == 0)
			break;
		at += length;
	}
	return at;
}

size_t utf8_incomplete_tail(const char *data, size_t n)
{
	const uint8_t *byte = (const uint8_t *)data;

	for (size_t held = 1; held <= 3 && held <= n; held++) {
		uint8_t lead = byte[n - held];
		if (is_continuation(lead))
			continue;
		if (leads[lead].length <= held)
			return 0;
		if (held >= 2 && !second_valid(lead, byte[n - held + 1]))
			return 0;
		return held;
	}
	return 0;
}

bool utf8_is_printable(const char *text)
{
	size_t n = strlen(text);

	if (utf8_valid_prefix(text, n) != n)
		return false;
	for (const unsigned char *at = (const unsigned char *)text; *at; at++)
		/* C1 is U+0080 to U+009F: c2 80 to c2 9f. */
		if (*at < 0x20 || *at == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0))
			return false;
	return true;
}
