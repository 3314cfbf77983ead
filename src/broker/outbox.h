/* Messages to another of our processes, in order, without waiting for it. */
#ifndef AAAU_BROKER_OUTBOX_H
#define AAAU_BROKER_OUTBOX_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "broker/answer.h"

#define OUTBOX_MAX_FDS 2
#define OUTBOX_MAX_BYTES (4u << 20)

struct outbox_message;

struct outbox {
	int socket;     /* not owned */
	unsigned limit; /* messages that may wait */
	unsigned count;
	size_t bytes;
	bool held; /* nothing is sent until outbox_release */
	STAILQ_HEAD(outbox_queue, outbox_message) queue;
	struct event writable;
	struct event retry;
};

void outbox_init(struct outbox *outbox, struct event_base *base, int socket, unsigned limit);

/* What travels with a message. The outbox takes the descriptors, also on failure. */
struct outbox_cargo {
	int fds[OUTBOX_MAX_FDS];
	unsigned fd_count;
	/* fds[0] is the socket of a client that speaks this version and is told an error if the
	 * message cannot be delivered; 0: it is not. */
	int version;
};

/* Sends the message or queues it. 0, -ENOBUFS if too many wait, -ENOMEM, or an error of str.
 * That the other end is gone is no failure: whoever reads from the socket sees it end, and decides
 * what becomes of the queue. On failure the cargo's client was told that the server is busy. */
int outbox_put(struct outbox *outbox, const struct str *message, const struct outbox_cargo *cargo);
void outbox_release(struct outbox *outbox);

/* Ends the outbox: clients whose messages were not sent are told this. */
void outbox_discard(struct outbox *outbox, enum protocol_error error, const char *message,
		    const char *remedy);

#endif
