/* What an agent leaves behind in a terminal, read from its output cut at every place. */
#include <cmocka.h>
#include <string.h>

#include "cli/terminal-modes.h"

/* What undoes the output, the same however it is cut. */
static void check(const char *output, size_t n, const char *undo)
{
	for (size_t cut = 0; cut <= n + 1; cut++) {
		struct terminal_modes modes = {0};
		struct str text = {0};

		if (cut <= n) {
			terminal_modes_read(&modes, output, cut);
			terminal_modes_read(&modes, output + cut, n - cut);
		} else {
			for (size_t i = 0; i < n; i++)
				terminal_modes_read(&modes, output + i, 1);
		}
		terminal_modes_undo(&modes, &text);
		str_append_byte(&text, '\0');
		assert_string_equal(text.data, undo);
		str_free(&text);
	}
}
#define UNDO(output, undo) check(output, sizeof(output) - 1, undo)

static void test_nothing_to_undo(void **state)
{
	(void)state;
	UNDO("", "");
	UNDO("hello\r\n\a\b\t", "");
	UNDO("\033[H\033[2J\033[K\033[10;20H\0337\0338\033M\033D", "");
	UNDO("\033[31mred\033[0m", "");
	UNDO("\033[1;31mred\033[m", "");
	UNDO("\033[?1h\033=\033[?1l\033>", "");
	UNDO("\033[?25l\033[?25h", "");
	UNDO("\033]0;a title\a\033]2;another\033\\\033]8;;http://x\033\\", "");
	UNDO("\033]10;?\a\033]11;?\033\\\033]4;1;?\033\\", "");
	UNDO("\033P+q544e\033\\\033[c\033[>c\033[>q\033[?u\033[6n\033[?2026$p", "");
	UNDO("\033P$q\"\033[?1049h\033\\", "\033[?1049l"); /* ESC ends a string */
	UNDO("\033_Gi=1;[?1049h\033\\", "");
	UNDO("\033[?1049h\033[?1049l", "");
	UNDO("\033[5;10r\033[r", "");
	UNDO("\033[5;10r\033[1;r", "");
	UNDO("\033[>1u\033[<u", "");
	UNDO("\033[>1u\033[>5u\033[<2u", "");
	UNDO("\033[<9u", "");
	UNDO("\033[=5u\033[=0u", "");
	UNDO("\033[=5u\033[=5;3u", "");
	UNDO("\033[>4;2m\033[>4m", "");
	UNDO("\033(0\033(B\016\017", "");
	UNDO("\033[?1049h\033[?1000h\033[31m\033[>1u\033[4h\033c", "");
	UNDO("\033[?25l\033[4h\033[5;6r\033[1m\033[!p", "");
	UNDO("\033[?1000\030h", "");
	UNDO("\033[?99999999999999999999h", "");
}

static void test_modes(void **state)
{
	(void)state;
	UNDO("\033[?1049h", "\033[?1049l");
	UNDO("\033[?1047h", "\033[?1047l");
	UNDO("\033[?47h", "\033[?47l");
	UNDO("\033[?1000;1002;1006h", "\033[?1000l\033[?1002l\033[?1006l");
	UNDO("\033[?9h\033[?1001h\033[?1003h\033[?1005h\033[?1015h\033[?1016h",
	     "\033[?9l\033[?1001l\033[?1003l\033[?1005l\033[?1015l\033[?1016l");
	UNDO("\033[?25l\033[?7l", "\033[?7h\033[?25h");
	UNDO("\033[?2004h\033[?1004h\033[?2026h\033[?2027h\033[?2031h",
	     "\033[?2026l\033[?1004l\033[?2004l\033[?2027l\033[?2031l");
	UNDO("\033[?1h\033=", "\033[?1l\033>");
	UNDO("\033[4h", "\033[4l");
	UNDO("\033[\n?25\rl", "\033[?25h"); /* controls are carried out inside of a sequence */
	UNDO("\033[1;38:2::1:2:3m", "\033[0m");
	UNDO("\033[3;10r", "\0337\033[r\0338");
	UNDO("\033[?6h\033[3;10r", "\033[?6l\033[r\033[999;1H");
	UNDO("\033(0", "\033(B");
	UNDO("\016", "\017");
	UNDO("\033[4 q", "\033[0 q");
	UNDO("\033]11;#000\a\033]4;1;red\033\\", "\033]104\033\\\033]111\033\\");
	UNDO("\033]11;#000\a\033]111\a", "");
	UNDO("\033[0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;0;4h", "");
}

static void test_keyboard(void **state)
{
	(void)state;
	UNDO("\033[>1u", "\033[<1u");
	UNDO("\033[>1u\033[>5u\033[>7u\033[<u", "\033[<2u");
	UNDO("\033[=5u", "\033[=0u");
	UNDO("\033[=1;2u", "\033[=0u");
	UNDO("\033[>4;2m", "\033[>4m");
	/* Each screen has flags of its own. */
	UNDO("\033[>1u\033[?1049h\033[>7u\033[>3u", "\033[<2u\033[?1049l\033[<1u");
	UNDO("\033[?1049h\033[>7u\033[?1049l", "");
	/* A terminal forgets the oldest of too many, so no more are popped. */
	UNDO("\033[>1u\033[>1u\033[>1u\033[>1u\033[>1u\033[>1u\033[>1u\033[>1u\033[>1u\033[>1u",
	     "\033[<8u");
}

static void test_cut_off(void **state)
{
	(void)state;
	UNDO("\033[?25l\033[?10", "\030\033[?25h");
	UNDO("\033[?25l\033", "\030\033[?25h");
	UNDO("\033[?25l\033(", "\030\033[?25h");
	UNDO("\033[?25l\033]0;tit", "\033\\\033[?25h");
	UNDO("\033[?25l\033Pq#0", "\033\\\033[?25h");
	UNDO("\033[?25l\033Pq#0\033", "\033\\\033[?25h");
}

static void test_redo(void **state)
{
	static const char output[] =
		"\033[?1049h\033[?1002;1006h\033[?25l\033[>1u\033[>5u\033[>4;2m\033[4h\033=";
	struct terminal_modes modes = {0}, again = {0};
	struct str redo = {0}, undo = {0}, undo_again = {0};

	(void)state;
	terminal_modes_read(&modes, output, sizeof(output) - 1);
	terminal_modes_redo(&modes, &redo);
	terminal_modes_read(&again, redo.data, redo.length);
	terminal_modes_undo(&modes, &undo);
	terminal_modes_undo(&again, &undo_again);
	assert_string_equal(undo.data, undo_again.data);
	assert_int_equal(again.kitty[1].flags[1], 5);
	str_free(&redo);
	str_free(&undo);
	str_free(&undo_again);
}

static void test_questions(void **state)
{
	struct terminal_modes modes = {0};

	(void)state;
	assert_true(terminal_modes_between(&modes));
	assert_false(terminal_modes_enhanced_keys(&modes));
	terminal_modes_read(&modes, "x\033[>1", 5);
	assert_false(terminal_modes_between(&modes));
	terminal_modes_read(&modes, "u", 1);
	assert_true(terminal_modes_between(&modes));
	assert_true(terminal_modes_enhanced_keys(&modes));
	terminal_modes_read(&modes, "\033[?1049h", 8);
	assert_false(terminal_modes_enhanced_keys(&modes));
	terminal_modes_read(&modes, "\033[>4;1m", 7);
	assert_true(terminal_modes_enhanced_keys(&modes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_to_undo),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_keyboard),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_redo),
		cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
