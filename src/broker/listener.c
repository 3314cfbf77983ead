/* Accepting connections.
 *
 * Owns the events; the socket came from root and outlives this process. A connection costs nothing
 * before it is accepted and little after (client.c). When descriptors or memory run out, accepting
 * pauses, for the waiting connection would make the socket readable again and again: it goes on
 * when a connection ends, or after 100 ms. No error of accept(2) ends the broker.
 */
#include "broker/listener.h"

#include <errno.h>
#include <sys/socket.h>

#include "broker/broker.h"
#include "broker/client.h"
#include "util/fd.h"

#define BATCH 64 /* connections in a row before links and other clients have a turn */

static const struct timeval pause_for = {.tv_usec = 100000};

static void on_acceptable(evutil_socket_t fd, short what, void *context)
{
	struct broker *broker = context;

	(void)what;
	for (unsigned i = 0; i < BATCH; i++) {
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client >= 0) {
			client_accept(broker, client);
			continue;
		}
		switch (errno) {
		case EINTR:
		case ECONNABORTED: continue;
		case EAGAIN: return;
		default: /* EMFILE, ENFILE, ENOBUFS, ENOMEM */
			event_del(&broker->listener.acceptable);
			event_add(&broker->listener.resume, &pause_for);
			return;
		}
	}
}

static void on_resume(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	listener_start(context);
}

int listener_init(struct broker *broker, int fd)
{
	struct listener *listener = &broker->listener;
	int error = fd_set_nonblocking(fd, true);

	if (error)
		return error;
	event_assign(&listener->acceptable, broker->base, fd, EV_READ | EV_PERSIST, on_acceptable,
		     broker);
	event_assign(&listener->resume, broker->base, -1, 0, on_resume, broker);
	return 0;
}

void listener_start(struct broker *broker)
{
	event_add(&broker->listener.acceptable, NULL);
}

void listener_resume(struct broker *broker)
{
	if (event_pending(&broker->listener.resume, EV_TIMEOUT, NULL)) {
		event_del(&broker->listener.resume);
		listener_start(broker);
	}
}
