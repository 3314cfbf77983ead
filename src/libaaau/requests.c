/* The one request of a connection: `AAAU/2 {"op":…}` and a newline.
 *
 * Text that is not UTF-8 cannot be said in JSON, and a program or argument must never be changed on
 * its way, so it is refused here rather than mended.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "libaaau/client.h"
#include "protocol/request.h"
#include "util/json-write.h"
#include "util/utf8.h"

_Static_assert(AAAU_FEATURE_NOTICES == FEATURE_NOTICES && AAAU_FEATURE_FREEZES == FEATURE_FREEZES,
	       "the public names are those of the protocol");

struct line {
	struct str text;
	bool not_utf8;
};

static void begin(struct line *line, const char *op)
{
	line->text.limit = REQUEST_MAX_LINE;
	str_append_text(&line->text, "AAAU/2 {");
	json_append_text_member(&line->text, "op", op);
}

static void put_string(struct line *line, const char *text, size_t n)
{
	if (utf8_valid_prefix(text, n) != n)
		line->not_utf8 = true;
	else
		json_append_string(&line->text, text, n);
}

static void put_text(struct line *line, const char *key, const char *value)
{
	if (!value)
		return;
	json_append_key(&line->text, key);
	put_string(line, value, strlen(value));
}

static void put_flag(struct line *line, const char *key, bool value)
{
	if (value)
		json_append_bool_member(&line->text, key, true);
}

static void put_array(struct line *line, const char *key, const char *const *values)
{
	if (!values)
		return;
	json_append_key(&line->text, key);
	str_append_byte(&line->text, '[');
	for (size_t i = 0; values[i]; i++) {
		if (i)
			str_append_byte(&line->text, ',');
		put_string(line, values[i], strlen(values[i]));
	}
	str_append_byte(&line->text, ']');
}

/* NAME=VALUE strings as an object; one without '=' has an empty value. */
static void put_environment(struct line *line, const char *const *variables)
{
	if (!variables)
		return;
	json_append_key(&line->text, "env");
	str_append_byte(&line->text, '{');
	for (size_t i = 0; variables[i]; i++) {
		size_t name = strcspn(variables[i], "=");
		const char *value = variables[i] + name + (variables[i][name] == '=');

		if (i)
			str_append_byte(&line->text, ',');
		put_string(line, variables[i], name);
		str_append_byte(&line->text, ':');
		put_string(line, value, strlen(value));
	}
	str_append_byte(&line->text, '}');
}

static void put_attachment(struct line *line, uint16_t rows, uint16_t columns, bool observer,
			   unsigned features)
{
	if (rows && columns) {
		json_append_u64_member(&line->text, "rows", rows);
		json_append_u64_member(&line->text, "cols", columns);
	}
	if (observer)
		json_append_text_member(&line->text, "role", "observer");
	features &= AAAU_FEATURE_NOTICES | AAAU_FEATURE_FREEZES;
	if (features) {
		json_append_key(&line->text, "features");
		request_put_features(&line->text, features);
	}
}

static int finish(struct aaau_client *client, struct line *line, enum reader_answer answer)
{
	int r = 0;

	str_append_text(&line->text, "}\n");
	if (client->requested)
		r = AAAU_NOT_NOW;
	else if (line->not_utf8)
		r = AAAU_NOT_UTF8;
	else if (str_error(&line->text))
		r = str_error(&line->text) == -E2BIG ? AAAU_TOO_LONG : str_error(&line->text);
	if (r == 0) {
		/* The queue is empty before the first request, and as long as the longest one. */
		memcpy(client->out, line->text.data, line->text.length);
		client->out_end = line->text.length;
		client->requested = true;
		event_reader_expect(&client->reader, answer);
		client_flush(client);
	}
	str_free(&line->text);
	return r;
}

int aaau_request_new(struct aaau_client *client, const struct aaau_new *request)
{
	struct line line = {0};

	begin(&line, "new");
	put_text(&line, "agent", request->agent);
	put_text(&line, "program", request->program);
	put_array(&line, "args", request->args);
	put_environment(&line, request->environment);
	put_text(&line, "name", request->name);
	put_flag(&line, "detached", request->detached);
	put_attachment(&line, request->rows, request->columns, request->observer,
		       request->features);
	return finish(client, &line, request->detached ? ANSWER_DETACHED : ANSWER_STARTED);
}

int aaau_request_attach(struct aaau_client *client, const struct aaau_attach *request)
{
	struct line line = {0};

	begin(&line, "attach");
	put_text(&line, "session", request->session);
	put_attachment(&line, request->rows, request->columns, request->observer,
		       request->features);
	return finish(client, &line, ANSWER_STARTED);
}

int aaau_request_list(struct aaau_client *client)
{
	struct line line = {0};

	begin(&line, "list");
	return finish(client, &line, ANSWER_LIST);
}

int aaau_request_status(struct aaau_client *client, const char *session)
{
	struct line line = {0};

	begin(&line, "status");
	put_text(&line, "session", session);
	return finish(client, &line, ANSWER_STATUS);
}

static int request_order(struct aaau_client *client, const char *op, const char *session,
			 bool everyone)
{
	struct line line = {0};

	begin(&line, op);
	put_text(&line, "session", session);
	put_flag(&line, "everyone", everyone);
	return finish(client, &line, ANSWER_DONE);
}

int aaau_request_kill(struct aaau_client *client, const char *session)
{
	return request_order(client, "kill", session, false);
}

int aaau_request_detach(struct aaau_client *client, const char *session, bool everyone)
{
	return request_order(client, "detach", session, everyone);
}

int aaau_request_freeze(struct aaau_client *client, const char *session, bool everyone)
{
	return request_order(client, "freeze", session, everyone);
}

int aaau_request_thaw(struct aaau_client *client, const char *session, bool everyone)
{
	return request_order(client, "thaw", session, everyone);
}
