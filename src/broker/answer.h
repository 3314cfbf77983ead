/* What a client is told, in its own version of the protocol. */
#ifndef AAAU_BROKER_ANSWER_H
#define AAAU_BROKER_ANSWER_H

#include "protocol/error.h"
#include "util/str.h"

/* A client that waits for one short answer and has nothing else to say: its socket, owned, and the
 * version it speaks. */
struct waiter {
	int fd;
	int version;
};
#define WAITER_NONE ((struct waiter){.fd = -1})

/* The line; message and remedy may be NULL for the error's own. */
void answer_put_error(struct str *out, int version, enum protocol_error error, const char *message,
		      const char *remedy);

/* Sends the line as far as the socket takes it at once, closes it and empties the waiter. Does
 * nothing for WAITER_NONE. */
void answer_waiter(struct waiter *waiter, const struct str *line);
void answer_waiter_error(struct waiter *waiter, enum protocol_error error, const char *message,
			 const char *remedy);

#endif
