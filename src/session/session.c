/* The life of a session: the phases of session.h, and what is done between two of them.
 *
 * Owns the event loop and the struct. The agent's bytes, the clients' bytes and the broker's orders
 * come in through the other modules; this one only decides what follows. A failure without which
 * the session cannot be honest (its record, its clean-up) ends the process, and the monitor kills
 * the agent; everything else fails one client or the link.
 *
 * At the start, what the client waits for comes first: the answer goes out as soon as the agent is
 * execed, then the record's first lines, the socket for later brokers, the filter; all of that
 * before the first byte of a client or of the agent is looked at.
 */
#include "session/session.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "session/client.h"
#include "session/sandbox.h"
#include "util/clock.h"
#include "util/io.h"
#include "util/shell-words.h"
#include "util/start-up.h"

/* A process in uninterruptible sleep survives the kill for as long as that lasts. */
static const struct timeval longest_killing = {.tv_sec = 10};
static const struct timeval longest_flushing = {.tv_sec = 5};

void session_log(const struct session *session, const char *format, ...)
{
	cleanup_str struct str line = {0};
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	str_append_format(&line, "aaau-session: %s: %s\n", session->id, text);
	if (str_error(&line) == 0)
		io_write_line(STDERR_FILENO, line.data, line.length);
}

_Noreturn void session_fail(const struct session *session, const char *what, int error)
{
	session_log(session, "%s: %s", what, strerror(-error));
	_exit(EXIT_FAILURE);
}

int session_exit_status(const struct session_end *end)
{
	return end->signal ? 128 + end->signal : end->exit_code;
}

void session_get_status(const struct session *session, struct session_status *ret)
{
	const char *state = "running";

	/* That somebody stopped the agent matters more than that its record is behind. */
	if (session->freeze.ordered)
		state = session->freeze.frozen ? "frozen" : "freezing";
	else if (session->record.stalled)
		state = "stalled";
	else if (session->phase > PHASE_RUNNING)
		state = "ending";
	*ret = (struct session_status){
		.rows = session->rows,
		.columns = session->columns,
		.operators = session->operators,
		.observers = session->observers,
		.idle_us = clock_monotonic_us() - session->activity_us,
		.output_bytes = session->output.ring.head,
		.input_bytes = session->input.bytes,
		.agent_alive = session->agent.alive,
		.state = state,
	};
}

/* --- the terminal's size --- */

void session_apply_size(struct session *session)
{
	struct winsize size = {.ws_row = session->rows, .ws_col = session->columns};

	if (ioctl(SESSION_FD_PTY, TIOCSWINSZ, &size) < 0)
		session_log(session, "TIOCSWINSZ: %s", strerror(errno));
}

void session_resize(struct session *session, const struct client *client, uint16_t rows,
		    uint16_t columns)
{
	if (rows == session->rows && columns == session->columns)
		return;
	screen_resize(session, rows, columns);
	session->rows = rows;
	session->columns = columns;
	record_resize(client, rows, columns);
	if (!session->record.stalled)
		session_apply_size(session);
}

/* --- the start --- */

void session_started(struct session *session)
{
	struct client *client;
	int r;

	/* The creator's connection was sent before the session was asked for. */
	link_receive_pending(session);
	TAILQ_FOREACH (client, &session->clients, entry)
		client_answer(client);
	session->phase = PHASE_RUNNING;
	record_session_start(session);
	link_send_started(session);
	r = link_listen(session);
	if (r < 0)
		session_fail(session, "the socket for later brokers", r);
	r = session_lock_in();
	if (r < 0)
		session_fail(session, "the system call filter", r);
	r = agent_watch_exit(session);
	if (r < 0)
		session_fail(session, "the agent's exit", r);
	TAILQ_FOREACH (client, &session->clients, entry)
		client_start(client);
	output_resume(session);
}

static const char *step_name(uint32_t step)
{
	switch (step) {
	case EXEC_STEP_RECORD: return "the launch record";
	case EXEC_STEP_TERMINAL: return "the terminal";
	case EXEC_STEP_IDENTITY: return "the agent's identity";
	case EXEC_STEP_HOME: return "the agent's home";
	default: return "the start";
	}
}

static enum protocol_error explain_failure(const struct session *session,
					   const struct exec_failure *failure, struct str *out)
{
	const struct launch_program *program = &session->launch.program;
	const char *name = program->login_shell[0] ? program->login_shell : program->arguments[0];

	if (failure->step == EXEC_STEP_FIND && failure->error == ENOENT) {
		str_append_format(out, "%s: not found", name);
		if (!strchr(name, '/'))
			str_append_format(out, " in %s", program->path);
		return PROTOCOL_NOT_FOUND;
	}
	if (failure->step == EXEC_STEP_FIND || failure->step == EXEC_STEP_EXEC) {
		str_append_format(out, "%s: cannot be executed: %s", name,
				  strerror(failure->error));
		if (!strchr(name, '/'))
			str_append_format(out, " (searched in %s)", program->path);
		return PROTOCOL_NOT_EXECUTABLE;
	}
	str_append_format(out, "%s: %s", step_name(failure->step), strerror(failure->error));
	return PROTOCOL_START_FAILED;
}

void session_start_failed(struct session *session, const struct exec_failure *failure)
{
	cleanup_str struct str message = {0};
	enum protocol_error error = explain_failure(session, failure, &message);
	struct client *client;

	link_receive_pending(session);
	session->end.reason = END_EXEC_FAILED;
	session->end.exit_code = (uint8_t)protocol_error_exit_status(error);
	TAILQ_FOREACH (client, &session->clients, entry)
		client_refuse(client, error, message.data);
	record_session_start(session);
	record_start_failed(session, message.data);
	link_send_ended(session, message.data);
	session->phase = PHASE_OVER;
}

/* --- the end --- */

void session_order_end(struct session *session, enum end_reason reason, const char *user)
{
	if (session->end.reason != 0 || session->phase > PHASE_RUNNING)
		return;
	session->end.reason = reason;
	session->end.by = user ? strdup(user) : NULL;
	record_control(session, user, reason == END_KILLED ? "kill" : "shutdown");
	agent_kill(session);
}

void session_agent_exited(struct session *session, int wait_status)
{
	struct session_end *end = &session->end;
	bool ordered = end->reason != 0;

	if (WIFSIGNALED(wait_status)) {
		end->signal = (uint8_t)WTERMSIG(wait_status);
		if (!ordered || end->signal != SIGKILL)
			end->reason = END_SIGNALED;
	} else {
		end->exit_code = (uint8_t)WEXITSTATUS(wait_status);
		end->reason = END_EXITED;
	}
	if (end->reason != END_KILLED) {
		free(end->by);
		end->by = NULL;
	}
	session->phase = PHASE_KILLING;
	freeze_agent_exited(session);
	event_add(&session->deadline, &longest_killing);
	agent_clean_up(session);
}

void session_agent_gone(struct session *session)
{
	if (session->phase != PHASE_KILLING)
		return;
	event_del(&session->deadline);
	session->phase = PHASE_DRAINING;
	input_discard(session);
	output_resume(session);
}

static void detach_all(struct session *session)
{
	struct client *client;

	TAILQ_FOREACH (client, &session->clients, entry)
		if (!client->gone && client->answered)
			client_record_end(client, "session-end");
}

/* The broker hears of the end before the clients do: one who then asks the broker for a session of
 * the same name finds the name free. */
void session_drained(struct session *session)
{
	struct client *client;

	if (session->phase != PHASE_DRAINING)
		return;
	session->phase = PHASE_FLUSHING;
	detach_all(session);
	record_session_end(session);
	link_send_ended(session, session->end.by ? session->end.by : "");
	event_add(&session->deadline, &longest_flushing);
	input_discard(session);
	TAILQ_FOREACH (client, &session->clients, entry)
		client_end(client);
	session_client_gone(session);
}

void session_client_gone(struct session *session)
{
	struct client *client;

	output_progress(session);
	if (session->phase != PHASE_FLUSHING)
		return;
	TAILQ_FOREACH (client, &session->clients, entry)
		if (!client->gone)
			return;
	if (!session->record.stalled)
		session->phase = PHASE_OVER;
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
	struct session *session = data;
	struct client *client;

	(void)fd;
	(void)what;
	if (session->phase == PHASE_KILLING) {
		session_log(session, "something of the agent cannot be killed; ending without it");
		session_agent_gone(session);
		return;
	}
	TAILQ_FOREACH (client, &session->clients, entry) {
		struct farewell farewell = {
			.reason = FAREWELL_SESSION,
			.missed_bytes = client_unsent(client),
		};
		client_cut(client, &farewell, "session-end");
	}
}

/* --- the loop --- */

static void on_terminate(evutil_socket_t signal, short what, void *data)
{
	(void)signal;
	(void)what;
	session_order_end(data, END_SHUTDOWN, NULL);
}

static void reap(struct session *session)
{
	struct client *client = TAILQ_FIRST(&session->clients);

	session->reap = false;
	while (client) {
		struct client *next = TAILQ_NEXT(client, entry);

		if (client->gone) {
			TAILQ_REMOVE(&session->clients, client, entry);
			client_free(client);
		}
		client = next;
	}
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config &&
	    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		base = event_base_new_with_config(config);
	event_config_free(config);
	if (base)
		event_base_priority_init(base, SESSION_PRIORITIES);
	return base;
}

static int quote_command(struct session *session)
{
	shell_words_quote_command(&session->command, session->launch.program.arguments);
	return str_error(&session->command);
}

int session_init(struct session *session, struct launch *launch)
{
	static struct event terminate;
	int r;

	*session = (struct session){.launch = *launch};
	*launch = (struct launch){0};
	uuid_format(&session->launch.id, session->id);
	session->rows = session->launch.rows;
	session->columns = session->launch.columns;
	session->started_us = session->activity_us = clock_monotonic_us();
	TAILQ_INIT(&session->clients);
	cgroup_init(session);
	freeze_init(session);
	session->base = new_base();
	if (!session->base)
		return -ENOMEM;
	if ((r = quote_command(session)) < 0 || (r = agent_init(session)) < 0 ||
	    (r = link_init(session)) < 0 || (r = record_init(session)) < 0 ||
	    (r = output_init(session)) < 0 || (r = screen_init(session)) < 0 ||
	    (r = input_init(session)) < 0)
		return r;
	if (evtimer_assign(&session->deadline, session->base, on_deadline, session) < 0 ||
	    evsignal_assign(&terminate, session->base, SIGTERM, on_terminate, session) < 0 ||
	    event_add(&terminate, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int session_run(struct session *session)
{
	bool settled = false;

	while (session->phase != PHASE_OVER) {
		if (event_base_loop(session->base, EVLOOP_ONCE) < 0)
			session_fail(session, "the event loop", -EIO);
		if (session->reap)
			reap(session);
		if (!settled && session->output.recorded > 0) {
			/* Nobody waits for the start any more. */
			start_up_forget();
			settled = true;
		}
	}
	link_receive_pending(session); /* refuses those who came too late */
	return EXIT_SUCCESS;
}
