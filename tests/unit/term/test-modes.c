/* SGR, modes, keyboards, titles, colours: what is set, what is asked, what is answered. */
#include "term-test.h"

static struct term_cell styled(const char *sgr)
{
	cleanup_term struct term *term = term_new(5, 10, 0);
	struct term_cell cell;

	term_feed(term, sgr, strlen(sgr));
	FEED(term, "x");
	cell = cell_at(term, 1, 1);
	cell.link = NULL;
	return cell;
}

static void attributes(void **state)
{
	(void)state;
	assert_int_equal(styled("\033[1;2;3;5;7;8;9;53m").attributes,
			 TERM_BOLD | TERM_DIM | TERM_ITALIC | TERM_BLINK | TERM_INVERSE |
				 TERM_CONCEAL | TERM_STRIKE | TERM_OVERLINE);
	assert_int_equal(styled("\033[1;2;22m").attributes, 0);
	assert_int_equal(styled("\033[3;7;9;23;27m").attributes, TERM_STRIKE);
	assert_int_equal(styled("\033[1;m").attributes, 0);
	assert_int_equal(styled("\033[1;m\033[m").attributes, 0);
	assert_int_equal(styled("\033[4m").underline, 1);
	assert_int_equal(styled("\033[21m").underline, 2);
	assert_int_equal(styled("\033[4:3m").underline, 3);
	assert_int_equal(styled("\033[4:3m\033[4:0m").underline, 0);
	assert_int_equal(styled("\033[4:5;24m").underline, 0);
	/* 4:3 is not 4 and 3. */
	assert_int_equal(styled("\033[4:3m").attributes, 0);
}

static void colours(void **state)
{
	(void)state;
	assert_int_equal(styled("\033[31m").foreground, TERM_COLOUR_INDEXED | 1);
	assert_int_equal(styled("\033[97m").foreground, TERM_COLOUR_INDEXED | 15);
	assert_int_equal(styled("\033[102m").background, TERM_COLOUR_INDEXED | 10);
	assert_int_equal(styled("\033[38;5;200m").foreground, TERM_COLOUR_INDEXED | 200);
	assert_int_equal(styled("\033[38:5:200m").foreground, TERM_COLOUR_INDEXED | 200);
	assert_int_equal(styled("\033[48;2;1;2;3m").background, TERM_COLOUR_RGB | 0x010203);
	assert_int_equal(styled("\033[48:2:1:2:3m").background, TERM_COLOUR_RGB | 0x010203);
	assert_int_equal(styled("\033[48:2::1:2:3m").background, TERM_COLOUR_RGB | 0x010203);
	assert_int_equal(styled("\033[4;58;5;9m").underline_colour, TERM_COLOUR_INDEXED | 9);
	assert_int_equal(styled("\033[4;58:2::1:2:3m").underline_colour,
			 TERM_COLOUR_RGB | 0x010203);
	assert_int_equal(styled("\033[4;58;5;9;59m").underline_colour, 0);
	assert_int_equal(styled("\033[31;42;39;49m").foreground, 0);
	/* A colour takes its own parameters and no more. */
	assert_int_equal(styled("\033[38;5;200;1m").attributes, TERM_BOLD);
	assert_int_equal(styled("\033[38;2;1;2;3;1m").attributes, TERM_BOLD);
	/* What is out of range is no colour. */
	assert_int_equal(styled("\033[38;5;256m").foreground, 0);
	assert_int_equal(styled("\033[38:2::256:1:1m").foreground, 0);
}

static void hyperlinks(void **state)
{
	cleanup_term struct term *term = term_new(5, 20, 10);

	(void)state;
	FEED(term,
	     "\033]8;;http://a/\033\\a\033]8;id=1:x=y;http://b/?q;r\ab\033[mc\033]8;;\033\\d");
	assert_string_equal(cell_at(term, 1, 1).link, "http://a/");
	assert_string_equal(cell_at(term, 1, 2).link, "http://b/?q;r");
	assert_string_equal(cell_at(term, 1, 3).link, "http://b/?q;r");
	assert_null(cell_at(term, 1, 4).link);
	FEED(term, "\r\n\n\n\n\n\n");
	assert_string_equal(cell_at(term, -1, 2).link, "http://b/?q;r");
}

static void links_have_bounds(void **state)
{
	cleanup_term struct term *term = term_new(50, 100, 100);
	char link[64];

	(void)state;
	/* Used and forgotten: there is always room for the next. */
	for (unsigned i = 0; i < 5000; i++) {
		int n = snprintf(link, sizeof link, "\033[H\033]8;;http://x/%u\033\\x", i);
		term_feed(term, link, (size_t)n);
	}
	assert_string_equal(cell_at(term, 1, 1).link, "http://x/4999");
	/* All in use: the text stays, the link goes. */
	FEED(term, "\033[H");
	for (unsigned i = 0; i < 4000; i++) {
		int n = snprintf(link, sizeof link, "\033]8;;http://y/%u\033\\x", i);
		term_feed(term, link, (size_t)n);
	}
	assert_string_equal(cell_at(term, 1, 1).link, "http://y/0");
	assert_null(cell_at(term, 40, 1).link);
	assert_string_equal(cell_at(term, 40, 1).text, "x");
}

static void modes_are_set_and_asked(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);
	struct term_modes modes;

	(void)state;
	FEED(term, "\033[?1;1002;1006;1004;2004;2026;2027;2031;1007h\033=\033[20h\033[4h\033[?5h");
	modes = term_modes(term);
	assert_true(modes.application_cursor && modes.application_keypad && modes.focus);
	assert_true(modes.bracketed_paste && modes.synchronized && modes.graphemes);
	assert_true(modes.colour_scheme && modes.alternate_scroll && modes.insert);
	assert_true(modes.newline && modes.reverse_video && modes.autowrap);
	assert_int_equal(modes.mouse, TERM_MOUSE_BUTTON);
	assert_int_equal(modes.mouse_encoding, TERM_MOUSE_SGR);
	FEED(term,
	     "\033[?2004$p\033[?2004l\033[?2004$p\033[?4711$p\033[4$p\033[?1049$p\033[?1003$p\033[?1006$p");
	expect_reply(term, "\033[?2004;1$y\033[?2004;2$y\033[?4711;0$y\033[4;1$y\033[?1049;2$y"
			   "\033[?1003;2$y\033[?1006;1$y");
	/* One mouse at a time; an encoding is reset by its own number. */
	FEED(term, "\033[?1003h\033[?1000l\033[?1015l");
	assert_int_equal(term_modes(term).mouse, TERM_MOUSE_OFF);
	assert_int_equal(term_modes(term).mouse_encoding, TERM_MOUSE_SGR);
}

static void keyboards(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);

	(void)state;
	FEED(term,
	     "\033[?u\033[>1u\033[>5u\033[?u\033[=2;2u\033[?u\033[=1;3u\033[?u\033[<u\033[?u\033[<9u\033[?u");
	expect_reply(term, "\033[?0u\033[?5u\033[?7u\033[?6u\033[?1u\033[?0u");
	/* Each screen has its own. */
	FEED(term, "\033[>1u\033[?1049h\033[?u\033[>3u\033[?1049l\033[?u");
	expect_reply(term, "\033[?0u\033[?1u");
	FEED(term, "\033[>4;2m\033[?4m\033[>4m\033[?4m\033[>4;1m\033[>4n\033[?4m");
	expect_reply(term, "\033[>4;2m\033[>4;0m\033[>4;0m");
	for (unsigned i = 0; i < 1000; i++)
		FEED(term, "\033[>31u");
	assert_int_equal(term_modes(term).kitty_keyboard, 31);
}

static void titles(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);

	(void)state;
	FEED(term,
	     "\033]0;one\a\033[22;0t\033]2;tw\xc3\xb6\033\\\033[22t\033]2;three;3\a\033]1;icon\a");
	assert_string_equal(term_title(term), "three;3");
	FEED(term, "\033[23t");
	assert_string_equal(term_title(term), "twö");
	FEED(term, "\033[23;2t\033[23t");
	assert_string_equal(term_title(term), "one");
	/* Harmless whatever was sent. */
	FEED(term, "\033]2;a\xc2\x9b"
		   "31mb\xff\tc\a");
	assert_string_equal(term_title(term), "a31mbc");
	/* And never said back. */
	FEED(term, "\033[20t\033[21t");
	expect_reply(term, "");
}

static void questions(void **state)
{
	(void)state;
	ANSWERS("\033[c\033[0c\033Z", "\033[?62;22c\033[?62;22c\033[?62;22c");
	ANSWERS("\033[>c\033[=c", "\033[>1;10;0c\033P!|00000000\033\\");
	ANSWERS("\033[>q", "\033P>|aaau " AAAU_VERSION "\033\\");
	ANSWERS("\033[5n\033[3;4H\033[6n\033[?6n", "\033[0n\033[3;4R\033[?3;4R");
	ANSWERS("\033[2;4r\033[?6h\033[2;2H\033[6n", "\033[2;2R");
	ANSWERS("\033[14t\033[16t\033[18t", "\033[4;80;80t\033[6;16;8t\033[8;5;10t");
	ANSWERS("\033[?996n", "\033[?997;1n");
	ANSWERS("\033P+q544e;787878\033\\",
		"\033P1+r544E=787465726D2D323536636F6C6F72\033\\\033P0+r787878\033\\");
	ANSWERS("\033[1;4:3;38;2;1;2;3m\033P$qm\033\\", "\033P1$r0;1;4:3;38;2;1;2;3m\033\\");
	ANSWERS("\033[2;4r\033P$qr\033\\\033P$qx\033\\", "\033P1$r2;4r\033\\\033P0$r\033\\");
}

static void colours_are_changed_and_asked(void **state)
{
	(void)state;
	ANSWERS("\033]10;?\a\033]11;?\033\\",
		"\033]10;rgb:ffff/ffff/ffff\a\033]11;rgb:0000/0000/0000\033\\");
	ANSWERS("\033]11;#102030\a\033]11;?\a\033]111\a\033]11;?\a",
		"\033]11;rgb:1010/2020/3030\a\033]11;rgb:0000/0000/0000\a");
	ANSWERS("\033]4;1;?;2;rgb:f/8/0;2;?\a",
		"\033]4;1;rgb:cdcd/0000/0000\a\033]4;2;rgb:ffff/8888/0000\a");
	ANSWERS("\033]4;2;#fff\a\033]104;2\a\033]4;2;?\a", "\033]4;2;rgb:0000/cdcd/0000\a");
	ANSWERS("\033]10;#010203;#040506\a\033]11;?\a", "\033]11;rgb:0404/0505/0606\a");
	ANSWERS("\033]4;300;?\a\033]4;x;?\a\033]11;nonsense\a", "");
}

static void answers_have_bounds_and_are_whole(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 0);
	cleanup_str struct str replies = {0};

	(void)state;
	for (unsigned i = 0; i < 10000; i++)
		FEED(term, "\033[c");
	size_t n = term_take_replies(term, &replies);
	assert_true(n <= TERM_MAX_REPLIES && n > TERM_MAX_REPLIES - 10);
	assert_int_equal(n % strlen("\033[?62;22c"), 0);
	assert_int_equal(term_take_replies(term, NULL), 0);
}

static void resets(void **state)
{
	cleanup_term struct term *term = term_new(5, 10, 10);
	cleanup_term struct term *fresh = term_new(5, 10, 10);
	cleanup_str struct str one = {0}, two = {0};
	const struct term_snapshot options = {.scrollback = 10};

	(void)state;
	FEED(term,
	     "\033[1;31mx\n\n\n\n\n\n\033[?1049h\033[?2004h\033[2;3r\033[3g\033)0\016\033[>1u\033]11;#111\a\033c");
	term_snapshot(term, &one, &options);
	term_snapshot(fresh, &two, &options);
	assert_string_equal(one.data, two.data);
	SHOWS_AT("abc\033[4h\033[?7l\033[1m\033[2;3r\033[3;3H\033[!px", "abc||  x", 3, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes),
		cmocka_unit_test(colours),
		cmocka_unit_test(hyperlinks),
		cmocka_unit_test(links_have_bounds),
		cmocka_unit_test(modes_are_set_and_asked),
		cmocka_unit_test(keyboards),
		cmocka_unit_test(titles),
		cmocka_unit_test(questions),
		cmocka_unit_test(colours_are_changed_and_asked),
		cmocka_unit_test(answers_have_bounds_and_are_whole),
		cmocka_unit_test(resets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
