/* What the terminal model's tests share: a terminal, fed and looked at in one line.
 *
 * Screens are written as their rows joined by '|', without blanks at the end of rows and without
 * blank rows at the end: "ab|cd" is "ab" above "cd".
 */
#ifndef AAAU_TERM_TEST_H
#define AAAU_TERM_TEST_H

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/term.h"

#define FEED(term, text) term_feed(term, text, sizeof(text) - 1)

static inline void rows_text(struct term *term, int from, int to, struct str *out)
{
	size_t kept = 0;

	for (int row = from; row < to; row++) {
		term_row_text(term, row, out);
		if (out->length > 0 && out->data[out->length - 1] != '|')
			kept = out->length;
		if (row + 1 < to)
			str_append_byte(out, '|');
	}
	if (out->data)
		str_truncate(out, kept);
	str_append(out, "", 1);
}

static inline void expect_rows(struct term *term, int from, int to, const char *expected)
{
	cleanup_str struct str text = {0};

	rows_text(term, from, to, &text);
	assert_string_equal(text.data, expected);
}

static inline void expect_screen(struct term *term, const char *expected)
{
	expect_rows(term, 0, (int)term_rows(term), expected);
}

static inline void expect_scrollback(struct term *term, const char *expected)
{
	expect_rows(term, -(int)term_scrollback(term), 0, expected);
}

/* Rows and columns from 1, as on the wire. */
static inline void expect_cursor(struct term *term, unsigned row, unsigned column)
{
	struct term_cursor cursor = term_cursor(term);

	assert_int_equal(cursor.row + 1, row);
	assert_int_equal(cursor.column + 1, column);
}

static inline struct term_cell cell_at(struct term *term, int row, unsigned column)
{
	struct term_cell cell;

	assert_true(term_cell(term, row - 1, column - 1, &cell));
	return cell;
}

static inline void expect_reply(struct term *term, const char *expected)
{
	cleanup_str struct str replies = {0};

	term_take_replies(term, &replies);
	str_append(&replies, "", 1);
	assert_string_equal(replies.data, expected);
}

/* Feeds a fresh terminal of 5 rows and 10 columns and looks at its screen. */
#define SHOWS(input, expected)                                          \
	do {                                                            \
		cleanup_term struct term *shown = term_new(5, 10, 100); \
		FEED(shown, input);                                     \
		expect_screen(shown, expected);                         \
	} while (0)

/* The same, and where the cursor stands. */
#define SHOWS_AT(input, expected, row, column)                          \
	do {                                                            \
		cleanup_term struct term *shown = term_new(5, 10, 100); \
		FEED(shown, input);                                     \
		expect_screen(shown, expected);                         \
		expect_cursor(shown, row, column);                      \
	} while (0)

#define ANSWERS(input, expected)                                        \
	do {                                                            \
		cleanup_term struct term *asked = term_new(5, 10, 100); \
		FEED(asked, input);                                     \
		expect_reply(asked, expected);                          \
	} while (0)

#endif
