/* Bytes to functions: what is a sequence, what is text, what is neither. */
#include "term-test.h"

static void text_is_utf8(void **state)
{
	(void)state;
	SHOWS("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "aé€😀");
	/* One U+FFFD for each maximal subpart of what is not. */
	SHOWS("a\xff"
	      "b",
	      "a�b");
	SHOWS("\xc0\xaf", "��");
	SHOWS("\xed\xa0\x80", "���");
	SHOWS("\xf0\x9f\x98x", "�x");
	SHOWS("\xe2\x82\033[1mx", "�x");
	SHOWS("\xf4\x90\x80\x80", "����");
}

static void controls_act_within_sequences(void **state)
{
	(void)state;
	SHOWS_AT("ab\033[\r1Cx", "ax", 1, 3);
	SHOWS_AT("\033\nc", "", 1, 1);
}

static void escape_cancel_and_substitute_end_a_sequence(void **state)
{
	(void)state;
	SHOWS("\033[3\033[2Cx", "  x");
	SHOWS("\033[3\030x", "x");
	SHOWS("\033[3\032x", "x");
	SHOWS("\033]2;t\030x", "x");
	/* So does a byte that no sequence has. */
	SHOWS("\033[3\xc3\xa9", "é");
}

static void unknown_sequences_are_swallowed(void **state)
{
	(void)state;
	SHOWS("a\033[1;2;3yb", "ab");
	SHOWS("a\033[?1;2<3hb", "ab");
	SHOWS("a\033[1 !zb", "ab");
	SHOWS("a\033#3b", "ab");
	SHOWS("a\033%Gb", "ab");
	SHOWS("a\033]777;notify;x\ab", "ab");
	SHOWS("a\033]66;w=2;x\033\\b", "ab");
	SHOWS("a\033_Ga=T;AAAA\033\\b", "ab");
	SHOWS("a\033Pq#0~~\033\\b", "ab");
	SHOWS("a\033^pm\033\\\033Xsos\033\\b", "ab");
	/* BEL ends an OSC, nothing else. */
	SHOWS("a\033_x\ay\033\\b", "ab");
}

static void c1_counts_as_code_points(void **state)
{
	(void)state;
	SHOWS("\xc2\x9b"
	      "3Cx",
	      "   x");
	SHOWS("a\xc2\x85"
	      "b",
	      "a|b");
	SHOWS("a\xc2\x9d"
	      "2;t\xc2\x9c"
	      "b",
	      "ab");
	/* The end of ST may be the end of another character. */
	SHOWS("a\033]2;\xe6\x9c\x9c\033\\b", "ab");
}

static void parameters_have_bounds(void **state)
{
	(void)state;
	SHOWS_AT("\033[99999999999999999999;5Hx", "||||    x", 5, 6);
	SHOWS("\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mx",
	      "x");
}

static void strings_have_bounds(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);

	(void)state;
	FEED(term, "\033]2;");
	for (unsigned i = 0; i < 100000; i++)
		FEED(term, "title ");
	FEED(term, "\ax");
	/* Too long to be looked at; what follows is text again. */
	assert_string_equal(term_title(term), "");
	expect_screen(term, "x");
}

static void any_cut_is_the_same(void **state)
{
	static const char text[] = "a\xf0\x9f\x98\x80\033[1;31mb\033]2;t\xc3\xa9\033\\c\xc2\x9b"
				   "2Dd\033P+q544e\033\\\r\n"
				   "\033(0q\033(B\xe2\x82x\033[?1049h\033[3;3He";
	cleanup_str struct str whole = {0};
	const struct term_snapshot options = {0};

	(void)state;
	for (size_t cut = 0; cut < sizeof text; cut++) {
		cleanup_term struct term *term = term_new(5, 10, 10);
		cleanup_str struct str snapshot = {0};
		term_feed(term, text, cut);
		term_feed(term, text + cut,
			  sizeof text - 1 - (cut < sizeof text - 1 ? cut : sizeof text - 1));
		term_snapshot(term, cut == 0 ? &whole : &snapshot, &options);
		if (cut > 0)
			assert_string_equal(snapshot.data, whole.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_utf8),
		cmocka_unit_test(controls_act_within_sequences),
		cmocka_unit_test(escape_cancel_and_substitute_end_a_sequence),
		cmocka_unit_test(unknown_sequences_are_swallowed),
		cmocka_unit_test(c1_counts_as_code_points),
		cmocka_unit_test(parameters_have_bounds),
		cmocka_unit_test(strings_have_bounds),
		cmocka_unit_test(any_cut_is_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
