/* The life of a session as the broker sees it.
 *
 *   STARTING    the monitor was asked. Who comes to join waits in the link's outbox, so that a start
 *               that fails can be answered; the creator's socket is kept for the same reason.
 *   RUNNING     STARTED or HELLO came
 *   LOST_LINK   the link broke and the session, if it still lives, listens: one connect decides
 *   (removed)   SPAWN_FAILED, ENDED, or nobody listens any more: session_lost
 *
 * Owns the order in which a session's things go: clients are answered, inquiries settled, the link
 * freed, the session forgotten. Trusts a session's word about itself. Nothing here fails towards
 * the caller: whoever waited is told.
 */
#include "broker/lifecycle.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/client.h"
#include "util/fd.h"
#include "util/json-write.h"

#define RECONNECTS_MAX 8 /* then the session is at fault */

static const char ended_remedy[] = "list the sessions with: aaau ls";

static void maybe_stop(struct broker *broker)
{
	if (broker->shutting_down && broker->registry.count == 0 &&
	    TAILQ_EMPTY(&broker->relearn.greeting))
		event_base_loopbreak(broker->base);
}

/* how: for those who ask later; NULL if the session never was. */
static void forget(struct broker *broker, struct session *session, const char *how,
		   enum protocol_error error, const char *message, const char *remedy)
{
	inquiry_take_end(broker, session);
	link_free(session->link, error, message, remedy);
	registry_remove(&broker->registry, session, how);
	listener_resume(broker);
	maybe_stop(broker);
}

static void record_session(struct broker *broker, const struct session *session, const char *type,
			   const char *content)
{
	const struct audit_pair pairs[] = {
		{"name", *session->name ? session->name : NULL},
		{"agent", session->profile},
		{"command", session->command},
	};

	record_put(&broker->record, &(struct record_event){
					    .type = type,
					    .user = session->creator,
					    .session_id = session->id_text,
					    .content = content,
					    .pairs = pairs,
					    .pair_count = 3,
				    });
}

int lifecycle_hello(struct link *link, const struct session_hello *hello)
{
	struct broker *broker = link->broker;
	struct session *session = link->session;

	if (!session) {
		struct session_facts facts = {
			.id = hello->id,
			.name = hello->name,
			.profile = hello->profile,
			.agent_user = hello->agent_user,
			.command = hello->command,
			.creator = hello->creator,
			.creator_uid = hello->creator_uid,
			.created_us = hello->created_us,
		};

		session = registry_add(&broker->registry, &facts);
		if (!session)
			return -ENOMEM;
		session->link = link;
		link->session = session;
	}
	session->state = SESSION_RUNNING;
	link->greeted = true;
	TAILQ_REMOVE(&broker->relearn.greeting, link, entry);
	if (broker->shutting_down)
		lifecycle_order_shutdown(session);
	outbox_release(&link->outbox);
	relearn_progress(broker);
	return 0;
}

void lifecycle_started(struct broker *broker, struct session *session)
{
	cleanup_str struct str line = {0};

	(void)broker;
	session->state = SESSION_RUNNING;
	outbox_release(&session->link->outbox);
	if (!session->detached) {
		/* The session answers its creator itself. */
		session->creator_waits.fd = fd_close(session->creator_waits.fd);
		return;
	}
	str_append_byte(&line, '{');
	json_append_bool_member(&line, "ok", true);
	json_append_text_member(&line, "session", session->id_text);
	json_append_text_member(&line, "name", session->name);
	str_append_text(&line, "}\n");
	answer_waiter(&session->creator_waits, &line);
}

static void fail_start(struct broker *broker, struct session *session, enum protocol_error error,
		       const char *message, const char *remedy)
{
	record_session(broker, session, "start_failed", message);
	answer_waiter_error(&session->creator_waits, error, message, remedy);
	forget(broker, session, "could not be started", error, message, remedy);
}

void lifecycle_start_failed(struct broker *broker, struct session *session, const char *message,
			    const char *remedy)
{
	fail_start(broker, session, PROTOCOL_START_FAILED, message, remedy);
}

/* What failed, for people, and what to do about it. */
static const char *explain_step(const struct session_spawn_failed *failed, const char **ret_remedy)
{
	int error = failed->error;

	*ret_remedy = NULL; /* the table's: the server's log, doctor */
	switch ((enum spawn_step)failed->step) {
	case SPAWN_STEP_CGROUP:
		*ret_remedy = "sudo aaau-server doctor checks the server's cgroup";
		return "its cgroup could not be made";
	case SPAWN_STEP_PTY:
		if (error == ENOSPC)
			*ret_remedy = "no PTY is left: end sessions, or raise kernel.pty.max";
		return "its terminal could not be opened";
	case SPAWN_STEP_RECORD:
		if (error == ENOSPC || error == EDQUOT)
			*ret_remedy = "the disk is full: make room in the log directory";
		else if (error == ENOENT)
			*ret_remedy =
				"the log directory is missing: sudo aaau-server init, then restart the server";
		else if (error == EROFS)
			*ret_remedy = "the log directory is on a read-only file system";
		return "its record could not be created";
	case SPAWN_STEP_FORK:
		if (error == EAGAIN || error == ENOMEM)
			*ret_remedy =
				"the machine is out of processes or memory: end sessions, then try again";
		return "its processes could not be made";
	case SPAWN_STEP_MOUNTS: return "its mounts could not be made";
	case SPAWN_STEP_IDENTITY: return "its process could not become the service user";
	case SPAWN_STEP_EXEC: return "aaau-session could not be executed";
	}
	return "it could not be started";
}

void lifecycle_spawn_failed(struct broker *broker, struct session *session,
			    const struct session_spawn_failed *failed)
{
	cleanup_str struct str message = {0};
	const char *remedy;

	str_append_format(&message, "the session could not be started: %s",
			  explain_step(failed, &remedy));
	if (failed->error > 0)
		str_append_format(&message, ": %s", strerror(failed->error));
	fail_start(broker, session, PROTOCOL_START_FAILED, message.data, remedy);
}

static enum protocol_error exec_error(uint8_t exit_code)
{
	switch (exit_code) {
	case 127: return PROTOCOL_NOT_FOUND;
	case 126: return PROTOCOL_NOT_EXECUTABLE;
	default: return PROTOCOL_START_FAILED;
	}
}

static void describe_end(const struct session_ended *ended, struct str *out)
{
	switch ((enum end_reason)ended->reason) {
	case END_EXITED: str_append_format(out, "exited with status %u", ended->exit_code); return;
	case END_SIGNALED: str_append_format(out, "ended by signal %u", ended->signal); return;
	case END_KILLED: str_append_format(out, "killed by %s", ended->by); return;
	case END_SHUTDOWN: str_append_text(out, "ended with the server"); return;
	case END_EXEC_FAILED: break;
	}
	str_append_text(out, "could not be started");
}

void lifecycle_ended(struct broker *broker, struct session *session,
		     const struct session_ended *ended)
{
	cleanup_str struct str how = {0};
	cleanup_str struct str message = {0};

	describe_end(ended, &how);
	str_append_format(&message, "session %s %s", session->id_text, how.data);
	if (session->detached && ended->reason == END_EXEC_FAILED)
		answer_waiter_error(&session->creator_waits, exec_error(ended->exit_code),
				    *ended->by ? ended->by : NULL, NULL);
	else if (session->detached)
		answer_waiter_error(&session->creator_waits, PROTOCOL_START_FAILED, message.data,
				    NULL);
	else /* the session has answered it */
		session->creator_waits.fd = fd_close(session->creator_waits.fd);
	forget(broker, session, how.data, PROTOCOL_NO_SESSION, message.data, ended_remedy);
}

static void lose(struct broker *broker, struct session *session, const char *why)
{
	static const char message[] = "the session was lost: its process ended unexpectedly";

	record_session(broker, session, "session_lost", why);
	forget(broker, session, "was lost: its process ended unexpectedly", PROTOCOL_NO_SESSION,
	       message, ended_remedy);
}

void lifecycle_link_ended(struct link *link, bool malformed)
{
	struct broker *broker = link->broker;
	struct session *session = link->session;
	bool greeted = link->greeted;
	int error;

	if (!greeted)
		TAILQ_REMOVE(&broker->relearn.greeting, link, entry);
	if (session && session->state == SESSION_STARTING) {
		lifecycle_start_failed(
			broker, session,
			"the session process ended before it started; see server's log", NULL);
		return;
	}
	link_free(link, PROTOCOL_BUSY, "the session's link broke", NULL);
	if (!session) {
		relearn_disappointed(broker);
		maybe_stop(broker);
		return;
	}
	if (!greeted) {
		lose(broker, session, "it did not present itself again");
		return;
	}
	session->state = SESSION_LOST_LINK;
	if (session->reconnects++ == RECONNECTS_MAX) {
		lose(broker, session, "its link breaks again and again");
		return;
	}
	error = relearn_connect(broker, &session->id, session);
	if (error == -ECONNREFUSED || error == -ENOENT)
		lose(broker, session, "its process is gone");
	else if (error)
		lose(broker, session, strerror(-error));
	else if (malformed)
		record_session(broker, session, "link_malformed",
			       "a malformed message; connected again");
}

void lifecycle_order_shutdown(struct session *session)
{
	cleanup_str struct str message = {0};
	struct session_order order = {.uid = 0, .user = "root", .everyone = true};

	session_msg_put_order(&message, SESSION_MSG_SHUTDOWN, &order);
	(void)outbox_put(&session->link->outbox, &message, &(struct outbox_cargo){0});
}

void lifecycle_shut_down(struct broker *broker)
{
	struct session *session;
	char count[16];
	const struct audit_pair pairs[] = {
		{"sessions", count},
		{"socket", broker->config->socket_path},
	};

	if (broker->shutting_down)
		return;
	broker->shutting_down = true;
	snprintf(count, sizeof(count), "%u", broker->registry.count);
	record_put(&broker->record, &(struct record_event){
					    .type = "server_stop",
					    .content = "the server stops and ends its sessions",
					    .pairs = pairs,
					    .pair_count = 2,
				    });
	client_shut_out_all(broker);
	TAILQ_FOREACH (session, &broker->registry.sessions, entry)
		if (session->link && session->link->greeted)
			lifecycle_order_shutdown(session);
	maybe_stop(broker);
}
