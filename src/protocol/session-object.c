/* The session object. Owns nothing; names and the command are other people's words, escaped by the
 * JSON writer. Fails by the str's own error alone.
 */
#include "protocol/session-object.h"

#include <inttypes.h>
#include <string.h>

#include "util/json-write.h"
#include "util/utf8.h"

static void put_command(struct str *out, const char *command, size_t most)
{
	size_t length = strlen(command);
	cleanup_str struct str shortened = {0};

	if (length > most) {
		str_append(&shortened, command, most - utf8_incomplete_tail(command, most));
		str_append_text(&shortened, "…");
		command = shortened.data ? shortened.data : "";
	}
	json_append_text_member(out, "command", command);
}

static void put(struct str *out, const struct session_object *session, size_t most_command)
{
	str_append_byte(out, '{');
	json_append_text_member(out, "id", session->id);
	json_append_text_member(out, "name", session->name);
	json_append_text_member(out, "agent", session->agent);
	json_append_text_member(out, "user", session->user);
	json_append_text_member(out, "creator", session->creator);
	put_command(out, session->command, most_command);
	json_append_key(out, "created");
	str_append_format(out, "%" PRIu64 ".%06" PRIu64, session->created_us / 1000000,
			  session->created_us % 1000000);
	json_append_u64_member(out, "idle_ms", session->idle_us / 1000);
	json_append_u64_member(out, "operators", session->operators);
	json_append_u64_member(out, "observers", session->observers);
	json_append_u64_member(out, "rows", session->rows);
	json_append_u64_member(out, "cols", session->columns);
	json_append_text_member(out, "state", session->state);
	json_append_u64_member(out, "output_bytes", session->output_bytes);
	json_append_u64_member(out, "input_bytes", session->input_bytes);
	str_append_byte(out, '}');
}

void protocol_put_session(struct str *out, const struct session_object *session, size_t limit)
{
	size_t before = out->length, most = strlen(session->command);

	put(out, session, most);
	/* How long a byte becomes depends on what it is: try. */
	while (limit > 0 && most > 0 && str_error(out) == 0 && out->length - before > limit) {
		most /= 2;
		str_truncate(out, before);
		put(out, session, most);
	}
}
