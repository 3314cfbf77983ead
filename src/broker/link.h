/* The connection to one session. */
#ifndef AAAU_BROKER_LINK_H
#define AAAU_BROKER_LINK_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "broker/outbox.h"
#include "util/uuid.h"

#define LINK_MESSAGES_MAX 2048 /* that wait for the session to read */

struct broker;
struct session;

struct link {
	TAILQ_ENTRY(link) entry; /* in relearn's list while greeted is false */
	struct broker *broker;
	struct uuid id;
	struct session *session; /* NULL before the HELLO of a session that we do not know */
	bool greeted;            /* no HELLO is due (any more) */
	int fd;
	struct event readable;
	struct outbox outbox;
};

/* Takes the descriptor. With a session that is known, the two point to each other; with greeted
 * false, messages are held until the session's HELLO. NULL without memory. */
struct link *link_new(struct broker *broker, int fd, const struct uuid *id, struct session *session,
		      bool greeted);
/* Closes it; clients whose messages were not sent are told this. */
void link_free(struct link *link, enum protocol_error error, const char *message,
	       const char *remedy);

#endif
