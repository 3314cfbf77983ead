/* Characters onto the screen.
 *
 * Nearly all output is ASCII, so print_ascii() takes a whole run and fills cells a line at a time;
 * what makes a character special (insert mode, a graphics character set, a mark, two columns, a
 * grapheme cluster) goes by print_code_point(). Both keep the invariants of a row: never half a
 * wide character, `used` and `plain` true.
 *
 * As in xterm, a character in the last column leaves the cursor there with a wrap pending, whatever
 * DECAWM says; the next character looks at DECAWM. A mark of no width joins the cell before the
 * cursor; where there is none, or an erased one, it is dropped. Under mode 2027 a character joins
 * that cell if it continues its cluster and nothing but characters came between.
 */
#include <string.h>

#include "term/internal.h"

typedef uint32_t cell_words __attribute__((vector_size(16), may_alias));
_Static_assert(sizeof(struct cell) == sizeof(cell_words), "a cell is one vector");

static const uint16_t graphics[] = {
	0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b, 0x2518,
	0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c, 0x2524,
	0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

static uint32_t translate(enum charset set, uint32_t cp)
{
	if (set == CHARSET_GRAPHICS && cp >= 0x60 && cp <= 0x7e)
		return graphics[cp - 0x60];
	if (set == CHARSET_GRAPHICS && cp == 0x5f)
		return 0xa0;
	if (set == CHARSET_UK && cp == '#')
		return 0xa3;
	return cp;
}

/* One beyond the last column that the cursor may write to from where it is. */
static unsigned line_end(const struct term *t)
{
	return t->column <= t->right ? t->right + 1 : t->columns;
}

static void settle_wrap(struct term *t)
{
	if (!t->pending)
		return;
	t->pending = false;
	if (mode_on(t, MODE_AUTOWRAP))
		cursor_wrap(t);
}

static void advance(struct term *t, unsigned n, unsigned end)
{
	t->column += n;
	if (t->column >= end) {
		t->column = end - 1;
		t->pending = true;
	}
}

static bool pen_is_plain(const struct term *t)
{
	return (t->pen.foreground | t->pen.background | t->pen.attr) == 0;
}

static void put_ascii(struct term *t, const uint8_t *text, unsigned n)
{
	struct row *row = &t->screen->rows[t->row];
	struct cell *cells = row_cells(t, t->screen, t->row) + t->column;

	if (!row->plain) {
		split_wide(t, t->row, t->column);
		split_wide(t, t->row, t->column + n);
	}
	cell_words *to = (cell_words *)(void *)cells;
	cell_words words = {0, t->pen.foreground, t->pen.background, t->pen.attr};
	for (unsigned i = 0; i < n; i++) {
		words[0] = text[i];
		to[i] = words;
	}
	row_touch(row, t->column + n, pen_is_plain(t));
}

void print_ascii(struct term *t, const uint8_t *text, size_t n)
{
	if (mode_on(t, MODE_INSERT) || t->charsets[t->gl] != CHARSET_ASCII || t->single_shift) {
		for (size_t i = 0; i < n; i++)
			print_code_point(t, text[i]);
		return;
	}
	/* A ZWJ or a prepended sign may be before it, which only an emoji or a letter can join. */
	if (t->joinable && mode_on(t, MODE_GRAPHEMES)) {
		print_code_point(t, *text++);
		n--;
	}
	while (n > 0) {
		settle_wrap(t);
		unsigned end = line_end(t), room = end - t->column;
		unsigned take = n < room ? (unsigned)n : room;
		put_ascii(t, text, take);
		advance(t, take, end);
		text += take;
		n -= take;
	}
	t->joinable = true;
}

int print_previous(const struct term *t)
{
	int column = (int)t->column - !t->pending;

	if (column < 0)
		return -1;
	const struct cell *cells = row_cells(t, t->screen, t->row);
	if (column > 0 && (cells[column].attr & CELL_TAIL))
		column--;
	return column;
}

/* Sets the cell's text to these code points; it keeps its style. */
static bool set_cluster(struct term *t, struct cell *cell, const uint32_t *cp, size_t n)
{
	uint32_t number = cluster_intern(t, cp, n);

	if (number == 0)
		return false;
	cell->text = number;
	cell->attr |= CELL_CLUSTER;
	return true;
}

static void put(struct term *t, uint32_t cp, unsigned width)
{
	struct row *row = &t->screen->rows[t->row];
	struct cell *cells = row_cells(t, t->screen, t->row) + t->column;

	if (!row->plain) {
		split_wide(t, t->row, t->column);
		split_wide(t, t->row, t->column + width);
	}
	cells[0] = (struct cell){cp, t->pen.foreground, t->pen.background, t->pen.attr};
	if (width == 2) {
		cells[1] = cells[0];
		cells[1].text = 0;
		cells[0].attr |= CELL_WIDE;
		cells[1].attr |= CELL_TAIL;
	}
	row_touch(row, t->column + width, cp < 0x80 && pen_is_plain(t));
}

enum join { NOT_JOINED, JOINED };

/* Makes the narrow cell before the cursor wide, if there is a column for it. */
static bool widen(struct term *t, unsigned column)
{
	if (t->pending || t->column != column + 1)
		return false;
	unsigned end = line_end(t);
	if (mode_on(t, MODE_INSERT))
		insert_cells(t, t->row, t->column, 1);
	split_wide(t, t->row, t->column + 1);
	struct cell *cells = row_cells(t, t->screen, t->row) + column;
	cells[1] = cells[0];
	cells[1].text = 0;
	cells[1].attr = (cells[0].attr & ~CELL_SHAPE) | CELL_TAIL;
	cells[0].attr |= CELL_WIDE;
	row_touch(&t->screen->rows[t->row], column + 2, false);
	advance(t, 1, end);
	return true;
}

static enum join join(struct term *t, uint32_t cp, unsigned width)
{
	bool cluster = t->joinable && mode_on(t, MODE_GRAPHEMES);

	/* A mark is always used up, whether there is something to mark or not. */
	enum join otherwise = width == 0 ? JOINED : NOT_JOINED;
	int column = print_previous(t);
	if (column < 0)
		return otherwise;
	struct cell *cell = row_cells(t, t->screen, t->row) + column;
	uint32_t text[TERM_CLUSTER_MAX];
	size_t n;
	const uint32_t *before = cell_text(t, cell, &n);
	if (n == 0)
		return otherwise;
	bool continues = cluster && width_joins(before, n, cp);
	if (width > 0 && !continues)
		return NOT_JOINED;
	if (n == TERM_CLUSTER_MAX)
		return JOINED;
	memcpy(text, before, n * sizeof *text);
	text[n++] = cp;
	if (continues && !(cell->attr & CELL_WIDE) && width_of_cluster(text, n) == 2) {
		if (!widen(t, (unsigned)column))
			return otherwise;
	}
	cell = row_cells(t, t->screen, t->row) + column;
	set_cluster(t, cell, text, n);
	t->screen->rows[t->row].plain = false;
	return JOINED;
}

void print_code_point(struct term *t, uint32_t cp)
{
	bool shifted = t->single_shift != 0;

	if (cp < 0x7f)
		cp = translate((enum charset)t->charsets[shifted ? t->single_shift : t->gl], cp);
	t->single_shift = 0;
	unsigned width = cp < 0x7f ? 1 : width_columns(width_lookup(cp));
	if ((width == 0 || (t->joinable && mode_on(t, MODE_GRAPHEMES))) &&
	    join(t, cp, width) == JOINED)
		return;
	settle_wrap(t);
	unsigned end = line_end(t);
	if (width > end - t->column) {
		/* Two columns do not fit into the last one. */
		if (!mode_on(t, MODE_AUTOWRAP) || end - t->left < 2) {
			t->joinable = false;
			return;
		}
		erase_cells(t, t->row, t->column, end, false);
		cursor_wrap(t);
		end = line_end(t);
		if (width > end - t->column) {
			t->joinable = false;
			return;
		}
	}
	if (mode_on(t, MODE_INSERT))
		insert_cells(t, t->row, t->column, width);
	put(t, cp, width);
	advance(t, width, end);
	/* What a snapshot writes again must come out the same under the character set in force. */
	t->joinable = !shifted;
}

/* REP: the character before the cursor, if nothing else came since. */
void print_repeat(struct term *t, unsigned n)
{
	int column = print_previous(t);
	uint32_t text[TERM_CLUSTER_MAX];
	size_t length;

	if (column < 0)
		return;
	const uint32_t *source = cell_text(t, row_cells(t, t->screen, t->row) + column, &length);
	memcpy(text, source, length * sizeof *text);
	uint8_t gl = t->gl, sets[4];
	memcpy(sets, t->charsets, sizeof sets);
	/* It was translated when it was written. */
	t->gl = 0;
	t->charsets[0] = CHARSET_ASCII;
	for (unsigned i = 0; i < n; i++) {
		t->joinable = false;
		for (size_t j = 0; j < length; j++)
			print_code_point(t, text[j]);
	}
	t->gl = gl;
	memcpy(t->charsets, sets, sizeof sets);
	t->joinable = false;
}
