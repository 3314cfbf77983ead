/* `aaau kill`: ends a session. The answer comes when the order is given; the session's own end goes
 * to those who are in it. */
#include "cli/connect.h"
#include "cli/say.h"

int cmd_kill(const struct cli_options *options)
{
	const char *session = options->words[0];
	struct aaau_event event;

	if (!session)
		return say_usage("kill which session? aaau ls lists them");
	struct aaau_client *client = cli_connect(options);
	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int status = cli_await_answer(client, aaau_request_kill(client, session), &event);
	aaau_close(client);
	return status;
}
