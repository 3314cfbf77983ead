/* Snapshots: a fresh terminal that is fed one equals the first, now and after whatever comes next;
 * views for other sizes; and leaving. */
#include "term-test.h"

static const struct term_snapshot all = {.scrollback = TERM_MAX_SCROLLBACK};

static void expect_same(struct term *one, struct term *two)
{
	cleanup_str struct str a = {0}, b = {0};

	term_snapshot(one, &a, &all);
	term_snapshot(two, &b, &all);
	assert_int_equal(a.length, b.length);
	assert_memory_equal(a.data, b.data, a.length);
}

/* Feeds before, takes a snapshot, feeds after to both. */
static void joins(const char *before, const char *after)
{
	cleanup_term struct term *term = term_new(5, 10, 100);
	cleanup_term struct term *joiner = term_new(5, 10, 100);
	cleanup_str struct str snapshot = {0};
	cleanup_str struct str one = {0}, two = {0};

	term_feed(term, before, strlen(before));
	term_take_replies(term, NULL);
	term_snapshot(term, &snapshot, &all);
	term_feed(joiner, snapshot.data, snapshot.length);
	/* A snapshot asks nothing. */
	assert_int_equal(term_take_replies(joiner, NULL), 0);
	expect_same(term, joiner);
	term_feed(term, after, strlen(after));
	term_feed(joiner, after, strlen(after));
	expect_same(term, joiner);
	term_take_replies(term, &one);
	term_take_replies(joiner, &two);
	assert_int_equal(one.length, two.length);
	assert_true(one.length == 0 || memcmp(one.data, two.data, one.length) == 0);
}

static void cells(void **state)
{
	(void)state;
	joins("plain\r\n\033[1;4:3;31;48;2;1;2;3;58;5;9mstyled\033[m\r\n漢字e\u0301\r\n\033[44m\033[K",
	      "x");
	joins("\033]8;id=1;http://x/\033\\link\033]8;;\033\\ \033[1\"qprotected", "x\033[?2K");
	joins("a\033[5Cb\033[41m\033[2;3H\033[3Xc", "x");
	joins("\033[?2027h👩\u200d👧🇩🇪\033[?2027l👩\u200d👧", "x");
}

static void wraps(void **state)
{
	(void)state;
	joins("0123456789", "x");
	joins("0123456789", "\bx");
	joins("0123456789\033[31m", "x");
	joins("01234567漢", "x");
	joins("012345678漢", "\r\b");
	joins("0123456789abc\033[?45h\r", "\bx");
	joins("0123456789ab\033[1;10H\033[X\033[?45h\033[2;1H", "\bx");
	joins("\033[?69h\033[2;5s\033[1;2Habcd", "e");
	joins("0123456789\0337\033[2;1Hx", "\0338y");
}

static void what_comes_next_may_look_back(void **state)
{
	(void)state;
	joins("abc", "\033[3b");
	joins("e", "\u0301");
	joins("abcdef\033[3G\033[4hx", "\033[2b");
	joins("\033(0q", "\033[2b");
	joins("\033[?2027h🇩", "🇪");
	joins("\033*0\033N", "q");
}

static void unfinished_sequences(void **state)
{
	(void)state;
	joins("a\033", "[1mx");
	joins("a\033[1;3", "1mx");
	joins("a\xf0\x9f", "\x98\x80");
	joins("a\033]2;ti", "tle\ax");
	joins("a\033P+q544", "e\033\\");
	joins("a\xc2\x9b", "3Cx");
}

static void cursor_and_modes(void **state)
{
	(void)state;
	joins("\033[3;4H\033[?25l\033[5 q", "x");
	joins("\033[2;4r\033[?6h\033[2;2H", "\033[99;1Hx\n\n");
	joins("\033[?69h\033[3;6s\033[2;4r", "\033[3;3Habcdefghijklmnop");
	joins("\033[3g\033[4G\033H", "\r\tx");
	joins("\033(0\033)A\016\033[?7l", "q#\017q");
	joins("\033[2;3H\033[31m\033(0\0337\033[m\033(B\033[H", "\0338q");
	joins("\033[?1;5;1003;1006;1004;2004;2026;2031;2048h\033=\033[>4;2m",
	      "\033[?1003$p\033[?1006$p\033[?4m");
	joins("\033[>1u\033[>5u\033[=3;2u", "\033[?u\033[<u\033[?u\033[<u\033[?u");
	joins("\033]2;one\a\033[22t\033]2;two\a", "\033[23t");
	joins("\033]4;1;#123456\a\033]11;#654321\a", "\033]4;1;?\a\033]11;?\a");
}

static void both_screens(void **state)
{
	(void)state;
	joins("main\033[31m\033[?1049halternate\033[44m", "\033[?1049lback");
	joins("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\033[?1049h\033[Hx\0337\033[>1u",
	      "\033[H\0338y\033[?1049l\n\n\n");
	joins("main\033[?47halternate\033[>1u\0337\033[?47l", "\033[?47h\033[?u\0338x");
	joins("main\033[44m\033[?1049h", "\033[?1049lx\033[K");
}

static void the_scrollback_arrives_in_the_receivers_own(void **state)
{
	cleanup_term struct term *term = term_new(3, 10, 100);
	cleanup_term struct term *joiner = term_new(3, 10, 100);
	cleanup_str struct str snapshot = {0};

	(void)state;
	FEED(term, "1\r\n2\r\n\033[41m3\033[K\033[m\r\n0123456789ab\r\n4\r\n5\r\n6");
	term_snapshot(term, &snapshot, &(struct term_snapshot){.scrollback = 4});
	term_feed(joiner, snapshot.data, snapshot.length);
	expect_scrollback(joiner, "2|3|0123456789|ab");
	expect_screen(joiner, "4|5|6");
}

static void a_view_for_another_size(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 100);
	cleanup_term struct term *small = term_new(2, 4, 10), *large = term_new(8, 20, 10);
	cleanup_str struct str one = {0}, two = {0};

	(void)state;
	FEED(term, "aaaaaaaaaa\r\nbb漢漢\r\nccc漢\033[3;2H");
	term_snapshot(term, &one, &(struct term_snapshot){.rows = 2, .columns = 4});
	term_feed(small, one.data, one.length);
	expect_screen(small, "bb漢|ccc");
	expect_cursor(small, 2, 2);
	term_snapshot(term, &two, &(struct term_snapshot){.rows = 8, .columns = 20});
	term_feed(large, two.data, two.length);
	expect_screen(large, "aaaaaaaaaa|bb漢漢|ccc漢");
	expect_cursor(large, 3, 2);
}

static void input_modes_may_stay_out(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0), *watcher = term_new(5, 10, 0);
	cleanup_str struct str snapshot = {0};

	(void)state;
	FEED(term, "\033[?1;1003;1006;1004;2004;2031;25h\033=\033[>1u\033[>4;2m\033[?25lx");
	term_snapshot(term, &snapshot, &(struct term_snapshot){.no_input_modes = true});
	term_feed(watcher, snapshot.data, snapshot.length);
	struct term_modes modes = term_modes(watcher);
	assert_false(modes.application_cursor || modes.application_keypad || modes.focus ||
		     modes.bracketed_paste || modes.colour_scheme || modes.mouse ||
		     modes.mouse_encoding || modes.kitty_keyboard || modes.modify_other_keys);
	assert_false(term_cursor(watcher).visible);
}

static void leaving_leaves_nothing_on(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0), *shell = term_new(5, 10, 0);
	cleanup_str struct str snapshot = {0}, leave = {0}, rest = {0};

	(void)state;
	FEED(shell, "\033[>8u$ ");
	FEED(term,
	     "$ aaau\033[?1049h\033[?1;7;45;1003;1006;1004;2004;2027;2031;2048h\033=\033[>1u\033[>5u\033[>4;2m"
	     "\033[2;4r\033[?69h\033[2;5s\033[?6h\033)0\016\033[1;31m\033]8;;http://x/\a\033[4h\033[?25l"
	     "\033[3 q\033]11;#111111\a\033]4;1;#222222\a\033]2;unfin");
	term_snapshot(term, &snapshot, &all);
	term_feed(shell, snapshot.data, snapshot.length);
	term_leave(term, &leave);
	term_feed(shell, leave.data, leave.length);
	expect_cursor(shell, 1, 7);
	/* What the shell had pushed is in force again. */
	assert_int_equal(term_modes(shell).kitty_keyboard, 8);
	FEED(shell, "\033[<u");
	term_snapshot(shell, &rest, &all);
	assert_non_null(strstr(rest.data, "$ aaau"));
	assert_null(strstr(rest.data, "\033[?"));
	assert_null(strstr(rest.data, "\033[>"));
	assert_null(strstr(rest.data, "\033]"));
	assert_null(strstr(rest.data, "q"));
	assert_null(strstr(rest.data, "r"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells),
		cmocka_unit_test(wraps),
		cmocka_unit_test(what_comes_next_may_look_back),
		cmocka_unit_test(unfinished_sequences),
		cmocka_unit_test(cursor_and_modes),
		cmocka_unit_test(both_screens),
		cmocka_unit_test(the_scrollback_arrives_in_the_receivers_own),
		cmocka_unit_test(a_view_for_another_size),
		cmocka_unit_test(input_modes_may_stay_out),
		cmocka_unit_test(leaving_leaves_nothing_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
