/* Colours that a program changes or asks for: OSC 4, 10, 11, 12 and 104, 110, 111, 112.
 *
 * Colours are understood as XParseColor's rgb:R/G/B with one to four hex digits each, and #RGB with
 * as many each; names are not. What was not changed is 0; the first 256 are then xterm's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/internal.h"
#include "util/hex.h"

/* n hex digits as eight bits; scaled: of their largest value, else the highest bits. */
static bool component(const char *text, size_t n, bool scaled, uint32_t *colour)
{
	unsigned value = 0;

	if (n < 1 || n > 4)
		return false;
	for (size_t i = 0; i < n; i++) {
		int digit = hex_value(text[i]);
		if (digit < 0)
			return false;
		value = value * 16 + (unsigned)digit;
	}
	unsigned bits = (unsigned)n * 4;
	if (scaled)
		value = value * 255 / ((1u << bits) - 1);
	else
		value = bits >= 8 ? value >> (bits - 8) : value << (8 - bits);
	*colour = *colour << 8 | value;
	return true;
}

static bool parse(const char *text, size_t length, uint32_t *ret)
{
	uint32_t colour = 0;

	if (length > 1 && text[0] == '#') {
		size_t n = (length - 1) / 3;
		if (n * 3 != length - 1)
			return false;
		for (size_t i = 0; i < 3; i++) {
			if (!component(text + 1 + i * n, n, false, &colour))
				return false;
		}
	} else if (length > 4 && strncmp(text, "rgb:", 4) == 0) {
		const char *at = text + 4, *end = text + length;
		for (size_t i = 0; i < 3; i++) {
			const char *stop = at;
			while (stop < end && *stop != '/')
				stop++;
			if (!component(at, (size_t)(stop - at), true, &colour) ||
			    (i < 2) != (stop < end))
				return false;
			at = stop + 1;
		}
	} else {
		return false;
	}
	*ret = TERM_COLOUR_RGB | colour;
	return true;
}

/* xterm's own: 16 named ones, a cube of 6 x 6 x 6, 24 greys. */
static uint32_t standard(unsigned i)
{
	static const uint32_t named[16] = {
		0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
		0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
	if (i < 16)
		return named[i];
	if (i >= 232)
		return (8 + (i - 232) * 10) * 0x010101;
	uint32_t colour = 0;
	for (unsigned divisor = 36; divisor; divisor /= 6) {
		unsigned step = (i - 16) / divisor % 6;
		colour = colour << 8 | (step ? 55 + step * 40 : 0);
	}
	return colour;
}

static void indexed(struct term *t, const char *text)
{
	while (*text) {
		char *end;
		unsigned long index = strtoul(text, &end, 10);
		if (end == text || *end != ';')
			return;
		const char *colour = end + 1;
		size_t length = strcspn(colour, ";");
		if (index < PALETTE) {
			if (length == 1 && *colour == '?') {
				char which[16];
				snprintf(which, sizeof which, "4;%u", (unsigned)index & 0xff);
				uint32_t set = t->palette[index];
				reply_colour(t, which, set ? set : standard((unsigned)index));
			} else {
				parse(colour, length, &t->palette[index]);
			}
		}
		text = colour + length;
		text += *text == ';';
	}
}

/* OSC 10 with several colours goes on with 11 and 12. */
static void dynamic(struct term *t, unsigned number, const char *text)
{
	static const char *const names[] = {"10", "11", "12"};

	for (unsigned i = number - 10; i < 3; i++) {
		size_t length = strcspn(text, ";");
		if (length == 1 && *text == '?')
			reply_colour(t, names[i],
				     t->dynamic[i] ? t->dynamic[i] : t->dynamic_default[i]);
		else
			parse(text, length, &t->dynamic[i]);
		if (!text[length])
			return;
		text += length + 1;
	}
}

void palette_osc(struct term *t, unsigned number, const char *text)
{
	if (number == 4) {
		indexed(t, text);
	} else if (number <= 12) {
		dynamic(t, number, text);
	} else if (number >= 110) {
		t->dynamic[number - 110] = 0;
	} else if (!*text) {
		memset(t->palette, 0, sizeof t->palette);
	} else {
		for (;;) {
			char *end;
			unsigned long index = strtoul(text, &end, 10);
			if (end != text && index < PALETTE)
				t->palette[index] = 0;
			if (*end != ';')
				return;
			text = end + 1;
		}
	}
}

static void write_colour(struct str *out, const char *prefix, unsigned number, uint32_t colour)
{
	str_append_format(out, "\033]%s%u;rgb:%02x/%02x/%02x\033\\", prefix, number,
			  colour >> 16 & 0xff, colour >> 8 & 0xff, colour & 0xff);
}

void palette_write(const struct term *t, struct str *out)
{
	for (unsigned i = 0; i < PALETTE; i++) {
		if (t->palette[i])
			write_colour(out, "4;", i, t->palette[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		if (t->dynamic[i])
			write_colour(out, "", 10 + i, t->dynamic[i]);
	}
}

void palette_leave(const struct term *t, struct str *out)
{
	for (unsigned i = 0; i < PALETTE; i++) {
		if (t->palette[i]) {
			str_append_text(out, "\033]104\033\\");
			break;
		}
	}
	for (unsigned i = 0; i < 3; i++) {
		if (t->dynamic[i])
			str_append_format(out, "\033]%u\033\\", 110 + i);
	}
}
