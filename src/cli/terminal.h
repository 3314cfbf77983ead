/* The user's terminal: raw while a session has it, as it was found at all other times. */
#ifndef AAAU_CLI_TERMINAL_H
#define AAAU_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "cli/terminal-modes.h"

struct terminal {
	bool in, out; /* standard input, output are terminals */
	bool entered, raw;
	bool keep_signals; /* Ctrl-C and Ctrl-Z are ours: nothing that is typed goes anywhere */
	struct termios found;
	struct terminal_modes modes;
};

/* Looks at standard input and output. */
void terminal_init(struct terminal *terminal);

/* The size of whichever of input, output, error is a terminal that knows it; false if none. */
bool terminal_size(uint16_t *ret_rows, uint16_t *ret_columns);

/* Goes raw; again after the client was stopped. */
void terminal_enter(struct terminal *terminal);

/* Makes it what it was. Waits at most a second for a terminal that takes no output. The modes stay
 * known, for terminal_enter(). */
void terminal_leave(struct terminal *terminal);

#endif
