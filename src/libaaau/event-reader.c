/* From the server's bytes to events.
 *
 * Owns the JSON document that the latest event points into. Trusts nothing: the server may be an
 * impostor on a path that the user mistyped, so every length is capped before memory is taken,
 * every member is checked for its type, and numbers are brought into the range that the header
 * promises. A member that is missing is harmless and gets its neutral value, because an older
 * server may not know it; one of the wrong type, or a broken frame, ends the connection with
 * -EPROTO and a text that says what was wrong. Members that we do not know are ignored.
 */
#include "libaaau/event-reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void event_reader_init(struct event_reader *reader)
{
	memset(reader, 0, sizeof(*reader));
}

static void forget(struct event_reader *reader)
{
	json_decref(reader->document); /* NULL is fine */
	reader->document = NULL;
	free(reader->sessions);
	reader->sessions = NULL;
	free(reader->json);
	reader->json = NULL;
}

void event_reader_free(struct event_reader *reader)
{
	forget(reader);
	str_free(&reader->line);
}

void event_reader_expect(struct event_reader *reader, enum reader_answer answer)
{
	reader->answer = answer;
	reader->line.limit = answer == ANSWER_LIST ? READER_MAX_LISTING : READER_MAX_ANSWER;
}

static bool broken(struct event_reader *reader, int error, const char *detail,
		   struct aaau_event *ret)
{
	reader->state = READER_BROKEN;
	ret->type = AAAU_EVENT_CLOSED;
	ret->as.closed.error = error;
	ret->as.closed.detail = detail;
	return true;
}

/* --- members of a JSON object: false only for a wrong type ---------------------------------- */

static bool get_text(json_t *object, const char *key, const char **ret)
{
	json_t *value = json_object_get(object, key);

	*ret = "";
	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value))
		return false;
	*ret = json_string_value(value);
	return true;
}

static bool get_count(json_t *object, const char *key, uint64_t max, uint64_t *ret)
{
	json_t *value = json_object_get(object, key);

	*ret = 0;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*ret = (uint64_t)json_integer_value(value);
	if (*ret > max)
		*ret = max;
	return true;
}

/* An exit status; fallback for one that is missing or out of range. */
static bool get_exit_status(json_t *object, int min, int fallback, int *ret)
{
	json_t *value = json_object_get(object, "exit_status");

	*ret = fallback;
	if (!value || json_is_null(value))
		return true;
	if (!json_is_integer(value))
		return false;
	json_int_t status = json_integer_value(value);
	if (status >= min && status <= 255)
		*ret = (int)status;
	return true;
}

static bool get_session(json_t *object, struct aaau_session *ret)
{
	uint64_t rows, columns;

	if (!json_is_object(object) || !get_text(object, "id", &ret->id) ||
	    !get_text(object, "name", &ret->name) || !get_text(object, "agent", &ret->agent) ||
	    !get_text(object, "user", &ret->user) || !get_text(object, "creator", &ret->creator) ||
	    !get_text(object, "command", &ret->command) ||
	    !get_text(object, "state", &ret->state) ||
	    !get_count(object, "idle_ms", UINT64_MAX, &ret->idle_ms) ||
	    !get_count(object, "operators", UINT64_MAX, &ret->operators) ||
	    !get_count(object, "observers", UINT64_MAX, &ret->observers) ||
	    !get_count(object, "output_bytes", UINT64_MAX, &ret->output_bytes) ||
	    !get_count(object, "input_bytes", UINT64_MAX, &ret->input_bytes) ||
	    !get_count(object, "rows", UINT16_MAX, &rows) ||
	    !get_count(object, "cols", UINT16_MAX, &columns))
		return false;
	ret->rows = (uint16_t)rows;
	ret->columns = (uint16_t)columns;

	json_t *created = json_object_get(object, "created");
	ret->created = 0;
	if (created && !json_is_null(created)) {
		if (!json_is_number(created))
			return false;
		ret->created = json_number_value(created);
	}
	return true;
}

static bool get_error(json_t *object, bool refused, struct aaau_event *ret)
{
	ret->type = AAAU_EVENT_ERROR;
	ret->as.error.refused = refused;
	return json_is_object(object) && get_text(object, "code", &ret->as.error.code) &&
	       get_text(object, "message", &ret->as.error.message) &&
	       get_text(object, "remedy", &ret->as.error.remedy) &&
	       get_exit_status(object, 1, 255, &ret->as.error.exit_status);
}

static unsigned get_features(json_t *object)
{
	json_t *list = json_object_get(object, "features");
	unsigned features = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_string_value(json_array_get(list, i));
		if (name && strcmp(name, "notices") == 0)
			features |= AAAU_FEATURE_NOTICES;
		if (name && strcmp(name, "freezes") == 0)
			features |= AAAU_FEATURE_FREEZES;
	}
	return features;
}

/* The value as text for programs: ASCII, so that nothing in it can drive a terminal. */
static bool keep_json(struct event_reader *reader, json_t *value)
{
	reader->json = json_dumps(value, JSON_ENSURE_ASCII | JSON_INDENT(2) | JSON_ENCODE_ANY |
						 JSON_REAL_PRECISION(16));
	return reader->json != NULL;
}

static json_t *load(const char *text, size_t n)
{
	return json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
}

/* --- the answer line ------------------------------------------------------------------------ */

static bool read_started(struct event_reader *reader, json_t *answer, struct aaau_event *ret)
{
	const char *role;

	ret->type = AAAU_EVENT_STARTED;
	if (!get_text(answer, "session", &ret->as.started.session) ||
	    !get_text(answer, "name", &ret->as.started.name) ||
	    !get_text(answer, "level", &ret->as.started.level) || !get_text(answer, "role", &role))
		return broken(reader, -EPROTO, "an answer with a member of the wrong type", ret);
	if (!*ret->as.started.session)
		return broken(reader, -EPROTO, "an answer without a session", ret);
	ret->as.started.observer =
		strcmp(role, "observer") == 0 || strcmp(ret->as.started.level, "read-only") == 0;
	ret->as.started.features = get_features(answer);
	return true;
}

/* One session, or an array of them, into the answer. */
static bool read_sessions(struct event_reader *reader, json_t *value, struct aaau_event *ret)
{
	bool list = json_is_array(value);
	size_t count = list ? json_array_size(value) : 1;

	reader->sessions = calloc(count + 1, sizeof(*reader->sessions));
	if (!reader->sessions || !keep_json(reader, value))
		return broken(reader, -ENOMEM, "", ret);
	for (size_t i = 0; i < count; i++)
		if (!get_session(list ? json_array_get(value, i) : value, &reader->sessions[i]))
			return broken(reader, -EPROTO, "a session with a member of the wrong type",
				      ret);
	ret->type = AAAU_EVENT_ANSWER;
	ret->as.answer.sessions = reader->sessions;
	ret->as.answer.count = count;
	ret->as.answer.session = "";
	ret->as.answer.json = reader->json;
	return true;
}

static bool read_listing(struct event_reader *reader, json_t *answer, struct aaau_event *ret)
{
	bool list = reader->answer == ANSWER_LIST;
	json_t *value = json_object_get(answer, list ? "sessions" : "session");

	if (list ? !json_is_array(value) : !json_is_object(value))
		return broken(reader, -EPROTO, "an answer without what was asked for", ret);
	return read_sessions(reader, value, ret);
}

/* What became of an order: to one session, or to many, with those that did not follow. */
static bool read_done(struct event_reader *reader, json_t *answer, struct aaau_event *ret)
{
	json_t *failed = json_object_get(answer, "failed");

	if (json_is_array(failed)) {
		if (!read_sessions(reader, failed, ret) || ret->type != AAAU_EVENT_ANSWER)
			return true;
		/* Only the members of one order to many. */
		ret->as.answer.json = NULL;
	}
	ret->type = AAAU_EVENT_ANSWER;
	if ((failed && !json_is_array(failed) && !json_is_null(failed)) ||
	    !get_text(answer, "session", &ret->as.answer.session) ||
	    !get_count(answer, "detached", UINT64_MAX, &ret->as.answer.detached) ||
	    !get_count(answer, "done", UINT64_MAX, &ret->as.answer.done))
		return broken(reader, -EPROTO, "an answer with a member of the wrong type", ret);
	return true;
}

static bool read_answer(struct event_reader *reader, const char *line, size_t n,
			struct aaau_event *ret)
{
	json_t *answer = reader->document = load(line, n);
	bool frames = reader->answer == ANSWER_STARTED;

	if (!json_is_object(answer))
		return broken(reader, -EPROTO, "an answer that is not of this protocol", ret);

	json_t *ok = json_object_get(answer, "ok");
	if (!json_is_boolean(ok))
		return broken(reader, -EPROTO, "an answer without \"ok\"", ret);
	if (json_is_false(ok)) {
		reader->state = READER_OVER;
		if (!get_error(json_object_get(answer, "error"), true, ret))
			return broken(reader, -EPROTO, "an error that is not one", ret);
		return true;
	}

	reader->state = frames ? READER_FRAMES : READER_OVER;
	if (frames || reader->answer == ANSWER_DETACHED)
		return read_started(reader, answer, ret);
	if (reader->answer == ANSWER_LIST || reader->answer == ANSWER_STATUS)
		return read_listing(reader, answer, ret);
	return read_done(reader, answer, ret);
}

static bool read_line(struct event_reader *reader, const char *data, size_t n, size_t *at,
		      struct aaau_event *ret)
{
	const char *start = data + *at;
	size_t have = n - *at;

	if (reader->answer == ANSWER_NONE)
		return broken(reader, -EPROTO, "an answer before there was a request", ret);

	const char *newline = memchr(start, '\n', have);
	size_t length = newline ? (size_t)(newline - start) : have;
	if (reader->line.length + length > reader->line.limit)
		return broken(reader, -EPROTO, "an answer longer than any can be", ret);

	*at += newline ? length + 1 : length;
	if (newline && !reader->line.length)
		return read_answer(reader, start, length, ret);

	str_append(&reader->line, start, length);
	if (str_error(&reader->line))
		return broken(reader, str_error(&reader->line), "", ret);
	if (!newline)
		return false;
	/* The document is made of copies, so the line can go. */
	bool event = read_answer(reader, reader->line.data, reader->line.length, ret);
	str_free(&reader->line);
	return event;
}

/* --- frames --------------------------------------------------------------------------------- */

static bool read_end(json_t *object, struct aaau_event *ret)
{
	uint64_t signal;

	ret->type = AAAU_EVENT_END;
	if (!get_text(object, "reason", &ret->as.end.reason) || !*ret->as.end.reason ||
	    !get_text(object, "by", &ret->as.end.by) ||
	    !get_count(object, "signal", 127, &signal) ||
	    !get_exit_status(object, 0, 254, &ret->as.end.exit_status) ||
	    !get_count(object, "missed_bytes", UINT64_MAX, &ret->as.end.missed_bytes))
		return false;
	ret->as.end.signal = (int)signal;
	return true;
}

/* True if the frame is an event; false for types that we do not know. */
static bool read_control(struct event_reader *reader, const struct frame_piece *frame,
			 struct aaau_event *ret)
{
	json_t *object;
	bool good;

	switch (frame->type) {
	case FRAME_PONG:
		ret->type = AAAU_EVENT_PONG;
		ret->as.pong.data = frame->data;
		ret->as.pong.length = frame->length;
		return true;
	case FRAME_STATUS:
	case FRAME_ERROR:
	case FRAME_NOTICE:
	case FRAME_END: break;
	default: return false;
	}

	object = reader->document = load(frame->data, frame->length);
	if (!json_is_object(object))
		return broken(reader, -EPROTO, "a message that is not a JSON object", ret);
	switch (frame->type) {
	case FRAME_STATUS:
		ret->type = AAAU_EVENT_STATUS;
		good = get_session(object, &ret->as.status.session);
		if (good && !keep_json(reader, object))
			return broken(reader, -ENOMEM, "", ret);
		ret->as.status.json = reader->json;
		break;
	case FRAME_ERROR: good = get_error(object, false, ret); break;
	case FRAME_NOTICE:
		ret->type = AAAU_EVENT_NOTICE;
		good = get_text(object, "event", &ret->as.notice.event) &&
		       get_text(object, "message", &ret->as.notice.message);
		break;
	default:
		good = read_end(object, ret);
		reader->state = READER_OVER;
		break;
	}
	if (!good)
		return broken(reader, -EPROTO, "a message with a member of the wrong type", ret);
	return true;
}

bool event_reader_next(struct event_reader *reader, const char *data, size_t n, size_t *at,
		       struct aaau_event *ret)
{
	struct frame_piece piece;

	forget(reader);
	memset(ret, 0, sizeof(*ret));
	while (*at < n) {
		switch (reader->state) {
		case READER_LINE:
			if (read_line(reader, data, n, at, ret))
				return true;
			continue;
		case READER_OVER:
			*at = n;
			return broken(reader, -EPROTO, "more after its last message", ret);
		case READER_BROKEN: return broken(reader, -EPROTO, "", ret);
		case READER_FRAMES: break;
		}

		switch (frame_read(&reader->frames, data, n, at, &piece)) {
		case FRAME_NEED_MORE: return false;
		case FRAME_BAD_LENGTH:
			return broken(reader, -EPROTO, "a message longer than any can be", ret);
		case FRAME_DATA:
			if (piece.type != FRAME_OUTPUT)
				return broken(reader, -EPROTO, "a message that only we may send",
					      ret);
			ret->type = AAAU_EVENT_OUTPUT;
			ret->as.output.data = piece.data;
			ret->as.output.length = piece.length;
			return true;
		case FRAME_CONTROL:
			if (read_control(reader, &piece, ret))
				return true;
			break;
		}
	}
	return false;
}
