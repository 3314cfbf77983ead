/* A snapshot: what brings a freshly reset terminal of the same size into the model's state.
 *
 * The order is the point. Rows are printed first, while the receiver is at its defaults (snapshot-
 * rows.c). Then, from the outside in, what later steps would disturb or be disturbed by:
 *
 *   main screen with scrollback; if the alternate one is active, the main screen's saved cursor is
 *   made the cursor and CSI ? 1049 h both saves it and switches; then the alternate screen's rows
 *   tab stops, palette, titles, keyboard stacks
 *   the active screen's saved cursor: made the cursor, then DECSC
 *   margins, modes, origin mode (they move the cursor)
 *   the cursor, its pending wrap, pen, character sets
 *   what has come of a sequence that is not complete yet
 *
 * A pending wrap cannot be set, only reached: the character before it is printed again. The same is
 * done where the last thing that happened was a character, because the next may be a combining mark
 * or REP and terminals look back in their own ways.
 *
 * The screen that is not active is written only if it holds anything (a program that left the
 * alternate screen by CSI ? 47 l, keyboard flags pushed there): the receiver visits it.
 */
#include <string.h>

#include "term/internal.h"

static void write_charsets(struct str *out, const uint8_t *sets, unsigned gl)
{
	static const char designators[] = "()*+", finals[] = "B0A";
	static const char *const shifts[] = {"", "\016", "\033n", "\033o"};

	for (unsigned i = 0; i < 4; i++) {
		if (sets[i] != CHARSET_ASCII)
			str_append_format(out, "\033%c%c", designators[i], finals[sets[i]]);
	}
	str_append_text(out, shifts[gl]);
}

static void reset_charsets(struct str *out, const uint8_t *sets, unsigned gl)
{
	static const char designators[] = "()*+";

	for (unsigned i = 0; i < 4; i++) {
		if (sets[i] != CHARSET_ASCII)
			str_append_format(out, "\033%cB", designators[i]);
	}
	if (gl != 0)
		str_append_byte(out, '\017');
}

/* Prints the cell again at its place so that the cursor stands behind it. */
static void write_again(struct writer *w, const struct screen *s, unsigned row, unsigned column,
			bool origin)
{
	const struct term *t = w->term;
	const struct cell *cells = row_cells(t, s, row);

	if (column > 0 && (cells[column].attr & CELL_TAIL))
		column--;
	const struct cell *cell = &cells[column];
	struct style style = {cell->foreground, cell->background, cell->attr};
	write_style(w, &style);
	write_goto(w, row - (origin ? t->top : 0), column - (origin ? t->left : 0));
	if (cell->text == 0)
		str_append_byte(w->out, ' ');
	else
		write_text(w, cell, w->graphemes);
}

static bool is_erased(const struct cell *cell)
{
	return cell->text == 0 && !(cell->attr & CELL_TAIL);
}

/* Is the saved cursor's wrap to be reached? Not where the character was erased since and could not
 * be erased again, the receiver having gone to the alternate screen; restoring looks at it anyway. */
static bool saved_wrap(const struct term *t, const struct screen *s)
{
	const struct saved_cursor *saved = &s->saved;

	return saved->pending && (t->screen == s || s == &t->screens[1] ||
				  !is_erased(row_cells(t, s, saved->row) + saved->column));
}

/* Makes a saved cursor the receiver's cursor; margins are the whole screen. */
static void write_saved(struct writer *w, const struct screen *s)
{
	const struct saved_cursor *saved = &s->saved;
	const struct term *t = w->term;

	if (saved->origin)
		str_append_text(w->out, "\033[?6h");
	if (saved_wrap(t, s)) {
		/* Left and right margins may have made it wrap earlier than the screen does. */
		bool narrow = saved->column != t->columns - 1;
		if (narrow)
			str_append_format(w->out, "\033[?69h\033[1;%us", saved->column + 1u);
		write_again(w, s, saved->row, saved->column, false);
	} else {
		write_goto(w, saved->row, saved->column);
	}
	write_style(w, &saved->pen);
	write_charsets(w->out, saved->charsets, saved->gl);
}

/* Afterwards the receiver is as before, but for the place of the cursor. */
static void forget_saved(struct writer *w, const struct screen *s)
{
	const struct saved_cursor *saved = &s->saved;
	const struct term *t = w->term;
	const struct style plain = {0};

	reset_charsets(w->out, saved->charsets, saved->gl);
	if (saved_wrap(t, s)) {
		if (saved->column != t->columns - 1)
			str_append_text(w->out, "\033[?69l");
		const struct cell *cell = row_cells(t, s, saved->row) + saved->column;
		if (is_erased(cell)) {
			/* It was erased; a character was needed to reach the wrap. */
			struct style style = {.background = cell->background};
			write_style(w, &style);
			write_goto(w, saved->row, saved->column);
			str_append_text(w->out, "\033[X");
		}
	}
	if (saved->origin)
		str_append_text(w->out, "\033[?6l");
	write_style(w, &plain);
}

static void write_keyboard(struct str *out, const struct screen *s)
{
	if (s->kitty[0])
		str_append_format(out, "\033[=%u;1u", s->kitty[0]);
	for (unsigned i = 1; i <= s->kitty_depth; i++)
		str_append_format(out, "\033[>%uu", s->kitty[i]);
}

static bool keyboard_is_default(const struct screen *s)
{
	return s->kitty_depth == 0 && s->kitty[0] == 0;
}

/* Rows, keyboard and saved cursor of a screen that the receiver is on, its cursor at home. */
static void write_alternate(struct writer *w, bool keyboard)
{
	struct screen *s = &w->term->screens[1];

	write_goto(w, 0, 0);
	write_screen(w, s, 0);
	if (keyboard)
		write_keyboard(w->out, s);
	if (!saved_cursor_is_default(&s->saved)) {
		write_saved(w, s);
		str_append_text(w->out, "\0337");
		forget_saved(w, s);
	}
}

static void write_screens(struct writer *w, const struct term_snapshot *options)
{
	const struct term *t = w->term;
	struct screen *main_screen = &w->term->screens[0], *other = &w->term->screens[1];
	bool keyboard = !options->no_input_modes;

	write_screen(w, main_screen, options->scrollback);
	if (keyboard)
		write_keyboard(w->out, main_screen);
	if (is_alternate(t)) {
		write_saved(w, main_screen);
		str_append_text(w->out, "\033[?1049h");
		forget_saved(w, main_screen);
		/* It came in the background of the saved pen. */
		if (main_screen->saved.pen.background)
			str_append_text(w->out, "\033[2J");
		write_alternate(w, keyboard);
		return;
	}
	if (!screen_blank(t, other) || !saved_cursor_is_default(&other->saved) ||
	    (keyboard && !keyboard_is_default(other))) {
		str_append_text(w->out, "\033[?47h");
		write_alternate(w, keyboard);
		str_append_text(w->out, "\033[?47l");
	}
	if (!saved_cursor_is_default(&main_screen->saved)) {
		write_saved(w, main_screen);
		str_append_text(w->out, "\0337");
		forget_saved(w, main_screen);
	}
}

static void write_tabs(const struct term *t, struct str *out)
{
	bool differs = false;

	for (unsigned c = 0; c < t->columns; c++)
		differs |= (t->tabs[c / 8] >> (c % 8) & 1) != (c % 8 == 0 && c > 0);
	if (!differs)
		return;
	str_append_text(out, "\033[3g");
	for (unsigned c = 0; c < t->columns; c++) {
		if (t->tabs[c / 8] >> (c % 8) & 1)
			str_append_format(out, "\033[%uG\033H", c + 1);
	}
}

static void write_titles(const struct term *t, struct str *out)
{
	for (unsigned i = 0; i <= t->n_titles; i++) {
		const char *title = i < t->n_titles ? t->titles[i] : t->title;
		if (title || t->n_titles > 0) {
			str_append_text(out, "\033]2;");
			str_append_text(out, title ? title : "");
			str_append_text(out, "\033\\");
		}
		if (i < t->n_titles)
			str_append_text(out, "\033[22;2t");
	}
}

static void write_margins(const struct term *t, struct str *out)
{
	if (mode_on(t, MODE_MARGINS))
		str_append_text(out, "\033[?69h");
	if (t->left != 0 || t->right != t->columns - 1)
		str_append_format(out, "\033[%u;%us", t->left + 1, t->right + 1);
	if (t->top != 0 || t->bottom != t->rows - 1)
		str_append_format(out, "\033[%u;%ur", t->top + 1, t->bottom + 1);
	if (mode_on(t, MODE_ORIGIN))
		str_append_text(out, "\033[?6h");
}

static void write_cursor(struct writer *w)
{
	const struct term *t = w->term;
	bool origin = mode_on(t, MODE_ORIGIN), insert = mode_on(t, MODE_INSERT);
	const char *graphemes = mode_on(t, MODE_GRAPHEMES) ? "\033[?2027h" : "";
	/* Under origin mode the cursor is always within the margins. */
	unsigned row = t->row - (origin ? t->top : 0), column = t->column - (origin ? t->left : 0);

	if (t->joinable) {
		/* The character last printed: in the pen's style, under modes and sets in force. */
		unsigned previous = (unsigned)print_previous(t);
		const struct cell *cell = row_cells(t, t->screen, t->row) + previous;
		write_style(w, &t->pen);
		write_charsets(w->out, t->charsets, t->gl);
		str_append_text(w->out, graphemes);
		w->graphemes = mode_on(t, MODE_GRAPHEMES);
		if (insert) {
			/* It makes room for itself: the room that it takes goes first. */
			write_goto(w, row, previous - (origin ? t->left : 0));
			str_append_format(w->out, "\033[%uP\033[4h",
					  cell->attr & CELL_WIDE ? 2u : 1u);
		}
		write_again(w, t->screen, t->row, previous, origin);
		return;
	}
	if (t->pending) {
		write_again(w, t->screen, t->row, t->column, origin);
		/* Something other than a character comes last, whatever the pen is. */
		str_append_text(w->out, "\033[");
		sgr_format(t, w->out, &w->style);
		str_append_byte(w->out, 'm');
	} else {
		write_goto(w, row, column);
	}
	write_style(w, &t->pen);
	write_charsets(w->out, t->charsets, t->gl);
	str_append_text(w->out, graphemes);
	if (insert)
		str_append_text(w->out, "\033[4h");
	if (t->single_shift)
		str_append_text(w->out, t->single_shift == 2 ? "\033N" : "\033O");
}

static void write_whole(struct writer *w, const struct term_snapshot *options)
{
	struct term *t = w->term;

	write_screens(w, options);
	write_tabs(t, w->out);
	palette_write(t, w->out);
	write_titles(t, w->out);
	write_margins(t, w->out);
	modes_write(t, w->out, !options->no_input_modes);
	if (mode_on(t, MODE_SYNCHRONIZED))
		str_append_text(w->out, "\033[?2026h");
	write_cursor(w);
	if (t->parser.state != STATE_GROUND && t->parser.unfinished.length > 0)
		str_append(w->out, t->parser.unfinished.data, t->parser.unfinished.length);
}

/* What fits into a terminal of another size. */
static void write_view(struct writer *w, unsigned rows, unsigned columns,
		       const struct term_snapshot *options)
{
	struct term *t = w->term;
	const struct style plain = {0};
	/* The cursor's row stays in view, near the bottom if anything must go. */
	unsigned first = t->rows > rows && t->row + 1 > rows ? t->row + 1 - rows : 0;
	unsigned n = t->rows - first < rows ? t->rows - first : rows;

	if (is_alternate(t))
		str_append_text(w->out, "\033[?1049h");
	for (unsigned r = 0; r < n; r++) {
		write_style(w, &plain);
		write_goto(w, r, 0);
		write_row(w, row_cells(t, t->screen, first + r), t->screen->rows[first + r].used,
			  columns < t->columns ? columns : t->columns);
	}
	write_style(w, &plain);
	palette_write(t, w->out);
	write_titles(t, w->out);
	modes_write(t, w->out, !options->no_input_modes);
	write_goto(w, t->row - first, t->column < columns ? t->column : columns - 1);
}

void term_snapshot(struct term *t, struct str *out, const struct term_snapshot *options)
{
	struct writer w = {.term = t, .out = out};
	unsigned rows = options->rows ? options->rows : t->rows;
	unsigned columns = options->columns ? options->columns : t->columns;

	if (rows == t->rows && columns == t->columns)
		write_whole(&w, options);
	else
		write_view(&w, rows, columns, options);
}

/* As many as were pushed: what the receiver had before stays on its stack. */
static void leave_keyboard(struct str *out, const struct screen *s)
{
	if (s->kitty_depth)
		str_append_format(out, "\033[<%uu", s->kitty_depth);
	if (s->kitty[0])
		str_append_text(out, "\033[=0;1u");
}

void term_leave(const struct term *t, struct str *out)
{
	const struct screen *main_screen = &t->screens[0];
	unsigned row = is_alternate(t) ? main_screen->saved.row : t->row;
	unsigned column = is_alternate(t) ? main_screen->saved.column : t->column;

	/* What is unfinished ends here. */
	if (t->parser.state != STATE_GROUND)
		str_append_text(out, "\030");
	if (link_get(t, t->pen.attr))
		str_append_text(out, "\033]8;;\033\\");
	if (is_alternate(t)) {
		leave_keyboard(out, t->screen);
		str_append_text(out, "\033[?1049l");
	}
	leave_keyboard(out, main_screen);
	if (t->top != 0 || t->bottom != t->rows - 1)
		str_append_text(out, "\033[r");
	modes_leave(t, out);
	palette_leave(t, out);
	str_append_text(out, "\033(B\033)B\033*B\033+B\017\033[m\033[0\"q");
	/* Margins and origin mode have moved it. */
	str_append_format(out, "\033[%u;%uH", row + 1, column + 1);
}
