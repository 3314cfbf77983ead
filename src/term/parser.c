/* Bytes to functions: the state machine of DEC's terminals (Paul Williams, vt100.net/emu/dec_ansi_parser)
 * with UTF-8 in the ground state.
 *
 * The bytes are an agent's and may be anything, cut anywhere. Each state is a loop that takes as
 * many bytes as it can and keeps what it needs in struct parser, so a cut between any two bytes
 * changes nothing. What is not UTF-8 becomes one U+FFFD for each maximal subpart (Unicode, chapter
 * 3.9). C1 controls count as such when they come as code points (C2 80 to C2 9F); as single bytes
 * they are not UTF-8. Control characters inside a sequence take effect at once; ESC, CAN and SUB end
 * it; a byte from 0x80 on ends it and is read as text. Strings are kept up to STRING_MAX bytes and
 * skipped beyond.
 *
 * A snapshot may be taken within a sequence. Its receiver then gets the rest live, so what has
 * come of it so far is kept: not on the way, but once at the end of each feed.
 */
#include <string.h>

#include "term/internal.h"

/* How much of an unfinished sequence is kept: all that has effect. */
#define UNFINISHED_MAX (STRING_MAX + 64)

void parser_free(struct parser *p)
{
	str_free(&p->string);
	str_free(&p->unfinished);
}

static void begin(struct parser *p, const uint8_t *at, enum parser_state state)
{
	p->state = state;
	/* Without a place it began in an earlier feed, which has kept that. */
	if (at) {
		p->begin = at;
		str_clear(&p->unfinished);
	}
}

static void begin_csi(struct parser *p)
{
	p->state = STATE_CSI_ENTRY;
	p->prefix = p->intermediate = 0;
	p->n = 0;
	p->colons = 0;
}

static void begin_string(struct parser *p, enum parser_state state)
{
	p->state = state;
	p->string_overflow = p->string_c2 = false;
	p->string.limit = STRING_MAX;
	str_clear(&p->string);
}

/* Length of the character at p, its code point in *ret; U+FFFD for what is none. 0: cut short. */
static size_t decode(const uint8_t *p, size_t n, uint32_t *ret)
{
	uint8_t lead = p[0], low = 0x80, high = 0xbf;
	size_t length;
	uint32_t cp;

	if (lead >= 0xc2 && lead <= 0xdf) {
		length = 2;
		cp = lead & 0x1f;
	} else if (lead >= 0xe0 && lead <= 0xef) {
		length = 3;
		cp = lead & 0x0f;
		if (lead == 0xe0)
			low = 0xa0;
		else if (lead == 0xed)
			high = 0x9f;
	} else if (lead >= 0xf0 && lead <= 0xf4) {
		length = 4;
		cp = lead & 0x07;
		if (lead == 0xf0)
			low = 0x90;
		else if (lead == 0xf4)
			high = 0x8f;
	} else {
		*ret = 0xfffd;
		return 1;
	}
	for (size_t i = 1; i < length; i++) {
		if (i >= n)
			return 0;
		if (p[i] < low || p[i] > high) {
			*ret = 0xfffd;
			return i;
		}
		low = 0x80;
		high = 0xbf;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	*ret = cp;
	return length;
}

/* A character from ground; begun is where it began, for what it may introduce. */
static void take(struct term *t, uint32_t cp, const uint8_t *begun)
{
	struct parser *p = &t->parser;

	p->state = STATE_GROUND;
	if (cp > 0x9f) {
		print_code_point(t, cp);
		return;
	}
	/* C1. */
	begin(p, begun, STATE_GROUND);
	switch (cp) {
	case 0x90: begin_string(p, STATE_DCS); break;
	case 0x9b: begin_csi(p); break;
	case 0x9d: begin_string(p, STATE_OSC); break;
	case 0x98:
	case 0x9e:
	case 0x9f: begin_string(p, STATE_STRING); break;
	case 0x9c: break;
	default:
		p->intermediate = 0;
		t->joinable = false;
		esc_dispatch(t, (uint8_t)(cp - 0x40));
	}
}

/* The first byte that is not printable ASCII. */
static const uint8_t *skip_printable(const uint8_t *at, const uint8_t *end)
{
	const uint64_t ones = 0x0101010101010101u, tops = ones * 0x80;

	while (end - at >= 8) {
		uint64_t eight;
		memcpy(&eight, at, sizeof eight);
		if ((((eight - ones * 0x20) & ~eight) | eight | (eight + ones)) & tops)
			break;
		at += 8;
	}
	while (at < end && *at >= 0x20 && *at < 0x7f)
		at++;
	return at;
}

static const uint8_t *ground(struct term *t, const uint8_t *at, const uint8_t *end)
{
	struct parser *p = &t->parser;

	while (at < end) {
		uint8_t byte = *at;
		if (byte >= 0x20 && byte < 0x7f) {
			const uint8_t *stop = skip_printable(at, end);
			print_ascii(t, at, (size_t)(stop - at));
			at = stop;
		} else if (byte >= 0x80) {
			uint32_t cp;
			size_t length = decode(at, (size_t)(end - at), &cp);
			if (length == 0) {
				begin(p, at, STATE_UTF8);
				p->utf8_length = (uint8_t)(end - at);
				memcpy(p->utf8, at, p->utf8_length);
				return end;
			}
			take(t, cp, at);
			at += length;
			if (p->state != STATE_GROUND)
				return at;
		} else if (byte == 0x1b) {
			begin(p, at, STATE_ESCAPE);
			p->intermediate = 0;
			return at + 1;
		} else {
			execute(t, byte);
			at++;
		}
	}
	return at;
}

/* A character that an earlier feed left unfinished. */
static const uint8_t *finish_utf8(struct term *t, const uint8_t *at, const uint8_t *end)
{
	struct parser *p = &t->parser;

	while (at < end) {
		uint32_t cp;
		p->utf8[p->utf8_length++] = *at;
		size_t length = decode(p->utf8, p->utf8_length, &cp);
		if (length == 0) {
			at++;
			continue;
		}
		/* A byte that does not belong to it stays. */
		if (length == p->utf8_length)
			at++;
		take(t, cp, NULL);
		break;
	}
	return at;
}

/* Controls within a sequence. True if it goes on. */
static bool control(struct term *t, const uint8_t *at)
{
	struct parser *p = &t->parser;

	if (*at == 0x1b) {
		begin(p, at, STATE_ESCAPE);
		p->intermediate = 0;
	} else if (*at == 0x18 || *at == 0x1a) {
		p->state = STATE_GROUND;
		t->joinable = false;
	} else {
		execute(t, *at);
		return true;
	}
	return false;
}

static const uint8_t *escape(struct term *t, const uint8_t *at, const uint8_t *end)
{
	struct parser *p = &t->parser;

	while (at < end) {
		uint8_t byte = *at;
		if (byte < 0x20) {
			control(t, at++);
			if (p->state == STATE_GROUND)
				return at;
			continue;
		}
		if (byte == 0x7f) {
			at++;
			continue;
		}
		if (byte >= 0x80) {
			p->state = STATE_GROUND;
			return at;
		}
		at++;
		if (byte < 0x30) {
			p->intermediate = p->intermediate ? 0xff : byte;
			p->state = STATE_ESCAPE_INTERMEDIATE;
			continue;
		}
		if (p->state == STATE_ESCAPE) {
			switch (byte) {
			case '[': begin_csi(p); return at;
			case ']': begin_string(p, STATE_OSC); return at;
			case 'P': begin_string(p, STATE_DCS); return at;
			case 'X':
			case '^':
			case '_': begin_string(p, STATE_STRING); return at;
			default: break;
			}
		}
		p->state = STATE_GROUND;
		t->joinable = false;
		esc_dispatch(t, byte);
		return at;
	}
	return at;
}

static void digit(struct parser *p, uint8_t byte)
{
	if (p->n == 0)
		p->parameters[p->n++] = 0;
	if (p->n > PARAMETERS)
		return;
	unsigned value = p->parameters[p->n - 1] * 10u + (byte - '0');
	p->parameters[p->n - 1] = value > UINT16_MAX ? UINT16_MAX : (uint16_t)value;
}

static void separator(struct parser *p, bool colon)
{
	if (p->n == 0)
		p->parameters[p->n++] = 0;
	if (p->n >= PARAMETERS) {
		/* All beyond are read and forgotten. */
		p->n = PARAMETERS + 1;
		return;
	}
	if (colon)
		p->colons |= 1u << p->n;
	p->parameters[p->n++] = 0;
}

static const uint8_t *csi(struct term *t, const uint8_t *at, const uint8_t *end)
{
	struct parser *p = &t->parser;

	while (at < end) {
		uint8_t byte = *at;
		if (byte < 0x20) {
			if (!control(t, at++))
				return at;
			continue;
		}
		if (byte >= 0x80) {
			p->state = STATE_GROUND;
			return at;
		}
		at++;
		if (byte >= 0x40 && byte < 0x7f) {
			bool ignore = p->state == STATE_CSI_IGNORE;
			p->state = STATE_GROUND;
			if (p->n > PARAMETERS)
				p->n = PARAMETERS;
			if (!ignore && p->intermediate != 0xff)
				csi_dispatch(t, byte);
			/* Only now: a snapshot within the sequence is one right after a character. */
			t->joinable = false;
			return at;
		}
		if (byte == 0x7f || p->state == STATE_CSI_IGNORE)
			continue;
		if (byte < 0x30) {
			p->intermediate = p->intermediate ? 0xff : byte;
			p->state = STATE_CSI_INTERMEDIATE;
		} else if (p->state == STATE_CSI_INTERMEDIATE) {
			p->state = STATE_CSI_IGNORE;
		} else if (byte <= '9') {
			digit(p, byte);
			p->state = STATE_CSI_PARAMETER;
		} else if (byte <= ';') {
			separator(p, byte == ':');
			p->state = STATE_CSI_PARAMETER;
		} else if (p->state == STATE_CSI_ENTRY) {
			p->prefix = byte;
			p->state = STATE_CSI_PARAMETER;
		} else {
			p->state = STATE_CSI_IGNORE;
		}
	}
	return at;
}

static void end_string(struct term *t)
{
	struct parser *p = &t->parser;
	enum parser_state state = p->state;

	p->state = STATE_GROUND;
	t->joinable = false;
	if (state == STATE_STRING || p->string_overflow || str_error(&p->string))
		return;
	/* Room for the NUL that the readers rely on. */
	p->string.limit = STRING_MAX + 1;
	str_append_byte(&p->string, 0);
	p->string.length--;
	if (str_error(&p->string))
		return;
	if (state == STATE_OSC)
		osc_dispatch(t);
	else
		dcs_dispatch(t);
}

static const uint8_t *string(struct term *t, const uint8_t *at, const uint8_t *end)
{
	struct parser *p = &t->parser;

	while (at < end) {
		const uint8_t *from = at;
		while (at < end && *at >= 0x20 && *at != 0x9c)
			at++;
		if (at > from) {
			p->string_c2 = at[-1] == 0xc2;
			if (p->state != STATE_STRING && !p->string_overflow) {
				if ((size_t)(at - from) > STRING_MAX - p->string.length)
					p->string_overflow = true;
				else
					str_append(&p->string, from, (size_t)(at - from));
			}
		}
		if (at == end)
			break;
		uint8_t byte = *at++;
		if (byte == 0x9c) {
			if (p->string_c2) {
				if (p->string.length > 0)
					str_truncate(&p->string, p->string.length - 1);
				p->bell_ended = false;
				end_string(t);
				return at;
			}
			/* The end of some other character. */
			if (p->state != STATE_STRING && !p->string_overflow) {
				if (p->string.length == STRING_MAX)
					p->string_overflow = true;
				else
					str_append_byte(&p->string, (char)byte);
			}
			continue;
		}
		p->string_c2 = false;
		if (byte == 0x1b) {
			/* ST is ESC \; anything else that follows is a sequence of its own. */
			p->bell_ended = false;
			end_string(t);
			begin(p, at - 1, STATE_ESCAPE);
			p->intermediate = 0;
			return at;
		}
		if (byte == 0x18 || byte == 0x1a) {
			p->state = STATE_GROUND;
			t->joinable = false;
			return at;
		}
		if (byte == 0x07 && p->state == STATE_OSC) {
			p->bell_ended = true;
			end_string(t);
			return at;
		}
	}
	return at;
}

/* What a receiver of a snapshot must have seen before the rest comes. Controls have had their
 * effect. */
static void keep_unfinished(struct parser *p, const uint8_t *from, const uint8_t *end)
{
	p->unfinished.limit = UNFINISHED_MAX;
	for (const uint8_t *at = from; at < end && !str_error(&p->unfinished);) {
		const uint8_t *stop = at;
		while (stop < end && (*stop >= 0x20 || *stop == 0x1b))
			stop++;
		size_t n = (size_t)(stop - at), room = UNFINISHED_MAX - p->unfinished.length;
		str_append(&p->unfinished, at, n < room ? n : room);
		at = stop < end ? stop + 1 : stop;
	}
}

void term_feed(struct term *t, const void *data, size_t n)
{
	struct parser *p = &t->parser;
	const uint8_t *at = data, *end = at + n;

	if (n == 0)
		return;
	t->serial++;
	p->begin = NULL;
	while (at < end) {
		switch (p->state) {
		case STATE_GROUND: at = ground(t, at, end); break;
		case STATE_UTF8: at = finish_utf8(t, at, end); break;
		case STATE_ESCAPE:
		case STATE_ESCAPE_INTERMEDIATE: at = escape(t, at, end); break;
		case STATE_CSI_ENTRY:
		case STATE_CSI_PARAMETER:
		case STATE_CSI_INTERMEDIATE:
		case STATE_CSI_IGNORE: at = csi(t, at, end); break;
		case STATE_OSC:
		case STATE_DCS:
		case STATE_STRING: at = string(t, at, end); break;
		}
	}
	if (p->state != STATE_GROUND)
		keep_unfinished(p, p->begin ? p->begin : data, end);
	p->begin = NULL;
}
