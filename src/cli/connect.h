/* Reaching the server, and saying what to do where it cannot be reached. */
#ifndef AAAU_CLI_CONNECT_H
#define AAAU_CLI_CONNECT_H

#include <aaau/aaau.h>

#include "cli/cli.h"

/* NULL if that failed and was said. */
struct aaau_client *cli_connect(const struct cli_options *options);

/* Says why a request could not be made; result is what aaau_request_…() returned. */
void cli_say_request_failed(int result);

/* Says why the connection ended before there was an answer. */
void cli_say_unanswered(const struct aaau_event *closed);

/* Waits for the answer to the request that was made with `result`. 0 and *ret points into the
 * client, or the exit status, after an error was said. */
int cli_await_answer(struct aaau_client *client, int result, struct aaau_event *ret);

#endif
