/* `aaau status`: everything about one session, or about each. */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/attach.h"
#include "cli/connect.h"
#include "cli/say.h"
#include "cli/table.h"
#include "util/io.h"

static void put(struct str *out, const char *key, const char *value)
{
	if (!*value)
		return;
	str_append_format(out, "%s: ", key);
	say_printable(out, value);
	str_append_byte(out, '\n');
}

/* Local time with its offset, as RFC 3339 has it. */
static void put_time(struct str *out, const char *key, double seconds)
{
	time_t time = seconds > 0 && seconds < 253402300800.0 ? (time_t)seconds : 0;
	char text[64];
	struct tm tm;

	if (time && localtime_r(&time, &tm) && strftime(text, sizeof(text), "%FT%T%z", &tm))
		put(out, key, text);
}

static void put_bytes(struct str *out, const char *key, uint64_t bytes)
{
	str_append_format(out, "%s: %" PRIu64 " (", key, bytes);
	table_put_bytes(out, bytes);
	str_append_text(out, ")\n");
}

static void put_session(struct str *out, const struct aaau_session *session)
{
	put(out, "session", session->id);
	put(out, "name", session->name);
	put(out, "agent", session->agent);
	put(out, "user", session->user);
	put(out, "creator", session->creator);
	put(out, "command", session->command);
	put(out, "state", session->state);
	put_time(out, "created", session->created);
	str_append_text(out, "idle: ");
	table_put_duration(out, session->idle_ms / 1000);
	str_append_format(out, "\noperators: %" PRIu64 "\nobservers: %" PRIu64 "\nsize: %ux%u\n",
			  session->operators, session->observers, session->rows, session->columns);
	put_bytes(out, "output", session->output_bytes);
	put_bytes(out, "input", session->input_bytes);
}

static int print(const struct cli_options *options, const struct aaau_event *event)
{
	cleanup_str struct str out = {0};

	if (options->json) {
		str_append_text(&out, event->as.answer.json);
		str_append_byte(&out, '\n');
	} else {
		if (!event->as.answer.count && !options->quiet)
			say("no sessions");
		for (size_t i = 0; i < event->as.answer.count; i++) {
			if (i)
				str_append_byte(&out, '\n');
			put_session(&out, &event->as.answer.sessions[i]);
		}
	}

	int r = str_error(&out);
	if (r == 0 && out.length)
		r = io_write_all(STDOUT_FILENO, out.data, out.length);
	if (r == 0)
		return 0;
	say("cannot print the status: %s", strerror(-r));
	return CLI_EXIT_LOST;
}

int cmd_status(const struct cli_options *options)
{
	const char *session = options->words[0];
	struct aaau_event event;
	int status = check_outside("status", session);

	if (status != 0)
		return status;
	struct aaau_client *client = cli_connect(options);
	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int r = session ? aaau_request_status(client, session) : aaau_request_list(client);
	status = cli_await_answer(client, r, &event);
	if (status == 0)
		status = print(options, &event);
	aaau_close(client);
	return status;
}
