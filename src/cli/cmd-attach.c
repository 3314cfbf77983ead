/* `aaau attach`: joining a session that is there. */
#include <stdlib.h>

#include "cli/attach.h"
#include "cli/connect.h"
#include "cli/say.h"
#include "cli/session-loop.h"

int check_outside(const char *verb, const char *session)
{
	const char *inside = getenv("AAAU_SESSION");

	if (session || !inside || !*inside)
		return 0;
	return say_usage(
		"this is inside of session %s (AAAU_SESSION): aaau %s needs to be told which "
		"session it should be",
		inside, verb);
}

int attach(const struct cli_options *options, const char *session)
{
	struct session_wishes wishes;
	struct detach_keys keys;
	int status = session_detach_keys(options, &keys);

	if (status != 0)
		return status;
	session_wishes(options, &wishes);

	struct aaau_attach request = {
		.session = session, .observer = options->read_only, .features = wishes.features};
	if (!options->read_only) {
		request.rows = wishes.rows;
		request.columns = wishes.columns;
	}

	struct aaau_client *client = cli_connect(options);
	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int r = aaau_request_attach(client, &request);
	if (r == 0) {
		status = session_loop(client, options, &keys, false);
	} else {
		cli_say_request_failed(r);
		status = CLI_EXIT_NOT_STARTED;
	}
	aaau_close(client);
	return status;
}

int cmd_attach(const struct cli_options *options)
{
	const char *session = options->words[0];
	int status = check_outside("attach", session);

	return status ? status : attach(options, session);
}
