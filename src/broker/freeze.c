/* "freeze" and "thaw", of one session or of many at once.
 *
 * Who may freeze a session may thaw it: its creator, and an administrator. The orders to many go out
 * all together, each session asks the kernel for itself, and the answer waits for the last of them;
 * one that cannot stand still, or does not answer, costs the client the deadline and is named.
 * Trusts a session's word about itself. Nothing of this is remembered here: whether a session is
 * frozen, the session knows, and the next broker asks it.
 */
#include <inttypes.h>

#include "broker/broker.h"
#include "broker/requests.h"
#include "util/json-write.h"

#define FREEZE_SECONDS 3 /* a session says itself after 2 that the kernel is not done */

static bool may(const struct client *client, const struct session *session)
{
	return client->level == LEVEL_ADMIN || client->uid == session->creator_uid;
}

/* ---- one ---- */

static void refuse(struct client *client, bool freeze, enum order_outcome outcome)
{
	switch (outcome) {
	case ORDER_NOT_YET:
		if (freeze)
			client_error(client, PROTOCOL_NOT_FROZEN, NULL, NULL);
		else
			client_error(client, PROTOCOL_BUSY, "the session is not thawed yet", NULL);
		return;
	case ORDER_OVERTAKEN:
		client_error(client, PROTOCOL_BUSY,
			     freeze ? "somebody thawed the session before it stood still"
				    : "somebody froze the session before it went on",
			     "ask whoever it was; the session's record names them");
		return;
	case ORDER_ENDING:
		client_error(client, PROTOCOL_NO_SESSION, "the session is just ending", NULL);
		return;
	case ORDER_FAILED:
	case ORDER_DONE: break;
	}
	client_error(client, PROTOCOL_INTERNAL,
		     freeze ? "the session could not be frozen" : "the session could not be thawed",
		     freeze ? "end it with: aaau kill SESSION" : NULL);
}

static void one_done(struct inquiry *inquiry, struct client *client, bool freeze)
{
	const struct inquiry_slot *slot = &inquiry->slots[0];
	struct str line = {0};

	if (slot->state == INQUIRY_UNANSWERED) {
		client_error(client, PROTOCOL_BUSY, NULL,
			     freeze ? "try again in a moment, or end it with: aaau kill SESSION"
				    : NULL);
	} else if (slot->state == INQUIRY_ENDED) {
		client_error(client, PROTOCOL_NO_SESSION, "the session has just ended", NULL);
	} else if (slot->outcome != ORDER_DONE) {
		refuse(client, freeze, slot->outcome);
	} else {
		requests_begin_answer(&line);
		json_append_text_member(&line, "session", client->target);
		str_append_text(&line, "}\n");
		client_answer(client, &line);
	}
}

static void on_frozen(struct inquiry *inquiry, struct client *client)
{
	one_done(inquiry, client, true);
}

static void on_thawed(struct inquiry *inquiry, struct client *client)
{
	one_done(inquiry, client, false);
}

/* ---- many ---- */

/* Why it is not as it was ordered, as a state. NULL: it is, or it is no more. */
static const char *failed_state(const struct inquiry_slot *slot)
{
	if (slot->state == INQUIRY_ENDED)
		return NULL;
	if (slot->state == INQUIRY_UNANSWERED)
		return slot->session->state == SESSION_STARTING ? "starting" : "unresponsive";
	switch (slot->outcome) {
	case ORDER_NOT_YET: return "freezing";
	case ORDER_OVERTAKEN:
	case ORDER_FAILED: return "running";
	case ORDER_DONE:
	case ORDER_ENDING: break;
	}
	return NULL;
}

static void put_failed(struct str *out, const struct session *session, const char *state)
{
	str_append_byte(out, '{');
	json_append_text_member(out, "id", session->id_text);
	json_append_text_member(out, "name", session->name);
	json_append_text_member(out, "creator", session->creator);
	json_append_text_member(out, "state", state);
	str_append_byte(out, '}');
}

static void on_all(struct inquiry *inquiry, struct client *client)
{
	struct str line = {0};
	unsigned done = 0;
	bool first = true;

	requests_begin_answer(&line);
	json_append_key(&line, "failed");
	str_append_byte(&line, '[');
	for (unsigned i = 0; i < inquiry->count; i++) {
		const struct inquiry_slot *slot = &inquiry->slots[i];
		const char *state = failed_state(slot);

		if (slot->state == INQUIRY_ANSWERED && slot->outcome == ORDER_DONE)
			done++;
		if (!state)
			continue;
		if (!first)
			str_append_byte(&line, ',');
		first = false;
		put_failed(&line, slot->session, state);
	}
	str_append_byte(&line, ']');
	json_append_u64_member(&line, "done", done);
	str_append_text(&line, "}\n");
	client_answer(client, &line);
}

static void order_all(struct client *client, enum session_msg_type type, bool everyone)
{
	struct broker *broker = client->broker;
	struct inquiry *inquiry = inquiry_new(client, broker->registry.count, on_all);
	struct session *session;

	if (!inquiry)
		return;
	TAILQ_FOREACH (session, &broker->registry.sessions, entry)
		if (client->uid == session->creator_uid || (everyone && may(client, session)))
			requests_order(inquiry, session, type, true);
	inquiry_wait(inquiry, FREEZE_SECONDS);
}

void requests_freeze(struct client *client, const struct request *request, struct session *session)
{
	bool freeze = request->op == REQUEST_FREEZE;
	enum session_msg_type type = freeze ? SESSION_MSG_FREEZE : SESSION_MSG_THAW;
	const char *denied = NULL;
	struct inquiry *inquiry;

	if (session && !may(client, session))
		denied = freeze ? "only its creator and administrators may freeze a session"
				: "only its creator and administrators may thaw a session";
	/* One who thinks that everything stands still now must not be wrong. */
	else if (freeze && request->everyone && client->level != LEVEL_ADMIN)
		denied = "only administrators may freeze everyone's sessions";
	if (denied) {
		client_deny(client, PROTOCOL_PERMISSION, protocol_error_code(PROTOCOL_PERMISSION),
			    denied, session ? NULL : "freeze all of your own with: aaau panic");
		return;
	}
	if (!session) {
		order_all(client, type, request->everyone);
		return;
	}
	inquiry = inquiry_new(client, 1, freeze ? on_frozen : on_thawed);
	if (!inquiry)
		return;
	uuid_format(&session->id, client->target);
	requests_order(inquiry, session, type, true);
	inquiry_wait(inquiry, FREEZE_SECONDS);
}
