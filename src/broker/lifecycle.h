/* What becomes of a session, from its start to its end. */
#ifndef AAAU_BROKER_LIFECYCLE_H
#define AAAU_BROKER_LIFECYCLE_H

#include <stdbool.h>

#include "broker/link.h"
#include "broker/registry.h"
#include "ipc/session-msg.h"

struct broker;

/* A session that was found presents itself. 0, or a negative errno: the link is of no use. */
int lifecycle_hello(struct link *link, const struct session_hello *hello);
void lifecycle_started(struct broker *broker, struct session *session);

/* These forget the session and free its link. */
void lifecycle_spawn_failed(struct broker *broker, struct session *session,
			    const struct session_spawn_failed *failed);
/* Before the monitor or the session could say anything. */
void lifecycle_start_failed(struct broker *broker, struct session *session, const char *message,
			    const char *remedy);
void lifecycle_ended(struct broker *broker, struct session *session,
		     const struct session_ended *ended);

/* The link ended without a last message, or with one that made no sense: connects again, unless the
 * session is gone. Frees the link. */
void lifecycle_link_ended(struct link *link, bool malformed);

/* Tells one session that the server stops. */
void lifecycle_order_shutdown(struct session *session);
/* The server stops: every session is told. The broker's loop ends when the last has ended. */
void lifecycle_shut_down(struct broker *broker);

#endif
