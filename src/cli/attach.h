/* Joining a session that is there; for `aaau attach` and `aaau -n`. */
#ifndef AAAU_CLI_ATTACH_H
#define AAAU_CLI_ATTACH_H

#include "cli/cli.h"

/* session NULL: the newest that nobody is in. Returns the client's exit status. */
int attach(const struct cli_options *options, const char *session);

/* A verb without its SESSION, inside of a session, means nothing: 0, or the exit status after that
 * was said. */
int check_outside(const char *verb, const char *session);

#endif
