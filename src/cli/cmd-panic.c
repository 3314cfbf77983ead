/* `aaau panic`: all sessions of the caller's stand still, with --all everyone's. One word, no
 * question asked: whoever types it is in a hurry. */
#include "cli/connect.h"
#include "cli/many.h"

int cmd_panic(const struct cli_options *options)
{
	struct aaau_event event;
	struct aaau_client *client = cli_connect(options);

	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int status =
		cli_await_answer(client, aaau_request_freeze(client, NULL, options->all), &event);
	if (status == 0)
		status = many_say(options, &event, "frozen",
				  "; they go on with: aaau thaw SESSION, or aaau thaw --all");
	aaau_close(client);
	return status;
}
