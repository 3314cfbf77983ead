/* Lines that scrolled off the top, packed, in a ring.
 *
 * A line is one allocation of the size it needs. Plain lines (ASCII in the default style, most of
 * what is printed) are one byte a cell. Others are runs of one style: foreground, background,
 * attributes, number of cells, then for each cell its text in UTF-8, with marks that cannot occur in
 * text: 0 an erased cell, 1 and a number before a cluster of so many code points, 2 before a wide one.
 * Right halves are not stored. Underline colour and hyperlink stay interned; the runs hold them.
 *
 * Bounded twice: by the number of lines, and by bytes, LINE_BYTES a line on average, so that
 * lines of nothing but decorated cells cost their age, not memory. Lines keep the width they had.
 */
#include <stdlib.h>
#include <string.h>

#include "term/internal.h"

#define LINE_BYTES 1024

struct line {
	uint32_t room, bytes; /* of data: allocated, used */
	uint16_t cells;
	bool wrapped, plain;
	bool holds; /* any extra */
	uint8_t data[];
};

struct run {
	struct style style;
	uint32_t cells;
};

enum mark { MARK_ERASED = 0, MARK_CLUSTER = 1, MARK_WIDE = 2 };

/* What we packed ourselves: valid. */
static const uint8_t *utf8_get(const uint8_t *at, uint32_t *ret)
{
	unsigned more = at[0] < 0x80 ? 0 : at[0] < 0xe0 ? 1 : at[0] < 0xf0 ? 2 : 3;
	uint32_t cp = more == 0 ? at[0] : at[0] & (0x3fu >> more);

	for (unsigned i = 1; i <= more; i++)
		cp = cp << 6 | (at[i] & 0x3f);
	*ret = cp;
	return at + 1 + more;
}

/* One cell's text from at; returns what follows it. */
static const uint8_t *unpack_cell(const uint8_t *at, uint32_t text[TERM_CLUSTER_MAX], size_t *ret_n,
				  bool *ret_wide)
{
	*ret_wide = *at == MARK_WIDE;
	at += *ret_wide;
	*ret_n = 1;
	if (*at == MARK_CLUSTER) {
		*ret_n = at[1];
		at += 2;
	}
	for (size_t i = 0; i < *ret_n; i++)
		at = utf8_get(at, &text[i]);
	return at;
}

static bool same_style(const struct cell *a, const struct cell *b)
{
	return a->foreground == b->foreground && a->background == b->background &&
	       ((a->attr ^ b->attr) & ~CELL_SHAPE) == 0;
}

/* One cell's bytes at to, which has room for the longest. */
static size_t pack_cell(const struct term *t, const struct cell *cell, uint8_t *to)
{
	size_t n, length = 0;

	if (cell->attr & CELL_WIDE)
		to[length++] = MARK_WIDE;
	const uint32_t *text = cell_text(t, cell, &n);
	if (n == 0)
		to[length++] = MARK_ERASED;
	if (n > 1) {
		to[length++] = MARK_CLUSTER;
		to[length++] = (uint8_t)n;
	}
	for (size_t i = 0; i < n; i++)
		length += utf8_put((char *)to + length, text[i]);
	return length;
}

#define CELL_BYTES (sizeof(struct run) + 3 + TERM_CLUSTER_MAX * 4) /* at most */

/* The runs of n cells; how many bytes. to has room for CELL_BYTES a cell. */
static size_t pack(const struct term *t, const struct cell *cells, unsigned n, uint8_t *to,
		   bool *ret_holds)
{
	uint8_t *at = to;

	*ret_holds = false;
	for (unsigned i = 0; i < n;) {
		const struct cell *first = &cells[i];
		uint8_t *head = at;
		at += sizeof(struct run);
		unsigned begin = i;
		for (; i < n && same_style(&cells[i], first); i++) {
			uint32_t shape = cells[i].attr & CELL_SHAPE;
			if (shape == 0 && cells[i].text < 0x80)
				*at++ = (uint8_t)cells[i].text;
			else if (shape == 0)
				at += utf8_put((char *)at, cells[i].text);
			else if (!(shape & CELL_TAIL))
				at += pack_cell(t, &cells[i], at);
		}
		struct run run = {{first->foreground, first->background, first->attr & ~CELL_SHAPE},
				  i - begin};
		memcpy(head, &run, sizeof run);
		*ret_holds |= run.style.attr >> ATTR_EXTRA_SHIFT != 0;
	}
	return (size_t)(at - to);
}

/* t's room for a packed line; NULL: no memory. */
static uint8_t *packing_room(struct term *t)
{
	struct scrollback *s = &t->scrollback;

	if (s->packed_columns < t->columns) {
		uint8_t *room = malloc(t->columns * CELL_BYTES);
		if (!room)
			return NULL;
		free(s->packed);
		s->packed = room;
		s->packed_columns = t->columns;
	}
	return s->packed;
}

/* Counts the extras of the line's runs up or down. */
static void count_extras(struct term *t, const struct line *line, bool up)
{
	if (!line->holds)
		return;
	const uint8_t *at = line->data, *end = line->data + line->bytes;
	while (at < end) {
		struct run run;
		memcpy(&run, at, sizeof run);
		at += sizeof run;
		struct extra *extra = extra_get(t, run.style.attr);
		if (extra)
			extra->held += up ? 1u : -1u;
		for (uint32_t cells = 0; cells < run.cells && at < end; cells++) {
			uint32_t text[TERM_CLUSTER_MAX];
			size_t n;
			bool wide;
			at = unpack_cell(at, text, &n, &wide);
			cells += wide;
		}
	}
}

static struct line **slot(const struct scrollback *s, uint32_t i)
{
	return &s->lines[(s->first + i) % s->capacity];
}

/* Takes the oldest line off. */
static struct line *shift(struct term *t)
{
	struct scrollback *s = &t->scrollback;
	struct line *line = *slot(s, 0);

	s->first = (s->first + 1) % s->capacity;
	s->count--;
	s->bytes -= line->bytes;
	count_extras(t, line, false);
	return line;
}

static bool grow(struct scrollback *s)
{
	uint32_t capacity = s->capacity ? s->capacity * 2 : 64;
	if (capacity > s->limit)
		capacity = s->limit;
	struct line **lines = malloc(capacity * sizeof(struct line *));
	if (!lines)
		return false;
	for (uint32_t i = 0; i < s->count; i++)
		lines[i] = *slot(s, i);
	free(s->lines);
	s->lines = lines;
	s->capacity = capacity;
	s->first = 0;
	return true;
}

static bool is_zero(const struct cell *cell)
{
	return (cell->text | cell->foreground | cell->background | cell->attr) == 0;
}

/* A line with room for so many bytes; old, if given, is used or freed. */
static struct line *line_new(struct line *old, size_t bytes)
{
	if (old && old->room >= bytes && old->room <= 2 * bytes + 64)
		return old;
	free(old);
	size_t room = (bytes + 15) & ~(size_t)15;
	struct line *line = malloc(sizeof *line + room);
	if (line)
		line->room = (uint32_t)room;
	return line;
}

void scrollback_push(struct term *t, const struct row *row, const struct cell *cells)
{
	struct scrollback *s = &t->scrollback;
	const uint8_t *packed = NULL;
	unsigned n = row->used;
	bool holds = false;

	if (s->limit == 0)
		return;
	while (n > 0 && is_zero(&cells[n - 1]))
		n--;
	size_t bytes = n;
	if (!row->plain) {
		packed = packing_room(t);
		if (!packed)
			return;
		bytes = pack(t, cells, n, s->packed, &holds);
	}
	/* The memory of a line that goes is taken for the new one where it fits. */
	struct line *line = line_new(s->count == s->limit ? shift(t) : NULL, bytes);
	if (!line)
		return;
	line->bytes = (uint32_t)bytes;
	line->cells = (uint16_t)n;
	line->wrapped = row->wrapped;
	line->plain = row->plain;
	line->holds = holds;
	if (packed) {
		memcpy(line->data, packed, bytes);
	} else {
		for (unsigned i = 0; i < n; i++)
			line->data[i] = (uint8_t)cells[i].text;
	}
	if (s->count == s->capacity && !grow(s)) {
		free(line);
		return;
	}
	count_extras(t, line, true);
	*slot(s, s->count) = line;
	s->count++;
	s->bytes += bytes;
	while (s->bytes > s->max_bytes && s->count > 1)
		free(shift(t));
}

unsigned scrollback_unpack(struct term *t, unsigned age, struct cell *cells, unsigned columns,
			   bool *ret_wrapped)
{
	const struct line *line = *slot(&t->scrollback, t->scrollback.count - 1 - age);
	const uint8_t *at = line->data, *end = line->data + line->bytes;
	unsigned n = 0;

	*ret_wrapped = line->wrapped;
	if (line->plain) {
		for (; n < line->cells && n < columns; n++)
			cells[n] = (struct cell){.text = at[n]};
		return n;
	}
	while (at < end && n < columns) {
		struct run run;
		memcpy(&run, at, sizeof run);
		at += sizeof run;
		for (uint32_t i = 0; i < run.cells && n < columns && at < end; i++) {
			struct cell cell = {0, run.style.foreground, run.style.background,
					    run.style.attr};
			uint32_t text[TERM_CLUSTER_MAX] = {0};
			size_t length;
			bool wide;
			at = unpack_cell(at, text, &length, &wide);
			cell.text = text[0];
			if (length > 1) {
				uint32_t number = cluster_intern(t, text, length);
				if (number) {
					cell.text = number;
					cell.attr |= CELL_CLUSTER;
				}
			}
			if (!wide) {
				cells[n++] = cell;
				continue;
			}
			i++;
			if (n + 1 == columns) {
				/* Cut in two: erased, as when a screen is cut. */
				cells[n++] = (struct cell){.background = cell.background};
				break;
			}
			cells[n] = cells[n + 1] = cell;
			cells[n++].attr |= CELL_WIDE;
			cells[n].text = 0;
			cells[n].attr = run.style.attr | CELL_TAIL;
			n++;
		}
	}
	return n;
}

const char *scrollback_plain(const struct term *t, unsigned age, unsigned *ret_n, bool *ret_wrapped)
{
	const struct line *line = *slot(&t->scrollback, t->scrollback.count - 1 - age);

	if (!line->plain)
		return NULL;
	*ret_n = line->cells;
	*ret_wrapped = line->wrapped;
	return (const char *)line->data;
}

bool scrollback_pop(struct term *t, struct cell *cells, struct row *row)
{
	struct scrollback *s = &t->scrollback;

	if (s->count == 0)
		return false;
	struct line *line = *slot(s, s->count - 1);
	/* By way of t->unpacked, whose clusters are known to be in use. */
	row->used = (uint16_t)scrollback_unpack(t, 0, t->unpacked, t->columns, &row->wrapped);
	memcpy(cells, t->unpacked, row->used * sizeof *cells);
	row->plain = line->plain;
	t->unpacked_row = 0;
	s->count--;
	s->bytes -= line->bytes;
	count_extras(t, line, false);
	free(line);
	return true;
}

void scrollback_clear(struct term *t)
{
	while (t->scrollback.count > 0)
		free(shift(t));
	free(t->scrollback.lines);
	free(t->scrollback.packed);
	t->scrollback.lines = NULL;
	t->scrollback.packed = NULL;
	t->scrollback.capacity = t->scrollback.first = t->scrollback.packed_columns = 0;
}

void scrollback_init(struct term *t, unsigned limit)
{
	t->scrollback.limit = limit;
	t->scrollback.max_bytes = (size_t)limit * LINE_BYTES;
}
