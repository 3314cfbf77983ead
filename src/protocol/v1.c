/* The codec of version 1 after its handshake: the client's frames in, input and control messages
 * out, no I/O and no memory beyond the reader.
 *
 * Version 1 marks a control message by its first byte, 0x01, which is also what Ctrl-A types. So a
 * short payload that starts with it is held until it is whole and then compared; only an exact
 * control message is one, and everything else is the user's input, delivered byte for byte. Any
 * other payload passes through as it arrives. The client is not trusted; a length over the limit
 * sticks, and the caller closes.
 */
#include "protocol/v1.h"

#include <stdbool.h>
#include <string.h>

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static uint32_t frame_length(const struct v1_reader *reader)
{
	return (uint32_t)reader->header[0] << 24 | (uint32_t)reader->header[1] << 16 |
	       (uint32_t)reader->header[2] << 8 | reader->header[3];
}

/* Reads digits at *at. False if there are none. What is beyond any size stays beyond it. */
static bool read_number(const char *text, size_t n, size_t *at, uint32_t *ret)
{
	size_t start = *at;
	uint32_t value = 0;

	while (*at < n && text[*at] >= '0' && text[*at] <= '9') {
		value = value * 10 + (uint32_t)(text[*at] - '0');
		if (value > UINT16_MAX)
			value = UINT16_MAX + 1;
		(*at)++;
	}
	*ret = value;
	return *at > start;
}

static enum v1_event read_resize(const char *text, size_t n, struct v1_piece *ret)
{
	uint32_t rows, columns;
	size_t at = 0;

	if (!read_number(text, n, &at, &rows) || at == n || text[at++] != ',' ||
	    !read_number(text, n, &at, &columns) || at != n)
		return V1_INPUT;
	if (rows == 0 || rows > UINT16_MAX || columns == 0 || columns > UINT16_MAX)
		return V1_BAD_SIZE;
	ret->rows = (uint16_t)rows;
	ret->columns = (uint16_t)columns;
	return V1_RESIZE;
}

/* What a whole payload that starts with 0x01 is. */
static enum v1_event classify(const char *payload, size_t n, struct v1_piece *ret)
{
	static const struct {
		const char *text;
		enum v1_event event;
	} words[] = {
		{"PING", V1_PING},
		{"GET_STATUS", V1_GET_STATUS},
		{"FORCE_KILL", V1_FORCE_KILL},
	};
	static const char resize[] = "RESIZE:";
	size_t prefix = sizeof(resize) - 1;

	payload++;
	n--;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (n == strlen(words[i].text) && memcmp(payload, words[i].text, n) == 0)
			return words[i].event;
	}
	if (n > prefix && memcmp(payload, resize, prefix) == 0)
		return read_resize(payload + prefix, n - prefix, ret);
	return V1_INPUT;
}

enum v1_event v1_read(struct v1_reader *reader, const char *data, size_t n, size_t *at,
		      struct v1_piece *ret)
{
	for (;;) {
		if (reader->header_have < sizeof(reader->header)) {
			size_t take =
				smaller(sizeof(reader->header) - reader->header_have, n - *at);

			if (take > 0)
				memcpy(reader->header + reader->header_have, data + *at, take);
			*at += take;
			reader->header_have = (uint8_t)(reader->header_have + take);
			if (reader->header_have < sizeof(reader->header))
				return V1_NEED_MORE;
			reader->remaining = frame_length(reader);
			reader->held = 0;
		}

		uint32_t length = frame_length(reader);

		if (length > V1_MAX_PAYLOAD)
			return V1_BAD_LENGTH;
		if (length == 0) {
			reader->header_have = 0;
			continue;
		}
		if (*at == n)
			return V1_NEED_MORE;

		size_t take = smaller(reader->remaining, n - *at);
		const char *piece = data + *at;
		bool first = reader->remaining == length;
		bool hold = reader->held > 0 ||
			    (first && length <= V1_MAX_CONTROL && piece[0] == '\x01');

		*at += take;
		reader->remaining -= (uint32_t)take;
		if (reader->remaining == 0)
			reader->header_have = 0;
		if (!hold) {
			*ret = (struct v1_piece){.data = piece, .length = take};
			return V1_INPUT;
		}

		memcpy(reader->hold + reader->held, piece, take);
		reader->held = (uint8_t)(reader->held + take);
		if (reader->remaining > 0)
			return V1_NEED_MORE;
		*ret = (struct v1_piece){.data = reader->hold, .length = length};
		return classify(reader->hold, length, ret);
	}
}
