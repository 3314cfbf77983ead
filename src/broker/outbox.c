/* The bounded queue in front of a SOCK_SEQPACKET socket.
 *
 * Owns the messages that were not sent yet and the descriptors in them; the socket is the link's or
 * the monitor's. The broker must never wait for one session, so what the socket does not take at
 * once waits here, and beyond the limit is refused. EAGAIN waits until the socket is writable.
 * ETOOMANYREFS (too many descriptors of ours are in flight) is no state of the socket: tried again
 * after 10 ms. Any other error means that the other end is gone; the messages stay until the owner
 * of the socket discards them.
 */
#include "broker/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/seqpacket.h"
#include "util/fd.h"

struct outbox_message {
	STAILQ_ENTRY(outbox_message) entry;
	struct outbox_cargo cargo;
	size_t length;
	char data[];
};

static const struct timeval retry_after = {.tv_usec = 10000};

static void close_cargo(const struct outbox_cargo *cargo)
{
	for (unsigned i = 0; i < cargo->fd_count; i++)
		fd_close(cargo->fds[i]);
}

static void drop_cargo(const struct outbox_cargo *cargo, enum protocol_error error,
		       const char *message, const char *remedy)
{
	if (cargo->version && cargo->fd_count) {
		struct waiter waiter = {.fd = cargo->fds[0], .version = cargo->version};
		struct outbox_cargo rest = {
			.fds = {cargo->fds[1]},
			.fd_count = cargo->fd_count - 1,
		};

		answer_waiter_error(&waiter, error, message, remedy);
		close_cargo(&rest);
	} else {
		close_cargo(cargo);
	}
}

/* 0: sent. 1: later. */
static int try_send(struct outbox *outbox, const void *data, size_t length,
		    const struct outbox_cargo *cargo)
{
	int error = seqpacket_send(outbox->socket, data, length, cargo->fds, cargo->fd_count);

	if (error == 0)
		return 0;
	if (error == -EAGAIN || error == -ENOBUFS || error == -ENOMEM)
		event_add(&outbox->writable, NULL);
	else if (error == -ETOOMANYREFS)
		event_add(&outbox->retry, &retry_after);
	return 1;
}

static void send_queue(struct outbox *outbox)
{
	struct outbox_message *message;

	while ((message = STAILQ_FIRST(&outbox->queue))) {
		if (try_send(outbox, message->data, message->length, &message->cargo))
			return;
		STAILQ_REMOVE_HEAD(&outbox->queue, entry);
		outbox->count--;
		outbox->bytes -= message->length;
		close_cargo(&message->cargo);
		free(message);
	}
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	send_queue(context);
}

void outbox_init(struct outbox *outbox, struct event_base *base, int socket, unsigned limit)
{
	*outbox = (struct outbox){.socket = socket, .limit = limit};
	STAILQ_INIT(&outbox->queue);
	event_assign(&outbox->writable, base, socket, EV_WRITE, on_turn, outbox);
	event_assign(&outbox->retry, base, -1, 0, on_turn, outbox);
}

int outbox_put(struct outbox *outbox, const struct str *message, const struct outbox_cargo *cargo)
{
	struct outbox_message *waiting;
	int error = str_error(message);

	if (!error && !outbox->held && STAILQ_EMPTY(&outbox->queue) &&
	    try_send(outbox, message->data, message->length, cargo) == 0) {
		close_cargo(cargo);
		return 0;
	}
	if (!error &&
	    (outbox->count >= outbox->limit || outbox->bytes + message->length > OUTBOX_MAX_BYTES))
		error = -ENOBUFS;
	if (error) {
		drop_cargo(cargo, PROTOCOL_BUSY, NULL, NULL);
		return error;
	}
	waiting = malloc(sizeof(*waiting) + message->length);
	if (!waiting) {
		drop_cargo(cargo, PROTOCOL_BUSY, NULL, NULL);
		return -ENOMEM;
	}
	waiting->cargo = *cargo;
	waiting->length = message->length;
	memcpy(waiting->data, message->data, message->length);
	STAILQ_INSERT_TAIL(&outbox->queue, waiting, entry);
	outbox->count++;
	outbox->bytes += waiting->length;
	return 0;
}

void outbox_release(struct outbox *outbox)
{
	outbox->held = false;
	send_queue(outbox);
}

void outbox_discard(struct outbox *outbox, enum protocol_error error, const char *message,
		    const char *remedy)
{
	struct outbox_message *waiting;

	event_del(&outbox->writable);
	event_del(&outbox->retry);
	while ((waiting = STAILQ_FIRST(&outbox->queue))) {
		STAILQ_REMOVE_HEAD(&outbox->queue, entry);
		outbox->count--;
		outbox->bytes -= waiting->length;
		drop_cargo(&waiting->cargo, error, message, remedy);
		free(waiting);
	}
}
