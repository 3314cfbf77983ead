/* What the session writes to its record, and what it does when it cannot.
 *
 * Owns the writer. The file was opened by root and cannot be reopened from here. A line that does
 * not go into the file makes the record stalled: the PTY is not read, what was read goes to
 * nobody, input stays in the queue, and every 250 ms it is tried again. That timer is the only one
 * that ticks, and only then. Without memory for a line the session ends (session_fail): it may not
 * go on unrecorded.
 *
 * Content and metadata come from agents and people; audit/record.h makes them harmless.
 */
#include "session/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ipc/fds.h"
#include "session/client.h"
#include "session/session.h"
#include "util/clock.h"
#include "util/json-write.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* While stalled, lines of input typed meanwhile are kept, up to this; then nobody is read. */
#define MOST_STALLED_BYTES 524288

static const struct timeval retry_interval = {.tv_usec = 250000};

static void stall(struct session *session, int error)
{
	struct record *record = &session->record;

	if (record->stalled)
		return;
	record->stalled = true;
	session_log(session, "the record cannot be written: %s; the session stands still",
		    strerror(-error));
	output_pause(session);
	event_add(&record->retry, &retry_interval);
	clients_say_error(session, PROTOCOL_STALLED);
	clients_notice(session, NULL, "stall-begin", "the record cannot be written");
}

static void try_again(evutil_socket_t fd, short what, void *data)
{
	struct session *session = data;
	struct record *record = &session->record;

	(void)fd;
	(void)what;
	if (audit_writer_flush(&record->writer) < 0) {
		event_add(&record->retry, &retry_interval);
		return;
	}
	record->stalled = false;
	session_log(session, "the record can be written again");
	clients_notice(session, NULL, "stall-end", "the record can be written again");
	session_apply_size(session);
	input_release(session);
	output_release(session);
	session_client_gone(session); /* the last line may be all that the end waited for */
}

int record_init(struct session *session)
{
	struct record *record = &session->record;

	audit_writer_init(&record->writer, SESSION_FD_AUDIT);
	return evtimer_assign(&record->retry, session->base, try_again, session);
}

bool record_is_full(const struct session *session)
{
	return session->record.stalled &&
	       session->record.writer.pending.length > MOST_STALLED_BYTES;
}

static void put(struct session *session, struct audit_record *line)
{
	line->timestamp_us = clock_realtime_us();
	line->session_id = session->id;

	int r = audit_writer_put(&session->record.writer, line);
	if (r == -ENOMEM)
		session_fail(session, "a line of the record", r);
	if (r < 0)
		stall(session, r);
}

void record_output(struct session *session, const char *data, size_t n)
{
	struct audit_record line = {
		.source = AUDIT_AGENT,
		.user = session->launch.agent_user,
		.command_type = "output",
		.content = data,
		.content_length = n,
	};

	put(session, &line);
}

void record_input(const struct client *client, const char *data, size_t n, bool redacted)
{
	static const char instead[] = "[redacted]";
	char length[24];
	struct audit_pair metadata[] = {{"length", length}};
	struct audit_record line = {
		.source = AUDIT_HUMAN,
		.user = client->user,
		.command_type = "input",
		.content = data,
		.content_length = n,
	};

	if (redacted) {
		snprintf(length, sizeof length, "%zu", n);
		line.content = instead;
		line.content_length = sizeof instead - 1;
		line.metadata = metadata;
		line.pair_count = COUNT(metadata);
	}
	put(client->session, &line);
}

void record_reply(struct session *session, const char *data, size_t n)
{
	struct audit_record line = {
		.source = AUDIT_SYSTEM,
		.user = "system",
		.command_type = "reply",
		.content = data,
		.content_length = n,
	};

	put(session, &line);
}

/* An event that a client made. */
static void put_client(const struct client *client, const char *type, const char *content,
		       const struct audit_pair *metadata, size_t pair_count)
{
	struct audit_record line = {
		.source = AUDIT_HUMAN,
		.user = client->user,
		.command_type = type,
		.content = content,
		.content_length = strlen(content),
		.metadata = metadata,
		.pair_count = pair_count,
	};

	put(client->session, &line);
}

void record_attach(const struct client *client)
{
	char number[16], uid[16], pid[16];
	char version[8];
	struct audit_pair metadata[] = {
		{"client", number},
		{"uid", uid},
		{"pid", pid},
		{"level", client_level(client)},
		{"role", client_role(client)},
		{"protocol", version},
	};

	snprintf(number, sizeof number, "%" PRIu32, client->number);
	snprintf(uid, sizeof uid, "%u", (unsigned)client->uid);
	snprintf(pid, sizeof pid, "%d", (int)client->pid);
	snprintf(version, sizeof version, "%u", (unsigned)client->version);
	put_client(client, "attach", client_role(client), metadata, COUNT(metadata));
}

void record_detach(const struct client *client, const char *reason)
{
	char number[16], uid[16], missed[24], skipped[24];
	const struct session *session = client->session;
	struct audit_pair metadata[] = {
		{"client", number},
		{"uid", uid},
		{"role", client_role(client)},
		{"unsent_bytes", missed},
		{"skipped_bytes", skipped},
	};

	snprintf(number, sizeof number, "%" PRIu32, client->number);
	snprintf(uid, sizeof uid, "%u", (unsigned)client->uid);
	snprintf(missed, sizeof missed, "%" PRIu64, session->output.recorded - client->cursor);
	snprintf(skipped, sizeof skipped, "%" PRIu64, client->skipped);
	put_client(client, "detach", reason, metadata, COUNT(metadata));
}

void record_resize(const struct client *client, uint16_t rows, uint16_t columns)
{
	char size[16], number[16];
	struct audit_pair metadata[] = {{"client", number}};

	snprintf(size, sizeof size, "%ux%u", (unsigned)rows, (unsigned)columns);
	snprintf(number, sizeof number, "%" PRIu32, client->number);
	put_client(client, "resize", size, metadata, COUNT(metadata));
}

void record_denied(const struct client *client, const char *what, uint64_t count)
{
	char number[16], uid[16], times[24];
	struct audit_pair metadata[] = {
		{"client", number},
		{"uid", uid},
		{"level", client_level(client)},
		{"role", client_role(client)},
		{"count", times},
	};

	snprintf(number, sizeof number, "%" PRIu32, client->number);
	snprintf(uid, sizeof uid, "%u", (unsigned)client->uid);
	snprintf(times, sizeof times, "%" PRIu64, count);
	put_client(client, "denied", what, metadata, COUNT(metadata));
}

void record_control(struct session *session, const char *user, const char *what)
{
	struct audit_record line = {
		.source = user ? AUDIT_HUMAN : AUDIT_SYSTEM,
		.user = user ? user : "system",
		.command_type = "control",
		.content = what,
		.content_length = strlen(what),
	};

	put(session, &line);
}

static void put_system(struct session *session, const char *type, const char *content,
		       const struct audit_pair *metadata, size_t pair_count)
{
	struct audit_record line = {
		.source = AUDIT_SYSTEM,
		.user = "system",
		.command_type = type,
		.content = content,
		.content_length = strlen(content),
		.metadata = metadata,
		.pair_count = pair_count,
	};

	put(session, &line);
}

/* The arguments as JSON: the shell-quoted content is for people, this is exact. */
static void put_arguments(struct str *out, const struct launch_program *program)
{
	str_append_byte(out, '[');
	for (uint32_t i = 0; i < program->argument_count; i++) {
		if (i > 0)
			str_append_byte(out, ',');
		json_append_lossy_string(out, program->arguments[i], strlen(program->arguments[i]));
	}
	str_append_byte(out, ']');
}

void record_session_start(struct session *session)
{
	const struct launch *launch = &session->launch;
	cleanup_str struct str arguments = {0};
	char rows[8], columns[8], uid[16], pty[24];
	unsigned number = 0;
	struct audit_pair metadata[] = {
		{"creator", launch->creator},
		{"creator_uid", uid},
		{"agent_user", launch->agent_user},
		{"profile", launch->profile},
		{"name", launch->name[0] ? launch->name : NULL},
		{"program", launch->program.arguments[0]},
		{"arguments", NULL},
		{"login_shell",
		 launch->program.login_shell[0] ? launch->program.login_shell : NULL},
		{"pty", pty},
		{"rows", rows},
		{"columns", columns},
	};

	put_arguments(&arguments, &launch->program);
	if (str_error(&arguments) < 0)
		session_fail(session, "a line of the record", str_error(&arguments));
	metadata[6].value = arguments.data;
	snprintf(uid, sizeof uid, "%u", (unsigned)launch->creator_uid);
	snprintf(rows, sizeof rows, "%u", (unsigned)session->rows);
	snprintf(columns, sizeof columns, "%u", (unsigned)session->columns);
	/* In the agent's own devpts instance. */
	if (ioctl(SESSION_FD_PTY, TIOCGPTN, &number) < 0)
		pty[0] = '\0';
	else
		snprintf(pty, sizeof pty, "/dev/pts/%u", number);
	put_system(session, "session_start", session->command.data, metadata, COUNT(metadata));
}

void record_start_failed(struct session *session, const char *message)
{
	char status[16];
	struct audit_pair metadata[] = {
		{"reason", "exec-failed"}, {"error", message}, {"exit_status", status}};

	snprintf(status, sizeof status, "%d", session_exit_status(&session->end));
	put_system(session, "session_end", "exec-failed", metadata, COUNT(metadata));
}

static const char *reason_name(enum end_reason reason)
{
	switch (reason) {
	case END_EXITED: return "exited";
	case END_SIGNALED: return "signaled";
	case END_KILLED: return "killed";
	case END_SHUTDOWN: return "server-shutdown";
	case END_EXEC_FAILED: break;
	}
	return "exec-failed";
}

void record_session_end(struct session *session)
{
	const struct session_end *end = &session->end;
	uint64_t duration = clock_monotonic_us() - session->started_us;
	char status[16], signal[16], seconds[32], out[24], in[24], clients[24], dropped[24];
	char resyncs[24];
	struct audit_pair metadata[] = {
		{"reason", reason_name(end->reason)},
		{"exit_status", status},
		{"signal", end->signal ? signal : NULL},
		{"by", end->by},
		{"duration", seconds},
		{"output_bytes", out},
		{"input_bytes", in},
		{"clients", clients},
		{"clients_dropped", dropped},
		{"resyncs", resyncs},
	};

	snprintf(status, sizeof status, "%d", session_exit_status(end));
	snprintf(signal, sizeof signal, "%u", (unsigned)end->signal);
	snprintf(seconds, sizeof seconds, "%" PRIu64 ".%06" PRIu64, duration / 1000000,
		 duration % 1000000);
	snprintf(out, sizeof out, "%" PRIu64, session->output.ring.head);
	snprintf(in, sizeof in, "%" PRIu64, session->input.bytes);
	snprintf(clients, sizeof clients, "%" PRIu64, session->clients_total);
	snprintf(dropped, sizeof dropped, "%" PRIu64, session->clients_dropped);
	snprintf(resyncs, sizeof resyncs, "%" PRIu64, session->resyncs);
	put_system(session, "session_end", reason_name(end->reason), metadata, COUNT(metadata));
}
