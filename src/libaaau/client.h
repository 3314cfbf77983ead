/* A connection, inside the library. */
#ifndef AAAU_LIBAAAU_CLIENT_H
#define AAAU_LIBAAAU_CLIENT_H

#include <aaau/aaau.h>

#include "libaaau/event-reader.h"

#define CLIENT_IN_SIZE (256 * 1024) /* one read */
#define CLIENT_QUEUE_SIZE 65536     /* the longest request, or this much input */
#define CLIENT_QUEUE_RESERVE 1024   /* beyond it, for messages that must not wait for input */

struct aaau_client {
	int fd;
	bool requested;  /* the one request was made */
	bool started;    /* frames may go out */
	bool closed;     /* AAAU_EVENT_CLOSED was given */
	bool unsendable; /* the server reads no more; what it sent before may still come */
	bool drained;    /* the last read took all there was: the next call may say so at once */
	int closed_error;
	const char *closed_detail;

	struct event_reader reader;

	size_t out_start, out_end;
	size_t in_at, in_end;
	/* Last and large: memory that is never touched costs nothing. */
	char out[CLIENT_QUEUE_SIZE + CLIENT_QUEUE_RESERVE];
	char in[CLIENT_IN_SIZE];
};

/* Sends as much of the queue as the socket takes. */
void client_flush(struct aaau_client *client);

/* Where n more bytes can be written and then be counted to out_end; NULL if fewer than n + keep
 * are free. */
char *client_queue(struct aaau_client *client, size_t n, size_t keep);

#endif
