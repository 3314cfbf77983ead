/* Control characters and escape sequences of two or three characters, and the two resets.
 *
 * Character sets beyond ASCII, DEC special graphics and the British one are taken as ASCII: the
 * bytes are UTF-8, and only line drawing is still in use. 8-bit halves (GR) play no part.
 */
#include <string.h>

#include "term/internal.h"

void execute(struct term *t, uint8_t byte)
{
	if (byte == 0x7f)
		return;
	t->joinable = false;
	switch (byte) {
	case 0x07: t->bells++; break;
	case 0x08: cursor_backspace(t); break;
	case 0x09: cursor_tab(t, 1); break;
	case 0x0a:
	case 0x0b:
	case 0x0c:
		cursor_index(t);
		if (mode_on(t, MODE_NEWLINE))
			cursor_return(t);
		break;
	case 0x0d: cursor_return(t); break;
	case 0x0e: t->gl = 1; break;
	case 0x0f: t->gl = 0; break;
	default: break;
	}
}

static void designate(struct term *t, unsigned set, uint8_t final)
{
	t->charsets[set] = final == '0'   ? CHARSET_GRAPHICS
			   : final == 'A' ? CHARSET_UK
					  : CHARSET_ASCII;
}

static void margins_reset(struct term *t)
{
	t->top = t->left = 0;
	t->bottom = t->rows - 1;
	t->right = t->columns - 1;
}

static void alignment_pattern(struct term *t)
{
	margins_reset(t);
	cursor_set(t, 0, 0);
	screen_fill(t, t->screen, 'E');
}

void esc_dispatch(struct term *t, uint8_t final)
{
	static const char sets[] = "()*+";
	uint8_t intermediate = t->parser.intermediate;

	if (intermediate) {
		const char *set = strchr(sets, intermediate);
		if (set)
			designate(t, (unsigned)(set - sets), final);
		else if (intermediate == '#' && final == '8')
			alignment_pattern(t);
		return;
	}
	switch (final) {
	case '7': cursor_save(t); break;
	case '8': cursor_restore(t); break;
	case '=': t->modes |= 1u << MODE_APP_KEYPAD; break;
	case '>': t->modes &= ~(1u << MODE_APP_KEYPAD); break;
	case 'D': cursor_index(t); break;
	case 'E':
		cursor_index(t);
		cursor_return(t);
		break;
	case 'H': t->tabs[t->column / 8] |= (uint8_t)(1u << (t->column % 8)); break;
	case 'M': cursor_reverse_index(t); break;
	case 'N': t->single_shift = 2; break;
	case 'O': t->single_shift = 3; break;
	case 'Z':
		t->parser.n = 0;
		reply_device_attributes(t, 0);
		break;
	case 'c': term_hard_reset(t); break;
	case 'n': t->gl = 2; break;
	case 'o': t->gl = 3; break;
	default: break;
	}
}

static void charsets_reset(struct term *t)
{
	memset(t->charsets, CHARSET_ASCII, sizeof t->charsets);
	t->gl = t->single_shift = 0;
}

/* DECSTR as xterm does it: DECAWM goes on, not off. The cursor stays. */
void term_soft_reset(struct term *t)
{
	const uint32_t off = 1u << MODE_INSERT | 1u << MODE_ORIGIN | 1u << MODE_APP_CURSOR |
			     1u << MODE_APP_KEYPAD | 1u << MODE_REVERSE_WRAP | 1u << MODE_MARGINS;

	t->modes = (t->modes & ~off) | 1u << MODE_CURSOR | 1u << MODE_AUTOWRAP;
	margins_reset(t);
	charsets_reset(t);
	t->pen = (struct style){0};
	saved_cursor_reset(&t->screen->saved);
}

/* RIS. The title stays, as in xterm; the scrollback goes, as in all the others. */
void term_hard_reset(struct term *t)
{
	t->pen = (struct style){0};
	for (unsigned i = 0; i < 2; i++) {
		screen_fill(t, &t->screens[i], 0);
		saved_cursor_reset(&t->screens[i].saved);
		t->screens[i].kitty_depth = 0;
		t->screens[i].kitty[0] = 0;
	}
	t->screen = &t->screens[0];
	scrollback_clear(t);
	modes_reset(t);
	margins_reset(t);
	charsets_reset(t);
	tabs_reset(t, 0);
	cursor_set(t, 0, 0);
	t->cursor_style = 0;
	memset(t->palette, 0, sizeof t->palette);
	memset(t->dynamic, 0, sizeof t->dynamic);
}
