/* What the broker asks of root (ipc/monitor-msg.h). */
#ifndef AAAU_BROKER_MONITOR_CLIENT_H
#define AAAU_BROKER_MONITOR_CLIENT_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdint.h>

#include "broker/outbox.h"
#include "util/uuid.h"

struct broker;

struct monitor_client {
	struct event readable;
	struct outbox outbox;
};

void monitor_client_init(struct broker *broker, int fd);

/* 0, or a negative errno: too many requests wait for the monitor. */
int monitor_ready(struct broker *broker);
int monitor_kill(struct broker *broker, const struct uuid *session);
/* Takes the two descriptors. */
int monitor_spawn(struct broker *broker, const struct uuid *session, uint32_t profile,
		  uint16_t rows, uint16_t columns, int launch_fd, int link_fd);

#endif
