/* What the server leaves in the file system, and its removal. */
#ifndef AAAU_MONITOR_INSTANCE_H
#define AAAU_MONITOR_INSTANCE_H

#include "ipc/monitor-config.h"

/* Removes the public socket if it is still ours, the instance directory with what is in it, and the
 * instance's cgroup. The lock stays locked until the process ends. */
void instance_remove(const struct monitor_config *config);

#endif
