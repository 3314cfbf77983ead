/* What root agrees to. Each check gives NULL, or a static text that says what is wrong. */
#ifndef AAAU_MONITOR_POLICY_H
#define AAAU_MONITOR_POLICY_H

#include "ipc/monitor-config.h"
#include "ipc/monitor-msg.h"

/* *ret_profile is the profile's index where the problem is one of a profile, else -1. */
const char *policy_check_config(const struct monitor_config *config, int *ret_profile);

const char *policy_check_ready(const struct monitor_config *config,
			       const struct monitor_request *request, const int *fds);
const char *policy_check_spawn(const struct monitor_config *config,
			       const struct monitor_request *request, const int *fds);
const char *policy_check_kill(const struct monitor_config *config,
			      const struct monitor_request *request, const int *fds);

#endif
