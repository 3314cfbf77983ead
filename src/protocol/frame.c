/* The codec of version 2 frames: bytes in, pieces out, no I/O and no memory beyond the reader.
 *
 * Both ends use it and neither trusts the other: the declared length is checked against the limit
 * of the frame's type before a single byte of payload is taken. A length over the limit sticks;
 * there is no way to find the next frame behind one that was not read, so the caller closes.
 */
#include "protocol/frame.h"

#include <stdbool.h>
#include <string.h>

static bool is_streamed(uint8_t type)
{
	return type == FRAME_INPUT || type == FRAME_OUTPUT;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Takes header bytes. True once the header is whole. */
static bool read_header(struct frame_reader *reader, const char *data, size_t n, size_t *at)
{
	size_t take = smaller((size_t)(FRAME_HEADER_SIZE - reader->header_have), n - *at);

	memcpy(reader->header + reader->header_have, data + *at, take);
	*at += take;
	reader->header_have = (uint8_t)(reader->header_have + take);
	if (reader->header_have < FRAME_HEADER_SIZE)
		return false;
	reader->length = (uint32_t)reader->header[0] << 24 | (uint32_t)reader->header[1] << 16 |
			 (uint32_t)reader->header[2] << 8 | reader->header[3];
	reader->type = reader->header[4];
	reader->remaining = reader->length;
	return true;
}

enum frame_event frame_read(struct frame_reader *reader, const char *data, size_t n, size_t *at,
			    struct frame_piece *ret)
{
	for (;;) {
		if (reader->header_have < FRAME_HEADER_SIZE) {
			if (*at == n || !read_header(reader, data, n, at))
				return FRAME_NEED_MORE;
		}

		bool streamed = is_streamed(reader->type);

		if (reader->length > (streamed ? FRAME_MAX_PAYLOAD : FRAME_MAX_CONTROL)) {
			*ret = (struct frame_piece){.type = reader->type, .length = reader->length};
			return FRAME_BAD_LENGTH;
		}

		if (reader->remaining > 0 && *at == n)
			return FRAME_NEED_MORE;

		size_t take = smaller(reader->remaining, n - *at);
		const char *piece = data + *at;

		if (!streamed && take > 0)
			memcpy(reader->control + (reader->length - reader->remaining), piece, take);
		*at += take;
		reader->remaining -= (uint32_t)take;
		if (reader->remaining == 0)
			reader->header_have = 0;

		if (streamed && take > 0) {
			*ret = (struct frame_piece){reader->type, piece, take};
			return FRAME_DATA;
		}
		if (!streamed && reader->remaining == 0) {
			*ret = (struct frame_piece){reader->type, reader->control, reader->length};
			return FRAME_CONTROL;
		}
	}
}

void frame_put_header(unsigned char out[FRAME_HEADER_SIZE], uint8_t type, uint32_t length)
{
	out[0] = (unsigned char)(length >> 24);
	out[1] = (unsigned char)(length >> 16);
	out[2] = (unsigned char)(length >> 8);
	out[3] = (unsigned char)length;
	out[4] = type;
}
