/* `aaau thaw`: what was frozen goes on, one session or with --all every one that the caller may
 * thaw. */
#include "cli/connect.h"
#include "cli/many.h"
#include "cli/say.h"

int cmd_thaw(const struct cli_options *options)
{
	const char *session = options->words[0];
	struct aaau_event event;

	if (!session && !options->all)
		return say_usage(
			"thaw which session? aaau ls lists them; all of them: aaau thaw --all");
	if (session && options->all)
		return say_usage("either a session or --all");
	struct aaau_client *client = cli_connect(options);
	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int r = aaau_request_thaw(client, session, options->all);
	int status = cli_await_answer(client, r, &event);
	if (status == 0 && options->all)
		status = many_say(options, &event, "running", "");
	aaau_close(client);
	return status;
}
