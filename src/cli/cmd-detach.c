/* `aaau detach`: disconnects one's own clients from a session, or with --all everybody's.
 *
 * Without SESSION it is the one session that anybody is attached to; where there are several, the
 * user has to say which, because disconnecting the wrong people cannot be undone. */
#include <inttypes.h>
#include <string.h>

#include "cli/attach.h"
#include "cli/connect.h"
#include "cli/say.h"

/* 0 and the id appended to out, or the exit status. */
static int find_session(const struct cli_options *options, struct str *out)
{
	struct aaau_event event;
	const char *found = NULL;
	unsigned attached = 0;
	struct aaau_client *client = cli_connect(options);

	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int status = cli_await_answer(client, aaau_request_list(client), &event);
	if (status == 0) {
		for (size_t i = 0; i < event.as.answer.count; i++) {
			const struct aaau_session *session = &event.as.answer.sessions[i];
			if (!session->operators && !session->observers)
				continue;
			attached++;
			found = session->id;
		}
		if (attached == 1)
			str_append_text(out, found);
		else if (attached)
			status = say_usage("%u sessions have clients: say which one is meant",
					   attached);
		else {
			say("no session has clients");
			status = CLI_EXIT_NOT_STARTED;
		}
	}
	aaau_close(client);
	return status;
}

int cmd_detach(const struct cli_options *options)
{
	cleanup_str struct str found = {0};
	const char *session = options->words[0];
	struct aaau_event event;
	int status = check_outside("detach", session);

	if (status == 0 && !session) {
		status = find_session(options, &found);
		session = found.data;
	}
	if (status != 0)
		return status;

	struct aaau_client *client = cli_connect(options);
	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int r = aaau_request_detach(client, session, options->all);
	status = cli_await_answer(client, r, &event);
	if (status == 0 && !options->quiet)
		say("%" PRIu64 " client%s disconnected", event.as.answer.detached,
		    event.as.answer.detached == 1 ? "" : "s");
	aaau_close(client);
	return status;
}
