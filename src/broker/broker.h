/* The whole of the broker's state. There is one, and one thread. */
#ifndef AAAU_BROKER_BROKER_H
#define AAAU_BROKER_BROKER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "broker/inquiry.h"
#include "broker/listener.h"
#include "broker/monitor-client.h"
#include "broker/quota.h"
#include "broker/record.h"
#include "broker/registry.h"
#include "broker/relearn.h"
#include "ipc/broker-config.h"

struct broker {
	struct event_base *base;
	const struct broker_config *config;
	struct record record;
	struct registry registry;
	struct listener listener;
	struct quota quota;
	struct relearn relearn;
	struct monitor_client monitor;
	struct inquiry_list inquiries;
	uint32_t next_tag;
	uint32_t next_client; /* number of the next connection, for the records */
	bool shutting_down;
};

/* The descriptors are those of ipc/fds.h, the configuration outlives the broker. 0, or a negative
 * errno. */
int broker_init(struct broker *broker, const struct broker_config *config);
/* Looks for sessions, then accepts connections, until the server stops. 0, or a negative errno. */
int broker_run(struct broker *broker);
/* The sessions are known: connections are accepted from now on, and the monitor is told. */
void broker_accept(struct broker *broker);

#endif
