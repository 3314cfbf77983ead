/* Other sizes: what is cut, what moves into the scrollback and comes back; bounds. */
#include <malloc.h>

#include "term-test.h"

#define FIVE "aaa\r\nbbb\r\nccc\r\nddd\r\neee"

static void columns_are_cut_and_added_at_the_right(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);

	(void)state;
	FEED(term, "0123456789\r\n012漢");
	assert_int_equal(term_resize(term, 5, 4), 0);
	/* Half a wide character is none. */
	expect_screen(term, "0123|012");
	expect_cursor(term, 2, 4);
	assert_int_equal(term_resize(term, 5, 20), 0);
	expect_screen(term, "0123|012");
	FEED(term, "\r\t\tx");
	expect_cursor(term, 2, 18);
}

static void blank_rows_go_first(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 10);

	(void)state;
	FEED(term, "aaa\r\nbbb");
	term_resize(term, 3, 10);
	expect_screen(term, "aaa|bbb");
	assert_int_equal(term_scrollback(term), 0);
}

static void the_top_goes_into_the_scrollback_and_comes_back(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 10);

	(void)state;
	FEED(term, FIVE);
	term_resize(term, 3, 10);
	expect_screen(term, "ccc|ddd|eee");
	expect_scrollback(term, "aaa|bbb");
	expect_cursor(term, 3, 4);
	term_resize(term, 6, 10);
	expect_screen(term, "aaa|bbb|ccc|ddd|eee");
	expect_cursor(term, 5, 4);
	assert_int_equal(term_scrollback(term), 0);
}

static void the_cursor_stays_in_view(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 10);

	(void)state;
	FEED(term, FIVE "\033[2;1H");
	term_resize(term, 2, 10);
	expect_screen(term, "bbb|ccc");
	expect_cursor(term, 1, 1);
}

static void the_other_screen_follows(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 10);

	(void)state;
	FEED(term, FIVE "\033[?1049h\033[H1\r\n2\r\n3\r\n4\r\n5");
	term_resize(term, 3, 10);
	expect_screen(term, "3|4|5");
	FEED(term, "\033[?1049lx");
	expect_screen(term, "ccc|ddd|eeex");
	expect_scrollback(term, "aaa|bbb");
}

static void margins_are_the_whole_again(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);

	(void)state;
	FEED(term, "\033[2;3r");
	term_resize(term, 6, 10);
	FEED(term, "\033[6;1Ha\nb");
	expect_screen(term, "||||a| b");
}

static void sizes_have_bounds(void **state)
{
	cleanup_term struct term *term = term_new(0, 0, 0);

	(void)state;
	assert_int_equal(term_rows(term), 1);
	assert_int_equal(term_columns(term), TERM_MIN_COLUMNS);
	FEED(term, "漢字\r\n\033[5;5Hx\t\033[L\033[M");
	term_resize(term, 100000, 100000);
	assert_int_equal(term_rows(term), TERM_MAX_ROWS);
	assert_int_equal(term_columns(term), TERM_MAX_COLUMNS);
}

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static void memory_has_bounds(void **state)
{
	size_t before = in_use();
	cleanup_term struct term *term = term_new(24, 80, 0);
	char text[128];

	(void)state;
	assert_true(in_use() - before <= (size_t)100 * 1024);
	cleanup_term struct term *deep = term_new(24, 80, 1000);
	before = in_use();
	/* Every cell another colour, with marks: far more than 1 KiB a line. */
	for (unsigned i = 0; i < 200000; i++) {
		int n = snprintf(text, sizeof text, "\033[38;2;%u;%u;%um漢\u0301\u0302\u0303",
				 i % 256, i / 256 % 256, i / 65536);
		term_feed(deep, text, (size_t)n);
	}
	assert_true(term_scrollback(deep) > 100);
	assert_true(in_use() - before <= (size_t)2 * 1024 * 1024);
	/* Clusters without end. */
	for (unsigned i = 0; i < 100000; i++) {
		int n = snprintf(text, sizeof text, "e%c%c%c%c", 0xcc, 0x80 + i % 48, 0xcc,
				 0x80 + i / 48 % 48);
		term_feed(term, text, (size_t)n);
	}
	assert_true(in_use() - before <= (size_t)4 * 1024 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_cut_and_added_at_the_right),
		cmocka_unit_test(blank_rows_go_first),
		cmocka_unit_test(the_top_goes_into_the_scrollback_and_comes_back),
		cmocka_unit_test(the_cursor_stays_in_view),
		cmocka_unit_test(the_other_screen_follows),
		cmocka_unit_test(margins_are_the_whole_again),
		cmocka_unit_test(sizes_have_bounds),
		cmocka_unit_test(memory_has_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
