/* A new session. */
#ifndef AAAU_MONITOR_SPAWN_H
#define AAAU_MONITOR_SPAWN_H

#include "ipc/monitor-msg.h"
#include "ipc/session-msg.h"
#include "monitor/monitor.h"

/* Starts what a checked SPAWN asks for. Nothing is waited for and nothing is returned: what fails
 * is said on the link. The descriptors stay the caller's. */
void spawn_session(struct monitor *monitor, const struct monitor_request *request, int launch,
		   int link);

/* Says on the link that there will be no session. */
void spawn_refuse(int link, enum spawn_step step, int error);

#endif
