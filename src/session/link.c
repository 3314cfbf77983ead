/* The link to the broker.
 *
 * Owns the link's descriptor and the listening socket. Trusts the broker's word on who a client is
 * and what it may; still checks every message whole, since a broker that went wrong must not take
 * its sessions along: a malformed message ends the link and nothing else. Another process of our
 * uid or root may take the link over by connecting, which is what a new broker does; the directory
 * admits no others, and SO_PEERCRED is asked all the same.
 *
 * A link that takes no more messages belongs to a broker that does not read: it is dropped, and the
 * broker comes again.
 */
#include "session/link.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/seqpacket.h"
#include "ipc/session-msg.h"
#include "session/client.h"
#include "session/session.h"
#include "util/clock.h"
#include "util/fd.h"

static char message_buffer[SEQPACKET_MAX_MESSAGE];

static void drop(struct session *session)
{
	struct link *link = &session->link;

	freeze_forget_waiters(session);
	if (link->fd < 0)
		return;
	event_del(&link->readable);
	link->fd = fd_close(link->fd);
}

static void send_message(struct session *session, struct str *message)
{
	struct link *link = &session->link;

	if (link->fd >= 0 &&
	    (str_error(message) < 0 ||
	     seqpacket_send(link->fd, message->data, message->length, NULL, 0) < 0))
		drop(session);
	str_free(message);
}

void link_send_done(struct session *session, uint32_t tag, uint32_t count,
		    enum order_outcome outcome)
{
	struct session_done done = {.tag = tag, .count = count, .outcome = (uint8_t)outcome};
	struct str message = {0};

	session_msg_put_done(&message, &done);
	send_message(session, &message);
}

/* --- what the broker asks --- */

static bool take_attach(struct session *session, const char *data, size_t n, int *fds,
			unsigned fd_count)
{
	struct session_attach attach;
	struct client *client;

	if (fd_count != 1 || session_msg_get_attach(data, n, &attach) < 0)
		return false;
	client = client_new(session, &attach, fd_steal(&fds[0]));
	if (!client || session->phase == PHASE_STARTING)
		return true;
	if (session->phase >= PHASE_FLUSHING)
		client_refuse(client, PROTOCOL_NO_SESSION, "the session has ended");
	else if (session->record.stalled)
		/* It would see what was recorded before anybody can read that it did. */
		client_refuse(client, PROTOCOL_STALLED, NULL);
	else {
		client_answer(client);
		client_start(client);
	}
	return true;
}

static bool take_query(struct session *session, const char *data, size_t n)
{
	struct session_query query;
	struct session_status status;
	struct str answer = {0};

	if (session_msg_get_query(data, n, &query) < 0)
		return false;
	session_get_status(session, &status);
	status.tag = query.tag;
	session_msg_put_status(&answer, &status);
	send_message(session, &answer);
	return true;
}

static uint32_t detach(struct session *session, const struct session_order *order)
{
	struct client *client;
	uint32_t count = 0;

	/* An order that finds nobody changes nothing, and anybody may give it, again and again: it
	 * has no line. */

	TAILQ_FOREACH (client, &session->clients, entry) {
		if (client->gone || !client->answered)
			continue;
		if (!order->everyone && client->uid != order->uid)
			continue;
		if (count++ == 0)
			record_control(session, order->user,
				       order->everyone ? "detach-all" : "detach");
		struct farewell farewell = {
			.reason = FAREWELL_DETACHED,
			.by = order->user,
			.missed_bytes = client_unsent(client),
		};
		client_cut(client, &farewell, "detached");
	}
	return count;
}

static bool take_order(struct session *session, enum session_msg_type type, const char *data,
		       size_t n)
{
	struct session_order order;
	uint32_t count = 0;

	if (session_msg_get_order(data, n, &order) < 0)
		return false;
	switch (type) {
	case SESSION_MSG_KILL: session_order_end(session, END_KILLED, order.user); break;
	case SESSION_MSG_DETACH: count = detach(session, &order); break;
	case SESSION_MSG_FREEZE:
	case SESSION_MSG_THAW:
		freeze_order(session, type == SESSION_MSG_FREEZE, order.tag, order.user);
		return true;
	default: session_order_end(session, END_SHUTDOWN, NULL); return true;
	}
	link_send_done(session, order.tag, count, ORDER_DONE);
	return true;
}

static bool dispatch(struct session *session, const char *data, size_t n, int *fds,
		     unsigned fd_count)
{
	enum session_msg_type type = (enum session_msg_type)(unsigned char)data[0];

	if (type == SESSION_MSG_ATTACH)
		return take_attach(session, data + 1, n - 1, fds, fd_count);
	if (fd_count > 0)
		return false;
	switch (type) {
	case SESSION_MSG_QUERY: return take_query(session, data + 1, n - 1);
	case SESSION_MSG_KILL:
	case SESSION_MSG_DETACH:
	case SESSION_MSG_FREEZE:
	case SESSION_MSG_THAW:
	case SESSION_MSG_SHUTDOWN: return take_order(session, type, data + 1, n - 1);
	default: return false;
	}
}

/* False when there is nothing more to read now. */
static bool receive_one(struct session *session)
{
	struct link *link = &session->link;
	int fds[SEQPACKET_MAX_FDS];
	unsigned fd_count;

	if (link->fd < 0)
		return false;
	ssize_t n =
		seqpacket_receive(link->fd, message_buffer, sizeof message_buffer, fds, &fd_count);
	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		drop(session);
		return false;
	}
	bool understood = dispatch(session, message_buffer, (size_t)n, fds, fd_count);
	for (unsigned i = 0; i < fd_count; i++)
		fd_close(fds[i]);
	if (!understood) {
		session_log(session, "a malformed message from the broker: the link is dropped");
		drop(session);
	}
	return understood;
}

void link_receive_pending(struct session *session)
{
	while (receive_one(session))
		;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	receive_one(data);
}

static int use(struct session *session, int fd)
{
	struct link *link = &session->link;

	drop(session);
	link->fd = fd;
	if (event_assign(&link->readable, session->base, fd, EV_READ | EV_PERSIST, on_readable,
			 session) < 0 ||
	    event_add(&link->readable, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int link_init(struct session *session)
{
	session->link = (struct link){.fd = -1, .listener = -1};
	return use(session, SESSION_FD_LINK);
}

/* --- the next broker --- */

static void say_hello(struct session *session)
{
	const struct launch *launch = &session->launch;
	struct session_hello hello = {
		.id = launch->id,
		.name = launch->name,
		.profile = launch->profile,
		.agent_user = launch->agent_user,
		.command = session->command.data,
		.creator_uid = launch->creator_uid,
		.creator = launch->creator,
		.created_us = launch->created_us,
	};
	struct str message = {0};

	session_msg_put_hello(&message, &hello);
	send_message(session, &message);
}

static bool is_ours(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
	       (peer.uid == 0 || peer.uid == getuid());
}

static void on_incoming(evutil_socket_t listener, short what, void *data)
{
	struct session *session = data;
	cleanup_fd int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (fd < 0 || !is_ours(fd))
		return;
	if (use(session, fd_steal(&fd)) < 0)
		drop(session);
	say_hello(session);
}

/* The process's working directory is the sessions directory: an address holds 108 bytes, and no
 * path to it need be known. */
int link_listen(struct session *session)
{
	struct link *link = &session->link;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int fd = -1;

	if (fchdir(SESSION_FD_SESSIONS_DIR) < 0)
		return -errno;
	snprintf(address.sun_path, sizeof address.sun_path, "%s.new", session->id);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(fd, 4) < 0 || rename(address.sun_path, session->id) < 0)
		return -errno;
	if (event_assign(&link->incoming, session->base, fd, EV_READ | EV_PERSIST, on_incoming,
			 session) < 0 ||
	    event_add(&link->incoming, NULL) < 0)
		return -ENOMEM;
	link->listener = fd_steal(&fd);
	return 0;
}

void link_send_started(struct session *session)
{
	struct str message = {0};

	session_msg_put_started(&message);
	send_message(session, &message);
}

void link_send_ended(struct session *session, const char *text)
{
	struct link *link = &session->link;
	const struct session_end *end = &session->end;
	struct session_ended ended = {
		.reason = (uint8_t)end->reason,
		.exit_code = end->exit_code,
		.signal = end->signal,
		.duration_us = clock_monotonic_us() - session->started_us,
		.by = text,
	};
	struct str message = {0};

	if (link->listener >= 0) {
		unlink(session->id);
		event_del(&link->incoming);
		link->listener = fd_close(link->listener);
	}
	session_msg_put_ended(&message, &ended);
	send_message(session, &message);
}
