/* SIGHUP: the configuration is read anew. */
#ifndef AAAU_MONITOR_RELOAD_H
#define AAAU_MONITOR_RELOAD_H

#include "monitor/monitor.h"

/* Starts the check of the new configuration, unless one is under way. */
void reload_start(struct monitor *monitor);
/* The check was reaped, with this status of wait(2): if it was content, the broker is dismissed. */
void reload_checked(struct monitor *monitor, int status);
/* Once the broker is gone: becomes aaau-server run --reload. Returns if that fails, and the server
 * goes on as it was. */
void reload_exec(struct monitor *monitor);

#endif
