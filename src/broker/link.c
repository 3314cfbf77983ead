/* The link to one session: what comes from it.
 *
 * Owns the socket and the messages that wait for it. The peer is a session of ours, of our own uid:
 * its word counts about itself only, and one malformed message ends the link, not the broker and
 * not the session. What the messages mean is lifecycle.c's and inquiry.c's.
 */
#include "broker/link.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "broker/lifecycle.h"
#include "ipc/seqpacket.h"
#include "util/fd.h"

#define BATCH 32 /* messages in a row before others have a turn */

/* What a message did to its link. */
enum outcome {
	GOES_ON,
	GONE,      /* it was the last one; the link does not exist any more */
	MALFORMED, /* or not one that may come here and now */
};

static enum outcome take_hello(struct link *link, const char *data, size_t n)
{
	struct session_hello hello;

	if (session_msg_get_hello(data, n, &hello) < 0 || !uuid_equal(&hello.id, &link->id))
		return MALFORMED;
	return lifecycle_hello(link, &hello) < 0 ? MALFORMED : GOES_ON;
}

static enum outcome take_message(struct link *link, const char *data, size_t n)
{
	struct broker *broker = link->broker;
	enum session_msg_type type = (unsigned char)*data++;
	struct session_spawn_failed failed;
	struct session_status status;
	struct session_done done;
	struct session_ended ended;

	n--;
	if (!link->greeted)
		return type == SESSION_MSG_HELLO ? take_hello(link, data, n) : MALFORMED;
	switch (type) {
	case SESSION_MSG_STARTED:
		if (n != 0 || link->session->state != SESSION_STARTING)
			return MALFORMED;
		lifecycle_started(broker, link->session);
		return GOES_ON;
	case SESSION_MSG_SPAWN_FAILED:
		if (session_msg_get_spawn_failed(data, n, &failed) < 0 ||
		    link->session->state != SESSION_STARTING)
			return MALFORMED;
		lifecycle_spawn_failed(broker, link->session, &failed);
		return GONE;
	case SESSION_MSG_STATUS:
		if (session_msg_get_status(data, n, &status) < 0)
			return MALFORMED;
		inquiry_take_status(broker, link->session, &status);
		return GOES_ON;
	case SESSION_MSG_DONE:
		if (session_msg_get_done(data, n, &done) < 0)
			return MALFORMED;
		inquiry_take_done(broker, link->session, &done);
		return GOES_ON;
	case SESSION_MSG_ENDED:
		if (session_msg_get_ended(data, n, &ended) < 0)
			return MALFORMED;
		lifecycle_ended(broker, link->session, &ended);
		return GONE;
	default: return MALFORMED;
	}
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	static char buffer[SEQPACKET_MAX_MESSAGE];
	struct link *link = context;

	(void)what;
	for (unsigned i = 0; i < BATCH; i++) {
		int fds[SEQPACKET_MAX_FDS];
		unsigned fd_count;
		ssize_t n = seqpacket_receive(fd, buffer, sizeof(buffer), fds, &fd_count);
		enum outcome outcome = MALFORMED;

		if (n == -EAGAIN)
			return;
		for (unsigned f = 0; f < fd_count; f++)
			fd_close(fds[f]);
		if (n > 0 && fd_count == 0)
			outcome = take_message(link, buffer, (size_t)n);
		if (outcome == GONE)
			return;
		if (outcome == MALFORMED) {
			lifecycle_link_ended(link, n > 0 || n == -EBADMSG);
			return;
		}
	}
}

struct link *link_new(struct broker *broker, int fd, const struct uuid *id, struct session *session,
		      bool greeted)
{
	struct link *link = calloc(1, sizeof(*link));

	if (!link) {
		fd_close(fd);
		return NULL;
	}
	link->broker = broker;
	link->id = *id;
	link->session = session;
	link->greeted = greeted;
	link->fd = fd;
	if (session)
		session->link = link;
	outbox_init(&link->outbox, broker->base, fd, LINK_MESSAGES_MAX);
	link->outbox.held = !greeted;
	event_assign(&link->readable, broker->base, fd, EV_READ | EV_PERSIST, on_readable, link);
	event_add(&link->readable, NULL);
	return link;
}

void link_free(struct link *link, enum protocol_error error, const char *message,
	       const char *remedy)
{
	if (!link)
		return;
	event_del(&link->readable);
	outbox_discard(&link->outbox, error, message, remedy);
	if (link->session)
		link->session->link = NULL;
	fd_close(link->fd);
	free(link);
}
