/* What the terminal answers, collected for whoever holds the model.
 *
 * The buffer keeps TERM_MAX_REPLIES bytes; an answer that does not fit is left out whole, so nobody
 * ever reads half of one. The model says of itself what it does: a VT220 with colours. Nothing
 * that a program put in (titles, above all) is ever said back, because that would be typed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "term/internal.h"

static void append(struct term *t, const char *text, size_t n)
{
	if (t->replies.length + n > TERM_MAX_REPLIES)
		return;
	str_append(&t->replies, text, n);
	if (str_error(&t->replies))
		str_truncate(&t->replies, 0);
}

void reply(struct term *t, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	int n = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (n > 0 && (size_t)n < sizeof text)
		append(t, text, (size_t)n);
}

size_t term_take_replies(struct term *t, struct str *out)
{
	size_t n = t->replies.length;

	if (out && n > 0)
		str_append(out, t->replies.data, n);
	str_clear(&t->replies);
	return n;
}

void reply_device_attributes(struct term *t, uint8_t prefix)
{
	if (parameter(t, 0, 0) != 0)
		return;
	if (prefix == '>')
		reply(t, "\033[>1;10;0c");
	else if (prefix == '=')
		reply(t, "\033P!|00000000\033\\");
	else
		reply(t, "\033[?62;22c");
}

void reply_status(struct term *t, bool private)
{
	unsigned row = t->row + 1, column = t->column + 1;

	if (mode_on(t, MODE_ORIGIN)) {
		row -= t->row >= t->top ? t->top : 0;
		column -= t->column >= t->left ? t->left : 0;
	}
	switch (parameter(t, 0, 0)) {
	case 5:
		if (!private)
			reply(t, "\033[0n");
		break;
	case 6: reply(t, "\033[%s%u;%uR", private ? "?" : "", row, column); break;
	case 15:
		if (private)
			reply(t, "\033[?13n"); /* no printer */
		break;
	case 25:
		if (private)
			reply(t, "\033[?20n"); /* keys are not locked */
		break;
	case 996: {
		/* Dark or light, by the background. */
		uint32_t colour = t->dynamic[1] ? t->dynamic[1] : t->dynamic_default[1];
		unsigned sum =
			(colour >> 16 & 0xff) * 2 + (colour >> 8 & 0xff) * 5 + (colour & 0xff);
		if (private)
			reply(t, "\033[?997;%un", sum > 8 * 127 ? 2u : 1u);
		break;
	}
	default: break;
	}
}

void reply_mode(struct term *t, bool private)
{
	unsigned number = parameter(t, 0, 0);

	reply(t, "\033[%s%u;%u$y", private ? "?" : "", number, modes_query(t, private, number));
}

void reply_window(struct term *t, unsigned what)
{
	switch (what) {
	case 11: reply(t, "\033[1t"); break;
	case 14:
		reply(t, "\033[4;%u;%ut", t->rows * t->cell_height, t->columns * t->cell_width);
		break;
	case 16: reply(t, "\033[6;%u;%ut", t->cell_height, t->cell_width); break;
	case 18: reply(t, "\033[8;%u;%ut", t->rows, t->columns); break;
	case 19: reply(t, "\033[9;%u;%ut", t->rows, t->columns); break;
	default: break;
	}
}

/* Ended as the question was. */
void reply_colour(struct term *t, const char *which, uint32_t colour)
{
	unsigned r = colour >> 16 & 0xff, g = colour >> 8 & 0xff, b = colour & 0xff;

	reply(t, "\033]%s;rgb:%04x/%04x/%04x%s", which, r * 257, g * 257, b * 257,
	      t->parser.bell_ended ? "\a" : "\033\\");
}

/* XTGETTCAP: names in hex, separated by ';'. Each is answered by itself. */
void reply_capabilities(struct term *t, const char *names)
{
	static const struct {
		const char *name, *hex, *value; /* value in hex; NULL: a capability without one */
	} known[] = {
		{"TN", "544E", "787465726D2D323536636F6C6F72"}, /* xterm-256color */
		{"Co", "436F", "323536"},                       /* 256 */
		{"colors", "636F6C6F7273", "323536"},
		{"RGB", "524742", "38"}, /* 8 bits each */
		{"Tc", "5463", NULL},
		{"Su", "5375", NULL}, /* styled underlines */
	};

	while (*names) {
		size_t n = strcspn(names, ";"), i = 0;
		while (i < sizeof known / sizeof *known &&
		       (strlen(known[i].hex) != n || strncasecmp(known[i].hex, names, n) != 0))
			i++;
		if (n > 0 && n < 64 && strspn(names, "0123456789abcdefABCDEF") == n) {
			if (i == sizeof known / sizeof *known)
				reply(t, "\033P0+r%.*s\033\\", (int)n, names);
			else if (known[i].value)
				reply(t, "\033P1+r%s=%s\033\\", known[i].hex, known[i].value);
			else
				reply(t, "\033P1+r%s\033\\", known[i].hex);
		}
		names += n;
		names += *names == ';';
	}
}

/* DECRQSS */
void reply_setting(struct term *t, const char *what)
{
	struct str sgr = {0};

	if (strcmp(what, "m") == 0) {
		sgr_format(t, &sgr, &t->pen);
		if (!str_error(&sgr))
			reply(t, "\033P1$r%sm\033\\", sgr.data);
		str_free(&sgr);
	} else if (strcmp(what, "r") == 0) {
		reply(t, "\033P1$r%u;%ur\033\\", t->top + 1, t->bottom + 1);
	} else if (strcmp(what, "s") == 0) {
		reply(t, "\033P1$r%u;%us\033\\", t->left + 1, t->right + 1);
	} else if (strcmp(what, " q") == 0) {
		reply(t, "\033P1$r%u q\033\\", t->cursor_style);
	} else if (strcmp(what, "\"q") == 0) {
		reply(t, "\033P1$r%u\"q\033\\", t->pen.attr & TERM_PROTECTED ? 1u : 0u);
	} else {
		reply(t, "\033P0$r\033\\");
	}
}
