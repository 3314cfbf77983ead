/* What others may ask: sizes, cursor, modes, cells. Changes nothing that is to be seen; reading the
 * scrollback unpacks one line into a place that is kept for that. */
#include <string.h>

#include "term/internal.h"

unsigned term_rows(const struct term *t)
{
	return t->rows;
}

unsigned term_columns(const struct term *t)
{
	return t->columns;
}

unsigned term_scrollback(const struct term *t)
{
	return t->scrollback.count;
}

struct term_cursor term_cursor(const struct term *t)
{
	return (struct term_cursor){
		.row = t->row,
		.column = t->column,
		.visible = mode_on(t, MODE_CURSOR),
		.pending_wrap = t->pending,
		.style = t->cursor_style,
	};
}

const char *term_title(const struct term *t)
{
	return t->title ? t->title : "";
}

struct term_modes term_modes(const struct term *t)
{
	return (struct term_modes){
		.alternate_screen = is_alternate(t),
		.application_cursor = mode_on(t, MODE_APP_CURSOR),
		.application_keypad = mode_on(t, MODE_APP_KEYPAD),
		.autowrap = mode_on(t, MODE_AUTOWRAP),
		.origin = mode_on(t, MODE_ORIGIN),
		.insert = mode_on(t, MODE_INSERT),
		.newline = mode_on(t, MODE_NEWLINE),
		.reverse_video = mode_on(t, MODE_REVERSE),
		.bracketed_paste = mode_on(t, MODE_PASTE),
		.focus = mode_on(t, MODE_FOCUS),
		.alternate_scroll = mode_on(t, MODE_ALTERNATE_SCROLL),
		.synchronized = mode_on(t, MODE_SYNCHRONIZED),
		.graphemes = mode_on(t, MODE_GRAPHEMES),
		.colour_scheme = mode_on(t, MODE_COLOUR_SCHEME),
		.size_reports = mode_on(t, MODE_SIZE_REPORTS),
		.mouse = t->mouse,
		.mouse_encoding = t->mouse_encoding,
		.kitty_keyboard = t->screen->kitty[t->screen->kitty_depth],
		.modify_other_keys = t->modify_other_keys,
	};
}

unsigned term_private_mode(const struct term *t, unsigned mode)
{
	return modes_query(t, true, mode);
}

uint64_t term_bells(const struct term *t)
{
	return t->bells;
}

uint64_t term_serial(const struct term *t)
{
	return t->serial;
}

/* The cells of a row and how many are used; NULL: there is no such row. */
static const struct cell *find_row(struct term *t, int row, unsigned *ret_used, bool *ret_wrapped)
{
	if (row >= 0) {
		if ((unsigned)row >= t->rows)
			return NULL;
		*ret_used = t->screen->rows[row].used;
		*ret_wrapped = t->screen->rows[row].wrapped;
		return row_cells(t, t->screen, (unsigned)row);
	}
	unsigned age = (unsigned)-(row + 1);
	if (age >= t->scrollback.count)
		return NULL;
	if (t->unpacked_row != row || t->unpacked_serial != t->serial) {
		memset(t->unpacked, 0, t->columns * sizeof *t->unpacked);
		t->unpacked_used =
			scrollback_unpack(t, age, t->unpacked, t->columns, &t->unpacked_wrapped);
		t->unpacked_row = row;
		t->unpacked_serial = t->serial;
	}
	*ret_used = t->unpacked_used;
	*ret_wrapped = t->unpacked_wrapped;
	return t->unpacked;
}

bool term_cell(struct term *t, int row, unsigned column, struct term_cell *ret)
{
	unsigned used;
	bool wrapped;
	const struct cell *cells = find_row(t, row, &used, &wrapped);

	if (!cells || column >= t->columns)
		return false;
	const struct cell *cell = &cells[column];
	const struct extra *extra = extra_get(t, cell->attr);
	const struct link *link = link_get(t, cell->attr);
	size_t n;
	const uint32_t *text = cell_text(t, cell, &n);
	*ret = (struct term_cell){
		.width = cell->attr & CELL_TAIL   ? 0
			 : cell->attr & CELL_WIDE ? 2
						  : 1,
		.underline = (uint8_t)((cell->attr & ATTR_UNDERLINE) >> ATTR_UNDERLINE_SHIFT),
		.attributes = cell->attr & 0x1ff,
		.foreground = cell->foreground,
		.background = cell->background,
		.underline_colour = extra ? extra->underline : 0,
		.link = link ? link->uri : NULL,
	};
	for (size_t i = 0; i < n; i++)
		ret->text_length += (uint8_t)utf8_put(ret->text + ret->text_length, text[i]);
	return true;
}

bool term_row_text(struct term *t, int row, struct str *out)
{
	unsigned used;
	bool wrapped;
	const struct cell *cells = find_row(t, row, &used, &wrapped);

	if (!cells)
		return false;
	if (used > t->columns)
		used = t->columns;
	while (used > 0 && (cells[used - 1].text == 0 || cells[used - 1].text == ' ') &&
	       !(cells[used - 1].attr & CELL_SHAPE))
		used--;
	for (unsigned c = 0; c < used; c++) {
		size_t n;
		const uint32_t *text = cell_text(t, &cells[c], &n);
		if (n == 0 && !(cells[c].attr & CELL_TAIL))
			str_append_byte(out, ' ');
		for (size_t i = 0; i < n; i++) {
			char utf8[4];
			str_append(out, utf8, utf8_put(utf8, text[i]));
		}
	}
	return wrapped;
}
