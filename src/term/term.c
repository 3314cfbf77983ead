/* A terminal's life: made, resized, freed; and what may be asked of it.
 *
 * Owns all memory of the model. Trusts nobody: sizes are brought into bounds, bytes may be anything.
 * Making and resizing can fail for want of memory and then change nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "term/internal.h"

static unsigned clamp(unsigned value, unsigned low, unsigned high)
{
	return value < low ? low : value > high ? high : value;
}

static bool screen_alloc(struct screen *s, unsigned rows, unsigned columns)
{
	s->cells = calloc((size_t)rows * columns, sizeof *s->cells);
	s->rows = calloc(rows, sizeof *s->rows);
	for (unsigned r = 0; s->rows && r < rows; r++)
		s->rows[r] = (struct row){.index = r, .plain = true};
	return s->cells && s->rows;
}

static void screen_free(struct screen *s)
{
	free(s->cells);
	free(s->rows);
}

struct term *term_new(unsigned rows, unsigned columns, unsigned scrollback_lines)
{
	struct term *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->rows = clamp(rows, 1, TERM_MAX_ROWS);
	t->columns = clamp(columns, TERM_MIN_COLUMNS, TERM_MAX_COLUMNS);
	t->unpacked = calloc(t->columns, sizeof *t->unpacked);
	bool ok = t->unpacked != NULL;
	for (unsigned i = 0; i < 2; i++)
		ok &= screen_alloc(&t->screens[i], t->rows, t->columns);
	if (!ok) {
		term_free(t);
		return NULL;
	}
	intern_init(t);
	scrollback_init(t, clamp(scrollback_lines, 0, TERM_MAX_SCROLLBACK));
	term_set_colours(t, 0xffffff, 0x000000, 0xffffff);
	term_set_cell_pixels(t, 8, 16);
	term_hard_reset(t);
	return t;
}

void term_free(struct term *t)
{
	if (!t)
		return;
	scrollback_clear(t);
	intern_free(t);
	titles_free(t);
	parser_free(&t->parser);
	str_free(&t->replies);
	free(t->unpacked);
	for (unsigned i = 0; i < 2; i++)
		screen_free(&t->screens[i]);
	free(t);
}

/* Copies a row of the old size into one of the new. */
static void resize_row(struct cell *to, struct row *row, const struct cell *from,
		       const struct row *old, unsigned columns)
{
	unsigned n = old->used < columns ? old->used : columns;

	memcpy(to, from, n * sizeof *to);
	/* The left half of a wide one whose right half was cut. */
	if (n == columns && (to[n - 1].attr & CELL_WIDE))
		to[n - 1] = (struct cell){.background = to[n - 1].background};
	row->used = (uint16_t)n;
	row->plain = old->plain;
	row->wrapped = false;
}

/* How many rows leave at the top when there are only so many: as many as rows below the cursor that
 * hold something do not make up for. */
static unsigned rows_to_leave(const struct screen *s, unsigned old_rows, unsigned rows,
			      unsigned cursor)
{
	unsigned last = cursor;

	if (rows >= old_rows)
		return 0;
	for (unsigned r = cursor + 1; r < old_rows; r++) {
		if (s->rows[r].used > 0)
			last = r;
	}
	unsigned wanted = last + 1 > rows ? last + 1 - rows : 0;
	/* The cursor's row stays. */
	return wanted < cursor ? wanted : cursor;
}

/* Moves what the old screen shows to the new one, which is blank; *cursor is the row to keep in
 * view and moves along. */
static void move_screen(struct term *t, struct screen *to, const struct screen *from, unsigned rows,
			unsigned columns, unsigned *cursor)
{
	bool main_screen = from == &t->screens[0];
	unsigned leave = rows_to_leave(from, t->rows, rows, *cursor);
	unsigned back = 0;

	for (unsigned r = 0; main_screen && r < leave; r++)
		scrollback_push(t, &from->rows[r], row_cells(t, from, r));
	if (main_screen && rows > t->rows) {
		back = rows - t->rows;
		if (back > t->scrollback.count)
			back = t->scrollback.count;
	}
	for (unsigned r = leave; r < t->rows && r - leave + back < rows; r++) {
		unsigned target = r - leave + back;
		resize_row(to->cells + (size_t)target * columns, &to->rows[target],
			   row_cells(t, from, r), &from->rows[r], columns);
		/* What was wrapped stays so where no column changes. */
		if (columns == t->columns && target + 1 < rows && r + 1 < t->rows)
			to->rows[target].wrapped = from->rows[r].wrapped;
	}
	to->saved.row = (uint16_t)clamp(
		to->saved.row + back > leave ? to->saved.row + back - leave : 0, 0, rows - 1);
	*cursor = *cursor + back - leave;
}

int term_resize(struct term *t, unsigned rows, unsigned columns)
{
	rows = clamp(rows, 1, TERM_MAX_ROWS);
	columns = clamp(columns, TERM_MIN_COLUMNS, TERM_MAX_COLUMNS);
	if (rows == t->rows && columns == t->columns)
		return 0;

	struct screen new[2] = {t->screens[0], t->screens[1]};
	struct cell *unpacked = calloc(columns, sizeof *unpacked);
	bool ok = unpacked != NULL;
	for (unsigned i = 0; i < 2; i++)
		ok &= screen_alloc(&new[i], rows, columns);
	if (!ok) {
		free(unpacked);
		screen_free(&new[0]);
		screen_free(&new[1]);
		return -ENOMEM;
	}

	bool alternate = is_alternate(t);
	unsigned old_rows = t->rows, count = t->scrollback.count;
	for (unsigned i = 0; i < 2; i++) {
		unsigned kept = t->screens[i].saved.row;
		bool active = i == (unsigned)alternate;
		move_screen(t, &new[i], &t->screens[i], rows, columns, active ? &t->row : &kept);
	}
	unsigned back = rows > old_rows ? rows - old_rows : 0;
	if (back > count)
		back = count;

	screen_free(&t->screens[0]);
	screen_free(&t->screens[1]);
	free(t->unpacked);
	t->screens[0] = new[0];
	t->screens[1] = new[1];
	t->screen = &t->screens[alternate];
	t->unpacked = unpacked;
	t->unpacked_row = 0;
	/* New columns have stops as a fresh terminal's. */
	if (columns > t->columns)
		tabs_reset(t, t->columns);
	t->rows = rows;
	t->columns = columns;
	for (unsigned r = back; r > 0; r--) {
		struct row *row = &t->screens[0].rows[r - 1];
		scrollback_pop(t, row_cells(t, &t->screens[0], r - 1), row);
	}
	t->top = t->left = 0;
	t->bottom = rows - 1;
	t->right = columns - 1;
	cursor_set(t, t->row, t->column);
	t->joinable = false;
	for (unsigned i = 0; i < 2; i++) {
		struct saved_cursor *saved = &t->screens[i].saved;
		if (saved->column >= columns)
			saved->column = (uint16_t)(columns - 1);
		saved->pending = false;
		t->screens[i].rows[rows - 1].wrapped = false;
	}
	t->serial++;
	return 0;
}

void term_set_colours(struct term *t, uint32_t foreground, uint32_t background, uint32_t cursor)
{
	t->dynamic_default[0] = foreground & 0xffffff;
	t->dynamic_default[1] = background & 0xffffff;
	t->dynamic_default[2] = cursor & 0xffffff;
}

void term_set_cell_pixels(struct term *t, unsigned width, unsigned height)
{
	t->cell_width = clamp(width, 1, 255);
	t->cell_height = clamp(height, 1, 255);
}
