/* Rows and cells: clearing, scrolling, inserting, deleting.
 *
 * A row is a number into the screen's block of cells, so whole rows scroll by moving numbers; only
 * where left and right margins cut the screen are cells copied. What is erased takes the pen's
 * background (bce) and nothing else. A wide character that loses a half loses the other: the rest is
 * erased too. Columns and rows come from this folder and are within the screen.
 */
#include <string.h>

#include "term/internal.h"

void row_touch(struct row *row, unsigned end, bool plain)
{
	if (end > row->used)
		row->used = (uint16_t)end;
	row->plain &= plain;
}

static struct cell blank(const struct term *t)
{
	return (struct cell){.background = t->pen.background};
}

void row_clear(struct term *t, struct screen *s, unsigned number, uint32_t background)
{
	struct row *row = &s->rows[number];
	struct cell *cells = row_cells(t, s, number);

	if (background == 0) {
		memset(cells, 0, row->used * sizeof *cells);
		row->used = 0;
	} else {
		for (unsigned i = 0; i < t->columns; i++)
			cells[i] = (struct cell){.background = background};
		row->used = (uint16_t)t->columns;
	}
	row->plain = background == 0;
	row->wrapped = false;
}

void split_wide_slowly(struct term *t, unsigned row, unsigned column)
{
	struct cell *cells = row_cells(t, t->screen, row);

	cells[column - 1] = cells[column] = blank(t);
}

/* All but the protected ones. */
static void erase_unprotected(struct term *t, unsigned number, unsigned from, unsigned to)
{
	struct cell *cells = row_cells(t, t->screen, number);

	for (unsigned i = from; i < to; i++) {
		if (!(cells[i].attr & TERM_PROTECTED)) {
			split_wide(t, number, i);
			split_wide(t, number, i + 1);
			cells[i] = blank(t);
		}
	}
}

void erase_cells(struct term *t, unsigned number, unsigned from, unsigned to, bool keep_protected)
{
	struct row *row = &t->screen->rows[number];
	struct cell *cells = row_cells(t, t->screen, number);

	if (from >= to)
		return;
	if (keep_protected) {
		erase_unprotected(t, number, from, to);
		if (t->pen.background != 0)
			row_touch(row, to, false);
	} else {
		if (!row->plain) {
			split_wide(t, number, from);
			split_wide(t, number, to);
		}
		unsigned used = to < row->used ? to : row->used;
		if (t->pen.background != 0) {
			for (unsigned i = from; i < to; i++)
				cells[i] = blank(t);
			row_touch(row, to, false);
		} else if (from < used) {
			memset(cells + from, 0, (used - from) * sizeof *cells);
			if (used == row->used)
				row->used = (uint16_t)from;
		}
	}
	if (row->used == 0)
		row->plain = true;
	if (to == t->columns)
		row->wrapped = row->wrapped && from == to - 1;
}

static bool full_width(const struct term *t)
{
	return t->left == 0 && t->right == t->columns - 1;
}

/* Cells [left, right] of one row over those of another. */
static void copy_cells(struct term *t, unsigned to, unsigned from)
{
	unsigned n = t->right - t->left + 1;

	struct cell *target = row_cells(t, t->screen, to);
	memcpy(target + t->left, row_cells(t, t->screen, from) + t->left, n * sizeof *target);
	row_touch(&t->screen->rows[to], t->right + 1, false);
}

/* Margins cut no wide character: before a part of the rows moves, what stands across is blanked. */
static void scroll_part(struct term *t, unsigned top, unsigned bottom, unsigned n, bool up)
{
	for (unsigned row = top; row <= bottom; row++) {
		split_wide(t, row, t->left);
		split_wide(t, row, t->right + 1);
		t->screen->rows[row].wrapped = false;
	}
	unsigned height = bottom - top + 1;
	for (unsigned i = 0; i + n < height; i++) {
		if (up)
			copy_cells(t, top + i, top + i + n);
		else
			copy_cells(t, bottom - i, bottom - i - n);
	}
	for (unsigned i = 0; i < n; i++)
		erase_cells(t, up ? bottom - i : top + i, t->left, t->right + 1, false);
}

void scroll_up(struct term *t, unsigned top, unsigned bottom, unsigned n)
{
	struct screen *s = t->screen;
	unsigned height = bottom - top + 1;

	if (n > height)
		n = height;
	if (!full_width(t)) {
		scroll_part(t, top, bottom, n, true);
		return;
	}
	if (top == 0 && !is_alternate(t) && t->scrollback.limit > 0) {
		for (unsigned i = 0; i < n; i++)
			scrollback_push(t, &s->rows[i], row_cells(t, s, i));
	}
	/* Nearly always one line: no loop over the rows. */
	for (unsigned i = 0; i < n; i++) {
		struct row first = s->rows[top];
		memmove(&s->rows[top], &s->rows[top + 1], (height - 1) * sizeof first);
		s->rows[bottom] = first;
		row_clear(t, s, bottom, t->pen.background);
	}
}

void scroll_down(struct term *t, unsigned top, unsigned bottom, unsigned n)
{
	struct screen *s = t->screen;
	unsigned height = bottom - top + 1;

	if (n > height)
		n = height;
	if (!full_width(t)) {
		scroll_part(t, top, bottom, n, false);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		struct row last = s->rows[bottom];
		memmove(&s->rows[top + 1], &s->rows[top], (height - 1) * sizeof last);
		s->rows[top] = last;
		row_clear(t, s, top, t->pen.background);
	}
	/* What it went on in is gone. */
	s->rows[bottom].wrapped = false;
}

void insert_cells(struct term *t, unsigned number, unsigned column, unsigned n)
{
	unsigned end = column <= t->right ? t->right + 1 : t->columns;
	struct cell *cells = row_cells(t, t->screen, number);

	if (n > end - column)
		n = end - column;
	split_wide(t, number, column);
	split_wide(t, number, end);
	split_wide(t, number, end - n);
	memmove(cells + column + n, cells + column, (end - column - n) * sizeof *cells);
	/* The cells that moved on have left copies, not halves. */
	for (unsigned i = column; i < column + n; i++)
		cells[i] = blank(t);
	struct row *row = &t->screen->rows[number];
	row_touch(row, end, row->plain && t->pen.background == 0);
	if (end == t->columns)
		row->wrapped = false;
}

void delete_cells(struct term *t, unsigned number, unsigned column, unsigned n)
{
	unsigned end = column <= t->right ? t->right + 1 : t->columns;
	struct cell *cells = row_cells(t, t->screen, number);

	if (n > end - column)
		n = end - column;
	split_wide(t, number, column);
	split_wide(t, number, column + n);
	split_wide(t, number, end);
	memmove(cells + column, cells + column + n, (end - column - n) * sizeof *cells);
	for (unsigned i = end - n; i < end; i++)
		cells[i] = blank(t);
	struct row *row = &t->screen->rows[number];
	row_touch(row, end, row->plain && t->pen.background == 0);
	if (end == t->columns)
		row->wrapped = false;
}

void screen_fill(struct term *t, struct screen *s, uint32_t text)
{
	for (unsigned r = 0; r < t->rows; r++) {
		row_clear(t, s, r, text ? 0 : t->pen.background);
		if (text == 0)
			continue;
		struct cell *cells = row_cells(t, s, r);
		for (unsigned c = 0; c < t->columns; c++)
			cells[c] = (struct cell){.text = text};
		row_touch(&s->rows[r], t->columns, true);
	}
}

bool screen_blank(const struct term *t, const struct screen *s)
{
	for (unsigned r = 0; r < t->rows; r++) {
		const struct cell *cells = row_cells(t, s, r);
		if (s->rows[r].wrapped)
			return false;
		for (unsigned c = 0; c < s->rows[r].used; c++) {
			if (cells[c].text || cells[c].background)
				return false;
		}
	}
	return true;
}
