/* Version 1's frames: any bytes, read at once and in pieces of every size, give the same events,
 * and every payload byte is either input or part of an exact control message. The first byte of
 * the input is the size of the pieces (0: 256). */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/v1.h"
#include "util/str.h"

struct trace {
	struct str text;
	bool open; /* the text ends in input */
};

static void note(struct trace *trace, enum v1_event event, const struct v1_piece *piece)
{
	if (event == V1_INPUT) {
		if (piece->length == 0)
			abort();
		if (!trace->open)
			str_append_text(&trace->text, "\ninput:");
		str_append(&trace->text, piece->data, piece->length);
	} else {
		str_append_format(&trace->text, "\n%d", event);
		if (event == V1_RESIZE) {
			if (piece->rows == 0 || piece->columns == 0)
				abort();
			str_append_format(&trace->text, ":%u,%u", piece->rows, piece->columns);
		}
	}
	trace->open = event == V1_INPUT;
}

static void read_in_pieces(struct trace *trace, const char *data, size_t size, size_t piece_size)
{
	struct v1_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		abort();
	for (size_t from = 0; from < size; from += piece_size) {
		size_t n = size - from < piece_size ? size - from : piece_size;
		struct v1_piece piece;
		enum v1_event event;
		size_t at = 0;

		while ((event = v1_read(reader, data + from, n, &at, &piece)) != V1_NEED_MORE) {
			note(trace, event, &piece);
			if (event == V1_BAD_LENGTH)
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
