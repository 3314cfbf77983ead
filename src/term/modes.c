/* Modes: setting, asking, and writing down what differs from a fresh terminal.
 *
 * Those that are one bit stand in a table with their numbers and initial values; the mouse's and the
 * screens' do not: the mouse protocols exclude each other, and so do its encodings. What the table
 * does not have is ignored. Numbers are those of ctlseqs and, from 2026 on, of the terminals that
 * brought them up.
 */
#include <string.h>

#include "term/internal.h"

static const struct entry {
	uint16_t number;
	bool private;
	bool initially;
	/* What the keys or the mouse send depends on it, nothing that is to be seen. */
	bool input;
	/* Written by the snapshot elsewhere, because the order matters. */
	bool ordered;
	enum mode mode;
} table[] = {
	{4, false, false, false, true, MODE_INSERT},
	{20, false, false, true, false, MODE_NEWLINE},
	{1, true, false, true, false, MODE_APP_CURSOR},
	{5, true, false, false, false, MODE_REVERSE},
	{6, true, false, false, true, MODE_ORIGIN},
	{7, true, true, false, false, MODE_AUTOWRAP},
	{8, true, true, true, false, MODE_REPEAT},
	{12, true, false, false, false, MODE_BLINK},
	{25, true, true, false, false, MODE_CURSOR},
	{45, true, false, false, false, MODE_REVERSE_WRAP},
	{66, true, false, true, false, MODE_APP_KEYPAD},
	{67, true, false, true, false, MODE_BACKARROW},
	{69, true, false, false, true, MODE_MARGINS},
	{1004, true, false, true, false, MODE_FOCUS},
	{1007, true, false, true, false, MODE_ALTERNATE_SCROLL},
	{1036, true, false, true, false, MODE_META_ESCAPE},
	{1039, true, false, true, false, MODE_ALT_ESCAPE},
	{2004, true, false, true, false, MODE_PASTE},
	{2026, true, false, false, true, MODE_SYNCHRONIZED},
	{2027, true, false, false, true, MODE_GRAPHEMES},
	{2031, true, false, true, false, MODE_COLOUR_SCHEME},
	{2048, true, false, true, false, MODE_SIZE_REPORTS},
};
#define ENTRIES (sizeof table / sizeof *table)

static const struct {
	uint16_t number;
	enum term_mouse protocol;
} mice[] = {
	{9, TERM_MOUSE_X10},
	{1000, TERM_MOUSE_NORMAL},
	{1002, TERM_MOUSE_BUTTON},
	{1003, TERM_MOUSE_ANY},
};

void modes_reset(struct term *t)
{
	t->modes = 0;
	for (unsigned i = 0; i < ENTRIES; i++)
		t->modes |= (uint32_t)table[i].initially << table[i].mode;
	t->mouse = TERM_MOUSE_OFF;
	t->mouse_encoding = TERM_MOUSE_DEFAULT;
	t->modify_other_keys = 0;
}

static const struct entry *find(bool private, unsigned number)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		if (table[i].number == number && table[i].private == private)
			return &table[i];
	}
	return NULL;
}

static void set_bit(struct term *t, enum mode mode, bool on)
{
	t->modes = (t->modes & ~(1u << mode)) | (uint32_t)on << mode;
	if (mode == MODE_ORIGIN)
		cursor_address(t, 0, 0);
	if (mode == MODE_MARGINS && !on) {
		t->left = 0;
		t->right = t->columns - 1;
	}
}

static bool is_encoding(unsigned number)
{
	return number == 1005 || number == 1006 || number == 1015 || number == 1016;
}

static void change_private(struct term *t, unsigned number, bool on)
{
	for (unsigned i = 0; i < sizeof mice / sizeof *mice; i++) {
		if (mice[i].number == number)
			t->mouse = on ? mice[i].protocol : TERM_MOUSE_OFF;
	}
	if (is_encoding(number)) {
		enum term_mouse_encoding encoding = (enum term_mouse_encoding)(number - 1000);
		if (on)
			t->mouse_encoding = encoding;
		else if (t->mouse_encoding == encoding)
			t->mouse_encoding = TERM_MOUSE_DEFAULT;
	}
	switch (number) {
	case 47: screen_switch(t, on, false); break;
	case 1047: screen_switch(t, on, !on); break;
	case 1048:
		if (on)
			cursor_save(t);
		else
			cursor_restore(t);
		break;
	case 1049:
		if (on)
			cursor_save(t);
		screen_switch(t, on, true);
		if (!on)
			cursor_restore(t);
		break;
	default: break;
	}
}

void modes_change(struct term *t, bool private, bool on)
{
	for (unsigned i = 0; i < t->parser.n; i++) {
		unsigned number = t->parser.parameters[i];
		const struct entry *entry = find(private, number);
		if (entry)
			set_bit(t, entry->mode, on);
		else if (private)
			change_private(t, number, on);
	}
}

unsigned modes_query(const struct term *t, bool private, unsigned number)
{
	const struct entry *entry = find(private, number);

	if (entry)
		return mode_on(t, entry->mode) ? 1 : 2;
	if (!private)
		return 0;
	for (unsigned i = 0; i < sizeof mice / sizeof *mice; i++) {
		if (mice[i].number == number)
			return t->mouse == mice[i].protocol ? 1 : 2;
	}
	if (is_encoding(number))
		return (unsigned)t->mouse_encoding == number - 1000 ? 1 : 2;
	if (number == 47 || number == 1047 || number == 1049)
		return is_alternate(t) ? 1 : 2;
	return 0;
}

/* clear: the alternate screen, on the way in or out. */
void screen_switch(struct term *t, bool alternate, bool clear)
{
	struct screen *other = &t->screens[1];

	t->pending = false;
	if (clear && (alternate || is_alternate(t))) {
		struct style pen = t->pen;
		/* In the pen's background on the way in; on the way out nobody sees it. */
		if (!alternate)
			t->pen = (struct style){0};
		screen_fill(t, other, 0);
		t->pen = pen;
	}
	t->screen = &t->screens[alternate];
}

void kitty_keyboard(struct term *t, uint8_t prefix)
{
	struct screen *s = t->screen;
	uint8_t *now = &s->kitty[s->kitty_depth];
	uint8_t flags = (uint8_t)(parameter(t, 0, 0) & 0x1f);

	switch (prefix) {
	case '>':
		if (s->kitty_depth == KITTY_STACK - 1)
			memmove(s->kitty, s->kitty + 1, KITTY_STACK - 1); /* the oldest goes */
		else
			s->kitty_depth++;
		s->kitty[s->kitty_depth] = flags;
		break;
	case '<': {
		unsigned n = parameter(t, 0, 1);
		if (n > s->kitty_depth) {
			s->kitty_depth = 0;
			s->kitty[0] = 0;
		} else {
			s->kitty_depth = (uint8_t)(s->kitty_depth - n);
		}
		break;
	}
	case '=': {
		unsigned how = parameter(t, 1, 1);
		if (how == 1)
			*now = flags;
		else if (how == 2)
			*now |= flags;
		else if (how == 3)
			*now &= (uint8_t)~flags;
		break;
	}
	case '?': reply(t, "\033[?%uu", *now); break;
	default: break;
	}
}

static void write_mode(struct str *out, const struct entry *entry, bool on)
{
	/* Some terminals know the keypad's mode by its older name only. */
	if (entry->mode == MODE_APP_KEYPAD)
		str_append_text(out, on ? "\033=" : "\033>");
	else
		str_append_format(out, "\033[%s%u%c", entry->private ? "?" : "", entry->number,
				  on ? 'h' : 'l');
}

static unsigned mouse_number(enum term_mouse protocol)
{
	unsigned i = 0;
	while (mice[i].protocol != protocol)
		i++;
	return mice[i].number;
}

void modes_write(const struct term *t, struct str *out, bool input_modes)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		bool on = mode_on(t, table[i].mode);
		if (on != table[i].initially && !table[i].ordered &&
		    (input_modes || !table[i].input))
			write_mode(out, &table[i], on);
	}
	if (t->cursor_style)
		str_append_format(out, "\033[%u q", t->cursor_style);
	if (!input_modes)
		return;
	if (t->mouse)
		str_append_format(out, "\033[?%uh", mouse_number(t->mouse));
	if (t->mouse_encoding)
		str_append_format(out, "\033[?%uh", 1000 + (unsigned)t->mouse_encoding);
	if (t->modify_other_keys)
		str_append_format(out, "\033[>4;%um", t->modify_other_keys);
}

void modes_leave(const struct term *t, struct str *out)
{
	for (unsigned i = 0; i < ENTRIES; i++) {
		if (mode_on(t, table[i].mode) != table[i].initially)
			write_mode(out, &table[i], table[i].initially);
	}
	if (t->cursor_style)
		str_append_text(out, "\033[0 q");
	if (t->mouse)
		str_append_format(out, "\033[?%ul", mouse_number(t->mouse));
	if (t->mouse_encoding)
		str_append_format(out, "\033[?%ul", 1000 + (unsigned)t->mouse_encoding);
	if (t->modify_other_keys)
		str_append_text(out, "\033[>4;0m");
}
