/* Version 2: typed frames both ways, JSON where there is structure.
 *
 * The client is hostile. A frame of unknown type or shape is answered with an error and skipped; a
 * length over the limit closes the client, since there is no next frame to be found. A reader
 * keeps 4 KiB for control frames, so a client has one only while it is in the middle of a frame:
 * observers have none.
 */
#include <stdlib.h>

#include "protocol/frame.h"
#include "protocol/request.h"
#include "protocol/session-object.h"
#include "session/client.h"
#include "session/session.h"
#include "util/json-write.h"

#define MAX_PING 64

static void put_answer(const struct client *client, struct str *out)
{
	str_append_byte(out, '{');
	json_append_bool_member(out, "ok", true);
	json_append_text_member(out, "session", client->session->id);
	json_append_text_member(out, "name", client->session->launch.name);
	json_append_text_member(out, "level", client_level(client));
	json_append_text_member(out, "role", client_role(client));
	json_append_key(out, "features");
	request_put_features(out, client->features);
	str_append_text(out, "}\n");
}

static void put_refusal(struct str *out, enum protocol_error error, const char *message)
{
	str_append_byte(out, '{');
	json_append_bool_member(out, "ok", false);
	json_append_key(out, "error");
	protocol_put_error_json(out, error, message, NULL);
	str_append_text(out, "}\n");
}

/* Room for the header, filled in by end_frame(). */
static void begin_frame(struct str *out)
{
	static const char header[FRAME_HEADER_SIZE];

	str_append(out, header, sizeof header);
}

static void end_frame(struct str *out, enum frame_type type)
{
	if (str_error(out) < 0)
		return;
	frame_put_header((unsigned char *)out->data, (uint8_t)type,
			 (uint32_t)(out->length - FRAME_HEADER_SIZE));
}

static void put_error(struct str *out, enum protocol_error error)
{
	begin_frame(out);
	protocol_put_error_json(out, error, NULL, NULL);
	end_frame(out, FRAME_ERROR);
}

static void put_notice(struct str *out, const char *event, const char *message, uint64_t bytes)
{
	begin_frame(out);
	str_append_byte(out, '{');
	json_append_text_member(out, "event", event);
	json_append_text_member(out, "message", message);
	if (bytes > 0)
		json_append_u64_member(out, "bytes", bytes);
	str_append_byte(out, '}');
	end_frame(out, FRAME_NOTICE);
}

static void put_session_end(struct str *out, const struct session_end *end)
{
	switch (end->reason) {
	case END_EXITED:
		json_append_text_member(out, "reason", "exited");
		json_append_u64_member(out, "exit_code", end->exit_code);
		break;
	case END_SIGNALED:
		json_append_text_member(out, "reason", "signaled");
		json_append_u64_member(out, "signal", end->signal);
		break;
	case END_KILLED:
		json_append_text_member(out, "reason", "killed");
		json_append_text_member(out, "by", end->by ? end->by : "");
		json_append_u64_member(out, "signal", end->signal);
		break;
	case END_SHUTDOWN:
	case END_EXEC_FAILED: /* never: nobody was let in */
		json_append_text_member(out, "reason", "server-shutdown");
		break;
	}
}

static void put_farewell(const struct client *client, struct str *out,
			 const struct farewell *farewell)
{
	int status = 0;

	begin_frame(out);
	str_append_byte(out, '{');
	switch (farewell->reason) {
	case FAREWELL_SESSION:
		put_session_end(out, &client->session->end);
		status = session_exit_status(&client->session->end);
		break;
	case FAREWELL_DETACHED:
		json_append_text_member(out, "reason", "detached");
		json_append_text_member(out, "by", farewell->by);
		break;
	case FAREWELL_TOO_SLOW:
		json_append_text_member(out, "reason", "too-slow");
		status = protocol_error_exit_status(PROTOCOL_TOO_SLOW);
		break;
	}
	if (farewell->missed_bytes > 0)
		json_append_u64_member(out, "missed_bytes", farewell->missed_bytes);
	json_append_u64_member(out, "exit_status", (uint64_t)status);
	str_append_byte(out, '}');
	end_frame(out, FRAME_END);
}

static void say_pong(struct client *client, const char *data, size_t n)
{
	cleanup_str struct str message = {0};

	begin_frame(&message);
	str_append(&message, data, n);
	end_frame(&message, FRAME_PONG);
	client_say(client, &message);
}

static void say_status(struct client *client)
{
	const struct session *session = client->session;
	const struct launch *launch = &session->launch;
	cleanup_str struct str message = {0};
	struct session_status status;

	session_get_status(session, &status);
	begin_frame(&message);
	protocol_put_session(&message,
			     &(struct session_object){
				     .id = session->id,
				     .name = launch->name,
				     .agent = launch->profile,
				     .user = launch->agent_user,
				     .creator = launch->creator,
				     .command = session->command.data,
				     .state = status.state,
				     .created_us = launch->created_us,
				     .idle_us = status.idle_us,
				     .operators = status.operators,
				     .observers = status.observers,
				     .rows = status.rows,
				     .columns = status.columns,
				     .output_bytes = status.output_bytes,
				     .input_bytes = status.input_bytes,
			     },
			     FRAME_MAX_CONTROL);
	end_frame(&message, FRAME_STATUS);
	client_say(client, &message);
}

static void take_resize(struct client *client, const unsigned char *size)
{
	uint16_t rows = (uint16_t)(size[0] << 8 | size[1]);
	uint16_t columns = (uint16_t)(size[2] << 8 | size[3]);

	if (rows == 0 || columns == 0)
		client_say_error(client, PROTOCOL_BAD_SIZE);
	else if (!client->operator)
		client_warn_read_only(client);
	else
		client_ask_resize(client, rows, columns);
}

static void leave(struct client *client)
{
	if (client->operator)
		input_commit(client);
	client_cut(client, &(struct farewell){.reason = FAREWELL_DETACHED, .by = client->user},
		   "left");
}

static void take_control(struct client *client, const struct frame_piece *piece)
{
	if (piece->type == FRAME_RESIZE && piece->length == 4)
		take_resize(client, (const unsigned char *)piece->data);
	else if (piece->type == FRAME_PING && piece->length <= MAX_PING)
		say_pong(client, piece->data, piece->length);
	else if (piece->type == FRAME_QUERY && piece->length == 0)
		say_status(client);
	else if (piece->type == FRAME_KILL && piece->length == 0)
		client_ask_kill(client, client->level == LEVEL_ADMIN ||
						client->uid == client->session->launch.creator_uid);
	else if (piece->type == FRAME_LEAVE && piece->length == 0)
		leave(client);
	else
		client_say_error(client, PROTOCOL_BAD_FRAME);
}

static bool read_frames(struct client *client, struct frame_reader *reader, const char *data,
			size_t n)
{
	struct frame_piece piece;
	size_t at = 0;

	while (!client->gone) {
		switch (frame_read(reader, data, n, &at, &piece)) {
		case FRAME_NEED_MORE: return true;
		case FRAME_DATA:
			if (piece.type == FRAME_INPUT)
				client_give_input(client, piece.data, piece.length);
			else /* OUTPUT is the other streamed type, and ours alone */
				client_say_error(client, PROTOCOL_BAD_FRAME);
			break;
		case FRAME_CONTROL: take_control(client, &piece); break;
		case FRAME_BAD_LENGTH:
			client_say_error(client, PROTOCOL_FRAME_TOO_LONG);
			return false;
		}
	}
	return true;
}

static bool receive(struct client *client, const char *data, size_t n)
{
	static struct frame_reader fresh;
	struct frame_reader *reader = client->reader.v2;

	if (!reader) {
		reader = &fresh;
		reader->header_have = 0;
	}
	if (!read_frames(client, reader, data, n))
		return false;
	if (reader->header_have == 0) {
		free(client->reader.v2);
		client->reader.v2 = NULL;
	} else if (!client->reader.v2) {
		client->reader.v2 = malloc(sizeof fresh);
		if (!client->reader.v2)
			return false;
		*client->reader.v2 = fresh;
	}
	return true;
}

static void forget(struct client *client)
{
	free(client->reader.v2);
	client->reader.v2 = NULL;
}

const struct client_face client_v2 = {
	.framed = true,
	.put_answer = put_answer,
	.put_refusal = put_refusal,
	.put_error = put_error,
	.put_notice = put_notice,
	.put_farewell = put_farewell,
	.receive = receive,
	.forget = forget,
};
