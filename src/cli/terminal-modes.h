/* What the agent has switched on in the user's terminal, read from the output on its way there, so
 * that exactly that can be switched off again. Pure: bytes in, bytes out. */
#ifndef AAAU_CLI_TERMINAL_MODES_H
#define AAAU_CLI_TERMINAL_MODES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

#define MODES_KITTY_DEPTH 8 /* terminals keep no deeper stack */
#define MODES_PARAMETERS 16

/* Zero-initialised is a terminal as a shell leaves it. */
struct terminal_modes {
	uint32_t
		private_modes; /* one bit an entry of the table in terminal-modes.c: not as usual */
	uint16_t
		alternate; /* 0, or the mode that switched to the alternate screen: 47, 1047, 1049 */
	struct {
		uint16_t flags[MODES_KITTY_DEPTH];
		uint8_t depth;
		uint16_t base; /* flags that were set without a push */
	} kitty[2];            /* of the main and the alternate screen */
	uint8_t other_keys;    /* modifyOtherKeys */
	uint8_t colors;        /* bits: palette, foreground, background, cursor */
	bool insert, keypad, margins, charset, shift_out, attributes, cursor_style;

	/* The reader's own. */
	uint8_t state;
	uint8_t marker;       /* '?', '>', '<', '=' or 0 */
	uint8_t intermediate; /* the last one, or 0 */
	uint8_t count;
	bool sub;   /* behind a ':' */
	bool query; /* the string's last byte was '?' */
	uint32_t parameters[MODES_PARAMETERS];
};

/* Reads output that is about to be written to the terminal. */
void terminal_modes_read(struct terminal_modes *modes, const char *data, size_t n);

/* True if the output so far ends between two sequences, so that others can be put in. */
bool terminal_modes_between(const struct terminal_modes *modes);

/* True while the agent has the terminal encode keys as escape sequences. */
bool terminal_modes_enhanced_keys(const struct terminal_modes *modes);

/* Appends what undoes everything, and nothing where nothing was done. */
void terminal_modes_undo(const struct terminal_modes *modes, struct str *out);

/* Appends what does it again, after the client was stopped and continued. */
void terminal_modes_redo(const struct terminal_modes *modes, struct str *out);

#endif
