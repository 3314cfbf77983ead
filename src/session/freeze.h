/* The agent made to stand still, with everything it ever forked, and let go again. */
#ifndef AAAU_SESSION_FREEZE_H
#define AAAU_SESSION_FREEZE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct client;
struct freeze_waiter;
struct session;

struct freeze {
	bool ordered; /* what cgroup.freeze was told last */
	bool frozen;  /* what cgroup.events said last */
	bool unsaid;  /* the clients do not know of the last order yet */
	char by[256]; /* who gave the order that holds, for people */
	TAILQ_HEAD(, freeze_waiter) waiters;
};

void freeze_init(struct session *session);
/* The broker is told the outcome under this tag when the kernel says that it is so, or after 2 s;
 * an order that then is not carried out yet still stands. */
void freeze_order(struct session *session, bool on, uint32_t tag, const char *user);
/* Everything stands still, or does not: from the watch over the cgroup. */
void freeze_cgroup_changed(struct session *session, bool frozen);
/* A client that comes to a frozen session hears that it is. */
void freeze_tell(struct client *client);
/* The agent has exited; what it left is killed, frozen or not. */
void freeze_agent_exited(struct session *session);
/* The broker that waits for outcomes is gone. */
void freeze_forget_waiters(struct session *session);

#endif
