/* The keys that leave a session.
 *
 * A terminal sends the same key in different ways, and the agent decides which by the modes that it
 * switches on: raw (0x1d), as kitty's CSI-u (`CSI 93;5u`, with more bits in the modifiers while a
 * lock is on, and with an event type for repeat and release), or as xterm's modifyOtherKeys
 * (`CSI 27;5;93~`). All are read here. Bytes pass in the order they came and unchanged; what could
 * still become the detach keys is held back, a prefix for half a second, the beginning of an escape
 * sequence for 20 ms, and passes when another key or the time says that it did not.
 *
 * Between the first and the second key come things that are not keys: the release of the first key,
 * the modifiers' own presses and releases, mouse and focus reports. They wait with the prefix. What
 * is pasted is never a key.
 */
#include "cli/detach-keys.h"

#include <string.h>

#define ESC 0x1b

/* --- syntax --------------------------------------------------------------------------------- */

static bool is_separator(char c)
{
	return c == ',' || c == ' ' || c == '\t';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool starts_with_control(const char *word, size_t n)
{
	static const char prefix[] = "ctrl-";

	if (n != sizeof(prefix))
		return false;
	for (size_t i = 0; prefix[i]; i++)
		if (lower(word[i]) != prefix[i])
			return false;
	return true;
}

static const char *parse_key(const char *word, size_t n, bool first, struct detach_key *ret)
{
	bool control = starts_with_control(word, n) || (n == 2 && word[0] == '^');
	char c = word[n - 1];

	if (!control && n > 1)
		return "a key is ctrl-X, ^X or one character";
	if (c <= ' ' || c > '~')
		return "a key has to be a printable ASCII character";
	if (control) {
		c = lower(c);
		if (c == '[')
			return "ctrl-[ is Escape, which begins every function key";
		if (!((c >= 'a' && c <= 'z') || strchr("]\\^_@", c)))
			return "ctrl- goes with a letter or one of ] \\ ^ _ @";
	} else if (first) {
		return "the first key has to be a ctrl- key, or it could not be typed any more";
	}
	ret->code = (uint32_t)c;
	ret->control = control;
	return NULL;
}

const char *detach_keys_parse(const char *text, struct detach_keys *ret)
{
	struct detach_keys keys = {0};

	if (strcmp(text, "none") == 0) {
		*ret = keys;
		return NULL;
	}
	for (const char *at = text;;) {
		while (is_separator(*at))
			at++;
		if (!*at)
			break;
		const char *word = at;
		while (*at && !is_separator(*at))
			at++;
		if (keys.count == 2)
			return "at most two keys";
		const char *problem = parse_key(word, (size_t)(at - word), keys.count == 0,
						&keys.keys[keys.count]);
		if (problem)
			return problem;
		keys.count++;
	}
	if (!keys.count)
		return "no key (\"none\" switches detaching off)";
	*ret = keys;
	return NULL;
}

void detach_keys_describe(const struct detach_keys *keys, struct str *out)
{
	for (unsigned i = 0; i < keys->count; i++) {
		char c = (char)keys->keys[i].code;

		if (i)
			str_append_byte(out, ' ');
		if (keys->keys[i].control)
			str_append_text(out, "Ctrl-");
		if (keys->keys[i].control && c >= 'a' && c <= 'z')
			c = (char)(c - 32);
		str_append_byte(out, c);
	}
}

/* --- escape sequences ----------------------------------------------------------------------- */

enum input_event {
	EVENT_KEY,         /* a press or a repeat */
	EVENT_ACCOMPANIES, /* what a terminal may send between two presses */
	EVENT_PASTE_BEGIN,
	EVENT_PASTE_END,
	EVENT_OTHER,
};

/* modifiers - 1, as both encodings have them */
enum { MODIFIER_CONTROL = 4, MODIFIER_LOCKS = 64 | 128 };
enum { KITTY_RELEASE = 3 };

/* Functional keys of kitty's protocol that are modifiers or locks. */
static bool is_modifier_key(uint32_t code)
{
	return (code >= 57358 && code <= 57360) || (code >= 57441 && code <= 57454);
}

/* Decimal at *at, capped; 0 if there is none. */
static uint32_t number(const char **at, const char *end)
{
	uint32_t value = 0;

	while (*at < end && **at >= '0' && **at <= '9') {
		if (value < 100000000)
			value = value * 10 + (uint32_t)(**at - '0');
		(*at)++;
	}
	return value;
}

/* The fields of a sequence: numbers[field][subfield], of the first three each. */
static void split(const char *text, size_t n, uint32_t numbers[3][3])
{
	const char *at = text, *end = text + n;
	unsigned field = 0, sub = 0;

	memset(numbers, 0, 3 * sizeof(numbers[0]));
	while (at < end && field < 3) {
		uint32_t value = number(&at, end);
		if (sub < 3)
			numbers[field][sub] = value;
		if (at == end)
			return;
		if (*at == ';') {
			field++;
			sub = 0;
		} else {
			sub++;
		}
		at++;
	}
}

static enum input_event read_key(struct detach_key *ret, uint32_t code, uint32_t modifiers)
{
	modifiers = modifiers ? (modifiers - 1) & ~(uint32_t)MODIFIER_LOCKS : 0;
	if (modifiers & ~(uint32_t)MODIFIER_CONTROL)
		return EVENT_OTHER;
	ret->code = code;
	ret->control = modifiers != 0;
	return EVENT_KEY;
}

/* CSI code:shifted:base ; modifiers:event ; text u */
static enum input_event read_kitty(const struct detach_keys *keys, uint32_t f[3][3],
				   struct detach_key *ret)
{
	if (f[1][1] == KITTY_RELEASE || is_modifier_key(f[0][0]))
		return EVENT_ACCOMPANIES;

	uint32_t code = f[0][0];
	/* On a layout whose letters are not Latin, the key at the Latin one's place. */
	for (unsigned i = 0; i < keys->count; i++)
		if (f[0][2] && f[0][2] == keys->keys[i].code)
			code = f[0][2];
	return read_key(ret, code, f[1][0]);
}

static enum input_event read_sequence(const struct detach_keys *keys, char final,
				      struct detach_key *ret)
{
	const char *text = keys->parameters;
	size_t n = keys->parameters_length;
	uint32_t f[3][3];

	if (n == sizeof(keys->parameters))
		return EVENT_OTHER;
	if (n == 0)
		return final == 'I' || final == 'O' ? EVENT_ACCOMPANIES : EVENT_OTHER;
	if (text[0] == '<')
		return final == 'M' || final == 'm' ? EVENT_ACCOMPANIES : EVENT_OTHER;
	split(text, n, f);
	if (final == 'u')
		return read_kitty(keys, f, ret);
	if (final == '~' && f[0][0] == 27 && f[2][0])
		return read_key(ret, f[2][0], f[1][0]);
	if (final == '~' && n == 3 && f[0][0] == 200)
		return EVENT_PASTE_BEGIN;
	if (final == '~' && n == 3 && f[0][0] == 201)
		return EVENT_PASTE_END;
	/* A function or cursor key: its release is not another key. */
	return f[1][1] == KITTY_RELEASE ? EVENT_ACCOMPANIES : EVENT_OTHER;
}

/* The key of a byte outside of any sequence. */
static struct detach_key raw_key(char byte)
{
	unsigned char b = (unsigned char)byte;

	if (b >= 0x20)
		return (struct detach_key){.code = b};
	b = (unsigned char)(b + 0x40);
	return (struct detach_key){.code = (uint32_t)lower((char)b), .control = true};
}

/* --- the machine ---------------------------------------------------------------------------- */

static void pass(struct detach_keys *keys, size_t n, struct str *out)
{
	str_append(out, keys->hold, n);
	keys->held -= n;
	memmove(keys->hold, keys->hold + n, keys->held);
	keys->event = 0;
	if (!keys->held)
		keys->deadline_ms = 0;
}

static void pass_all(struct detach_keys *keys, struct str *out)
{
	pass(keys, keys->held, out);
	keys->prefixed = false;
}

static void hold(struct detach_keys *keys, char byte, struct str *out)
{
	if (keys->held == sizeof(keys->hold)) {
		pass_all(keys, out);
		keys->sequence_passed = true;
	}
	keys->hold[keys->held++] = byte;
}

static bool equal(const struct detach_key *a, const struct detach_key *b)
{
	return a->code == b->code && a->control == b->control;
}

/* The event whose bytes are hold[event..held) is complete. True: detach. */
static bool finish(struct detach_keys *keys, enum input_event event, const struct detach_key *key,
		   uint64_t now_ms, struct str *out)
{
	bool passed = keys->sequence_passed;

	keys->state = DETACH_GROUND;
	keys->sequence_passed = false;
	if (keys->paste || event == EVENT_PASTE_BEGIN) {
		keys->paste = event != EVENT_PASTE_END;
		pass_all(keys, out);
		return false;
	}
	if (event == EVENT_ACCOMPANIES && keys->prefixed)
		return false;
	if (event == EVENT_KEY && !passed && keys->count) {
		if (keys->prefixed && equal(key, &keys->keys[1]))
			return true;
		if (equal(key, &keys->keys[0])) {
			if (keys->count == 1)
				return true;
			pass(keys, keys->event, out);
			keys->prefixed = true;
			keys->deadline_ms = now_ms + DETACH_PREFIX_MS;
			return false;
		}
	}
	pass_all(keys, out);
	return false;
}

static void begin(struct detach_keys *keys)
{
	keys->event = keys->held;
	keys->parameters_length = 0;
	keys->sequence_passed = false;
}

static bool feed_ground(struct detach_keys *keys, uint64_t now_ms, char byte, struct str *out)
{
	begin(keys);
	hold(keys, byte, out);
	if (byte == ESC) {
		keys->state = DETACH_ESCAPE;
		return false;
	}

	struct detach_key key = raw_key(byte);
	return finish(keys, EVENT_KEY, &key, now_ms, out);
}

static bool feed(struct detach_keys *keys, uint64_t now_ms, char byte, struct str *out)
{
	struct detach_key key = {0};

	switch (keys->state) {
	case DETACH_GROUND: break;
	case DETACH_ESCAPE:
		if (byte == '[') {
			hold(keys, byte, out);
			keys->state = DETACH_CSI;
			return false;
		}
		if (keys->sequence_passed || (unsigned char)byte < 0x20) {
			/* The Escape key, and then another key. */
			finish(keys, EVENT_OTHER, &key, now_ms, out);
			break;
		}
		hold(keys, byte, out);
		return finish(keys, EVENT_OTHER, &key, now_ms, out);
	case DETACH_CSI:
		if ((unsigned char)byte < 0x20 || (unsigned char)byte > 0x7e) {
			finish(keys, EVENT_OTHER, &key, now_ms, out);
			break;
		}
		hold(keys, byte, out);
		if (byte < 0x40) {
			if (keys->parameters_length < sizeof(keys->parameters))
				keys->parameters[keys->parameters_length++] = byte;
			return false;
		}
		if (byte == 'M' && !keys->parameters_length) {
			keys->state = DETACH_MOUSE;
			keys->mouse_left = 3;
			return false;
		}
		return finish(keys, read_sequence(keys, byte, &key), &key, now_ms, out);
	case DETACH_MOUSE:
		hold(keys, byte, out);
		return --keys->mouse_left ? false
					  : finish(keys, EVENT_ACCOMPANIES, &key, now_ms, out);
	}
	return feed_ground(keys, now_ms, byte, out);
}

bool detach_keys_feed(struct detach_keys *keys, uint64_t now_ms, const char *data, size_t n,
		      struct str *out)
{
	detach_keys_expire(keys, now_ms, out);
	if (!keys->count) {
		str_append(out, data, n);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!feed(keys, now_ms, data[i], out))
			continue;
		keys->held = 0;
		keys->deadline_ms = 0;
		keys->prefixed = false;
		return true;
	}

	/* A sequence under way. With a prefix it waits as long as that; a paste is never ours. */
	if (keys->state == DETACH_GROUND || keys->prefixed || !keys->held)
		return false;
	if (keys->paste || (keys->state == DETACH_ESCAPE && !keys->enhanced)) {
		pass_all(keys, out);
		keys->sequence_passed = true;
	} else if (!keys->deadline_ms) {
		keys->deadline_ms = now_ms + DETACH_SEQUENCE_MS;
	}
	return false;
}

void detach_keys_expire(struct detach_keys *keys, uint64_t now_ms, struct str *out)
{
	if (!keys->deadline_ms || now_ms < keys->deadline_ms)
		return;
	pass_all(keys, out);
	keys->sequence_passed = keys->state != DETACH_GROUND;
}
