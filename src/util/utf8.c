/* UTF-8 (RFC 3629, section 4).
 *
 * Owns nothing. The bytes are an agent's or a client's: nothing about them is trusted, and nothing
 * is read beyond n. Cannot fail; "not UTF-8" is an ordinary answer.
 */
#include "util/utf8.h"

#include <stdint.h>

#include "util/swar.h"

/* Length of the sequence that this byte begins; 0 for one that begins none. */
static size_t lead_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

/* The second byte's range is what rules out overlong forms, surrogates and numbers too large. */
static bool second_valid(uint8_t lead, uint8_t second)
{
	switch (lead) {
	case 0xe0: return second >= 0xa0 && second <= 0xbf;
	case 0xed: return second >= 0x80 && second <= 0x9f;
	case 0xf0: return second >= 0x90 && second <= 0xbf;
	case 0xf4: return second >= 0x80 && second <= 0x8f;
	default: return second >= 0x80 && second <= 0xbf;
	}
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
	size_t length = lead_length(byte[0]);
	if (length <= 1)
		return length;
	if (n < length || !second_valid(byte[0], byte[1]))
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!is_continuation(byte[i]))
			return 0;
	return length;
}

size_t utf8_valid_prefix(const char *data, size_t n)
{
	size_t at = 0;

	while (at < n) {
		if (n - at >= 8) {
			uint64_t high = swar_load(data + at) & SWAR_HIGHS;
			if (high == 0) {
				at += 8;
				continue;
			}
			at += swar_first(high);
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
		if (lead_length(lead) <= held)
			return 0;
		if (held >= 2 && !second_valid(lead, byte[n - held + 1]))
			return 0;
		return held;
	}
	return 0;
}
