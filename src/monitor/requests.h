/* Requests of the broker. */
#ifndef AAAU_MONITOR_REQUESTS_H
#define AAAU_MONITOR_REQUESTS_H

#include <sys/types.h>

#include "ipc/monitor-msg.h"
#include "monitor/monitor.h"

struct permit;

/* Which permit a message falls under; what is wrong with it as static text, or NULL. */
const char *requests_judge(const struct monitor *monitor, const struct monitor_request *request,
			   ssize_t size, const int *fds, unsigned fd_count,
			   const struct permit **ret_permit);

/* Receives and carries out what has come; ends a broker that asks for what it may not. */
void requests_receive(struct monitor *monitor);

#endif
