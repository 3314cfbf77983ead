/* The broker's side of the monitor's socket.
 *
 * Owns the queue of requests; the socket was there at the start. The broker's life hangs on it: when
 * it ends, or brings what the monitor never says, the process ends at once. Sessions go on, and
 * the next monitor starts the next broker.
 */
#include "broker/monitor-client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/lifecycle.h"
#include "ipc/monitor-msg.h"
#include "ipc/seqpacket.h"
#include "util/fd.h"

#define REQUESTS_MAX 1024 /* that wait for the monitor */

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct monitor_event event;
	int fds[SEQPACKET_MAX_FDS];
	unsigned fd_count;
	ssize_t n = seqpacket_receive(fd, &event, sizeof(event), fds, &fd_count);

	(void)what;
	if (n == -EAGAIN)
		return;
	if (n == 0)
		_exit(EXIT_SUCCESS);
	if (n != sizeof(event) || fd_count || event.type != MONITOR_EVENT_SHUTDOWN) {
		fprintf(stderr, "aaau-broker: the monitor said what no monitor says\n");
		_exit(EXIT_FAILURE);
	}
	lifecycle_shut_down(context);
}

void monitor_client_init(struct broker *broker, int fd)
{
	struct monitor_client *monitor = &broker->monitor;

	outbox_init(&monitor->outbox, broker->base, fd, REQUESTS_MAX);
	event_assign(&monitor->readable, broker->base, fd, EV_READ | EV_PERSIST, on_readable,
		     broker);
	event_add(&monitor->readable, NULL);
}

static int put(struct broker *broker, const struct monitor_request *request,
	       const struct outbox_cargo *cargo)
{
	cleanup_str struct str message = {0};

	str_append(&message, request, sizeof(*request));
	return outbox_put(&broker->monitor.outbox, &message, cargo);
}

int monitor_ready(struct broker *broker)
{
	return put(broker, &(struct monitor_request){.type = MONITOR_REQUEST_READY},
		   &(struct outbox_cargo){0});
}

int monitor_kill(struct broker *broker, const struct uuid *session)
{
	return put(broker,
		   &(struct monitor_request){.type = MONITOR_REQUEST_KILL, .session = *session},
		   &(struct outbox_cargo){0});
}

int monitor_spawn(struct broker *broker, const struct uuid *session, uint32_t profile,
		  uint16_t rows, uint16_t columns, int launch_fd, int link_fd)
{
	return put(broker,
		   &(struct monitor_request){
			   .type = MONITOR_REQUEST_SPAWN,
			   .profile = profile,
			   .session = *session,
			   .rows = rows,
			   .columns = columns,
		   },
		   &(struct outbox_cargo){.fds = {launch_fd, link_fd}, .fd_count = 2});
}
