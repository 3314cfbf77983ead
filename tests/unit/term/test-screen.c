/* The cursor, erasing, inserting and deleting, scrolling, margins, the scrollback. */
#include "term-test.h"

#define FIVE "aaa\r\nbbb\r\nccc\r\nddd\r\neee"

static void the_cursor_moves_and_stops_at_edges(void **state)
{
	(void)state;
	SHOWS_AT("\033[3;4H", "", 3, 4);
	SHOWS_AT("\033[99;99H", "", 5, 10);
	SHOWS_AT("\033[3;4H\033[A\033[2D", "", 2, 2);
	SHOWS_AT("\033[3;4H\033[99A\033[99D", "", 1, 1);
	SHOWS_AT("\033[3;4H\033[99B\033[99C", "", 5, 10);
	SHOWS_AT("\033[3;4H\033[E", "", 4, 1);
	SHOWS_AT("\033[3;4H\033[F", "", 2, 1);
	SHOWS_AT("\033[3;4H\033[7G\033[2d", "", 2, 7);
	SHOWS_AT("\033[3;4H\033[2a\033[e", "", 4, 6);
	SHOWS_AT("\033[3;4H\033M\033D\033D\033E", "", 5, 1);
}

static void tab_stops(void **state)
{
	(void)state;
	SHOWS("\tx", "        x");
	SHOWS_AT("\t\t\t", "", 1, 10);
	SHOWS("\033[3g\033[4G\033H\r\tx", "   x");
	SHOWS_AT("\033[10G\033[Z", "", 1, 9);
	SHOWS_AT("\033[10G\033[9Z", "", 1, 1);
	SHOWS_AT("\033[9G\033[g\r\033[I", "", 1, 10);
}

static void erasing(void **state)
{
	(void)state;
	SHOWS("abcdef\033[3G\033[K", "ab");
	SHOWS("abcdef\033[3G\033[1K", "   def");
	SHOWS_AT("abcdef\033[3G\033[2K", "", 1, 3);
	SHOWS("abcdef\033[3G\033[2X", "ab  ef");
	SHOWS(FIVE "\033[3;2H\033[J", "aaa|bbb|c");
	SHOWS(FIVE "\033[3;2H\033[1J", "||  c|ddd|eee");
	SHOWS_AT(FIVE "\033[3;2H\033[2J", "", 3, 2);
}

static void erasing_takes_the_background_alone(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);

	(void)state;
	FEED(term, "\033[1;4;31;44mx\033[K");
	assert_int_equal(cell_at(term, 1, 2).background, TERM_COLOUR_INDEXED | 4);
	assert_int_equal(cell_at(term, 1, 2).foreground, 0);
	assert_int_equal(cell_at(term, 1, 2).attributes, 0);
	assert_string_equal(cell_at(term, 1, 2).text, "");
	FEED(term, "\033[5;1H\n");
	assert_int_equal(cell_at(term, 5, 10).background, TERM_COLOUR_INDEXED | 4);
}

static void selective_erase_spares_the_protected(void **state)
{
	(void)state;
	SHOWS("ab\033[1\"qcd\033[0\"qef\033[?2K", "  cd");
	SHOWS("ab\033[1\"qcd\033[0\"qef\033[?2J", "  cd");
	SHOWS("ab\033[1\"qcd\033[0\"qef\033[2K", "");
}

static void inserting_and_deleting(void **state)
{
	(void)state;
	SHOWS("0123456789\033[3G\033[2@", "01  234567");
	SHOWS("0123456789\033[3G\033[2P", "01456789");
	SHOWS(FIVE "\033[2;2H\033[2L", "aaa|||bbb|ccc");
	SHOWS_AT(FIVE "\033[2;2H\033[2M", "aaa|ddd|eee", 2, 1);
	SHOWS(FIVE "\033[2;2H\033[99M", "aaa");
}

static void scrolling(void **state)
{
	(void)state;
	SHOWS(FIVE "\n", "bbb|ccc|ddd|eee");
	SHOWS(FIVE "\033[2S", "ccc|ddd|eee");
	SHOWS(FIVE "\033[2T", "||aaa|bbb|ccc");
	SHOWS(FIVE "\033[H\033M", "|aaa|bbb|ccc|ddd");
	SHOWS(FIVE "\033[2;4r\033[4;1H\n", "aaa|ccc|ddd||eee");
	SHOWS(FIVE "\033[2;4r\033[2;1H\033M", "aaa||bbb|ccc|eee");
	SHOWS(FIVE "\033[2;4r\033[S", "aaa|ccc|ddd||eee");
	/* Outside of the margins the edge of the screen just stops. */
	SHOWS_AT(FIVE "\033[2;4r\033[5;1H\n", "aaa|bbb|ccc|ddd|eee", 5, 1);
	SHOWS_AT(FIVE "\033[2;4r\033[3;1H\033[9B", "aaa|bbb|ccc|ddd|eee", 4, 1);
	/* Lines are neither inserted nor deleted there. */
	SHOWS(FIVE "\033[2;4r\033[5;1H\033[L", "aaa|bbb|ccc|ddd|eee");
}

static void side_margins(void **state)
{
	(void)state;
	SHOWS("\033[?69h\033[3;6s\033[1;3Habcdef", "  abcd|  ef");
	SHOWS("0123456789\r\n0123456789\033[?69h\033[3;6s\033[2;3H\033[2P",
	      "0123456789|0145  6789");
	SHOWS("0123456789\r\n0123456789\033[?69h\033[3;6s\033[1;3H\033[L",
	      "01    6789|0123456789|  2345");
	SHOWS("0123456789\033[?69h\033[3;6s\033[1;1H\033[4C\rx", "01x3456789");
	/* Without the mode, CSI s saves the cursor. */
	SHOWS("ab\033[sxx\033[uc", "abcx");
}

static void origin_mode(void **state)
{
	(void)state;
	SHOWS_AT("\033[2;4r\033[?6h", "", 2, 1);
	SHOWS_AT("\033[2;4r\033[?6h\033[2;3H", "", 3, 3);
	SHOWS_AT("\033[2;4r\033[?6h\033[99;1H", "", 4, 1);
	SHOWS_AT("\033[2;4r\033[?6h\033[?6l", "", 1, 1);
}

static void saved_cursors(void **state)
{
	(void)state;
	SHOWS("\033[2;3H\0337\033[Hx\0338y", "x|  y");
	/* With pen, character sets and origin mode. */
	SHOWS("\033(0\0337\033(Bq\0338\033[Cq", "q─");
	SHOWS("0123456789\0337\033[Hx\0338y", "x123456789|y");
	SHOWS_AT("\033[3;3H\0338", "", 1, 1);
	/* Each screen has its own. */
	SHOWS_AT("\033[2;2H\0337\033[?47h\033[3;3H\0337\033[?47l\0338", "", 2, 2);
}

static void what_scrolls_off_the_top_is_kept(void **state)
{
	cleanup_term struct term *term = term_new(2, 10, 3);

	(void)state;
	FEED(term, "1\r\n\033[31m2\033[m\r\n3\r\n");
	expect_scrollback(term, "1|2");
	assert_int_equal(cell_at(term, 0, 1).foreground, TERM_COLOUR_INDEXED | 1);
	FEED(term, "漢e\u0301\r\n5\r\n6\r\n");
	expect_scrollback(term, "3|漢e\u0301|5");
	assert_int_equal(cell_at(term, -1, 1).width, 2);
	/* Not from the alternate screen, not what is deleted, not from below a top margin. */
	FEED(term, "\033[?1049h\n\n\n\033[?1049l");
	expect_scrollback(term, "3|漢e\u0301|5");
	FEED(term, "\033[H\033[M");
	expect_scrollback(term, "3|漢e\u0301|5");
	FEED(term, "\033[3J");
	assert_int_equal(term_scrollback(term), 0);
	cleanup_term struct term *margins = term_new(5, 10, 10);
	FEED(margins, FIVE "\033[2;4r\033[4;1H\n\033[1;4r\033[4;1H\n");
	expect_scrollback(margins, "aaa");
}

static void a_line_that_was_wrapped_says_so(void **state)
{
	cleanup_term struct term *term = term_new(2, 4, 10);
	cleanup_str struct str text = {0};

	(void)state;
	FEED(term, "abcdefghijkl\r\nx");
	assert_true(term_row_text(term, -2, &text));
	assert_true(term_row_text(term, -1, &text));
	assert_false(term_row_text(term, 0, &text));
	assert_memory_equal(text.data, "abcdefghijkl", 12);
}

static void screens(void **state)
{
	(void)state;
	SHOWS_AT("main\033[?1049h\033[2;2Halternate\033[?1049l!", "main!", 1, 6);
	SHOWS("main\033[?1049h\033[Hone\033[?1049l\033[?1049h", "");
	SHOWS("main\033[?47h\033[Hone\033[?47l\033[?47h", "one");
	SHOWS("main\033[?47h\033[Hone\033[?1047l\033[?47h", "");
	SHOWS("main\033[?1049h\033c", "");
}

static void alignment_pattern(void **state)
{
	(void)state;
	SHOWS_AT("\033[3;3H\033#8", "EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE|EEEEEEEEEE", 1, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cursor_moves_and_stops_at_edges),
		cmocka_unit_test(tab_stops),
		cmocka_unit_test(erasing),
		cmocka_unit_test(erasing_takes_the_background_alone),
		cmocka_unit_test(selective_erase_spares_the_protected),
		cmocka_unit_test(inserting_and_deleting),
		cmocka_unit_test(scrolling),
		cmocka_unit_test(side_margins),
		cmocka_unit_test(origin_mode),
		cmocka_unit_test(saved_cursors),
		cmocka_unit_test(what_scrolls_off_the_top_is_kept),
		cmocka_unit_test(a_line_that_was_wrapped_says_so),
		cmocka_unit_test(screens),
		cmocka_unit_test(alignment_pattern),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
