/* Characters: wrapping, widths, marks, clusters, character sets. */
#include "term-test.h"

static void the_last_column_waits_for_the_next_character(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);
	cleanup_str struct str text = {0};

	(void)state;
	FEED(term, "0123456789");
	expect_cursor(term, 1, 10);
	assert_true(term_cursor(term).pending_wrap);
	FEED(term, "\033[1m");
	assert_true(term_cursor(term).pending_wrap);
	FEED(term, "a");
	expect_screen(term, "0123456789|a");
	assert_true(term_row_text(term, 0, &text));
	SHOWS("0123456789\rx", "x123456789");
	SHOWS("0123456789\bx", "01234567x9");
	SHOWS("0123456789\033[Kx", "012345678x");
	SHOWS("0123456789\033[Cx", "012345678x");
	SHOWS("0123456789\nx", "0123456789|         x");
}

static void without_autowrap_the_last_column_is_overwritten(void **state)
{
	(void)state;
	SHOWS("\033[?7l0123456789abc", "012345678c");
	SHOWS("\033[?7l012345678漢x", "012345678x");
}

static void reverse_wrap_goes_back_over_a_wrap(void **state)
{
	(void)state;
	SHOWS("\033[?45h0123456789ab\b\b\bx", "012345678x|ab");
	SHOWS("\033[?45h0123\r\nab\b\b\bx", "0123|xb");
}

static void wide_characters_take_two_columns(void **state)
{
	(void)state;
	SHOWS_AT("漢字", "漢字", 1, 5);
	/* They do not fit into the last column. */
	SHOWS_AT("012345678漢", "012345678|漢", 2, 3);
	/* Half of one is none. */
	SHOWS("漢\bx", " x");
	SHOWS("漢\rx", "x");
	SHOWS("漢字\033[2Gxy", " xy");
	SHOWS("漢字\033[1;2H\033[X", "  字");
	SHOWS("漢字\033[1;2H\033[P", " 字");
	SHOWS("a漢\033[1;3H\033[@", "a");
}

static void marks_join_the_cell_before(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);

	(void)state;
	FEED(term, "e\u0301x");
	assert_string_equal(cell_at(term, 1, 1).text, "e\u0301");
	assert_string_equal(cell_at(term, 1, 2).text, "x");
	FEED(term, "\r\n漢\u0301");
	assert_string_equal(cell_at(term, 2, 1).text, "漢\u0301");
	/* Also in the last column, and after other things. */
	FEED(term, "\r\n012345678e\033[1m\u0301");
	assert_string_equal(cell_at(term, 3, 10).text, "e\u0301");
	/* There is nothing to mark. */
	FEED(term, "\r\n\u0301x\r\n  \033[X\033[C\u0301");
	expect_rows(term, 3, 5, "x");
}

static void a_cell_holds_so_many_marks(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);

	(void)state;
	FEED(term, "e");
	for (unsigned i = 0; i < 100; i++)
		FEED(term, "\u0301");
	assert_int_equal(cell_at(term, 1, 1).text_length, 1 + 2 * (TERM_CLUSTER_MAX - 1));
}

static void code_points_stand_alone_by_default(void **state)
{
	cleanup_term struct term *term = term_new(5, 20, 0);

	(void)state;
	FEED(term, "👩\u200d👧🇩🇪❤\ufe0fx");
	assert_string_equal(cell_at(term, 1, 1).text, "👩\u200d");
	assert_string_equal(cell_at(term, 1, 3).text, "👧");
	assert_string_equal(cell_at(term, 1, 5).text, "🇩");
	assert_string_equal(cell_at(term, 1, 6).text, "🇪");
	assert_string_equal(cell_at(term, 1, 7).text, "❤\ufe0f");
	assert_int_equal(cell_at(term, 1, 7).width, 1);
	assert_string_equal(cell_at(term, 1, 8).text, "x");
}

static void clusters_are_cells_under_mode_2027(void **state)
{
	cleanup_term struct term *term = term_new(5, 20, 0);

	(void)state;
	FEED(term, "\033[?2027h👩\u200d👧🇩🇪🇫❤\ufe0f각x");
	assert_string_equal(cell_at(term, 1, 1).text, "👩\u200d👧");
	assert_int_equal(cell_at(term, 1, 1).width, 2);
	assert_string_equal(cell_at(term, 1, 3).text, "🇩🇪");
	assert_int_equal(cell_at(term, 1, 3).width, 2);
	assert_string_equal(cell_at(term, 1, 5).text, "🇫");
	assert_string_equal(cell_at(term, 1, 6).text, "❤\ufe0f");
	assert_int_equal(cell_at(term, 1, 6).width, 2);
	assert_string_equal(cell_at(term, 1, 8).text, "각");
	assert_string_equal(cell_at(term, 1, 10).text, "x");
	/* Only characters that follow each other join. */
	FEED(term, "\r\n🇩\033[m🇪");
	assert_string_equal(cell_at(term, 2, 1).text, "🇩");
}

static void insert_mode_shifts(void **state)
{
	(void)state;
	SHOWS("abc\r\033[4hxy\033[4l-", "xy-bc");
	SHOWS("012345678\r\033[4h漢", "漢01234567");
	SHOWS("01234567漢\r\033[4hx", "x01234567");
}

static void line_drawing(void **state)
{
	(void)state;
	SHOWS("\033(0lqk\033(Blqk", "┌─┐lqk");
	SHOWS("\033)0\016x\017x", "│x");
	SHOWS("\033*0\033Nqq", "─q");
	SHOWS("\033+0\033oq\017q", "─q");
	SHOWS("\033(A#", "£");
	SHOWS("\033(0é", "é");
}

static void repeat(void **state)
{
	(void)state;
	SHOWS("a\033[3b", "aaaa");
	SHOWS("e\u0301\033[b", "e\u0301e\u0301");
	SHOWS("漢\033[2b", "漢漢漢");
	SHOWS("\033(0q\033[2b", "───");
	/* Only what came right before. */
	SHOWS("a\033[m\033[3b", "a");
	SHOWS("\033[3b", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_column_waits_for_the_next_character),
		cmocka_unit_test(without_autowrap_the_last_column_is_overwritten),
		cmocka_unit_test(reverse_wrap_goes_back_over_a_wrap),
		cmocka_unit_test(wide_characters_take_two_columns),
		cmocka_unit_test(marks_join_the_cell_before),
		cmocka_unit_test(a_cell_holds_so_many_marks),
		cmocka_unit_test(code_points_stand_alone_by_default),
		cmocka_unit_test(clusters_are_cells_under_mode_2027),
		cmocka_unit_test(insert_mode_shifts),
		cmocka_unit_test(line_drawing),
		cmocka_unit_test(repeat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
