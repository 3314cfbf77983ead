/* Version 2 frames, both directions: u32 big-endian payload length, u8 type, payload.
 * docs/protocol.md describes each type; this is the codec, without I/O. */
#ifndef AAAU_PROTOCOL_FRAME_H
#define AAAU_PROTOCOL_FRAME_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FRAME_HEADER_SIZE 5
#define FRAME_MAX_PAYLOAD 1000000
#define FRAME_MAX_CONTROL 4096 /* payload of every type but INPUT and OUTPUT, in both directions */

enum frame_type {
	/* client -> server */
	FRAME_INPUT = 'i',  /* terminal bytes */
	FRAME_RESIZE = 'r', /* u16 rows, u16 columns, big-endian, each 1..65535 */
	FRAME_PING = 'p',   /* up to 64 bytes of the client's choice, returned in PONG */
	FRAME_QUERY = 's',  /* empty: asks for a STATUS */
	FRAME_KILL = 'k',   /* empty: Admin or creator */
	FRAME_LEAVE = 'd',  /* empty: detach; the server answers with END */
	/* server -> client */
	FRAME_OUTPUT = 'o', /* terminal bytes */
	FRAME_PONG = 'P',
	FRAME_STATUS = 'S', /* JSON object */
	FRAME_ERROR = 'E',  /* JSON object as in protocol/error.h: the connection goes on */
	FRAME_NOTICE = 'N', /* JSON object {"event":…,"message":…}, feature "notices" */
	FRAME_END =
		'X', /* JSON object {"reason":…,…}: the last frame, then the connection closes */
};

/* Incremental reader: feed bytes in any split, get payload pieces. Never buffers payload of
 * streamed types (INPUT, OUTPUT); collects the others whole. Zeroed is ready; between frames
 * header_have is 0 and nothing else of it matters. */
struct frame_reader {
	unsigned char header[FRAME_HEADER_SIZE];
	uint8_t header_have;
	uint8_t type;
	uint32_t remaining; /* payload bytes not seen yet */
	uint32_t length;
	char control[FRAME_MAX_CONTROL];
};

enum frame_event {
	FRAME_NEED_MORE = 0, /* all bytes consumed */
	FRAME_DATA,          /* a piece of a streamed frame: type, data, length */
	FRAME_CONTROL,       /* a whole other frame: type, data, length */
	FRAME_BAD_LENGTH,    /* over the limit for its type: close the connection */
};

struct frame_piece {
	uint8_t type;
	const char *
		data; /* into the fed bytes, or into the reader for FRAME_CONTROL: valid until the next call */
	size_t length;
};

/* Consumes from data[*at..n), advancing *at, until there is an event. A streamed frame of length 0
 * gives no event. Unknown types are collected like control frames: the caller ignores or refuses
 * them. FRAME_BAD_LENGTH comes before any payload is taken, with the type and the declared length
 * in *ret, and again at every further call: a reader starts anew only when zeroed. */
enum frame_event frame_read(struct frame_reader *reader, const char *data, size_t n, size_t *at,
			    struct frame_piece *ret);

/* Writes the header of a frame. */
void frame_put_header(unsigned char out[FRAME_HEADER_SIZE], uint8_t type, uint32_t length);

#endif
