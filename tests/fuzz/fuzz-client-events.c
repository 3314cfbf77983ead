/* A hostile server: any bytes, read whole and in pieces, give the same events to the client, every
 * pointer in them is readable, every number in its range, and nothing follows the end. The first
 * byte of the input chooses the request that the bytes answer, the second the size of the pieces
 * (0: 256). */
#include <string.h>

#include "fuzz.h"
#include "libaaau/event-reader.h"

/* Every text is a string, and together with the numbers it makes a trace. */
static void text(struct str *trace, const char *value)
{
	str_append_byte(trace, '"');
	str_append_text(trace, value);
}

static void number(struct str *trace, uint64_t value)
{
	str_append_byte(trace, ' ');
	str_append_u64(trace, value);
}

static void session(struct str *trace, const struct aaau_session *s)
{
	text(trace, s->id);
	text(trace, s->name);
	text(trace, s->agent);
	text(trace, s->user);
	text(trace, s->creator);
	text(trace, s->command);
	text(trace, s->state);
	number(trace, s->idle_ms);
	number(trace, s->operators + s->observers + s->output_bytes + s->input_bytes);
	number(trace, (uint64_t)s->rows + s->columns);
}

static void note(struct str *trace, const struct aaau_event *event, bool *output)
{
	bool more = *output;

	*output = event->type == AAAU_EVENT_OUTPUT;
	if (!*output || !more)
		number(trace, event->type);
	switch (event->type) {
	case AAAU_EVENT_STARTED:
		text(trace, event->as.started.session);
		text(trace, event->as.started.name);
		text(trace, event->as.started.level);
		MUST(*event->as.started.session);
		break;
	case AAAU_EVENT_ANSWER:
		number(trace, event->as.answer.count);
		number(trace, event->as.answer.detached);
		text(trace, event->as.answer.session);
		for (size_t i = 0; i < event->as.answer.count; i++)
			session(trace, &event->as.answer.sessions[i]);
		if (event->as.answer.json)
			text(trace, event->as.answer.json);
		break;
	case AAAU_EVENT_OUTPUT:
		MUST(event->as.output.length > 0);
		str_append(trace, event->as.output.data, event->as.output.length);
		break;
	case AAAU_EVENT_PONG: str_append(trace, event->as.pong.data, event->as.pong.length); break;
	case AAAU_EVENT_STATUS:
		session(trace, &event->as.status.session);
		text(trace, event->as.status.json);
		break;
	case AAAU_EVENT_ERROR:
		text(trace, event->as.error.code);
		text(trace, event->as.error.message);
		text(trace, event->as.error.remedy);
		MUST(event->as.error.exit_status >= 1 && event->as.error.exit_status <= 255);
		break;
	case AAAU_EVENT_NOTICE:
		text(trace, event->as.notice.event);
		text(trace, event->as.notice.message);
		break;
	case AAAU_EVENT_END:
		text(trace, event->as.end.reason);
		text(trace, event->as.end.by);
		MUST(*event->as.end.reason);
		MUST(event->as.end.exit_status >= 0 && event->as.end.exit_status <= 255);
		MUST(event->as.end.signal >= 0 && event->as.end.signal <= 127);
		break;
	case AAAU_EVENT_CLOSED:
		MUST(event->as.closed.error < 0);
		text(trace, event->as.closed.detail);
		break;
	case AAAU_EVENT_NONE: MUST(false);
	}
}

static void run(enum reader_answer answer, const char *data, size_t n, size_t size,
		struct str *trace)
{
	struct event_reader reader;
	bool output = false, over = false;

	event_reader_init(&reader);
	event_reader_expect(&reader, answer);
	for (size_t start = 0; start < n && !over; start += size) {
		size_t length = n - start < size ? n - start : size, at = 0;
		struct aaau_event event;
		/* memory of its own, so that an overrun is seen */
		char *piece = malloc(length);

		MUST(piece);
		memcpy(piece, data + start, length);
		while (!over && event_reader_next(&reader, piece, length, &at, &event)) {
			note(trace, &event, &output);
			over = event.type == AAAU_EVENT_CLOSED;
		}
		MUST(over || at == length);
		free(piece);
	}
	event_reader_free(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str whole = {0}, pieces = {0};

	if (size < 2)
		return 0;
	enum reader_answer answer = data[0] % (ANSWER_DONE + 1);
	const char *bytes = (const char *)data + 2;
	size -= 2;
	run(answer, bytes, size, size, &whole);
	run(answer, bytes, size, data[1] ? data[1] : 256, &pieces);
	MUST(!str_error(&whole) && !str_error(&pieces));
	MUST(whole.length == pieces.length);
	MUST(!whole.length || memcmp(whole.data, pieces.data, whole.length) == 0);
	str_free(&whole);
	str_free(&pieces);
	return 0;
}
