/* Version 2 frames: limits, and the same events however the bytes are split. */
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"
#include "util/str.h"

static void put(struct str *out, uint8_t type, const char *payload, size_t n)
{
	unsigned char header[FRAME_HEADER_SIZE];

	frame_put_header(header, type, (uint32_t)n);
	str_append(out, header, sizeof(header));
	str_append(out, payload, n);
}

static void put_text(struct str *out, uint8_t type, const char *payload)
{
	put(out, type, payload, strlen(payload));
}

/* Feeds one piece and appends what it gave as text: i(bytes) for streamed pieces, those of one type
 * joined where they follow each other, [r:bytes] for whole frames, ! for a bad length. The bytes
 * are fed from an allocation of their exact size, so that a read beyond them is seen. */
static bool feed(struct frame_reader *reader, struct str *events, char *last, const char *data,
		 size_t n)
{
	char *exact = malloc(n ? n : 1);
	bool go_on = true;
	size_t at = 0;

	assert_non_null(exact);
	memcpy(exact, data, n);
	while (go_on) {
		struct frame_piece piece;

		switch (frame_read(reader, exact, n, &at, &piece)) {
		case FRAME_NEED_MORE:
			assert_int_equal(at, n);
			free(exact);
			return true;
		case FRAME_DATA:
			assert_true(piece.length > 0);
			if (*last == (char)piece.type)
				str_truncate(events, events->length - 1);
			else
				str_append_format(events, "%c(", piece.type);
			str_append(events, piece.data, piece.length);
			str_append_byte(events, ')');
			*last = (char)piece.type;
			break;
		case FRAME_CONTROL:
			str_append_format(events, "[%c:", piece.type);
			str_append(events, piece.data, piece.length);
			str_append_byte(events, ']');
			*last = 0;
			break;
		case FRAME_BAD_LENGTH:
			str_append_format(events, "!%c%zu", piece.type, piece.length);
			go_on = false;
			break;
		}
	}
	free(exact);
	return false;
}

static void check_all_splits(const struct str *stream, const char *expected)
{
	size_t n = stream->length;

	for (size_t first = 0; first <= n; first++) {
		for (size_t second = first; second <= n; second++) {
			cleanup_str struct str events = {0};
			struct frame_reader reader = {0};
			char last = 0;

			str_append_text(&events, "");
			if (feed(&reader, &events, &last, stream->data, first) &&
			    feed(&reader, &events, &last, stream->data + first, second - first))
				feed(&reader, &events, &last, stream->data + second, n - second);
			assert_string_equal(events.data, expected);
		}
	}

	cleanup_str struct str events = {0};
	struct frame_reader reader = {0};
	char last = 0;

	str_append_text(&events, "");
	for (size_t i = 0; i < n; i++) {
		if (!feed(&reader, &events, &last, stream->data + i, 1))
			break;
	}
	assert_string_equal(events.data, expected);
}

static void header_is_length_and_type(void **state)
{
	unsigned char header[FRAME_HEADER_SIZE];

	(void)state;
	frame_put_header(header, FRAME_INPUT, 0x01020304);
	assert_memory_equal(header, "\x01\x02\x03\x04i", 5);
}

static void every_split_gives_the_same_events(void **state)
{
	cleanup_str struct str stream = {0};

	(void)state;
	put_text(&stream, FRAME_INPUT, "ls\r");
	put_text(&stream, FRAME_INPUT, "");
	put_text(&stream, FRAME_QUERY, "");
	put_text(&stream, FRAME_RESIZE, "abcd");
	put_text(&stream, FRAME_INPUT, "\x01PING");
	put_text(&stream, FRAME_PING, "hello");
	put_text(&stream, '?', "unknown");
	put_text(&stream, FRAME_OUTPUT, "o");
	put_text(&stream, FRAME_OUTPUT, "p");
	put_text(&stream, FRAME_LEAVE, "");
	check_all_splits(&stream, "i(ls\r)[s:][r:abcd]i(\x01PING)[p:hello][?:unknown]o(op)[d:]");
}

static void the_limit_is_on_the_declared_length(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t length;
		bool good;
	} cases[] = {
		{FRAME_INPUT, FRAME_MAX_PAYLOAD, true},
		{FRAME_INPUT, FRAME_MAX_PAYLOAD + 1, false},
		{FRAME_INPUT, UINT32_C(0x80000000), false},
		{FRAME_OUTPUT, FRAME_MAX_PAYLOAD, true},
		{FRAME_OUTPUT, UINT32_MAX, false},
		{FRAME_RESIZE, FRAME_MAX_CONTROL, true},
		{FRAME_RESIZE, FRAME_MAX_CONTROL + 1, false},
		{FRAME_END, FRAME_MAX_CONTROL + 1, false},
		{0, FRAME_MAX_CONTROL + 1, false},
		{255, UINT32_MAX, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct frame_reader reader = {0};
		unsigned char header[FRAME_HEADER_SIZE];
		struct frame_piece piece;
		size_t at = 0;
		enum frame_event event;

		frame_put_header(header, cases[i].type, cases[i].length);
		event = frame_read(&reader, (const char *)header, sizeof(header), &at, &piece);
		assert_int_equal(event, cases[i].good ? FRAME_NEED_MORE : FRAME_BAD_LENGTH);
		if (cases[i].good)
			continue;
		assert_int_equal(piece.type, cases[i].type);
		assert_int_equal(piece.length, cases[i].length);
		/* It sticks: nothing behind it is taken for a frame. */
		at = 0;
		event = frame_read(&reader, "\0\0\0\0s", 5, &at, &piece);
		assert_int_equal(event, FRAME_BAD_LENGTH);
		assert_int_equal(at, 0);
	}
}

static void a_bad_length_is_seen_in_every_split(void **state)
{
	cleanup_str struct str stream = {0};

	(void)state;
	put_text(&stream, FRAME_INPUT, "a");
	str_append(&stream, "\x80\0\0\0ixxxx", 9);
	check_all_splits(&stream, "i(a)!i2147483648");
}

static void the_largest_frames_arrive_whole(void **state)
{
	cleanup_str struct str stream = {0};
	struct frame_reader reader = {0};
	char *payload = malloc(FRAME_MAX_PAYLOAD);
	size_t streamed = 0, control = 0;

	(void)state;
	assert_non_null(payload);
	for (size_t i = 0; i < FRAME_MAX_PAYLOAD; i++)
		payload[i] = (char)(i * 31 % 251);
	put(&stream, FRAME_INPUT, payload, FRAME_MAX_PAYLOAD);
	put(&stream, FRAME_STATUS, payload, FRAME_MAX_CONTROL);

	for (size_t from = 0; from < stream.length; from += 1021) {
		size_t n = stream.length - from < 1021 ? stream.length - from : 1021;
		struct frame_piece piece;
		enum frame_event event;
		size_t at = 0;

		while ((event = frame_read(&reader, stream.data + from, n, &at, &piece))) {
			if (event == FRAME_DATA) {
				assert_memory_equal(piece.data, payload + streamed, piece.length);
				streamed += piece.length;
			} else {
				assert_int_equal(event, FRAME_CONTROL);
				assert_memory_equal(piece.data, payload, piece.length);
				control += piece.length;
			}
		}
	}
	assert_int_equal(streamed, FRAME_MAX_PAYLOAD);
	assert_int_equal(control, FRAME_MAX_CONTROL);
	free(payload);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_is_length_and_type),
		cmocka_unit_test(every_split_gives_the_same_events),
		cmocka_unit_test(the_limit_is_on_the_declared_length),
		cmocka_unit_test(a_bad_length_is_seen_in_every_split),
		cmocka_unit_test(the_largest_frames_arrive_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
