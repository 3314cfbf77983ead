/* Finding the sessions that live already. */
#ifndef AAAU_BROKER_RELEARN_H
#define AAAU_BROKER_RELEARN_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "util/uuid.h"

struct broker;
struct link;
struct session;

struct relearn {
	int directory; /* the sessions directory, which is the working directory too */
	int watch;     /* inotify */
	bool finished; /* every session found at the start has presented itself, or had its time */
	unsigned disappointments;
	TAILQ_HEAD(, link) greeting; /* connected, HELLO not there yet */
	struct event appeared;
	struct event again; /* look through the directory again */
	struct event deadline;
};

/* Watches the directory, enters it. Before the sandbox is locked. 0, or a negative errno. */
int relearn_prepare(struct relearn *relearn, int directory);
/* Connects to what is there; relearn_progress finishes it. 0, or a negative errno. */
int relearn_start(struct broker *broker);
/* Connects to a session; session is NULL if it is not known yet. 0: the link waits for its HELLO.
 * -ECONNREFUSED, -ENOENT: nobody listens, and nothing is left of it. Another negative errno. */
int relearn_connect(struct broker *broker, const struct uuid *id, struct session *session);
/* A session that nobody knew ended its link before its HELLO: is it gone, or was it a bad moment? */
void relearn_disappointed(struct broker *broker);
/* A link of the greeting list has left it. */
void relearn_progress(struct broker *broker);

#endif
