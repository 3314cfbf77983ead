/* What the monitor knows while it runs. All of it can be lost: the cgroup tree and the descriptors
 * of ipc/fds.h say it again to the next monitor. */
#ifndef AAAU_MONITOR_MONITOR_H
#define AAAU_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "ipc/monitor-config.h"
#include "util/uuid.h"

/* "No deadline" among the times below, which are of CLOCK_MONOTONIC in microseconds. */
#define NEVER UINT64_MAX

struct broker {
	pid_t pid;  /* ours and not reaped, or 0 */
	int pidfd;  /* -1 with it */
	int socket; /* our end; -1 once closed, though the process may linger */
	bool ready; /* it has said READY */
	uint64_t started_us;
	uint64_t restart_us; /* when to start the next, NEVER while one runs */
	uint64_t kill_us;    /* when to kill one whose socket was closed, or NEVER */
	unsigned quick_deaths;
};

/* A session, as the kernel tells of it. */
struct watch {
	struct uuid id;
	int events;    /* cgroup.events, of supervisor/ first, of agent/ once that is empty */
	bool clearing; /* the supervisor is gone and the agent was killed */
};

struct monitor {
	const struct monitor_config *config;
	struct rlimit nofile; /* what we were given: ours is raised, the agents get it back */
	int audit;            /* server.jsonl, for the brokers */
	struct broker broker;

	struct watch *watches;
	size_t watch_count, watch_room;

	bool announced; /* the first READY was passed on */

	pid_t check; /* of the configuration, by aaau-server; 0 if none */
	bool reloading;

	bool stopping;
	uint64_t stop_us; /* when patience with what is left ends */
	bool killed;      /* and has ended */
};

#endif
