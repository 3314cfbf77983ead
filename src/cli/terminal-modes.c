/* What the agent has switched on in the user's terminal.
 *
 * A program that dies or is left does not switch off what it switched on, and a fixed farewell of
 * resets would do harm: leaving an alternate screen that was never entered moves the cursor, and so
 * does resetting margins; popping keyboard flags that were never pushed takes the shell's. The
 * client sees every byte before the terminal does, so it knows. This is a reader of control
 * sequences (ECMA-48, with the string kinds of xterm) that understands those few which leave
 * something behind, and costs a memchr(3) where there are none.
 *
 * It trusts nothing: numbers are capped, parameters beyond the 16th are ignored, a sequence may be
 * cut anywhere.
 */
#include "cli/terminal-modes.h"

#include <string.h>

#define ESC 0x1b
#define CAN 0x18
#define SUB 0x1a
#define BEL 0x07
#define SHIFT_OUT 0x0e
#define SHIFT_IN 0x0f

enum state {
	GROUND,
	ESCAPE,
	ESCAPE_INTERMEDIATE,
	CSI,
	OSC,
	STRING, /* DCS, APC, PM, SOS */
	OSC_ESCAPE,
	STRING_ESCAPE,
};

/* DEC private modes that a program may leave behind; `usual` is the shell's state. The alternate
 * screen (47, 1047, 1049) is apart. Undone in this order: synchronised output first, so that the
 * rest is seen. */
static const struct {
	uint16_t number;
	bool usual;
} private_modes[] = {
	{2026, false}, /* synchronised output */
	{1, false},    /* DECCKM */
	{5, false},    /* reverse video */
	{6, false},    /* DECOM */
	{7, true},     /* autowrap */
	{9, false},    /* X10 mouse */
	{45, false},   /* reverse wrap */
	{66, false},   /* DECNKM */
	{69, false},   /* left and right margins */
	{1000, false}, /* mouse: buttons */
	{1001, false}, /* highlighting */
	{1002, false}, /* dragging */
	{1003, false}, /* any motion */
	{1005, false}, /* its encodings: UTF-8 */
	{1006, false}, /* SGR */
	{1015, false}, /* urxvt */
	{1016, false}, /* SGR in pixels */
	{1004, false}, /* focus reports */
	{2004, false}, /* bracketed paste */
	{2027, false}, /* grapheme clusters */
	{2031, false}, /* reports of the colour theme */
	{2048, false}, /* reports of the size */
	{25, true},    /* cursor shown */
};
#define PRIVATE_MODES (sizeof(private_modes) / sizeof(private_modes[0]))
_Static_assert(PRIVATE_MODES <= 32, "private_modes is a bit set");

/* --- reading -------------------------------------------------------------------------------- */

static void forget_all(struct terminal_modes *modes)
{
	memset(modes, 0, offsetof(struct terminal_modes, state));
}

/* The flags that hold for the screen that is shown now. */
static unsigned screen(const struct terminal_modes *modes)
{
	return modes->alternate ? 1 : 0;
}

static void set_private_mode(struct terminal_modes *modes, uint32_t number, bool on)
{
	if (number == 47 || number == 1047 || number == 1049) {
		modes->alternate = on ? (uint16_t)number : 0;
		return;
	}
	for (unsigned i = 0; i < PRIVATE_MODES; i++) {
		if (private_modes[i].number != number)
			continue;
		if (on == private_modes[i].usual)
			modes->private_modes &= ~(UINT32_C(1) << i);
		else
			modes->private_modes |= UINT32_C(1) << i;
	}
}

/* DECSTR */
static void soft_reset(struct terminal_modes *modes)
{
	set_private_mode(modes, 1, false);
	set_private_mode(modes, 6, false);
	set_private_mode(modes, 7, true);
	set_private_mode(modes, 25, true);
	modes->insert = modes->keypad = modes->margins = modes->charset = false;
	modes->shift_out = modes->attributes = false;
}

/* https://sw.kovidgoyal.net/kitty/keyboard-protocol/#progressive-enhancement */
static void read_kitty(struct terminal_modes *modes, uint32_t first, uint32_t second)
{
	unsigned s = screen(modes);
	uint8_t *depth = &modes->kitty[s].depth;
	uint16_t *top = *depth ? &modes->kitty[s].flags[*depth - 1] : &modes->kitty[s].base;
	uint16_t flags = (uint16_t)(first & 31);

	switch (modes->marker) {
	case '>':
		if (*depth == MODES_KITTY_DEPTH) {
			memmove(modes->kitty[s].flags, modes->kitty[s].flags + 1,
				sizeof(modes->kitty[s].flags) - sizeof(modes->kitty[s].flags[0]));
			(*depth)--;
		}
		modes->kitty[s].flags[(*depth)++] = flags;
		break;
	case '<':
		if (!first)
			first = 1;
		*depth = first < *depth ? (uint8_t)(*depth - first) : 0;
		break;
	case '=':
		if (second == 2)
			*top |= flags;
		else if (second == 3)
			*top &= (uint16_t)~flags;
		else
			*top = flags;
		break;
	default: break;
	}
}

static void read_csi(struct terminal_modes *modes, char final)
{
	const uint32_t *p = modes->parameters;
	bool set = final == 'h';

	if (modes->intermediate) {
		if (modes->intermediate == ' ' && final == 'q' && !modes->marker)
			modes->cursor_style = p[0] != 0;
		else if (modes->intermediate == '!' && final == 'p')
			soft_reset(modes);
		return;
	}
	switch (final) {
	case 'h':
	case 'l':
		for (unsigned i = 0; i < modes->count; i++) {
			if (modes->marker == '?')
				set_private_mode(modes, p[i], set);
			else if (!modes->marker && p[i] == 4)
				modes->insert = set;
		}
		break;
	case 'm':
		if (!modes->marker)
			modes->attributes = modes->count > 1 || p[0];
		else if (modes->marker == '>' && (p[0] == 4 || p[0] == 0))
			modes->other_keys = p[0] == 4 ? (uint8_t)(p[1] & 7) : 0;
		break;
	case 'n':
		if (modes->marker == '>' && p[0] == 4)
			modes->other_keys = 0;
		break;
	case 'r':
		if (!modes->marker)
			modes->margins = p[0] > 1 || p[1];
		break;
	case 'u':
		if (modes->marker)
			read_kitty(modes, p[0], p[1]);
		break;
	default: break;
	}
}

/* Colours: 4 the palette, 10 to 12 foreground, background and cursor, 1xx their resets. */
static void read_osc(struct terminal_modes *modes)
{
	uint32_t number = modes->parameters[0];
	bool reset = number >= 104;
	uint32_t which = reset ? number - 100 : number;

	if (modes->query || !(which == 4 || (which >= 10 && which <= 12)))
		return;
	uint8_t bit = (uint8_t)(which == 4 ? 1 : 1U << (which - 9));
	if (reset)
		modes->colors &= (uint8_t)~bit;
	else
		modes->colors |= bit;
}

static void begin_parameters(struct terminal_modes *modes)
{
	modes->marker = modes->intermediate = 0;
	modes->count = 1;
	modes->sub = modes->query = false;
	memset(modes->parameters, 0, sizeof(modes->parameters));
}

static void read_digit(struct terminal_modes *modes, char digit)
{
	uint32_t *parameter = &modes->parameters[modes->count - 1];

	if (!modes->sub && *parameter < 1000000)
		*parameter = *parameter * 10 + (uint32_t)(digit - '0');
}

static uint8_t read_escape(struct terminal_modes *modes, char byte)
{
	switch (byte) {
	case '[': begin_parameters(modes); return CSI;
	case ']': begin_parameters(modes); return OSC;
	case 'P':
	case 'X':
	case '^':
	case '_': return STRING;
	case 'c': forget_all(modes); return GROUND;
	case '=': modes->keypad = true; return GROUND;
	case '>': modes->keypad = false; return GROUND;
	default:
		if (byte >= 0x20 && byte < 0x30) {
			modes->intermediate = (uint8_t)byte;
			return ESCAPE_INTERMEDIATE;
		}
		return GROUND;
	}
}

static uint8_t read_csi_byte(struct terminal_modes *modes, char byte)
{
	if (byte >= '0' && byte <= '9') {
		read_digit(modes, byte);
	} else if (byte == ';') {
		modes->sub = false;
		if (modes->count < MODES_PARAMETERS)
			modes->count++;
		else
			modes->sub = true; /* ignore what follows */
	} else if (byte == ':') {
		modes->sub = true;
	} else if (byte >= '<' && byte <= '?') {
		modes->marker = (uint8_t)byte;
	} else if (byte >= 0x20 && byte < 0x30) {
		modes->intermediate = (uint8_t)byte;
	} else if (byte >= 0x40 && byte < 0x7f) {
		read_csi(modes, byte);
		return GROUND;
	}
	return CSI;
}

static uint8_t read_osc_byte(struct terminal_modes *modes, char byte)
{
	if (byte == ESC)
		return OSC_ESCAPE;
	if (byte == BEL) {
		read_osc(modes);
		return GROUND;
	}
	modes->query = byte == '?';
	if (byte >= '0' && byte <= '9')
		read_digit(modes, byte);
	else
		modes->sub = true; /* only the first number counts */
	return OSC;
}

static uint8_t read_byte(struct terminal_modes *modes, char byte)
{
	if (byte == CAN || byte == SUB)
		return GROUND;
	switch ((enum state)modes->state) {
	case GROUND: return byte == ESC ? ESCAPE : GROUND;
	case OSC: return read_osc_byte(modes, byte);
	case STRING: return byte == ESC ? STRING_ESCAPE : STRING;
	case OSC_ESCAPE:
		if (byte == '\\') {
			read_osc(modes);
			return GROUND;
		}
		return byte == ESC ? ESCAPE : read_escape(modes, byte);
	case STRING_ESCAPE:
		if (byte == '\\')
			return GROUND;
		return byte == ESC ? ESCAPE : read_escape(modes, byte);
	case ESCAPE:
	case ESCAPE_INTERMEDIATE:
	case CSI:
		if (byte == ESC)
			return ESCAPE;
		if (byte >= 0 && byte < 0x20)
			return modes->state; /* carried out in the middle of a sequence */
		if (modes->state == ESCAPE)
			return read_escape(modes, byte);
		if (modes->state == CSI)
			return read_csi_byte(modes, byte);
		if (byte >= 0x20 && byte < 0x30)
			return ESCAPE_INTERMEDIATE;
		if (modes->intermediate == '(')
			modes->charset = byte != 'B';
		return GROUND;
	}
	return GROUND;
}

/* The last of SO and SI decides. Those inside of strings are rare enough to be wrong about: the
 * worst is an SI too many. */
static void read_shifts(struct terminal_modes *modes, const char *data, size_t n)
{
	const char *out = memrchr(data, SHIFT_OUT, n);
	const char *in = memrchr(data, SHIFT_IN, n);

	if (out || in)
		modes->shift_out = out && (!in || out > in);
}

void terminal_modes_read(struct terminal_modes *modes, const char *data, size_t n)
{
	const char *at = data, *end = data + n;

	read_shifts(modes, data, n);
	while (at < end) {
		if (modes->state == GROUND) {
			at = memchr(at, ESC, (size_t)(end - at));
			if (!at)
				return;
		}
		modes->state = read_byte(modes, *at++);
	}
}

bool terminal_modes_between(const struct terminal_modes *modes)
{
	return modes->state == GROUND;
}

static uint16_t kitty_flags(const struct terminal_modes *modes, unsigned s)
{
	uint8_t depth = modes->kitty[s].depth;

	return depth ? modes->kitty[s].flags[depth - 1] : modes->kitty[s].base;
}

bool terminal_modes_enhanced_keys(const struct terminal_modes *modes)
{
	return modes->other_keys || kitty_flags(modes, screen(modes));
}

/* --- undoing, redoing ----------------------------------------------------------------------- */

static void undo_kitty(const struct terminal_modes *modes, unsigned s, struct str *out)
{
	if (modes->kitty[s].depth)
		str_append_format(out, "\033[<%uu", modes->kitty[s].depth);
	if (modes->kitty[s].base)
		str_append_text(out, "\033[=0u");
}

static void undo_private_modes(const struct terminal_modes *modes, struct str *out)
{
	for (unsigned i = 0; i < PRIVATE_MODES; i++)
		if (modes->private_modes & UINT32_C(1) << i)
			str_append_format(out, "\033[?%u%c", private_modes[i].number,
					  private_modes[i].usual ? 'h' : 'l');
}

static void undo_colors(const struct terminal_modes *modes, struct str *out)
{
	static const char *const resets[] = {"104", "110", "111", "112"};

	for (unsigned i = 0; i < 4; i++)
		if (modes->colors & 1U << i)
			str_append_format(out, "\033]%s\033\\", resets[i]);
}

static bool origin_mode(const struct terminal_modes *modes)
{
	for (unsigned i = 0; i < PRIVATE_MODES; i++)
		if (private_modes[i].number == 6)
			return modes->private_modes & UINT32_C(1) << i;
	return false;
}

void terminal_modes_undo(const struct terminal_modes *modes, struct str *out)
{
	/* End a sequence that was cut off, or it would swallow what follows. */
	if (modes->state == CSI || modes->state == ESCAPE || modes->state == ESCAPE_INTERMEDIATE)
		str_append_byte(out, CAN);
	else if (modes->state != GROUND)
		str_append_text(out, "\033\\");

	/* The two screens keep keyboard flags of their own. */
	if (modes->alternate) {
		undo_kitty(modes, 1, out);
		str_append_format(out, "\033[?%ul", modes->alternate);
	}
	undo_kitty(modes, 0, out);
	if (modes->other_keys)
		str_append_text(out, "\033[>4m");
	undo_private_modes(modes, out);
	if (origin_mode(modes))
		str_append_text(out, "\033[r\033[999;1H"); /* it has moved the cursor already */
	else if (modes->margins)
		str_append_text(out, "\0337\033[r\0338"); /* would move the cursor */
	if (modes->insert)
		str_append_text(out, "\033[4l");
	if (modes->keypad)
		str_append_text(out, "\033>");
	if (modes->charset)
		str_append_text(out, "\033(B");
	if (modes->shift_out)
		str_append_byte(out, SHIFT_IN);
	if (modes->cursor_style)
		str_append_text(out, "\033[0 q");
	undo_colors(modes, out);
	if (modes->attributes)
		str_append_text(out, "\033[0m");
}

void terminal_modes_redo(const struct terminal_modes *modes, struct str *out)
{
	if (modes->alternate)
		str_append_format(out, "\033[?%uh", modes->alternate);

	unsigned s = screen(modes);
	if (modes->kitty[s].base)
		str_append_format(out, "\033[=%uu", modes->kitty[s].base);
	for (unsigned i = 0; i < modes->kitty[s].depth; i++)
		str_append_format(out, "\033[>%uu", modes->kitty[s].flags[i]);
	if (modes->other_keys)
		str_append_format(out, "\033[>4;%um", modes->other_keys);
	for (unsigned i = 0; i < PRIVATE_MODES; i++)
		if (modes->private_modes & UINT32_C(1) << i)
			str_append_format(out, "\033[?%u%c", private_modes[i].number,
					  private_modes[i].usual ? 'l' : 'h');
	if (modes->insert)
		str_append_text(out, "\033[4h");
	if (modes->keypad)
		str_append_text(out, "\033=");
}
