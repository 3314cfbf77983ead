/* Version 1's frames: what is control, what is input, the same however the bytes are split. */
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/v1.h"
#include "util/str.h"

static void put(struct str *out, const char *payload, size_t n)
{
	unsigned char header[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
				   (unsigned char)(n >> 8), (unsigned char)n};

	str_append(out, header, sizeof(header));
	str_append(out, payload, n);
}

static void put_text(struct str *out, const char *payload)
{
	put(out, payload, strlen(payload));
}

/* As in test-frame.c: (bytes) for input, joined, and a word in brackets for the rest. */
static bool feed(struct v1_reader *reader, struct str *events, const char *data, size_t n)
{
	char *exact = malloc(n ? n : 1);
	struct v1_piece piece;
	enum v1_event event;
	size_t at = 0;

	assert_non_null(exact);
	memcpy(exact, data, n);
	while ((event = v1_read(reader, exact, n, &at, &piece)) != V1_NEED_MORE) {
		if (event == V1_BAD_LENGTH) {
			str_append_text(events, "[bad-length]");
			break;
		}
		if (event == V1_INPUT) {
			assert_true(piece.length > 0);
			if (events->length > 0 && events->data[events->length - 1] == ')')
				str_truncate(events, events->length - 1);
			else
				str_append_byte(events, '(');
			str_append(events, piece.data, piece.length);
			str_append_byte(events, ')');
		} else if (event == V1_RESIZE) {
			str_append_format(events, "[%ux%u]", piece.rows, piece.columns);
		} else {
			str_append_text(events, event == V1_PING         ? "[ping]"
						: event == V1_GET_STATUS ? "[status]"
						: event == V1_FORCE_KILL ? "[kill]"
									 : "[bad-size]");
		}
	}
	if (event == V1_NEED_MORE)
		assert_int_equal(at, n);
	free(exact);
	return event == V1_NEED_MORE;
}

static void check_all_splits(const struct str *stream, const char *expected)
{
	size_t n = stream->length;

	for (size_t first = 0; first <= n; first++) {
		for (size_t second = first; second <= n; second++) {
			cleanup_str struct str events = {0};
			struct v1_reader reader = {0};

			str_append_text(&events, "");
			if (feed(&reader, &events, stream->data, first) &&
			    feed(&reader, &events, stream->data + first, second - first))
				feed(&reader, &events, stream->data + second, n - second);
			assert_string_equal(events.data, expected);
		}
	}

	cleanup_str struct str events = {0};
	struct v1_reader reader = {0};

	str_append_text(&events, "");
	for (size_t i = 0; i < n; i++) {
		if (!feed(&reader, &events, stream->data + i, 1))
			break;
	}
	assert_string_equal(events.data, expected);
}

static void check(const char *payload, const char *expected)
{
	cleanup_str struct str stream = {0};

	put_text(&stream, payload);
	check_all_splits(&stream, expected);
}

static void exact_control_messages(void **state)
{
	(void)state;
	check("\x01PING", "[ping]");
	check("\x01GET_STATUS", "[status]");
	check("\001FORCE_KILL", "[kill]");
	check("\x01RESIZE:24,80", "[24x80]");
	check("\x01RESIZE:1,65535", "[1x65535]");
	check("\x01RESIZE:0024,080", "[24x80]");
}

static void anything_else_is_input(void **state)
{
	static const char *const inputs[] = {
		"x",
		"\x01",
		"\x01\x01",
		"\x01PING\n",
		"\x01PIN",
		"\x01PINGPING",
		"\x01ping",
		" \x01PING",
		"PING",
		"\x01GET_STATUS ",
		"\001FORCE_KILL\r",
		"\x01RESIZE",
		"\x01RESIZE:",
		"\x01RESIZE:x",
		"\x01RESIZE:24",
		"\x01RESIZE:24,",
		"\x01RESIZE:,80",
		"\x01RESIZE:24,80,",
		"\x01RESIZE:24,80\n",
		"\x01RESIZE:-1,80",
		"\x01RESIZE:+24,80",
		"\x01RESIZE: 24,80",
		"\x01RESIZE:24;80",
		"\x01RESIZE:0x18,80",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		cleanup_str struct str expected = {0};

		str_append_format(&expected, "(%s)", inputs[i]);
		check(inputs[i], expected.data);
	}
}

static void sizes_out_of_range(void **state)
{
	(void)state;
	check("\x01RESIZE:0,80", "[bad-size]");
	check("\x01RESIZE:24,0", "[bad-size]");
	check("\x01RESIZE:65536,80", "[bad-size]");
	check("\x01RESIZE:24,65536", "[bad-size]");
	check("\x01RESIZE:99999999999999999999,80", "[bad-size]");
	check("\x01RESIZE:4294967320,80", "[bad-size]"); /* 2^32 + 24 */
}

static void a_stream_of_everything(void **state)
{
	cleanup_str struct str stream = {0};

	(void)state;
	put_text(&stream, "");
	put_text(&stream, "a");
	put_text(&stream, "");
	put_text(&stream, "\x01");
	put_text(&stream, "\x01PING");
	put_text(&stream, "\x01x");
	put_text(&stream, "b");
	put_text(&stream, "\x01RESIZE:0,0");
	put_text(&stream, "\x01RESIZE:3,4");
	put_text(&stream, "");
	check_all_splits(&stream, "(a\x01)[ping](\x01xb)[bad-size][3x4]");
}

static void held_up_to_64_bytes_and_no_further(void **state)
{
	(void)state;
	for (size_t n = 63; n <= 66; n++) {
		cleanup_str struct str payload = {0};
		cleanup_str struct str expected = {0};

		str_append_text(&payload, "\x01RESIZE:");
		while (payload.length < n - 5)
			str_append_byte(&payload, '0');
		str_append_text(&payload, "24,80");
		if (n <= V1_MAX_CONTROL)
			str_append_text(&expected, "[24x80]");
		else
			str_append_format(&expected, "(%s)", payload.data);
		check(payload.data, expected.data);
	}
}

static void nul_bytes_are_input(void **state)
{
	struct v1_reader reader = {0};
	struct v1_piece piece;
	size_t at = 0;

	(void)state;
	assert_int_equal(v1_read(&reader, "\0\0\0\x06\x01PING\0", 10, &at, &piece), V1_INPUT);
	assert_int_equal(at, 10);
	assert_int_equal(piece.length, 6);
	assert_memory_equal(piece.data, "\x01PING\0", 6);
	assert_int_equal(v1_read(&reader, "", 0, &(size_t){0}, &piece), V1_NEED_MORE);
}

static void the_limit_is_on_the_declared_length(void **state)
{
	static const struct {
		const char *header;
		bool good;
	} cases[] = {
		{"\x00\x0f\x42\x40", true},                               /* 1,000,000 */
		{"\x00\x0f\x42\x41", false}, {"\x80\x00\x00\x00", false}, /* 2 GiB */
		{"\xff\xff\xff\xff", false}, {"NEW\n", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct v1_reader reader = {0};
		struct v1_piece piece;
		size_t at = 0;

		assert_int_equal(v1_read(&reader, cases[i].header, 4, &at, &piece),
				 cases[i].good ? V1_NEED_MORE : V1_BAD_LENGTH);
		if (cases[i].good)
			continue;
		at = 0;
		assert_int_equal(v1_read(&reader, "\0\0\0\1x", 5, &at, &piece), V1_BAD_LENGTH);
		assert_int_equal(at, 0);
	}
}

static void input_is_passed_on_before_its_frame_is_whole(void **state)
{
	struct v1_reader reader = {0};
	struct v1_piece piece;
	static const char start[] = "\0\0\0\nab";
	size_t at = 0;

	(void)state;
	assert_int_equal(v1_read(&reader, start, 6, &at, &piece), V1_INPUT);
	assert_ptr_equal(piece.data, start + 4);
	assert_int_equal(piece.length, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_control_messages),
		cmocka_unit_test(anything_else_is_input),
		cmocka_unit_test(sizes_out_of_range),
		cmocka_unit_test(a_stream_of_everything),
		cmocka_unit_test(held_up_to_64_bytes_and_no_further),
		cmocka_unit_test(nul_bytes_are_input),
		cmocka_unit_test(the_limit_is_on_the_declared_length),
		cmocka_unit_test(input_is_passed_on_before_its_frame_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
