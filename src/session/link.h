/* The link to the broker, and the socket where the next broker finds the session. */
#ifndef AAAU_SESSION_LINK_H
#define AAAU_SESSION_LINK_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipc/session-msg.h"

struct session;

struct link {
	int fd; /* or -1: nobody asks and nobody is told; the session goes on */
	struct event readable;
	int listener; /* or -1 */
	struct event incoming;
};

int link_init(struct session *session);
/* Binds the session's socket in the sessions directory, under its final name only once it
 * listens. */
int link_listen(struct session *session);
/* Handles what has arrived already. */
void link_receive_pending(struct session *session);
void link_send_started(struct session *session);
/* What became of the order with this tag. */
void link_send_done(struct session *session, uint32_t tag, uint32_t count,
		    enum order_outcome outcome);
/* The session's last word; the socket goes with it. message: see struct session_ended. */
void link_send_ended(struct session *session, const char *text);

#endif
