/* Everything that a server can say, and what it should not, however the bytes are cut. */
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libaaau/event-reader.h"

#define STARTED "{\"ok\":true,\"session\":\"3f2a\",\"name\":\"n\",\"level\":\"admin\"}\n"

static void put_frame(struct str *out, uint8_t type, const char *payload, size_t n)
{
	unsigned char header[FRAME_HEADER_SIZE];

	frame_put_header(header, type, (uint32_t)n);
	str_append(out, header, sizeof(header));
	str_append(out, payload, n);
}

static void put_text_frame(struct str *out, uint8_t type, const char *payload)
{
	put_frame(out, type, payload, strlen(payload));
}

/* Events as text, pieces of output joined. */
static void note(struct str *out, const struct aaau_event *event)
{
	static const char *const names[] = {"none",   "started", "answer", "output", "pong",
					    "status", "error",   "notice", "end",    "closed"};

	if (event->type == AAAU_EVENT_OUTPUT) {
		/* On the line of the output before, if that was the last event. */
		const char *newline = out->length ? memrchr(out->data, '\n', out->length) : NULL;
		const char *line = newline ? newline + 1 : out->data;
		if (!line || strncmp(line, "output ", 7) != 0)
			str_append_text(out, out->length ? "\noutput " : "output ");
		str_append(out, event->as.output.data, event->as.output.length);
		return;
	}
	if (out->length)
		str_append_byte(out, '\n');
	str_append_text(out, names[event->type]);
	switch (event->type) {
	case AAAU_EVENT_STARTED:
		str_append_format(out, " %s %s %s %d %u", event->as.started.session,
				  event->as.started.name, event->as.started.level,
				  event->as.started.observer, event->as.started.features);
		break;
	case AAAU_EVENT_ANSWER:
		str_append_format(out, " %zu %s %u", event->as.answer.count,
				  event->as.answer.session, (unsigned)event->as.answer.detached);
		if (event->as.answer.done)
			str_append_format(out, " done %u", (unsigned)event->as.answer.done);
		for (size_t i = 0; i < event->as.answer.count; i++)
			str_append_format(out, " %s/%s/%u/%.3f", event->as.answer.sessions[i].id,
					  event->as.answer.sessions[i].name,
					  event->as.answer.sessions[i].rows,
					  event->as.answer.sessions[i].created);
		break;
	case AAAU_EVENT_PONG:
		str_append_byte(out, ' ');
		str_append(out, event->as.pong.data, event->as.pong.length);
		break;
	case AAAU_EVENT_STATUS:
		str_append_format(out, " %s %u", event->as.status.session.id,
				  (unsigned)event->as.status.session.idle_ms);
		break;
	case AAAU_EVENT_ERROR:
		str_append_format(out, " %s|%s|%s|%d|%d", event->as.error.code,
				  event->as.error.message, event->as.error.remedy,
				  event->as.error.exit_status, event->as.error.refused);
		break;
	case AAAU_EVENT_NOTICE:
		str_append_format(out, " %s|%s", event->as.notice.event, event->as.notice.message);
		break;
	case AAAU_EVENT_END:
		str_append_format(out, " %s|%s|%d|%d|%u", event->as.end.reason, event->as.end.by,
				  event->as.end.signal, event->as.end.exit_status,
				  (unsigned)event->as.end.missed_bytes);
		break;
	case AAAU_EVENT_CLOSED:
		str_append_format(out, " %d %s", event->as.closed.error, event->as.closed.detail);
		break;
	default: break;
	}
}

/* Reads pieces of `size` bytes, each from memory of its own so that a tool sees every overrun. */
static void read_all(enum reader_answer answer, const char *data, size_t n, size_t size,
		     struct str *out)
{
	struct event_reader *reader = malloc(sizeof(*reader));

	event_reader_init(reader);
	event_reader_expect(reader, answer);
	for (size_t start = 0; start < n; start += size) {
		size_t length = n - start < size ? n - start : size, at = 0;
		char *piece = malloc(length);
		struct aaau_event event;

		memcpy(piece, data + start, length);
		while (event_reader_next(reader, piece, length, &at, &event)) {
			note(out, &event);
			if (event.type == AAAU_EVENT_CLOSED)
				break;
		}
		bool closed = reader->state == READER_BROKEN;
		free(piece);
		if (closed)
			break;
	}
	event_reader_free(reader);
	free(reader);
}

static void check(enum reader_answer answer, const char *data, size_t n, const char *events)
{
	/* In pieces of each small size, and whole. */
	for (size_t i = 1; i <= 64; i++) {
		struct str out = {0};
		read_all(answer, data, n, i < 64 ? i : n, &out);
		str_append_text(&out, "");
		assert_string_equal(out.data, events);
		str_free(&out);
	}
}

static void check_text(enum reader_answer answer, const char *data, const char *events)
{
	check(answer, data, strlen(data), events);
}

static void test_every_event(void **state)
{
	struct str data = {0};

	(void)state;
	str_append_text(&data,
			"{\"ok\":true,\"session\":\"3f2a\",\"name\":\"work\",\"level\":"
			"\"interactive\",\"role\":\"operator\",\"features\":[\"notices\",\"x\","
			"7,\"freezes\"],\"new\":{}}\n");
	put_frame(&data, FRAME_OUTPUT, "one\0two", 7);
	put_frame(&data, FRAME_OUTPUT, "", 0);
	put_text_frame(&data, FRAME_PONG, "ping-1");
	put_text_frame(&data, FRAME_STATUS, "{\"id\":\"3f2a\",\"idle_ms\":77,\"alive\":true}");
	put_text_frame(
		&data, FRAME_ERROR,
		"{\"code\":\"read-only\",\"message\":\"m\",\"remedy\":\"r\",\"exit_status\":255}");
	put_text_frame(&data, FRAME_NOTICE, "{\"event\":\"attached\",\"message\":\"alice\"}");
	put_text_frame(&data, '?', "of a later version");
	put_text_frame(&data, FRAME_OUTPUT, "last");
	put_text_frame(&data, FRAME_END,
		       "{\"reason\":\"killed\",\"by\":\"bob\",\"signal\":9,\"exit_status\":137}");
	static const char events[] = "started 3f2a work interactive 0 3\n"
				     "output one\0two\n"
				     "pong ping-1\n"
				     "status 3f2a 77\n"
				     "error read-only|m|r|255|0\n"
				     "notice attached|alice\n"
				     "output last\n"
				     "end killed|bob|9|137|0";
	for (size_t size = 1; size <= data.length; size++) {
		struct str out = {0};
		read_all(ANSWER_STARTED, data.data, data.length, size, &out);
		assert_int_equal(out.length, sizeof(events) - 1);
		assert_memory_equal(out.data, events, sizeof(events) - 1);
		str_free(&out);
	}
	str_free(&data);
}

static void test_answers(void **state)
{
	(void)state;
	check_text(
		ANSWER_LIST,
		"{\"ok\":true,\"sessions\":[{\"id\":\"a\",\"name\":null,\"rows\":70000,\"created\":1.5},"
		"{\"id\":\"b\",\"name\":\"w\",\"created\":2}]}\n",
		"answer 2  0 a//65535/1.500 b/w/0/2.000");
	check_text(ANSWER_LIST, "{\"ok\":true,\"sessions\":[]}\n", "answer 0  0");
	check_text(ANSWER_STATUS, "{\"ok\":true,\"session\":{\"id\":\"a\"}}\n",
		   "answer 1  0 a//0/0.000");
	check_text(ANSWER_DONE, "{\"ok\":true,\"session\":\"a\",\"detached\":3}\n", "answer 0 a 3");
	check_text(ANSWER_DONE,
		   "{\"ok\":true,\"failed\":[{\"id\":\"a\",\"name\":\"n\",\"state\":\"freezing\"}],"
		   "\"done\":19}\n",
		   "answer 1  0 done 19 a/n/0/0.000");
	check_text(ANSWER_DONE, "{\"ok\":true,\"failed\":[],\"done\":2}\n", "answer 0  0 done 2");
	check_text(ANSWER_DETACHED, STARTED, "started 3f2a n admin 0 0");
	check_text(ANSWER_STARTED, "{\"ok\":true,\"session\":\"a\",\"level\":\"read-only\"}\n",
		   "started a  read-only 1 0");
	check_text(
		ANSWER_DONE,
		"{\"ok\":false,\"error\":{\"code\":\"c\",\"message\":\"m\",\"exit_status\":64}}\n",
		"error c|m||64|1");
	/* a status that no process can have, or that would say success */
	check_text(ANSWER_DONE, "{\"ok\":false,\"error\":{\"exit_status\":0}}\n", "error |||255|1");
	check_text(ANSWER_DONE, "{\"ok\":false,\"error\":{\"exit_status\":70000}}\n",
		   "error |||255|1");
}

static void check_frame(uint8_t type, const char *payload, const char *event)
{
	struct str data = {0}, events = {0};

	str_append_text(&data, STARTED);
	put_text_frame(&data, type, payload);
	str_append_format(&events, "started 3f2a n admin 0 0\n%s", event);
	check(ANSWER_STARTED, data.data, data.length, events.data);
	str_free(&data);
	str_free(&events);
}

#define BROKEN "closed -71 "

static void test_hostile_answers(void **state)
{
	static const char *const not_json[] = {"\n",
					       "no\n",
					       "SESSION:3f2a\n",
					       "[]\n",
					       "{\"ok\":true\n",
					       "{\"ok\":true,\"ok\":true}\n",
					       "{\"ok\":true}x\n",
					       "{\"ok\":\"\377\"}\n",
					       "{\"session\":\"a\\u0000b\"}\n",
					       "\"ok\"\n"};

	(void)state;
	assert_int_equal(EPROTO, 71);
	for (size_t i = 0; i < sizeof(not_json) / sizeof(not_json[0]); i++)
		check_text(ANSWER_STARTED, not_json[i],
			   BROKEN "an answer that is not of this protocol");
	check_text(ANSWER_NONE, "x", BROKEN "an answer before there was a request");
	check_text(ANSWER_STARTED, "{}\n", BROKEN "an answer without \"ok\"");
	check_text(ANSWER_STARTED, "{\"ok\":1}\n", BROKEN "an answer without \"ok\"");
	check_text(ANSWER_STARTED, "{\"ok\":true}\n", BROKEN "an answer without a session");
	check_text(ANSWER_STARTED, "{\"ok\":true,\"session\":{}}\n",
		   BROKEN "an answer with a member of the wrong type");
	check_text(ANSWER_STARTED, "{\"ok\":true,\"session\":\"a\",\"name\":1}\n",
		   BROKEN "an answer with a member of the wrong type");
	check_text(ANSWER_DONE, "{\"ok\":true,\"failed\":3}\n",
		   "closed -71 an answer with a member of the wrong type");
	check_text(ANSWER_DONE, "{\"ok\":true,\"failed\":[3]}\n",
		   "closed -71 a session with a member of the wrong type");
	check_text(ANSWER_DONE, "{\"ok\":true,\"detached\":-1}\n",
		   BROKEN "an answer with a member of the wrong type");
	check_text(ANSWER_STARTED, "{\"ok\":false}\n", BROKEN "an error that is not one");
	check_text(ANSWER_STARTED, "{\"ok\":false,\"error\":{\"code\":1}}\n",
		   BROKEN "an error that is not one");
	check_text(ANSWER_LIST, "{\"ok\":true,\"sessions\":{}}\n",
		   BROKEN "an answer without what was asked for");
	check_text(ANSWER_LIST, "{\"ok\":true,\"sessions\":[1]}\n",
		   BROKEN "a session with a member of the wrong type");
	check_text(ANSWER_LIST, "{\"ok\":true,\"sessions\":[{\"id\":\"a\"},{\"created\":\"x\"}]}\n",
		   BROKEN "a session with a member of the wrong type");
	check_text(ANSWER_DONE, "{\"ok\":true,\"session\":\"a\"}\nx",
		   "answer 0 a 0\n" BROKEN "more after its last message");
}

static void test_hostile_frames(void **state)
{
	(void)state;
	check_frame(FRAME_END, "{\"reason\":\"exited\"}", "end exited||0|254|0");
	check_frame(FRAME_END, "{\"reason\":\"x\",\"exit_status\":256,\"signal\":4000}",
		    "end x||127|254|0");
	check_frame(FRAME_END, "{\"reason\":\"x\",\"exit_status\":-1}", "end x||0|254|0");
	check_frame(FRAME_END, "{}", BROKEN "a message with a member of the wrong type");
	check_frame(FRAME_END, "{\"reason\":\"x\",\"missed_bytes\":\"7\"}",
		    BROKEN "a message with a member of the wrong type");
	check_frame(FRAME_END, "", BROKEN "a message that is not a JSON object");
	check_frame(FRAME_ERROR, "[]", BROKEN "a message that is not a JSON object");
	check_frame(FRAME_ERROR, "{\"code\":7}",
		    BROKEN "a message with a member of the wrong type");
	check_frame(FRAME_NOTICE, "{\"event\":[]}",
		    BROKEN "a message with a member of the wrong type");
	check_frame(FRAME_STATUS, "{\"rows\":\"x\"}",
		    BROKEN "a message with a member of the wrong type");
	check_frame(FRAME_INPUT, "typed", BROKEN "a message that only we may send");

	struct str data = {0};
	str_append_text(&data, STARTED);
	str_append(&data, "\0\0\x10\x01S", 5);
	check(ANSWER_STARTED, data.data, data.length,
	      "started 3f2a n admin 0 0\n" BROKEN "a message longer than any can be");
	str_clear(&data);
	str_append_text(&data, STARTED);
	str_append(&data, "\xff\xff\xff\xffo", 5);
	check(ANSWER_STARTED, data.data, data.length,
	      "started 3f2a n admin 0 0\n" BROKEN "a message longer than any can be");
	str_clear(&data);
	str_append_text(&data, STARTED);
	put_text_frame(&data, FRAME_END, "{\"reason\":\"exited\",\"exit_status\":0}");
	put_text_frame(&data, FRAME_OUTPUT, "ghost");
	check(ANSWER_STARTED, data.data, data.length,
	      "started 3f2a n admin 0 0\nend exited||0|0|0\n" BROKEN "more after its last message");
	str_free(&data);
}

/* Memory is bounded before it is taken. */
static void test_endless_answer(void **state)
{
	static const struct {
		enum reader_answer answer;
		size_t limit;
	} cases[] = {{ANSWER_STARTED, READER_MAX_ANSWER}, {ANSWER_LIST, READER_MAX_LISTING}};
	static char block[32768];

	(void)state;
	memset(block, ' ', sizeof(block));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event_reader *reader = malloc(sizeof(*reader));
		struct aaau_event event = {0};
		size_t total = 0, at = 0;

		event_reader_init(reader);
		event_reader_expect(reader, cases[i].answer);
		while (!event_reader_next(reader, block, sizeof(block), &at, &event)) {
			total += sizeof(block);
			at = 0;
			assert_true(total <= cases[i].limit);
		}
		assert_int_equal(event.type, AAAU_EVENT_CLOSED);
		assert_int_equal(event.as.closed.error, -EPROTO);
		event_reader_free(reader);
		free(reader);
	}
}

static void test_deep_json(void **state)
{
	struct str data = {0};

	(void)state;
	str_append_text(&data, "{\"ok\":true,\"session\":\"a\",\"x\":");
	for (unsigned i = 0; i < 60000; i++)
		str_append_byte(&data, '[');
	str_append_byte(&data, '\n');
	check(ANSWER_STARTED, data.data, data.length,
	      BROKEN "an answer that is not of this protocol");
	str_free(&data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_event),     cmocka_unit_test(test_answers),
		cmocka_unit_test(test_hostile_answers), cmocka_unit_test(test_hostile_frames),
		cmocka_unit_test(test_endless_answer),  cmocka_unit_test(test_deep_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
