/* The operations but "new" (create.c), "freeze" and "thaw" (freeze.c).
 *
 * Each takes the client and answers it, at once or when the sessions have (inquiry.c). Who may do
 * what is decided here by level and creator, and what is refused is recorded; what a session does
 * for a user is recorded by the session. Trusts the parsed request's types, and none of its words.
 */
#include "broker/requests.h"

#include <inttypes.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "broker/lifecycle.h"
#include "broker/names.h"
#include "protocol/session-object.h"
#include "util/clock.h"
#include "util/json-write.h"
#include "util/shell-words.h"

#define QUERY_SECONDS 1
#define ORDER_SECONDS 2

/* ---- finding sessions ---- */

static void no_session(struct client *client, const char *wanted)
{
	const struct ended_session *ended = registry_find_ended(&client->broker->registry, wanted);
	cleanup_str struct str message = {0};

	if (ended) {
		uint64_t ago = (clock_realtime_us() - ended->ended_us) / 1000000;

		str_append_format(&message, "session %s", ended->id_text);
		if (*ended->name)
			str_append_format(&message, " (%s)", ended->name);
		str_append_format(&message, " %s, %" PRIu64 " s ago",
				  ended->how ? ended->how : "ended", ago);
	} else {
		str_append_text(&message, "there is no session ");
		shell_words_quote(&message, wanted);
	}
	client_error(client, PROTOCOL_NO_SESSION, message.data, NULL);
}

/* The session, or NULL: the client was told, and is gone. */
static struct session *find(struct client *client, const char *wanted)
{
	const struct registry *registry = &client->broker->registry;
	cleanup_str struct str message = {0};
	struct session *session;

	switch (registry_find(registry, wanted, &session)) {
	case REGISTRY_ONE: return session;
	case REGISTRY_NONE: no_session(client, wanted); return NULL;
	case REGISTRY_MANY: break;
	}
	str_append_text(&message, "more than one session's id begins with ");
	shell_words_quote(&message, wanted);
	str_append_text(&message, ": ");
	registry_put_candidates(registry, wanted, &message);
	client_error(client, PROTOCOL_AMBIGUOUS, message.data, NULL);
	return NULL;
}

/* ---- attach ---- */

void requests_put_attach(const struct client *client, const struct request *request, bool creator,
			 struct str *out)
{
	struct session_attach attach = {
		.client = client->number,
		.protocol = (uint8_t)client->version,
		.level = (uint8_t)client->level,
		.observer = request->observer || client->level == LEVEL_READ_ONLY,
		.creator = creator,
		.uid = client->uid,
		.pid = client->pid,
		.user = names_of_uid(client->uid),
		.rows = request->rows,
		.columns = request->columns,
		.features = request->features,
		.early = client->early.length ? client->early.data : "",
		.early_length = client->early.length,
	};

	session_msg_put_attach(out, &attach);
}

static void attach_to(struct client *client, const struct request *request, struct session *session)
{
	cleanup_str struct str message = {0};
	struct outbox_cargo cargo = {.fd_count = 1, .version = client->version};

	if (!session->link) {
		client_error(client, PROTOCOL_BUSY, NULL, NULL);
		return;
	}
	requests_put_attach(client, request, false, &message);
	cargo.fds[0] = client_steal_fd(client);
	/* A failure is told to the client by the outbox. */
	(void)outbox_put(&session->link->outbox, &message, &cargo);
}

/* ---- questions to all ---- */

static void ask_status(struct inquiry *inquiry, struct session *session)
{
	cleanup_str struct str message = {0};
	struct session_query query;

	if (session->state == SESSION_STARTING || !session->link) {
		inquiry_mention(inquiry, session);
		return;
	}
	query.tag = inquiry_expect(inquiry, session);
	session_msg_put_query(&message, &query);
	/* What cannot be asked does not answer. */
	(void)outbox_put(&session->link->outbox, &message, &(struct outbox_cargo){0});
}

static void ask_all(struct client *client, inquiry_done *done)
{
	struct broker *broker = client->broker;
	struct inquiry *inquiry = inquiry_new(client, broker->registry.count, done);
	struct session *session;

	if (!inquiry)
		return;
	TAILQ_FOREACH (session, &broker->registry.sessions, entry)
		ask_status(inquiry, session);
	inquiry_wait(inquiry, QUERY_SECONDS);
}

/* One's own before others': nobody comes to sit at an agent that somebody left there as a bait.
 * Who only watches disturbs nobody, so that others may be in it. */
static void on_newest(struct inquiry *inquiry, struct client *client)
{
	const bool watches = client->attach.observer || client->level == LEVEL_READ_ONLY;
	struct session *newest = NULL, *own = NULL;

	for (unsigned i = 0; i < inquiry->count; i++) {
		const struct inquiry_slot *slot = &inquiry->slots[i];

		/* The registry is in the order of creation. */
		if (slot->state != INQUIRY_ANSWERED || !slot->status.agent_alive ||
		    (!watches && slot->status.operators + slot->status.observers > 0))
			continue;
		newest = slot->session;
		if (newest->creator_uid == client->uid)
			own = newest;
	}
	if (own)
		newest = own;
	if (newest)
		attach_to(client, &client->attach, newest);
	else
		client_error(client, PROTOCOL_NO_SESSION,
			     watches ? "there is no session to watch"
				     : "there is no session that nobody is in",
			     "name one; list the sessions with: aaau ls");
}

static void put_session(struct str *out, const struct inquiry_slot *slot)
{
	static const struct session_status unknown = {.state = "unresponsive"};
	static const struct session_status starting = {.state = "starting"};
	const struct session *session = slot->session;
	const struct session_status *status = &unknown;

	if (slot->state == INQUIRY_ANSWERED)
		status = &slot->status;
	else if (session->state == SESSION_STARTING)
		status = &starting;

	protocol_put_session(out,
			     &(struct session_object){
				     .id = session->id_text,
				     .name = session->name,
				     .agent = session->profile,
				     .user = session->agent_user,
				     .creator = session->creator,
				     .command = session->command,
				     .state = status->state,
				     .created_us = session->created_us,
				     .idle_us = status->idle_us,
				     .operators = status->operators,
				     .observers = status->observers,
				     .rows = status->rows,
				     .columns = status->columns,
				     .output_bytes = status->output_bytes,
				     .input_bytes = status->input_bytes,
			     },
			     0);
}

static void on_list(struct inquiry *inquiry, struct client *client)
{
	struct str line = {0};
	bool first = true;

	str_append_text(&line, "{\"ok\":true,\"sessions\":[");
	for (unsigned i = 0; i < inquiry->count; i++) {
		if (inquiry->slots[i].state == INQUIRY_ENDED)
			continue;
		if (!first)
			str_append_byte(&line, ',');
		first = false;
		put_session(&line, &inquiry->slots[i]);
	}
	str_append_text(&line, "]}\n");
	client_answer(client, &line);
}

/* ---- questions and orders to one ---- */

static void on_status(struct inquiry *inquiry, struct client *client)
{
	struct str line = {0};

	if (inquiry->slots[0].state == INQUIRY_ENDED) {
		client_error(client, PROTOCOL_NO_SESSION, "the session has just ended", NULL);
		return;
	}
	str_append_text(&line, "{\"ok\":true,\"session\":");
	put_session(&line, &inquiry->slots[0]);
	str_append_text(&line, "}\n");
	client_answer(client, &line);
}

static void do_status(struct client *client, struct session *session)
{
	struct inquiry *inquiry = inquiry_new(client, 1, on_status);

	if (!inquiry)
		return;
	ask_status(inquiry, session);
	inquiry_wait(inquiry, QUERY_SECONDS);
}

void requests_begin_answer(struct str *line)
{
	str_append_byte(line, '{');
	json_append_bool_member(line, "ok", true);
}

static void begin_answer(struct str *line, const char *session_id)
{
	requests_begin_answer(line);
	json_append_text_member(line, "session", session_id);
}

static void force_kill(struct client *client, const struct session *session, struct str *line)
{
	struct broker *broker = client->broker;

	record_put(&broker->record, &(struct record_event){
					    .type = "control",
					    .user = names_of_uid(client->uid),
					    .session_id = session->id_text,
					    .content = "kill: the session did not answer, "
						       "the monitor kills its agent",
				    });
	(void)monitor_kill(broker, &session->id);
	json_append_bool_member(line, "forced", true);
	json_append_text_member(line, "message",
				"the session did not answer; the server kills its agent");
}

static void on_killed(struct inquiry *inquiry, struct client *client)
{
	const struct inquiry_slot *slot = &inquiry->slots[0];
	struct str line = {0};

	begin_answer(&line, client->target);
	if (slot->state == INQUIRY_UNANSWERED)
		force_kill(client, slot->session, &line);
	str_append_text(&line, "}\n");
	client_answer(client, &line);
}

static void on_detached(struct inquiry *inquiry, struct client *client)
{
	const struct inquiry_slot *slot = &inquiry->slots[0];
	struct str line = {0};

	if (slot->state == INQUIRY_UNANSWERED) {
		client_error(client, PROTOCOL_BUSY, NULL, NULL);
		return;
	}
	begin_answer(&line, client->target);
	json_append_u64_member(&line, "detached", slot->count);
	str_append_text(&line, "}\n");
	client_answer(client, &line);
}

void requests_order(struct inquiry *inquiry, struct session *session, enum session_msg_type type,
		    bool everyone)
{
	const struct client *client = inquiry->client;
	cleanup_str struct str message = {0};
	struct session_order order = {
		.tag = inquiry_expect(inquiry, session),
		.uid = client->uid,
		.user = names_of_uid(client->uid),
		.everyone = everyone,
	};

	session_msg_put_order(&message, type, &order);
	/* What cannot be asked does not answer. */
	if (session->link)
		(void)outbox_put(&session->link->outbox, &message, &(struct outbox_cargo){0});
}

static void order(struct client *client, struct session *session, enum session_msg_type type,
		  bool everyone, inquiry_done *done)
{
	struct inquiry *inquiry = inquiry_new(client, 1, done);

	if (!inquiry)
		return;
	uuid_format(&session->id, client->target);
	requests_order(inquiry, session, type, everyone);
	inquiry_wait(inquiry, ORDER_SECONDS);
}

static void do_kill(struct client *client, struct session *session)
{
	if (client->level != LEVEL_ADMIN && client->uid != session->creator_uid) {
		client_deny(client, PROTOCOL_PERMISSION, protocol_error_code(PROTOCOL_PERMISSION),
			    "only its creator and administrators may kill a session", NULL);
		return;
	}
	order(client, session, SESSION_MSG_KILL, true, on_killed);
}

static void do_detach(struct client *client, struct session *session, bool everyone)
{
	if (everyone && client->level != LEVEL_ADMIN) {
		client_deny(client, PROTOCOL_PERMISSION, protocol_error_code(PROTOCOL_PERMISSION),
			    "only administrators may detach everyone", NULL);
		return;
	}
	order(client, session, SESSION_MSG_DETACH, everyone, on_detached);
}

void requests_handle(struct client *client, const struct request *request)
{
	struct session *session = NULL;

	if (request->session) {
		session = find(client, request->session);
		if (!session)
			return;
	}
	switch (request->op) {
	case REQUEST_NEW: requests_new(client, request); return;
	case REQUEST_LIST: ask_all(client, on_list); return;
	case REQUEST_ATTACH:
		if (session) {
			attach_to(client, request, session);
		} else {
			client->attach = (struct request){
				.rows = request->rows,
				.columns = request->columns,
				.observer = request->observer,
				.features = request->features,
			};
			ask_all(client, on_newest);
		}
		return;
	case REQUEST_STATUS: do_status(client, session); return;
	case REQUEST_KILL: do_kill(client, session); return;
	case REQUEST_DETACH: do_detach(client, session, request->everyone); return;
	case REQUEST_FREEZE:
	case REQUEST_THAW: requests_freeze(client, request, session); return;
	}
}
