/* Version 1, the original's: raw output, and messages that a client tells by their first byte.
 *
 * Nothing on the wire separates a message from output but the write it came in, so each goes out in
 * a call of its own (client.c). The client is hostile; a frame over the limit closes it.
 */
#include "protocol/v1.h"
#include "session/client.h"
#include "session/session.h"
#include "util/json-write.h"

static void put_answer(const struct client *client, struct str *out)
{
	str_append_text(out, "SESSION:");
	str_append_text(out, client->session->id);
	str_append_byte(out, '\n');
}

static void put_refusal(struct str *out, enum protocol_error error, const char *message)
{
	protocol_put_error_v1(out, error, message, NULL);
}

static void put_error(struct str *out, enum protocol_error error)
{
	str_append_text(out, "\x01"
			     "ERROR:");
	/* In the original's words. */
	if (error == PROTOCOL_PERMISSION)
		str_append_text(out, "Permission denied");
	else
		str_append_text(out, protocol_error_message(error));
}

static void put_farewell(const struct client *client, struct str *out,
			 const struct farewell *farewell)
{
	(void)client;
	switch (farewell->reason) {
	case FAREWELL_DETACHED:
		str_append_text(out, "\x01"
				     "CONTROL:Detached by ");
		str_append_text(out, farewell->by);
		break;
	case FAREWELL_TOO_SLOW: put_error(out, PROTOCOL_TOO_SLOW); break;
	case FAREWELL_SESSION: break; /* the close says it */
	}
}

static void say_pong(struct client *client)
{
	cleanup_str struct str message = {0};

	str_append_text(&message, "\x01PONG");
	client_say(client, &message);
}

static void say_status(struct client *client)
{
	cleanup_str struct str message = {0};
	struct session_status status;

	session_get_status(client->session, &status);
	str_append_text(&message, "\x01STATUS:{");
	json_append_text_member(&message, "session_id", client->session->id);
	json_append_u64_member(&message, "clients", status.operators + status.observers);
	json_append_bool_member(&message, "agent_alive", status.agent_alive);
	json_append_u64_member(&message, "rows", status.rows);
	json_append_u64_member(&message, "cols", status.columns);
	json_append_text_member(&message, "state", status.state);
	str_append_byte(&message, '}');
	client_say(client, &message);
}

static bool receive(struct client *client, const char *data, size_t n)
{
	struct v1_piece piece;
	size_t at = 0;

	while (!client->gone) {
		switch (v1_read(&client->reader.v1, data, n, &at, &piece)) {
		case V1_NEED_MORE: return true;
		case V1_INPUT: client_give_input(client, piece.data, piece.length); break;
		case V1_RESIZE:
			/* The original's client tells its size whatever it may. */
			if (client->operator)
				client_ask_resize(client, piece.rows, piece.columns);
			break;
		case V1_PING: say_pong(client); break;
		case V1_GET_STATUS: say_status(client); break;
		case V1_FORCE_KILL: client_ask_kill(client, client->level == LEVEL_ADMIN); break;
		case V1_BAD_SIZE: client_say_error(client, PROTOCOL_BAD_SIZE); break;
		case V1_BAD_LENGTH: client_say_error(client, PROTOCOL_FRAME_TOO_LONG); return false;
		}
	}
	return true;
}

const struct client_face client_v1 = {
	.framed = false,
	.put_answer = put_answer,
	.put_refusal = put_refusal,
	.put_error = put_error,
	.put_farewell = put_farewell,
	.receive = receive,
};
