/* SGR: from parameters to the pen, and from a style to parameters.
 *
 * Colours come as 38;5;n, 38;2;r;g;b, 38:5:n, 38:2:r:g:b and 38:2:[space]:r:g:b; 48 and 58 likewise.
 * With colons everything that belongs to a colour is in one group, so a group that is not understood
 * is skipped whole; with semicolons what follows is read as attributes again, as xterm does.
 * What is unknown is skipped.
 */
#include "term/internal.h"

static const struct {
	uint8_t on, off;
	uint16_t attribute;
} attributes[] = {
	{1, 22, TERM_BOLD},    {2, 22, TERM_DIM},     {3, 23, TERM_ITALIC}, {5, 25, TERM_BLINK},
	{7, 27, TERM_INVERSE}, {8, 28, TERM_CONCEAL}, {9, 29, TERM_STRIKE}, {53, 55, TERM_OVERLINE},
};

/* One beyond the last parameter that hangs on parameter i by colons. */
static unsigned group_end(const struct parser *p, unsigned i)
{
	do
		i++;
	while (i < p->n && (p->colons >> i & 1));
	return i;
}

static uint32_t rgb(const uint16_t *part)
{
	return TERM_COLOUR_RGB | (uint32_t)(part[0] & 0xff) << 16 |
	       (uint32_t)(part[1] & 0xff) << 8 | (part[2] & 0xff);
}

/* The colour that parameter i (38, 48, 58) begins; *next: the parameter to go on with. False if it
 * is none. */
static bool extended_colour(const struct parser *p, unsigned i, uint32_t *ret, unsigned *next)
{
	const uint16_t *part = &p->parameters[i + 1];
	unsigned end = group_end(p, i);
	bool colons = end > i + 1;
	unsigned n = (colons ? end : p->n) - i - 1;

	*next = colons ? end : i + 1;
	if (n >= 2 && part[0] == 5) {
		if (!colons)
			*next = i + 3;
		if (part[1] > 255)
			return false;
		*ret = TERM_COLOUR_INDEXED | part[1];
		return true;
	}
	if (n >= 4 && part[0] == 2) {
		if (!colons)
			*next = i + 5;
		/* With a colour space before the three. */
		const uint16_t *first = colons && n >= 5 ? part + 2 : part + 1;
		if (first[0] > 255 || first[1] > 255 || first[2] > 255)
			return false;
		*ret = rgb(first);
		return true;
	}
	if (!colons && n >= 1 && (part[0] == 5 || part[0] == 2))
		*next = p->n;
	return false;
}

static uint32_t underline_colour(const struct term *t)
{
	const struct extra *extra = extra_get(t, t->pen.attr);
	return extra ? extra->underline : 0;
}

static void set_underline_colour(struct term *t, uint32_t colour)
{
	const struct extra *extra = extra_get(t, t->pen.attr);
	if (colour == underline_colour(t))
		return;
	uint32_t number = extra_intern(t, colour, extra ? extra->link : 0);
	t->pen.attr = (t->pen.attr & 0xffff) | number << ATTR_EXTRA_SHIFT;
}

static void set_underline(struct style *pen, unsigned style)
{
	if (style > 5)
		style = 1;
	pen->attr = (pen->attr & ~ATTR_UNDERLINE) | style << ATTR_UNDERLINE_SHIFT;
}

static void reset(struct term *t)
{
	set_underline_colour(t, 0);
	t->pen.foreground = t->pen.background = 0;
	/* The hyperlink and DECSCA are not SGR's. */
	t->pen.attr &= 0xffff0000u | TERM_PROTECTED;
}

static bool attribute(struct style *pen, unsigned number)
{
	bool known = false;

	for (unsigned i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		if (number == attributes[i].on) {
			pen->attr |= attributes[i].attribute;
			return true;
		}
		if (number == attributes[i].off) {
			pen->attr &= ~(uint32_t)attributes[i].attribute;
			known = true;
		}
	}
	return known;
}

static unsigned apply(struct term *t, unsigned i)
{
	const struct parser *p = &t->parser;
	struct style *pen = &t->pen;
	unsigned number = p->parameters[i], next = group_end(p, i);
	uint32_t colour;

	if (number >= 30 && number <= 37) {
		pen->foreground = TERM_COLOUR_INDEXED | (number - 30);
		return next;
	}
	if (number >= 40 && number <= 47) {
		pen->background = TERM_COLOUR_INDEXED | (number - 40);
		return next;
	}
	switch (number) {
	case 0: reset(t); break;
	case 4: set_underline(pen, next > i + 1 ? p->parameters[i + 1] : 1); break;
	case 6: pen->attr |= TERM_BLINK; break;
	case 21: set_underline(pen, 2); break;
	case 24: set_underline(pen, 0); break;
	case 38:
		if (extended_colour(p, i, &colour, &next))
			pen->foreground = colour;
		break;
	case 48:
		if (extended_colour(p, i, &colour, &next))
			pen->background = colour;
		break;
	case 58:
		if (extended_colour(p, i, &colour, &next))
			set_underline_colour(t, colour);
		break;
	case 39: pen->foreground = 0; break;
	case 49: pen->background = 0; break;
	case 59: set_underline_colour(t, 0); break;
	default:
		if (attribute(pen, number))
			break;
		if (number >= 90 && number <= 97)
			pen->foreground = TERM_COLOUR_INDEXED | (number - 90 + 8);
		else if (number >= 100 && number <= 107)
			pen->background = TERM_COLOUR_INDEXED | (number - 100 + 8);
	}
	return next;
}

void sgr_apply(struct term *t)
{
	if (t->parser.n == 0) {
		reset(t);
		return;
	}
	for (unsigned i = 0; i < t->parser.n;)
		i = apply(t, i);
}

/* base 30 or 40; 58 has no short forms. */
static void format_colour(struct str *out, unsigned base, uint32_t colour)
{
	unsigned index = colour & 0xff;

	if ((colour & TERM_COLOUR_KIND) == TERM_COLOUR_RGB) {
		str_append_byte(out, ';');
		str_append_u64(out, base + 8);
		/* Underline colour with semicolons is not known everywhere, the others are. */
		const char *separator = base == 50 ? ":" : ";";
		str_append_text(out, base == 50 ? ":2:" : ";2");
		for (int shift = 16; shift >= 0; shift -= 8) {
			str_append_text(out, separator);
			str_append_u64(out, colour >> shift & 0xff);
		}
	} else if ((colour & TERM_COLOUR_KIND) == TERM_COLOUR_INDEXED) {
		str_append_byte(out, ';');
		if (base != 50 && index < 8) {
			str_append_u64(out, base + index);
		} else if (base != 50 && index < 16) {
			str_append_u64(out, base + 60 + index - 8);
		} else {
			str_append_u64(out, base + 8);
			str_append_text(out, base == 50 ? ":5:" : ";5;");
			str_append_u64(out, index);
		}
	}
}

void sgr_format(const struct term *t, struct str *out, const struct style *style)
{
	unsigned underline = (style->attr & ATTR_UNDERLINE) >> ATTR_UNDERLINE_SHIFT;
	const struct extra *extra = extra_get(t, style->attr);

	str_append_byte(out, '0');
	for (unsigned i = 0; i < sizeof attributes / sizeof *attributes; i++) {
		if (style->attr & attributes[i].attribute) {
			str_append_byte(out, ';');
			str_append_u64(out, attributes[i].on);
		}
	}
	if (underline == 1) {
		str_append_text(out, ";4");
	} else if (underline > 1) {
		str_append_text(out, ";4:");
		str_append_u64(out, underline);
	}
	format_colour(out, 30, style->foreground);
	format_colour(out, 40, style->background);
	if (extra)
		format_colour(out, 50, extra->underline);
}
