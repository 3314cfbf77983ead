/* What the kernel says about the agent's cgroup. */
#ifndef AAAU_SESSION_CGROUP_H
#define AAAU_SESSION_CGROUP_H

#include <event2/event_struct.h>
#include <stdbool.h>

struct session;

struct cgroup {
	struct event changed;
	int poll; /* an epoll set with cgroup.events in it, or -1: not watched */
};

struct cgroup_state {
	bool populated; /* something of the agent lives */
	bool frozen;    /* and all of it stands still */
};

void cgroup_init(struct session *session);
/* What it is now. */
struct cgroup_state cgroup_read(struct session *session);
/* From now on agent_cgroup_changed() and freeze_cgroup_changed() are called when it is another. What
 * changed before has to be read. Fine if it is watched already. 0, or a negative errno. */
int cgroup_watch(struct session *session);
void cgroup_unwatch(struct session *session);

#endif
