#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

/* RFC 3629 by its definition: decode, then ask whether that number may be written in so many
 * bytes. Shares nothing with the code under test. */
static size_t reference_sequence(const uint8_t *b, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length;
	uint32_t value;

	if (n == 0)
		return 0;
	if ((b[0] & 0x80) == 0)
		return 1;
	if ((b[0] & 0xe0) == 0xc0) {
		length = 2;
		value = b[0] & 0x1f;
	} else if ((b[0] & 0xf0) == 0xe0) {
		length = 3;
		value = b[0] & 0x0f;
	} else if ((b[0] & 0xf8) == 0xf0) {
		length = 4;
		value = b[0] & 0x07;
	} else {
		return 0;
	}
	if (n < length)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (b[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	return length;
}

/* Every first and second byte, and what stands at the edges in the third and fourth place. */
static void test_every_sequence(void **state)
{
	(void)state;
	static const uint8_t edges[] = {0x00, 0x22, 0x7f, 0x80, 0x8f, 0x90,
					0x9f, 0xa0, 0xbf, 0xc0, 0xff};
	const size_t count = sizeof edges;

	for (unsigned lead = 0; lead < 256; lead++)
		for (unsigned second = 0; second < 256; second++)
			for (size_t i = 0; i < count * count; i++)
				for (size_t n = 0; n <= 4; n++) {
					const uint8_t b[4] = {(uint8_t)lead, (uint8_t)second,
							      edges[i / count], edges[i % count]};
					if (utf8_sequence((const char *)b, n) !=
					    reference_sequence(b, n))
						fail_msg("%02x %02x %02x %02x, %zu", b[0], b[1],
							 b[2], b[3], n);
				}
}

/* A tail is incomplete if, and only if, some continuation makes it valid and it is not yet. */
static bool can_be_completed(const uint8_t *b, size_t n)
{
	static const uint8_t seconds[] = {0x80, 0x90, 0xa0, 0xbf};

	for (size_t i = 0; i < 4; i++) {
		uint8_t whole[4] = {seconds[i], seconds[i], 0x80, 0x80};
		memcpy(whole, b, n);
		if (reference_sequence(whole, 4) > n)
			return true;
	}
	return false;
}

static size_t reference_tail(const uint8_t *b, size_t n)
{
	for (size_t held = n < 3 ? n : 3; held > 0; held--)
		if (can_be_completed(b + n - held, held))
			return held;
	return 0;
}

static void test_every_tail(void **state)
{
	(void)state;
	static const uint8_t some[] = {0x00, 'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
				       0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
				       0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff};
	const size_t count = sizeof some;

	for (size_t i = 0; i < count * count * count * count; i++) {
		const uint8_t b[4] = {some[i % count], some[i / count % count],
				      some[i / count / count % count],
				      some[i / count / count / count]};
		for (size_t n = 0; n <= 4; n++) {
			size_t held = utf8_incomplete_tail((const char *)b, n);
			if (held != reference_tail(b, n))
				fail_msg("%02x %02x %02x %02x, %zu: %zu", b[0], b[1], b[2], b[3], n,
					 held);
		}
	}
}

static size_t reference_prefix(const uint8_t *b, size_t n)
{
	size_t at = 0, length;

	while (at < n && (length = reference_sequence(b + at, n - at)) > 0)
		at += length;
	return at;
}

/* One odd byte or sequence at every place of a run that passes the eight-byte steps. */
static void test_prefix_at_every_place(void **state)
{
	(void)state;
	static const char *const odd[] = {"\x80",         "\xff",     "\xc3\xa9",
					  "\xe2\x94\x80", "\xe2\x94", "\xf0\x9f\x98\x80",
					  "\xed\xa0\x80", "\xc0\x80"};

	for (size_t o = 0; o < sizeof odd / sizeof odd[0]; o++)
		for (size_t n = 4; n < 40; n++)
			for (size_t at = 0; at + strlen(odd[o]) <= n; at++) {
				/* Exactly n bytes, so that a read beyond shows. */
				char *text = malloc(n);
				assert_non_null(text);
				memset(text, 'x', n);
				memcpy(text + at, odd[o], strlen(odd[o]));
				assert_int_equal(utf8_valid_prefix(text, n),
						 reference_prefix((const uint8_t *)text, n));
				free(text);
			}
	assert_int_equal(utf8_valid_prefix(NULL, 0), 0);
	assert_int_equal(utf8_incomplete_tail(NULL, 0), 0);
}

static void test_printable(void **state)
{
	(void)state;
	assert_true(utf8_is_printable(""));
	assert_true(utf8_is_printable("Jos\u00e9 \u00a0\u4e2d\U0001f600"));
	assert_false(utf8_is_printable("a\x1b[31m"));
	assert_false(utf8_is_printable("a\n"));
	assert_false(utf8_is_printable("a\x7f"));
	assert_false(utf8_is_printable("\xc2\x9b"
				       "31m"));
	assert_false(utf8_is_printable("\xff"));
	assert_false(utf8_is_printable("\xc2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sequence),
		cmocka_unit_test(test_every_tail),
		cmocka_unit_test(test_prefix_at_every_place),
		cmocka_unit_test(test_printable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
