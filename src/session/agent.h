/* The agent as its parent sees it: whether it was execed, how it ended, and the end of all that it
 * left behind. */
#ifndef AAAU_SESSION_AGENT_H
#define AAAU_SESSION_AGENT_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>

#include "ipc/launch.h"

struct session;

struct agent {
	struct event exec_status;
	struct event exited;
	struct exec_failure failure;
	size_t failure_have; /* bytes of it */
	bool alive;
};

int agent_init(struct session *session);
/* From now on its exit is waited for. */
int agent_watch_exit(struct session *session);
/* Kills everything in the agent's cgroup. */
void agent_kill(struct session *session);
/* After the agent's exit: kills what is left and calls session_agent_gone() when nothing is. */
void agent_clean_up(struct session *session);
/* From the watch over the cgroup. */
void agent_cgroup_changed(struct session *session, bool populated);

#endif
