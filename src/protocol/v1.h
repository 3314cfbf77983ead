/* Version 1 after its handshake: the client's frames (u32 big-endian length, payload), in which a
 * payload that is exactly a control message is one, and anything else is input. Codec, no I/O. */
#ifndef AAAU_PROTOCOL_V1_H
#define AAAU_PROTOCOL_V1_H

#include <stddef.h>
#include <stdint.h>

#define V1_MAX_PAYLOAD 1000000
#define V1_MAX_CONTROL 64 /* bytes: no control message is longer */

enum v1_event {
	V1_NEED_MORE = 0,
	V1_INPUT, /* a piece of input: data, length */
	V1_RESIZE,
	V1_PING,
	V1_GET_STATUS,
	V1_FORCE_KILL,
	V1_BAD_SIZE,   /* RESIZE with a number of 0 or beyond 65535: answer \x01ERROR, go on */
	V1_BAD_LENGTH, /* over the limit: answer \x01ERROR and close */
};

/* Zeroed is ready. What it holds comes out later: the input of one call can be up to
 * V1_MAX_CONTROL - 1 bytes longer than the bytes fed to it. */
struct v1_reader {
	unsigned char header[4];
	uint8_t header_have;
	uint32_t remaining;
	uint8_t held; /* bytes of a payload of at most V1_MAX_CONTROL that starts with 0x01 */
	char hold[V1_MAX_CONTROL];
};

struct v1_piece {
	const char *data;
	size_t length;
	uint16_t rows, columns;
};

/* As frame_read; V1_INPUT's data points into the fed bytes or into the reader. A frame of length 0 gives no event. "\x01RESIZE:24,80" needs both numbers in
 * plain decimal and nothing else; "\x01RESIZE:x" and a lone "\x01" are input. */
enum v1_event v1_read(struct v1_reader *reader, const char *data, size_t n, size_t *at,
		      struct v1_piece *ret);

#endif
