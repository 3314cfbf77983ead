#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/str.h"

static void test_grows_and_ends_in_nul(void **state)
{
	(void)state;
	cleanup_str struct str s = {0};

	str_append(&s, "", 0);
	assert_non_null(s.data);
	assert_string_equal(s.data, "");
	for (unsigned i = 0; i < 100000; i++) {
		str_append_byte(&s, (char)('a' + i % 26));
		if (s.length != i + 1 || s.data[i + 1] != '\0' || s.capacity <= s.length)
			fail_msg("at %u", i);
	}
	for (unsigned i = 0; i < 100000; i++)
		if (s.data[i] != (char)('a' + i % 26))
			fail_msg("byte %u", i);
	str_append(&s, "a\0b", 3);
	assert_memory_equal(s.data + 100000, "a\0b", 4);
	assert_int_equal(str_error(&s), 0);
}

static void test_pieces(void **state)
{
	(void)state;
	cleanup_str struct str s = {0};
	char long_text[1000];

	str_append_text(&s, "one ");
	str_append_format(&s, "%s-%d ", "two", 2);
	str_append_u64(&s, 0);
	str_append_byte(&s, ' ');
	str_append_u64(&s, UINT64_MAX);
	assert_string_equal(s.data, "one two-2 0 18446744073709551615");

	memset(long_text, 'x', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = '\0';
	str_clear(&s);
	assert_string_equal(s.data, "");
	for (size_t n = 250; n < 260; n++) { /* around the size of the small buffer */
		str_clear(&s);
		str_append_format(&s, "%.*s!", (int)n, long_text);
		assert_int_equal(s.length, n + 1);
		assert_int_equal(strlen(s.data), n + 1);
		assert_int_equal(s.data[n], '!');
	}
	str_append_format(&s, "%s", long_text);
	assert_int_equal(s.length, 260 + 999);
}

static void test_reserve(void **state)
{
	(void)state;
	cleanup_str struct str s = {0};

	str_append_text(&s, "ab");
	char *at = str_reserve(&s, 500);
	assert_non_null(at);
	assert_ptr_equal(at, s.data + 2);
	memset(at, 'c', 500);
	s.length += 500;
	str_append_text(&s, "d");
	assert_int_equal(s.length, 503);
	assert_string_equal(s.data + 500, "ccd");
	str_truncate(&s, 2);
	assert_string_equal(s.data, "ab");
	str_truncate(&s, 10); /* never longer */
	assert_int_equal(s.length, 2);
}

static void test_limit_sticks(void **state)
{
	(void)state;
	cleanup_str struct str s = {.limit = 10};

	str_append_text(&s, "12345");
	str_append_text(&s, "67890");
	assert_int_equal(str_error(&s), 0);
	str_append_text(&s, "1");
	assert_int_equal(str_error(&s), -E2BIG);
	str_append(&s, "", 0);
	assert_null(str_reserve(&s, 0));
	assert_int_equal(str_error(&s), -E2BIG);
	assert_string_equal(s.data, "1234567890");

	str_truncate(&s, 3);
	assert_int_equal(str_error(&s), 0);
	str_append_format(&s, "%d", 12345678); /* eight do not fit any more */
	assert_int_equal(str_error(&s), -E2BIG);
	assert_string_equal(s.data, "123");

	str_free(&s);
	assert_int_equal(s.limit, 10);
	assert_int_equal(str_error(&s), 0);
	str_append_text(&s, "12345678901");
	assert_int_equal(str_error(&s), -E2BIG);
	assert_null(s.data);
}

static void test_lengths_that_would_wrap(void **state)
{
	(void)state;
	cleanup_str struct str s = {0};

	str_append_text(&s, "x");
	assert_null(str_reserve(&s, SIZE_MAX));
	assert_int_equal(str_error(&s), -ENOMEM);
	str_clear(&s);
	assert_null(str_reserve(&s, SIZE_MAX - 1));
	str_clear(&s);
	assert_null(str_reserve(&s, SIZE_MAX / 2));
	str_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_ends_in_nul),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_limit_sticks),
		cmocka_unit_test(test_lengths_that_would_wrap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
