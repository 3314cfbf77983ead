/* The service manager's ear (sd_notify(3), without its library). */
#ifndef AAAU_MONITOR_NOTIFY_H
#define AAAU_MONITOR_NOTIFY_H

/* Sends one state, such as "READY=1", to NOTIFY_SOCKET, if there is one. */
void notify_manager(const char *state);

#endif
