/* Root's whole vocabulary.
 *
 * The broker sends fixed-size requests on one SOCK_SEQPACKET socket; the monitor's table
 * (monitor/requests.c) says which are permitted and which descriptors each brings. Anything else -
 * another size, another type, other descriptors, a request used up, reserved bytes set - ends the
 * broker, which is then started anew. The monitor sends one message only: MONITOR_EVENT_SHUTDOWN.
 */
#ifndef AAAU_IPC_MONITOR_MSG_H
#define AAAU_IPC_MONITOR_MSG_H

#include <stdint.h>

#include "util/uuid.h"

enum monitor_request_type {
	/* The broker accepts connections now. No descriptors. Once a broker. */
	MONITOR_REQUEST_READY = 1,
	/* Start a session. Descriptors: [0] the launch record, sealed and not read by root; [1] the
	 * session's end of the link, SOCK_SEQPACKET. There is no answer: the link brings
	 * SESSION_MSG_SPAWN_FAILED (ipc/session-msg.h), or what the session itself has to say, or
	 * ends. */
	MONITOR_REQUEST_SPAWN = 2,
	/* Kill the agent of a session whose own process does not answer. No descriptors, no answer. */
	MONITOR_REQUEST_KILL = 3,
};

struct monitor_request {
	uint32_t type;
	uint32_t profile;    /* SPAWN: index into struct monitor_config's profiles; else 0 */
	struct uuid session; /* SPAWN, KILL; else zeros. Version 4 */
	uint16_t rows;       /* SPAWN: 1..65535; else 0 */
	uint16_t columns;
	uint32_t reserved; /* 0 */
};

enum monitor_event_type {
	/* End every session, take no new ones. The monitor waits until all are gone, for a bounded
	 * time, then kills what is left. */
	MONITOR_EVENT_SHUTDOWN = 1,
};

struct monitor_event {
	uint32_t type;
	uint32_t reserved; /* 0 */
};

#endif
