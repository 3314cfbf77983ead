/* The link's messages.
 *
 * Owns nothing, allocates nothing. Each message is listed field by field once (ipc/fields.h), and
 * the macro makes its encoder and its decoder of the list. A malformed message is -EBADMSG and
 * leaves the caller's struct alone.
 */
#include "ipc/session-msg.h"

#include <errno.h>

#include "ipc/fields.h"

static void attach_fields(struct fields *f, struct session_attach *m)
{
	field_u32(f, &m->client);
	field_enum(f, &m->protocol, 1, 2);
	field_enum(f, &m->level, LEVEL_READ_ONLY, LEVEL_ADMIN);
	field_bool(f, &m->observer);
	field_bool(f, &m->creator);
	field_u32(f, &m->uid);
	field_i32(f, &m->pid);
	field_text(f, &m->user);
	field_u16(f, &m->rows);
	field_u16(f, &m->columns);
	field_u32(f, &m->features);
	field_bytes(f, &m->early, &m->early_length);
}

static void query_fields(struct fields *f, struct session_query *m)
{
	field_u32(f, &m->tag);
}

static void order_fields(struct fields *f, struct session_order *m)
{
	field_u32(f, &m->tag);
	field_u32(f, &m->uid);
	field_text(f, &m->user);
	field_bool(f, &m->everyone);
}

static void spawn_failed_fields(struct fields *f, struct session_spawn_failed *m)
{
	field_u32(f, &m->step);
	field_i32(f, &m->error);
}

static void hello_fields(struct fields *f, struct session_hello *m)
{
	field_uuid(f, &m->id);
	field_text(f, &m->name);
	field_text(f, &m->profile);
	field_text(f, &m->agent_user);
	field_text(f, &m->command);
	field_u32(f, &m->creator_uid);
	field_text(f, &m->creator);
	field_u64(f, &m->created_us);
}

static void status_fields(struct fields *f, struct session_status *m)
{
	field_u32(f, &m->tag);
	field_u16(f, &m->rows);
	field_u16(f, &m->columns);
	field_u32(f, &m->operators);
	field_u32(f, &m->observers);
	field_u64(f, &m->idle_us);
	field_u64(f, &m->output_bytes);
	field_u64(f, &m->input_bytes);
	field_bool(f, &m->agent_alive);
	field_text(f, &m->state);
}

static void done_fields(struct fields *f, struct session_done *m)
{
	field_u32(f, &m->tag);
	field_u32(f, &m->count);
	field_enum(f, &m->outcome, ORDER_DONE, ORDER_FAILED);
}

static void ended_fields(struct fields *f, struct session_ended *m)
{
	field_enum(f, &m->reason, END_EXITED, END_EXEC_FAILED);
	field_u8(f, &m->exit_code);
	field_u8(f, &m->signal);
	field_u64(f, &m->duration_us);
	field_text(f, &m->by);
}

/* static void encode_NAME(out, type, message); int session_msg_get_NAME(data, n, ret) */
#define CODEC(name)                                                                        \
	static void encode_##name(struct str *out, enum session_msg_type type,             \
				  const struct session_##name *message)                    \
	{                                                                                  \
		struct session_##name copy = *message;                                     \
		struct fields f;                                                           \
                                                                                           \
		wire_put_u8(out, (uint8_t)type);                                           \
		fields_encode(&f, out);                                                    \
		name##_fields(&f, &copy);                                                  \
	}                                                                                  \
                                                                                           \
	int session_msg_get_##name(const char *data, size_t n, struct session_##name *ret) \
	{                                                                                  \
		struct session_##name message = {0};                                       \
		struct fields f;                                                           \
                                                                                           \
		fields_decode(&f, data, n);                                                \
		name##_fields(&f, &message);                                               \
		if (fields_end(&f) < 0)                                                    \
			return -EBADMSG;                                                   \
		*ret = message;                                                            \
		return 0;                                                                  \
	}

/* And the encoder of a message that has one type only. */
#define MESSAGE(name, type)                                                                \
	CODEC(name)                                                                        \
	void session_msg_put_##name(struct str *out, const struct session_##name *message) \
	{                                                                                  \
		encode_##name(out, type, message);                                         \
	}

MESSAGE(attach, SESSION_MSG_ATTACH)
MESSAGE(query, SESSION_MSG_QUERY)
MESSAGE(spawn_failed, SESSION_MSG_SPAWN_FAILED)
MESSAGE(hello, SESSION_MSG_HELLO)
MESSAGE(status, SESSION_MSG_STATUS)
MESSAGE(done, SESSION_MSG_DONE)
MESSAGE(ended, SESSION_MSG_ENDED)
CODEC(order)

void session_msg_put_order(struct str *out, enum session_msg_type type,
			   const struct session_order *message)
{
	encode_order(out, type, message);
}

void session_msg_put_started(struct str *out)
{
	wire_put_u8(out, SESSION_MSG_STARTED);
}
