/* The answer to an order to many sessions, for `aaau panic` and `aaau thaw --all`. */
#ifndef AAAU_CLI_MANY_H
#define AAAU_CLI_MANY_H

#include "cli/connect.h"

/* Names the sessions that are not as it was ordered, says how many are ("3 sessions are frozen") and
 * appends the hint unless all is quiet. Returns the client's exit status. */
int many_say(const struct cli_options *options, const struct aaau_event *answer, const char *state,
	     const char *hint);

#endif
