/* The keys that leave a session, found in what the terminal types. Pure: bytes and time in, bytes
 * out. */
#ifndef AAAU_CLI_DETACH_KEYS_H
#define AAAU_CLI_DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

#define DETACH_KEYS_DEFAULT "ctrl-],d"
#define DETACH_PREFIX_MS 500  /* how long the first key waits for the second */
#define DETACH_SEQUENCE_MS 20 /* how long the beginning of an escape sequence waits for its end */

struct detach_key {
	uint32_t code; /* the character; for a control key the one on its cap, lower-case */
	bool control;
};

struct detach_keys {
	struct detach_key keys[2];
	unsigned count; /* 0: there are none and everything passes */

	/* Set while the terminal may encode keys as escape sequences: then a lone ESC can be the
	 * beginning of one of ours, and waits too. Otherwise it is the Escape key, and passes. */
	bool enhanced;

	/* What follows is the machine's own. */
	enum {
		DETACH_GROUND,
		DETACH_ESCAPE, /* behind ESC */
		DETACH_CSI,    /* behind ESC [ */
		DETACH_MOUSE,  /* in the three bytes behind ESC [ M */
	} state;
	bool prefixed;        /* the first of two keys is in hold */
	bool paste;           /* between ESC [ 200 ~ and ESC [ 201 ~ */
	bool sequence_passed; /* part of the sequence under way is out already */
	unsigned mouse_left;
	uint64_t deadline_ms; /* 0: none */
	char hold[256];       /* read, not passed on: the prefix, and then the sequence under way */
	size_t held;
	size_t event;        /* where in hold the key or sequence under way begins */
	char parameters[64]; /* of the sequence under way, without ESC [ */
	size_t parameters_length;
};

/* Parses "none" or one or two keys, separated by a comma or blanks. A key is ctrl-X or ^X (X one of
 * a-z ] \ ^ _ @) or, as the second one, also a printable ASCII character. The rest of *ret is
 * zeroed. NULL, or a static text that says what is wrong. */
const char *detach_keys_parse(const char *text, struct detach_keys *ret);

/* Appends the keys as people write them: "Ctrl-] d". */
void detach_keys_describe(const struct detach_keys *keys, struct str *out);

/* Takes typed bytes and appends to out what is to be passed on now. True if the detach keys were
 * among them: what came after them is dropped. now_ms is any monotonic clock, not 0. */
bool detach_keys_feed(struct detach_keys *keys, uint64_t now_ms, const char *data, size_t n,
		      struct str *out);

/* When detach_keys_expire() must be called, or 0. */
static inline uint64_t detach_keys_deadline(const struct detach_keys *keys)
{
	return keys->deadline_ms;
}

/* Appends what waited too long. Does nothing before the deadline. */
void detach_keys_expire(struct detach_keys *keys, uint64_t now_ms, struct str *out);

#endif
