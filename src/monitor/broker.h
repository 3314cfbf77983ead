/* The broker's life. */
#ifndef AAAU_MONITOR_BROKER_H
#define AAAU_MONITOR_BROKER_H

#include "monitor/monitor.h"

/* Starts one now; if it cannot, it is tried again like one that died at once. */
void broker_start(struct monitor *monitor);
/* Ends it at once: it is hostile, or broken. The next one starts when it is reaped. */
void broker_kill(struct monitor *monitor, const char *reason);
/* Closes its socket, on which it exits by itself; it is killed if it takes too long. */
void broker_dismiss(struct monitor *monitor);
/* It was reaped, with this status of wait(2). */
void broker_reaped(struct monitor *monitor, int status);
/* Tells it to end every session. */
void broker_shut_down(struct monitor *monitor);
/* Does what is due by now; when there is more to do, or NEVER. */
uint64_t broker_tick(struct monitor *monitor, uint64_t now_us);

#endif
