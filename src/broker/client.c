/* The life of a connection in the broker.
 *
 *   reading    the first line, bounded in bytes and time
 *   waiting    requests.c or inquiry.c has it; no events, but the inquiry's own deadline
 *   answering  one answer is being written, bounded in time, then the connection is closed
 *   lingering  refused in the middle of its line: what still comes is thrown away for a moment, for
 *              closing a socket with unread bytes would take the answer from the peer's hands
 *
 * A connection whose request a session serves leaves by client_steal_fd(); the broker sees none of
 * its terminal bytes. Owns the descriptor and the unfinished line. Trusts the kernel about who the
 * peer is and nothing else: a peer that is refused is heard only for the five bytes that tell in
 * which version to refuse it. Whatever a peer does ends its own connection only.
 */
#include "broker/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "broker/answer.h"
#include "broker/broker.h"
#include "broker/names.h"
#include "broker/requests.h"
#include "protocol/request.h"
#include "util/fd.h"

#define ANSWER_SECONDS 10
#define LINGER_SECONDS 1
#define LINGER_READS 16 /* of 64 KiB in one turn */

static const char stalled_message[] = "the server's record cannot be written, so nobody is let in";
static const char stalled_remedy[] = "make room in the log directory; the server goes on by itself";

static void client_free(struct client *client)
{
	struct broker *broker = client->broker;

	event_del(&client->io);
	event_del(&client->deadline);
	if (client->inquiry)
		inquiry_abandon(client->inquiry);
	quota_leave(&broker->quota, client);
	handshake_free(&client->handshake);
	str_free(&client->early);
	str_free(&client->answer);
	free(client);
}

void client_close(struct client *client)
{
	struct broker *broker = client->broker;

	fd_close(client->fd);
	client_free(client);
	listener_resume(broker);
}

int client_steal_fd(struct client *client)
{
	int fd = client->fd;

	client_free(client);
	return fd;
}

static void watch(struct client *client, short what, event_callback_fn callback, time_t seconds)
{
	struct timeval limit = {.tv_sec = seconds};

	event_del(&client->io);
	event_assign(&client->io, client->broker->base, client->fd, (short)(what | EV_PERSIST),
		     callback, client);
	event_add(&client->io, NULL);
	event_add(&client->deadline, &limit);
}

static void on_lingering(evutil_socket_t fd, short what, void *context)
{
	static char rubbish[REQUEST_MAX_LINE];

	(void)what;
	for (unsigned i = 0; i < LINGER_READS; i++) {
		ssize_t n = recv(fd, rubbish, sizeof(rubbish), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			client_close(context);
			return;
		}
	}
}

static void finish(struct client *client)
{
	char byte;

	shutdown(client->fd, SHUT_WR);
	/* Unread bytes mean that the peer is still talking; else nothing is lost by closing. */
	if (recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		watch(client, EV_READ, on_lingering, LINGER_SECONDS);
	else
		client_close(client);
}

/* 1: all is written. 0: later. Negative: the peer is gone. */
static int write_answer(struct client *client)
{
	while (client->answered < client->answer.length) {
		ssize_t n =
			send(client->fd, client->answer.data + client->answered,
			     client->answer.length - client->answered, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		client->answered += (size_t)n;
	}
	return 1;
}

static void on_writable(evutil_socket_t fd, short what, void *context)
{
	struct client *client = context;
	int done = write_answer(client);

	(void)fd;
	(void)what;
	if (done < 0)
		client_close(client);
	else if (done)
		finish(client);
}

static void on_answer_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	client_close(context);
}

/* Lets a client go where there are too many, or where too much is kept for them. */
static void relieve(struct broker *broker)
{
	struct client *surplus = quota_surplus(&broker->quota);

	if (surplus)
		client_error(surplus, PROTOCOL_BUSY, "too many of your connections are unfinished",
			     "close some of them");
}

void client_answer(struct client *client, struct str *line)
{
	struct broker *broker = client->broker;
	int done;

	if (client->answer.length > 0) {
		/* It has one and does not take it: there is no other way to be rid of it. */
		str_free(line);
		client_close(client);
		return;
	}
	if (client->inquiry)
		inquiry_abandon(client->inquiry);
	client->reading = false;
	client->answer = *line;
	*line = (struct str){0};
	event_del(&client->io);
	event_del(&client->deadline);
	event_assign(&client->deadline, broker->base, -1, 0, on_answer_deadline, client);
	done = str_error(&client->answer) < 0 ? -ENOMEM : write_answer(client);
	if (done < 0)
		client_close(client);
	else if (done)
		finish(client);
	else {
		watch(client, EV_WRITE, on_writable, ANSWER_SECONDS);
		quota_charge(&broker->quota, client, client->answer.length);
		relieve(broker);
	}
}

void client_error(struct client *client, enum protocol_error error, const char *message,
		  const char *remedy)
{
	struct str line = {0};
	int version = client->version ? client->version : handshake_version(&client->handshake);

	answer_put_error(&line, version, error, message, remedy);
	client_answer(client, &line);
}

static void record_denial(struct client *client, const char *reason, const char *message)
{
	char uid[16], pid[16], number[16];
	const struct audit_pair pairs[] = {
		{"reason", reason},
		{"uid", uid},
		{"pid", pid},
		{"client", number},
	};

	snprintf(uid, sizeof(uid), "%u", client->uid);
	snprintf(pid, sizeof(pid), "%d", client->pid);
	snprintf(number, sizeof(number), "%u", client->number);
	record_put(&client->broker->record, &(struct record_event){
						    .type = "denied",
						    .user = names_of_uid(client->uid),
						    .content = message,
						    .pairs = pairs,
						    .pair_count = 4,
					    });
}

void client_deny(struct client *client, enum protocol_error error, const char *reason,
		 const char *message, const char *remedy)
{
	if (!record_ready(&client->broker->record)) {
		client_error(client, PROTOCOL_STALLED, stalled_message, stalled_remedy);
		return;
	}
	record_denial(client, reason, message ? message : protocol_error_message(error));
	client_error(client, error, message, remedy);
}

static bool refused(const struct client *client)
{
	return client->verdict != AUTH_ADMITTED;
}

/* The group is named to who is not in it: that is what they have to ask for. */
static void deny_stranger(struct client *client)
{
	const char *group = client->broker->config->authorized_group;
	cleanup_str struct str message = {0};
	cleanup_str struct str remedy = {0};

	str_append_format(&message,
			  "you are not a member of the group %s, which may use this server", group);
	str_append_format(&remedy,
			  "ask an administrator for: sudo usermod -aG %s %s; then log in again",
			  group, names_of_uid(client->uid));
	client_deny(client, PROTOCOL_NOT_AUTHORIZED, auth_verdict_name(client->verdict),
		    message.data, remedy.data);
}

/* Whoever is not heard at all, whatever the line says; client->handshake has its version. */
static void turn_away(struct client *client)
{
	if (client->verdict == AUTH_NOT_MEMBER)
		deny_stranger(client);
	else if (refused(client))
		client_deny(client, auth_verdict_error(client->verdict),
			    auth_verdict_name(client->verdict), NULL, NULL);
	else
		client_error(client, PROTOCOL_SHUTTING_DOWN, NULL, NULL);
}

static void take_line(struct client *client, const struct handshake_line *line)
{
	struct broker *broker = client->broker;
	struct request request;
	enum protocol_error error;
	char *message;

	event_del(&client->io);
	event_del(&client->deadline);
	client->reading = false;
	error = request_parse(line->line, line->length, &request, &message);
	client->version = request.version;
	if (line->early_length)
		str_append(&client->early, line->early, line->early_length);
	handshake_free(&client->handshake);
	quota_charge(&broker->quota, client, client->early.length);

	if (error)
		client_deny(client, error, protocol_error_code(error), message, NULL);
	else if (!record_ready(&broker->record))
		client_error(client, PROTOCOL_STALLED, stalled_message, stalled_remedy);
	else
		requests_handle(client, &request);
	free(message);
	request_free(&request);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
	struct client *client = context;
	struct broker *broker = client->broker;
	struct handshake_line line;

	(void)fd;
	(void)what;
	client->handshake.prefix_only = refused(client) || broker->shutting_down;
	switch (handshake_read(&client->handshake, client->fd, &line)) {
	case HANDSHAKE_MORE: break;
	case HANDSHAKE_LINE: take_line(client, &line); return;
	case HANDSHAKE_VERSION: turn_away(client); return;
	case HANDSHAKE_TOO_LONG:
		client_deny(client, PROTOCOL_TOO_LONG, protocol_error_code(PROTOCOL_TOO_LONG), NULL,
			    NULL);
		return;
	case HANDSHAKE_END:
		if (refused(client) && record_ready(&broker->record))
			record_denial(client, auth_verdict_name(client->verdict),
				      protocol_error_message(auth_verdict_error(client->verdict)));
		client_close(client);
		return;
	case HANDSHAKE_NO_MEMORY: client_error(client, PROTOCOL_INTERNAL, NULL, NULL); return;
	}

	quota_charge(&broker->quota, client, client->handshake.held.length);
	relieve(broker);
}

static void on_handshake_deadline(evutil_socket_t fd, short what, void *context)
{
	struct client *client = context;

	(void)fd;
	(void)what;
	if (refused(client))
		turn_away(client);
	else
		client_deny(client, PROTOCOL_TIMEOUT, protocol_error_code(PROTOCOL_TIMEOUT), NULL,
			    NULL);
}

void client_accept(struct broker *broker, int fd)
{
	uint32_t limit_ms = broker->config->handshake_timeout_ms;
	struct timeval limit = {.tv_sec = limit_ms / 1000, .tv_usec = limit_ms % 1000 * 1000};
	struct client *client = calloc(1, sizeof(*client));
	struct peer peer = {0};

	if (!client || peer_read(fd, &peer) < 0) {
		/* Who a peer is must be known. Closing is all that can be done. */
		free(client);
		fd_close(fd);
		return;
	}
	client->broker = broker;
	client->fd = fd;
	client->reading = true;
	client->number = broker->next_client++;
	client->uid = peer.uid;
	client->pid = peer.pid;
	client->verdict = auth_decide(broker->config, &peer, &client->level);
	peer_free(&peer);
	if (quota_enter(&broker->quota, client) < 0) {
		free(client);
		fd_close(fd);
		return;
	}
	event_assign(&client->io, broker->base, fd, EV_READ | EV_PERSIST, on_readable, client);
	event_assign(&client->deadline, broker->base, -1, 0, on_handshake_deadline, client);
	event_add(&client->io, NULL);
	event_add(&client->deadline, &limit);
	/* Most have written their line before they are accepted. */
	on_readable(fd, EV_READ, client);
}

void client_shut_out_all(struct broker *broker)
{
	struct quota_user *user, *next_user;
	struct client *client, *next;

	for (user = LIST_FIRST(&broker->quota.users); user; user = next_user) {
		unsigned left = user->connections;

		next_user = LIST_NEXT(user, entry);
		/* The user's entry goes with its last client: count them. */
		for (client = TAILQ_FIRST(&user->clients); left-- > 0; client = next) {
			next = TAILQ_NEXT(client, quota_entry);
			if (client->reading)
				turn_away(client);
		}
	}
}
