/* A session's three cgroups, ID/, ID/supervisor/ and ID/agent/, and the watch over them. */
#ifndef AAAU_MONITOR_CGROUP_H
#define AAAU_MONITOR_CGROUP_H

#include "monitor/monitor.h"

enum cgroup_part {
	CGROUP_SESSION,
	CGROUP_SUPERVISOR,
	CGROUP_AGENT,
};

/* Makes the three. -EEXIST if there is a session of that id. After a failure nothing is left. */
int cgroup_make(const struct uuid *id);
/* Removes the three; they must be empty. 0, or a negative errno. */
int cgroup_remove(const struct uuid *id);
/* Opens a file of one part, or with file NULL its directory (O_PATH). Descriptor, close-on-exec, or
 * a negative errno. */
int cgroup_open(const struct uuid *id, enum cgroup_part part, const char *file, int flags);
/* Kills every process in it and below. 0, or a negative errno (-ENOENT: no such session). */
int cgroup_kill(const struct uuid *id, enum cgroup_part part);

/* Watches a session whose supervisor's cgroup.events was opened before its process was there. The
 * watch takes the descriptor over; -ENOMEM leaves it with the caller. */
int cgroup_watch(struct monitor *monitor, const struct uuid *id, int events);
/* Looks at what the kernel has to say about watch number i: goes on with the end of a session whose
 * supervisor is gone, and drops the watch when nothing is left (watches[i] is then another). */
void cgroup_look(struct monitor *monitor, size_t i);
/* Watches what an earlier monitor left. */
void cgroup_adopt(struct monitor *monitor);

#endif
