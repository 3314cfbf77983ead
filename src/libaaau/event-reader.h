/* The server's side of a version 2 connection, from bytes to events, without I/O. */
#ifndef AAAU_LIBAAAU_EVENT_READER_H
#define AAAU_LIBAAAU_EVENT_READER_H

#include <aaau/aaau.h>
#include <jansson.h>

#include "protocol/frame.h"
#include "util/str.h"

#define READER_MAX_ANSWER 1048576         /* bytes of an answer line */
#define READER_MAX_LISTING (16 * 1048576) /* the same of list */

/* What the answer line will be. */
enum reader_answer {
	ANSWER_NONE = 0, /* no request yet: any byte is a violation */
	ANSWER_STARTED,  /* then frames */
	ANSWER_DETACHED, /* the same, then the end */
	ANSWER_LIST,
	ANSWER_STATUS,
	ANSWER_DONE, /* kill, detach, freeze, thaw */
};

struct event_reader {
	enum reader_answer answer;
	enum {
		READER_LINE,
		READER_FRAMES,
		READER_OVER, /* nothing may follow */
		READER_BROKEN,
	} state;
	struct str line; /* an answer that came in pieces */
	struct frame_reader frames;

	/* What the latest event points into. */
	json_t *document;
	struct aaau_session *sessions;
	char *json;
};

void event_reader_init(struct event_reader *reader); /* zeroes all */
void event_reader_free(struct event_reader *reader);
void event_reader_expect(struct event_reader *reader, enum reader_answer answer);

/* Consumes from data[*at..n) until there is an event: true, and *ret points into data and the
 * reader until the next call. False: all bytes are consumed. Bytes that no server should send give
 * AAAU_EVENT_CLOSED with -EPROTO, now and for ever after. */
bool event_reader_next(struct event_reader *reader, const char *data, size_t n, size_t *at,
		       struct aaau_event *ret);

#endif
