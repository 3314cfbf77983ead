/* CSI sequences: one table of prefix, intermediate and final byte.
 *
 * Parameters of 0 count as absent where the standard says so. What is not here is ignored: image
 * and graphics attributes, rectangles, printing, locator, 132 columns, window manipulation beyond
 * reports and the title's stack.
 */
#include "term/internal.h"

static void erase_display(struct term *t, bool selective)
{
	bool keep = selective;
	unsigned what = parameter(t, 0, 0);

	t->pending = false;
	if (what == 3) {
		if (!selective)
			scrollback_clear(t);
		return;
	}
	if (what > 2)
		return;
	unsigned from = what == 0 ? t->row + 1 : 0;
	unsigned to = what == 1 ? t->row : t->rows;
	if (what == 0)
		erase_cells(t, t->row, t->column, t->columns, keep);
	for (unsigned r = from; r < to; r++) {
		if (keep)
			erase_cells(t, r, 0, t->columns, true);
		else
			row_clear(t, t->screen, r, t->pen.background);
	}
	if (what == 1)
		erase_cells(t, t->row, 0, t->column + 1, keep);
}

static void erase_line(struct term *t, bool selective)
{
	unsigned what = parameter(t, 0, 0);

	t->pending = false;
	if (what == 0)
		erase_cells(t, t->row, t->column, t->columns, selective);
	else if (what == 1)
		erase_cells(t, t->row, 0, t->column + 1, selective);
	else if (what == 2)
		erase_cells(t, t->row, 0, t->columns, selective);
}

static bool in_margins(const struct term *t)
{
	return t->row >= t->top && t->row <= t->bottom && t->column >= t->left &&
	       t->column <= t->right;
}

static void insert_delete_lines(struct term *t, bool insert)
{
	unsigned n = parameter(t, 0, 1);

	if (!in_margins(t))
		return;
	t->pending = false;
	/* Lines that are deleted do not go into the scrollback. */
	uint32_t limit = t->scrollback.limit;
	t->scrollback.limit = 0;
	if (insert)
		scroll_down(t, t->row, t->bottom, n);
	else
		scroll_up(t, t->row, t->bottom, n);
	t->scrollback.limit = limit;
	t->column = t->left;
}

static void insert_delete_columns(struct term *t, bool insert)
{
	if (!in_margins(t))
		return;
	t->pending = false;
	for (unsigned r = t->top; r <= t->bottom; r++) {
		t->screen->rows[r].wrapped = false;
		if (insert)
			insert_cells(t, r, t->column, parameter(t, 0, 1));
		else
			delete_cells(t, r, t->column, parameter(t, 0, 1));
	}
}

static void up(struct term *t, unsigned n)
{
	unsigned edge = t->row >= t->top ? t->top : 0;
	cursor_set(t, t->row - edge > n ? t->row - n : edge, t->column);
}

static void down(struct term *t, unsigned n)
{
	unsigned edge = t->row <= t->bottom ? t->bottom : t->rows - 1;
	cursor_set(t, edge - t->row > n ? t->row + n : edge, t->column);
}

static void forward(struct term *t, unsigned n)
{
	unsigned edge = t->column <= t->right ? t->right : t->columns - 1;
	cursor_set(t, t->row, edge - t->column > n ? t->column + n : edge);
}

static void backward(struct term *t, unsigned n)
{
	unsigned edge = t->column >= t->left ? t->left : 0;
	cursor_set(t, t->row, t->column - edge > n ? t->column - n : edge);
}

static unsigned relative_row(const struct term *t)
{
	return mode_on(t, MODE_ORIGIN) && t->row >= t->top ? t->row - t->top : t->row;
}

static unsigned relative_column(const struct term *t)
{
	return mode_on(t, MODE_ORIGIN) && t->column >= t->left ? t->column - t->left : t->column;
}

static void set_margins(struct term *t)
{
	unsigned top = parameter(t, 0, 1), bottom = parameter(t, 1, t->rows);

	if (bottom > t->rows)
		bottom = t->rows;
	if (top >= bottom)
		return;
	t->top = top - 1;
	t->bottom = bottom - 1;
	cursor_address(t, 0, 0);
}

static void set_side_margins(struct term *t)
{
	unsigned left = parameter(t, 0, 1), right = parameter(t, 1, t->columns);

	if (right > t->columns)
		right = t->columns;
	if (left >= right)
		return;
	t->left = left - 1;
	t->right = right - 1;
	cursor_address(t, 0, 0);
}

static void clear_tabs(struct term *t)
{
	unsigned what = parameter(t, 0, 0);

	if (what == 0)
		t->tabs[t->column / 8] &= (uint8_t) ~(1u << (t->column % 8));
	for (unsigned i = 0; what == 3 && i < sizeof t->tabs; i++)
		t->tabs[i] = 0;
}

static void window(struct term *t)
{
	unsigned what = parameter(t, 0, 0), which = parameter(t, 1, 0);

	/* 1 is the icon's name, of which nothing is kept. */
	if (what == 22 && which != 1)
		title_push(t);
	else if (what == 23 && which != 1)
		title_pop(t);
	else
		reply_window(t, what);
}

/* REP wants a character right before; print_repeat() looks at it. */
static void repeat(struct term *t)
{
	unsigned n = parameter(t, 0, 1), most = t->rows * t->columns;

	if (t->joinable)
		print_repeat(t, n < most ? n : most);
}

/* No prefix, no intermediate. */
static void plain(struct term *t, uint8_t final)
{
	unsigned n = parameter(t, 0, 1);

	switch (final) {
	case '@':
		t->pending = false;
		if (t->column >= t->left && t->column <= t->right)
			insert_cells(t, t->row, t->column, n);
		break;
	case 'A': up(t, n); break;
	case 'B': down(t, n); break;
	case 'C': forward(t, n); break;
	case 'D': backward(t, n); break;
	case 'E':
		down(t, n);
		cursor_return(t);
		break;
	case 'F':
		up(t, n);
		cursor_return(t);
		break;
	case 'G':
	case '`': cursor_address(t, relative_row(t), n - 1); break;
	case 'H':
	case 'f': cursor_address(t, n - 1, parameter(t, 1, 1) - 1); break;
	case 'I': cursor_tab(t, n); break;
	case 'J': erase_display(t, false); break;
	case 'K': erase_line(t, false); break;
	case 'L': insert_delete_lines(t, true); break;
	case 'M': insert_delete_lines(t, false); break;
	case 'P':
		t->pending = false;
		if (t->column >= t->left && t->column <= t->right)
			delete_cells(t, t->row, t->column, n);
		break;
	case 'S':
		t->pending = false;
		scroll_up(t, t->top, t->bottom, n);
		break;
	case 'T':
		/* With more parameters it is highlight mouse tracking. */
		if (t->parser.n > 1)
			break;
		t->pending = false;
		scroll_down(t, t->top, t->bottom, n);
		break;
	case 'X':
		t->pending = false;
		erase_cells(t, t->row, t->column,
			    n < t->columns - t->column ? t->column + n : t->columns, false);
		break;
	case 'Z': cursor_back_tab(t, n); break;
	/* HPR and VPR do not stop at margins. */
	case 'a': cursor_address(t, relative_row(t), relative_column(t) + n); break;
	case 'e': cursor_address(t, relative_row(t) + n, relative_column(t)); break;
	case 'b': repeat(t); break;
	case 'c': reply_device_attributes(t, 0); break;
	case 'd': cursor_address(t, n - 1, relative_column(t)); break;
	case 'g': clear_tabs(t); break;
	case 'h': modes_change(t, false, true); break;
	case 'l': modes_change(t, false, false); break;
	case 'm': sgr_apply(t); break;
	case 'n': reply_status(t, false); break;
	case 'r': set_margins(t); break;
	case 's':
		if (mode_on(t, MODE_MARGINS))
			set_side_margins(t);
		else
			cursor_save(t);
		break;
	case 't': window(t); break;
	case 'u': cursor_restore(t); break;
	case 'x':
		if (parameter(t, 0, 0) <= 1)
			reply(t, "\033[%u;1;1;128;128;1;0x", parameter(t, 0, 0) + 2);
		break;
	default: break;
	}
}

static void prefixed(struct term *t, uint8_t prefix, uint8_t final)
{
	if (final == 'u') {
		kitty_keyboard(t, prefix);
	} else if (prefix == '?') {
		switch (final) {
		case 'h': modes_change(t, true, true); break;
		case 'l': modes_change(t, true, false); break;
		case 'J': erase_display(t, true); break;
		case 'K': erase_line(t, true); break;
		case 'n': reply_status(t, true); break;
		case 'm':
			if (parameter(t, 0, 0) == 4)
				reply(t, "\033[>4;%um", t->modify_other_keys);
			break;
		default: break;
		}
	} else if (prefix == '>') {
		switch (final) {
		case 'c': reply_device_attributes(t, '>'); break;
		case 'q':
			if (parameter(t, 0, 0) == 0)
				reply(t, "\033P>|aaau " AAAU_VERSION "\033\\");
			break;
		case 'm':
			/* XTMODKEYS; without parameters all go back to what they were. */
			if (t->parser.n == 0 || parameter(t, 0, 0) == 4)
				t->modify_other_keys =
					parameter(t, 1, 0) <= 2 ? (uint8_t)parameter(t, 1, 0) : 0;
			break;
		case 'n':
			if (parameter(t, 0, 0) == 4)
				t->modify_other_keys = 0;
			break;
		default: break;
		}
	} else if (prefix == '=' && final == 'c') {
		reply_device_attributes(t, '=');
	}
}

static void protect(struct term *t)
{
	if (parameter(t, 0, 0) == 1)
		t->pen.attr |= TERM_PROTECTED;
	else if (parameter(t, 0, 0) <= 2)
		t->pen.attr &= ~(uint32_t)TERM_PROTECTED;
}

#define KEY(prefix, intermediate, final) ((prefix) << 16 | (intermediate) << 8 | (final))

void csi_dispatch(struct term *t, uint8_t final)
{
	const struct parser *p = &t->parser;

	if (p->intermediate == 0) {
		if (p->prefix == 0)
			plain(t, final);
		else
			prefixed(t, p->prefix, final);
		return;
	}
	switch (KEY(p->prefix, p->intermediate, final)) {
	case KEY(0, ' ', 'q'):
		if (parameter(t, 0, 0) <= 6)
			t->cursor_style = (uint8_t)parameter(t, 0, 0);
		break;
	case KEY(0, '!', 'p'): term_soft_reset(t); break;
	case KEY(0, '"', 'q'): protect(t); break;
	case KEY(0, '$', 'p'): reply_mode(t, false); break;
	case KEY('?', '$', 'p'): reply_mode(t, true); break;
	case KEY(0, '\'', '}'): insert_delete_columns(t, true); break;
	case KEY(0, '\'', '~'): insert_delete_columns(t, false); break;
	default: break;
	}
}
