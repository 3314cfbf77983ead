/* The user's terminal and a session, joined until one of them goes. */
#ifndef AAAU_CLI_SESSION_LOOP_H
#define AAAU_CLI_SESSION_LOOP_H

#include <aaau/aaau.h>

#include "cli/cli.h"
#include "cli/detach-keys.h"

/* What the request should say about this terminal. */
struct session_wishes {
	uint16_t rows, columns; /* 0: no terminal here */
	unsigned features;
};
void session_wishes(const struct cli_options *options, struct session_wishes *ret);

/* The detach keys of option, environment or default. 0, or the exit status after the error was
 * said. */
int session_detach_keys(const struct cli_options *options, struct detach_keys *ret);

/* Waits for the answer to new or attach, then moves bytes. `fresh` if the session is new. Returns
 * the client's exit status. */
int session_loop(struct aaau_client *client, const struct cli_options *options,
		 const struct detach_keys *keys, bool fresh);

#endif
