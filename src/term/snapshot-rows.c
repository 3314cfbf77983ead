/* Cells as bytes that put them back.
 *
 * Rows are written as a program would print them, one below the other from the top left corner, so
 * that what is above scrolls into the receiver's own scrollback. The receiver is at its defaults
 * then: no margins, autowrap on, character sets ASCII. Erased cells are erased (ECH, in their
 * background), not written, so that copying and reflowing find the same as in the original.
 *
 * Where a line was wrapped the receiver is made to wrap too: a space beyond the last column, then
 * back. The style is reset before, since the line that scrolls in takes the background.
 *
 * Terminals disagree on the width of some characters. After each that is not surely of one width
 * the column is set, so that a disagreement stays in its cell. A cluster that is one cell only under
 * mode 2027 is written under that mode, alone.
 */
#include <string.h>

#include "term/internal.h"

void write_goto(struct writer *w, unsigned row, unsigned column)
{
	str_append_text(w->out, "\033[");
	str_append_u64(w->out, row + 1);
	str_append_byte(w->out, ';');
	str_append_u64(w->out, column + 1);
	str_append_byte(w->out, 'H');
}

static void write_number(struct str *out, unsigned n, char final)
{
	str_append_text(out, "\033[");
	if (n != 1)
		str_append_u64(out, n);
	str_append_byte(out, final);
}

static void write_link(struct writer *w, const struct style *style)
{
	const struct link *before = link_get(w->term, w->style.attr);
	const struct link *now = link_get(w->term, style->attr);

	if (before == now)
		return;
	str_append_text(w->out, "\033]8;");
	if (!now) {
		str_append_text(w->out, ";\033\\");
		return;
	}
	if (now->id[0]) {
		str_append_text(w->out, "id=");
		str_append_text(w->out, now->id);
	}
	str_append_byte(w->out, ';');
	str_append_text(w->out, now->uri);
	str_append_text(w->out, "\033\\");
}

void write_style(struct writer *w, const struct style *style)
{
	uint32_t change = (w->style.attr ^ style->attr) & ~CELL_SHAPE;

	if (change == 0 && w->style.foreground == style->foreground &&
	    w->style.background == style->background)
		return;
	if (change >> ATTR_EXTRA_SHIFT)
		write_link(w, style);
	if (change & TERM_PROTECTED)
		str_append_format(w->out, "\033[%u\"q", style->attr & TERM_PROTECTED ? 1u : 0u);
	str_append_text(w->out, "\033[");
	if ((style->foreground | style->background) ||
	    (style->attr & ~(CELL_SHAPE | TERM_PROTECTED)))
		sgr_format(w->term, w->out, style);
	str_append_byte(w->out, 'm');
	w->style = *style;
	w->style.attr &= ~CELL_SHAPE;
}

/* A cell that is one only under mode 2027. */
static bool needs_graphemes(const struct cell *cell, const uint32_t *text, size_t n)
{
	unsigned width = cell->attr & CELL_WIDE ? 2 : 1;

	if (n < 2)
		return false;
	if (width_columns(width_lookup(text[0])) != width)
		return true;
	for (size_t i = 1; i < n; i++) {
		if (width_columns(width_lookup(text[i])) != 0)
			return true;
	}
	return false;
}

void write_text(struct writer *w, const struct cell *cell, bool graphemes)
{
	size_t n;
	const uint32_t *text = cell_text(w->term, cell, &n);
	bool needed = !graphemes && needs_graphemes(cell, text, n);

	if (needed)
		str_append_text(w->out, "\033[?2027h");
	for (size_t i = 0; i < n; i++) {
		char utf8[4];
		str_append(w->out, utf8, utf8_put(utf8, text[i]));
	}
	if (needed)
		str_append_text(w->out, "\033[?2027l");
}

/* Is it of this width in every terminal? */
static bool sure_width(uint32_t cp)
{
	return cp < 0x300 || (cp >= 0x2500 && cp < 0x25a0) || (cp >= 0x3041 && cp < 0xa000) ||
	       (cp >= 0xac00 && cp < 0xd7a4) || (cp >= 0x370 && cp < 0x483);
}

/* Cells of the same style up to limit, starting at column c, none of them erased. */
static unsigned write_run(struct writer *w, const struct cell *cells, unsigned c, unsigned limit)
{
	const struct cell *first = &cells[c];

	while (c < limit) {
		const struct cell *cell = &cells[c];
		if (cell->foreground != first->foreground ||
		    cell->background != first->background ||
		    ((cell->attr ^ first->attr) & ~CELL_SHAPE))
			break;
		if (!(cell->attr & CELL_SHAPE)) {
			if (cell->text == 0)
				break;
			char utf8[4];
			if (cell->text < 0x80)
				str_append_byte(w->out, (char)cell->text);
			else
				str_append(w->out, utf8, utf8_put(utf8, cell->text));
			c++;
			if (!sure_width(cell->text) && c < w->term->columns)
				write_number(w->out, c + 1, 'G');
			continue;
		}
		size_t n;
		const uint32_t *text = cell_text(w->term, cell, &n);
		unsigned width = cell->attr & CELL_WIDE ? 2 : 1;
		if (n == 0 || c + width > limit)
			break;
		write_text(w, cell, false);
		c += width;
		if (c < w->term->columns && (n > 1 || !sure_width(text[0])))
			write_number(w->out, c + 1, 'G');
	}
	return c;
}

/* Nothing but a background, as far as limit: erases it and steps over it. */
static unsigned write_erased(struct writer *w, const struct cell *cells, unsigned c, unsigned used,
			     unsigned limit)
{
	unsigned from = c;
	uint32_t background = cells[c].background;

	while (c < limit && cells[c].text == 0 && !(cells[c].attr & CELL_TAIL) &&
	       cells[c].background == background)
		c++;
	if (background) {
		struct style style = {.background = background};
		write_style(w, &style);
		write_number(w->out, c - from, 'X');
	}
	if (c < used && c < limit)
		write_number(w->out, c - from, 'C');
	return c;
}

/* Without those at the end that are as in a fresh row. */
static unsigned cells_used(const struct cell *cells, unsigned used)
{
	while (used > 0 && (cells[used - 1].text | cells[used - 1].foreground |
			    cells[used - 1].background | cells[used - 1].attr) == 0)
		used--;
	return used;
}

void write_row(struct writer *w, const struct cell *cells, unsigned used, unsigned limit)
{
	if (used > limit)
		used = limit;
	used = cells_used(cells, used);
	for (unsigned c = 0; c < used;) {
		const struct cell *cell = &cells[c];
		if (cell->text == 0) {
			if ((cell->attr & CELL_TAIL) == 0) {
				c = write_erased(w, cells, c, used, used);
				continue;
			}
			c++;
			continue;
		}
		struct style style = {cell->foreground, cell->background, cell->attr};
		write_style(w, &style);
		unsigned next = write_run(w, cells, c, used);
		/* Half a wide character at the limit of a view. */
		c = next > c ? next : c + 1;
	}
}

/* From the end of a row to the beginning of the next. last: its last column, used or not. */
static void write_line_end(struct writer *w, bool wrapped, const struct cell *last)
{
	const struct style plain = {0};
	unsigned columns = w->term->columns;

	write_style(w, &plain);
	if (!wrapped || w->term->rows == 1) {
		str_append_text(w->out, "\r\n");
		return;
	}
	bool erased = last->text == 0 && !(last->attr & CELL_TAIL);
	if (erased) {
		write_number(w->out, columns, 'G');
		str_append_byte(w->out, ' ');
	}
	str_append_text(w->out, " \r");
	if (erased) {
		str_append_text(w->out, "\033[A");
		write_number(w->out, columns, 'G');
		struct style style = {.background = last->background};
		write_style(w, &style);
		str_append_text(w->out, "\033[X");
		write_style(w, &plain);
		/* Not by a line feed, which to some ends the wrap. */
		str_append_text(w->out, "\r\033[B");
	}
	/* Away with the space that made it wrap. */
	str_append_text(w->out, "\033[X");
}

static void write_scrollback_line(struct writer *w, unsigned age)
{
	struct term *t = w->term;
	unsigned columns = t->columns, n;
	bool wrapped;
	const char *plain = scrollback_plain(t, age, &n, &wrapped);

	if (plain && n <= columns && !wrapped) {
		/* Erased cells would be bytes of 0. */
		if (!memchr(plain, 0, n)) {
			str_append(w->out, plain, n);
			str_append_text(w->out, "\r\n");
			return;
		}
	}
	memset(t->unpacked, 0, columns * sizeof *t->unpacked);
	t->unpacked_row = 0;
	n = scrollback_unpack(t, age, t->unpacked, columns, &wrapped);
	write_row(w, t->unpacked, n, columns);
	write_line_end(w, wrapped, &t->unpacked[columns - 1]);
}

void write_screen(struct writer *w, const struct screen *s, unsigned scrollback)
{
	const struct term *t = w->term;
	const struct style plain = {0};

	if (scrollback > t->scrollback.count)
		scrollback = t->scrollback.count;
	for (unsigned age = scrollback; age > 0; age--)
		write_scrollback_line(w, age - 1);
	/* Blank rows at the end need not be written; scrolling needs all. */
	unsigned rows = t->rows;
	while (scrollback == 0 && rows > 0 &&
	       cells_used(row_cells(t, s, rows - 1), s->rows[rows - 1].used) == 0 &&
	       (rows == 1 || !s->rows[rows - 2].wrapped))
		rows--;
	for (unsigned r = 0; r < rows; r++) {
		const struct cell *cells = row_cells(t, s, r);
		write_row(w, cells, s->rows[r].used, t->columns);
		if (r + 1 < rows)
			write_line_end(w, s->rows[r].wrapped, &cells[t->columns - 1]);
	}
	write_style(w, &plain);
}
