/* Where the cursor goes: addressing, margins, wrapping, tab stops, DECSC and DECRC.
 *
 * There is one cursor for both screens, as in xterm; margins and tab stops are shared too, saved
 * cursors are not. Every movement takes a pending wrap away. Rows and columns count from 0.
 */
#include <string.h>

#include "term/internal.h"

void cursor_set(struct term *t, unsigned row, unsigned column)
{
	t->row = row < t->rows ? row : t->rows - 1;
	t->column = column < t->columns ? column : t->columns - 1;
	t->pending = false;
}

void cursor_address(struct term *t, unsigned row, unsigned column)
{
	if (!mode_on(t, MODE_ORIGIN)) {
		cursor_set(t, row, column);
		return;
	}
	row += t->top;
	column += t->left;
	cursor_set(t, row < t->bottom ? row : t->bottom, column < t->right ? column : t->right);
}

bool cursor_index(struct term *t)
{
	t->pending = false;
	if (t->row == t->bottom) {
		if (t->column < t->left || t->column > t->right)
			return false;
		scroll_up(t, t->top, t->bottom, 1);
		return true;
	}
	if (t->row == t->rows - 1)
		return false;
	t->row++;
	return true;
}

void cursor_reverse_index(struct term *t)
{
	t->pending = false;
	if (t->row == t->top) {
		if (t->column >= t->left && t->column <= t->right)
			scroll_down(t, t->top, t->bottom, 1);
	} else if (t->row > 0) {
		t->row--;
	}
}

void cursor_return(struct term *t)
{
	t->pending = false;
	t->column = t->column >= t->left ? t->left : 0;
}

void cursor_wrap(struct term *t)
{
	struct row *row = &t->screen->rows[t->row];
	bool whole = t->left == 0 && t->right == t->columns - 1;

	/* Before it scrolls away. */
	bool was = row->wrapped;
	row->wrapped = whole;
	if (!cursor_index(t))
		row->wrapped = was;
	cursor_return(t);
}

void cursor_backspace(struct term *t)
{
	bool pending = t->pending;
	unsigned edge = t->column >= t->left ? t->left : 0;

	t->pending = false;
	if (t->column > edge) {
		/* With reverse wrap the cursor counts as beyond the last column. */
		if (!pending || !mode_on(t, MODE_REVERSE_WRAP) || !mode_on(t, MODE_AUTOWRAP))
			t->column--;
		return;
	}
	if (mode_on(t, MODE_REVERSE_WRAP) && mode_on(t, MODE_AUTOWRAP) && t->row > t->top &&
	    t->screen->rows[t->row - 1].wrapped) {
		t->row--;
		t->column = t->right;
	}
}

static bool is_stop(const struct term *t, unsigned column)
{
	return t->tabs[column / 8] >> (column % 8) & 1;
}

void cursor_tab(struct term *t, unsigned n)
{
	unsigned end = t->column <= t->right ? t->right : t->columns - 1;

	while (n-- > 0 && t->column < end) {
		do
			t->column++;
		while (t->column < end && !is_stop(t, t->column));
	}
}

void cursor_back_tab(struct term *t, unsigned n)
{
	t->pending = false;
	unsigned edge = mode_on(t, MODE_ORIGIN) ? t->left : 0;
	while (n-- > 0 && t->column > edge) {
		do
			t->column--;
		while (t->column > edge && !is_stop(t, t->column));
	}
}

void tabs_reset(struct term *t, unsigned from)
{
	for (unsigned column = from; column < TERM_MAX_COLUMNS; column++) {
		uint8_t bit = (uint8_t)(1u << (column % 8));
		if (column % 8 == 0 && column > 0)
			t->tabs[column / 8] |= bit;
		else
			t->tabs[column / 8] &= (uint8_t)~bit;
	}
}

void cursor_save(struct term *t)
{
	struct saved_cursor *saved = &t->screen->saved;

	saved->pen = t->pen;
	saved->row = (uint16_t)t->row;
	saved->column = (uint16_t)t->column;
	memcpy(saved->charsets, t->charsets, sizeof saved->charsets);
	saved->gl = t->gl;
	saved->origin = mode_on(t, MODE_ORIGIN);
	saved->pending = t->pending;
}

void cursor_restore(struct term *t)
{
	const struct saved_cursor *saved = &t->screen->saved;

	t->pen = saved->pen;
	memcpy(t->charsets, saved->charsets, sizeof t->charsets);
	t->gl = saved->gl;
	if (saved->origin)
		t->modes |= 1u << MODE_ORIGIN;
	else
		t->modes &= ~(1u << MODE_ORIGIN);
	cursor_set(t, saved->row, saved->column);
	if (saved->origin) {
		/* The margins may be others now. */
		if (t->row < t->top || t->row > t->bottom)
			t->row = t->row < t->top ? t->top : t->bottom;
		if (t->column < t->left || t->column > t->right)
			t->column = t->column < t->left ? t->left : t->right;
	}
	/* A wrap is pending behind a character: one that was erased meanwhile took it along. */
	const struct cell *cell = row_cells(t, t->screen, t->row) + t->column;
	t->pending = saved->pending && (cell->text != 0 || (cell->attr & CELL_TAIL));
}

void saved_cursor_reset(struct saved_cursor *saved)
{
	*saved = (struct saved_cursor){0};
}

bool saved_cursor_is_default(const struct saved_cursor *saved)
{
	static const uint8_t ascii[4];

	return saved->row == 0 && saved->column == 0 && !saved->pending && !saved->origin &&
	       saved->gl == 0 && memcmp(saved->charsets, ascii, sizeof ascii) == 0 &&
	       (saved->pen.foreground | saved->pen.background | saved->pen.attr) == 0;
}
