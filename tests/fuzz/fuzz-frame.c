/* Version 2 frames: any bytes, read at once and in pieces of every size, give the same events, and
 * nothing is read or written out of bounds. The first byte of the input is the size of the pieces
 * (0: 256). */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"
#include "util/str.h"

/* Events as bytes: for streamed data its type and the bytes, pieces of one frame joined; for the
 * others event, type, length and payload. */
struct trace {
	struct str text;
	uint8_t open; /* type of the streamed frame that the text ends in, or 0 */
};

static void note(struct trace *trace, enum frame_event event, const struct frame_piece *piece)
{
	uint8_t type = piece->type;

	if (event != FRAME_DATA || trace->open != type)
		str_append_format(&trace->text, "\n%d %d:", event, type);
	trace->open = event == FRAME_DATA ? type : 0;
	if (event == FRAME_BAD_LENGTH)
		str_append_u64(&trace->text, piece->length);
	else
		str_append(&trace->text, piece->data, piece->length);
	if (event == FRAME_DATA && piece->length == 0)
		abort();
	if (event == FRAME_CONTROL && piece->length > FRAME_MAX_CONTROL)
		abort();
}

static void read_in_pieces(struct trace *trace, const char *data, size_t size, size_t piece_size)
{
	struct frame_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		abort();
	for (size_t from = 0; from < size; from += piece_size) {
		size_t n = size - from < piece_size ? size - from : piece_size;
		struct frame_piece piece;
		enum frame_event event;
		size_t at = 0;

		while ((event = frame_read(reader, data + from, n, &at, &piece)) !=
		       FRAME_NEED_MORE) {
			note(trace, event, &piece);
			if (event == FRAME_BAD_LENGTH)
				goto done;
		}
		if (at != n)
			abort();
	}
done:
	free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace whole = {0}, pieces = {0};
	const char *stream = (const char *)data + 1;

	if (size < 2)
		return 0;
	read_in_pieces(&whole, stream, size - 1, size - 1);
	read_in_pieces(&pieces, stream, size - 1, data[0] ? data[0] : 256);
	if (whole.text.length != pieces.text.length ||
	    (whole.text.length > 0 &&
	     memcmp(whole.text.data, pieces.text.data, whole.text.length) != 0))
		abort();
	str_free(&whole.text);
	str_free(&pieces.text);
	return 0;
}
