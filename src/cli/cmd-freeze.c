/* `aaau freeze`: the agent stands still, with everything it started. It is said to be so when the
 * kernel says it. */
#include "cli/connect.h"
#include "cli/say.h"

int cmd_freeze(const struct cli_options *options)
{
	const char *session = options->words[0];
	struct aaau_event event;

	if (!session)
		return say_usage(
			"freeze which session? aaau ls lists them; all of yours: aaau panic");
	struct aaau_client *client = cli_connect(options);
	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int status = cli_await_answer(client, aaau_request_freeze(client, session, false), &event);
	if (status == 0 && !options->quiet)
		say("frozen; it goes on with: aaau thaw %s", session);
	aaau_close(client);
	return status;
}
