/* `aaau ls`: the sessions, aligned for people or as JSON for programs. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/say.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "util/clock.h"
#include "util/io.h"

#define SHORT_ID 8

static const char *const header[] = {"ID",   "NAME",    "AGENT", "USER",  "CREATOR", "AGE",
				     "IDLE", "CLIENTS", "SIZE",  "STATE", "COMMAND"};
#define COLUMNS (sizeof(header) / sizeof(header[0]))

static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(const struct aaau_session *const *)a)->id,
		      (*(const struct aaau_session *const *)b)->id);
}

static unsigned common_prefix(const char *a, const char *b)
{
	unsigned n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

/* How many characters of every id are needed to tell them all apart. */
static int id_length(const struct aaau_session *sessions, size_t count, unsigned *ret)
{
	const struct aaau_session **sorted = calloc(count, sizeof(const struct aaau_session *));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &sessions[i];
	qsort(sorted, count, sizeof(const struct aaau_session *), compare_ids);
	*ret = SHORT_ID;
	for (size_t i = 1; i < count; i++) {
		unsigned same = common_prefix(sorted[i - 1]->id, sorted[i]->id);
		if (same >= *ret)
			*ret = same + 1;
	}
	free(sorted);
	return 0;
}

static void put_or_dash(struct str *out, const char *text)
{
	say_printable(out, *text ? text : "-");
}

static void put_age(struct str *out, double created)
{
	double age = (double)clock_realtime_us() / 1e6 - created;

	table_put_duration(out, age > 0 && age < 1e15 ? (uint64_t)age : 0);
}

/* One cell after the other, each ended by a NUL. */
static void put_cells(struct str *out, const struct aaau_session *session, unsigned id_length)
{
	size_t start = out->length;

	say_printable(out, session->id);
	if (out->length > start + id_length)
		out->length = start + id_length;
	str_append_byte(out, '\0');
	put_or_dash(out, session->name);
	str_append_byte(out, '\0');
	put_or_dash(out, session->agent);
	str_append_byte(out, '\0');
	put_or_dash(out, session->user);
	str_append_byte(out, '\0');
	put_or_dash(out, session->creator);
	str_append_byte(out, '\0');
	put_age(out, session->created);
	str_append_byte(out, '\0');
	table_put_duration(out, session->idle_ms / 1000);
	str_append_byte(out, '\0');
	str_append_u64(out, session->operators);
	if (session->observers)
		str_append_format(out, "+%" PRIu64 "r", session->observers);
	str_append_byte(out, '\0');
	str_append_format(out, "%ux%u", session->rows, session->columns);
	str_append_byte(out, '\0');
	put_or_dash(out, session->state);
	str_append_byte(out, '\0');
	put_or_dash(out, session->command);
	str_append_byte(out, '\0');
}

/* 0, or a negative errno. */
static int put_table(struct str *out, const struct aaau_session *sessions, size_t count)
{
	cleanup_str struct str text = {0};
	uint16_t lines, width = 0;
	unsigned length;

	int r = id_length(sessions, count, &length);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < COLUMNS; i++)
		str_append(&text, header[i], strlen(header[i]) + 1);
	for (size_t i = 0; i < count; i++)
		put_cells(&text, &sessions[i], length);
	const char **cells = calloc((count + 1) * COLUMNS, sizeof(const char *));
	if (!cells || str_error(&text)) {
		free(cells);
		return -ENOMEM;
	}
	const char *at = text.data;
	for (size_t i = 0; i < (count + 1) * COLUMNS; i++, at += strlen(at) + 1)
		cells[i] = at;

	if (isatty(STDOUT_FILENO))
		terminal_size(&lines, &width);
	table_put(out, cells, (unsigned)count + 1, COLUMNS, width);
	free(cells);
	return str_error(out);
}

static int print(const struct cli_options *options, const struct aaau_event *event)
{
	cleanup_str struct str out = {0};
	int r = 0;

	if (options->json) {
		str_append_text(&out, event->as.answer.json);
		str_append_byte(&out, '\n');
		r = str_error(&out);
	} else if (event->as.answer.count) {
		r = put_table(&out, event->as.answer.sessions, event->as.answer.count);
	} else if (!options->quiet) {
		say("no sessions");
	}
	if (r == 0 && out.length)
		r = io_write_all(STDOUT_FILENO, out.data, out.length);
	if (r == 0)
		return 0;
	say("cannot print the sessions: %s", strerror(-r));
	return CLI_EXIT_LOST;
}

int cmd_ls(const struct cli_options *options)
{
	struct aaau_event event;
	struct aaau_client *client = cli_connect(options);

	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int status = cli_await_answer(client, aaau_request_list(client), &event);
	if (status == 0)
		status = print(options, &event);
	aaau_close(client);
	return status;
}
