/* The agent's side of the fork. */
#ifndef AAAU_MONITOR_AGENT_H
#define AAAU_MONITOR_AGENT_H

#include <sys/resource.h>

#include "ipc/monitor-config.h"

struct agent {
	const struct monitor_profile *profile;
	struct rlimit nofile; /* the server's own, unless the profile says otherwise */
	int slave;            /* the terminal to be */
	int devpts;           /* its instance, still mounted nowhere */
	int launch;           /* the launch record, read as the agent user */
	int status;           /* close-on-exec; takes a struct exec_failure */
};

/* Called in the child, as root; becomes the agent. */
_Noreturn void agent_run(const struct agent *agent);

#endif
