/* A client: its place in the output and what goes to its socket, the same for both versions.
 *
 * Owns the client's socket and everything in struct client. The broker said who it is; what it
 * sends is hostile, and how it reads is its own affair: nothing here waits for it. A client that
 * goes wrong is closed, and only that one.
 *
 * Output goes from the ring to the socket without a copy, one sendmsg(2) for what there is. What
 * did not fit goes on when the socket can be written, and only then is that watched. Control
 * messages wait for the end of the frame that was begun, in a queue of their own with a limit; each
 * goes out in a call of its own.
 *
 * client_cut() must say farewell to a client that does not read, whose socket is full and often in
 * the middle of a frame. It doubles the socket's send buffer, which makes room for the rest of the
 * frame and the farewell, and closes: the kernel keeps them for a client that wakes up later. If
 * even that has no room, the client sees a bare end.
 *
 * A client that reads no more (EPIPE) but has typed is `deaf`: what it typed before it went is
 * still in its socket and is delivered, until that ends.
 */
#include "session/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "protocol/request.h"
#include "session/session.h"
#include "util/clock.h"

/* An OUTPUT frame is at most this long, and half-read frames are finished before a farewell. */
#define MAX_FRAME 65536
/* To a client whose socket was full: small pieces, so that the kernel frees its buffers often and
 * slow reading can be told from none. */
#define SLOW_PIECE 16384
/* What a socket's buffer may hold that was never read, in reads; see client_close(). */
#define MOST_DRAIN_READS 64

static char read_buffer[INPUT_READ_SIZE];

/* --- to the socket --- */

static void set_blocked(struct client *client, bool blocked)
{
	if (client->blocked == blocked)
		return;
	client->blocked = blocked;
	if (blocked)
		event_add(&client->writable, NULL);
	else
		event_del(&client->writable);
}

enum sent { SENT_ALL, SENT_SOME, SENT_NEVER };

/* The bytes taken are added to *ret_taken. */
static enum sent send_vector(struct client *client, struct iovec *vector, size_t count,
			     size_t *ret_taken)
{
	struct msghdr message = {.msg_iov = vector, .msg_iovlen = count};
	size_t length = 0;
	ssize_t n;

	for (size_t i = 0; i < count; i++)
		length += vector[i].iov_len;
	do
		n = sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		*ret_taken = 0;
		return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? SENT_SOME
									      : SENT_NEVER;
	}
	*ret_taken = (size_t)n;
	return (size_t)n == length ? SENT_ALL : SENT_SOME;
}

static bool in_frame(const struct client *client)
{
	return client->header_left > 0 || client->frame_left > 0;
}

static size_t smaller(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

/* What it may have and has not. */
static uint64_t backlog(const struct client *client)
{
	return client->answered ? client->session->output.recorded - client->cursor : 0;
}

static enum sent send_output(struct client *client)
{
	struct session *session = client->session;
	struct iovec vector[2];
	size_t count = 0, length, taken, of_header;

	length = smaller(backlog(client), client->blocked ? SLOW_PIECE : MAX_FRAME);
	if (client->face->framed) {
		if (!in_frame(client)) {
			frame_put_header(client->header, FRAME_OUTPUT, (uint32_t)length);
			client->header_left = FRAME_HEADER_SIZE;
			client->frame_left = (uint32_t)length;
		}
		length = client->frame_left;
		if (client->header_left > 0)
			vector[count++] = (struct iovec){client->header + FRAME_HEADER_SIZE -
								 client->header_left,
							 client->header_left};
	}
	if (length > 0)
		vector[count++] =
			(struct iovec){ring_at(&session->output.ring, client->cursor), length};

	enum sent sent = send_vector(client, vector, count, &taken);
	of_header = smaller(taken, client->header_left);
	client->header_left = (uint8_t)(client->header_left - of_header);
	taken -= of_header;
	client->cursor += taken;
	if (client->face->framed)
		client->frame_left -= (uint32_t)taken;
	if (taken > 0 && session->output.blocked)
		client->progress_us = clock_monotonic_us();
	return sent;
}

static enum sent send_message(struct client *client)
{
	struct str *pending = &client->pending;
	size_t taken;

	if (client->message_left == 0) {
		const unsigned char *length =
			(const unsigned char *)pending->data + client->pending_at;
		client->message_left = (size_t)length[0] << 8 | length[1];
		client->pending_at += 2;
	}
	struct iovec vector = {pending->data + client->pending_at, client->message_left};
	enum sent sent = send_vector(client, &vector, 1, &taken);
	client->pending_at += taken;
	client->message_left -= taken;
	if (client->pending_at == pending->length) {
		/* Few messages are ever sent: the memory is not kept. */
		str_free(pending);
		client->pending_at = 0;
	}
	return sent;
}

/* Sends until there is nothing or no room: SENT_ALL, SENT_SOME, or SENT_NEVER. */
static enum sent send_everything(struct client *client)
{
	for (;;) {
		enum sent sent;

		if (in_frame(client))
			sent = send_output(client);
		else if (client->pending.length > 0)
			sent = send_message(client);
		else if (backlog(client) > 0)
			sent = send_output(client);
		else
			return SENT_ALL;
		if (sent != SENT_ALL)
			return sent;
	}
}

static bool queue(struct client *client, const struct str *message)
{
	size_t n = message->length;
	char length[2] = {(char)(n >> 8), (char)n};

	if (str_error(message) < 0 || n > CLIENT_MAX_PENDING ||
	    client->pending.length - client->pending_at + n > CLIENT_MAX_PENDING)
		return false;
	if (n > 0) {
		str_append(&client->pending, length, sizeof length);
		str_append(&client->pending, message->data, n);
	}
	return str_error(&client->pending) == 0;
}

static void queue_farewell(struct client *client, const struct farewell *farewell)
{
	cleanup_str struct str message = {0};

	client->farewelled = true;
	client->face->put_farewell(client, &message, farewell);
	queue(client, &message);
}

static void become_deaf(struct client *client)
{
	client->deaf = true;
	set_blocked(client, false);
	if (client->ending || !client->operator)
		client_close(client, "closed");
	else
		output_progress(client->session);
}

void client_pump(struct client *client)
{
	if (client->gone || client->deaf)
		return;
	for (;;) {
		switch (send_everything(client)) {
		case SENT_SOME: set_blocked(client, true); return;
		case SENT_NEVER: become_deaf(client); return;
		case SENT_ALL: break;
		}
		set_blocked(client, false);
		if (!client->ending)
			return;
		if (client->farewelled) {
			client_close(client, "ended");
			return;
		}
		queue_farewell(client, &(struct farewell){.reason = FAREWELL_SESSION});
	}
}

void client_say(struct client *client, const struct str *message)
{
	if (client->gone || client->deaf || client->farewelled)
		return;
	if (!queue(client, message)) {
		/* It asks and asks, and does not read the answers. */
		client_close(client, "too-slow");
		return;
	}
	if (!client->blocked)
		client_pump(client);
}

void client_say_error(struct client *client, enum protocol_error error)
{
	cleanup_str struct str message = {0};

	client->face->put_error(&message, error);
	client_say(client, &message);
}

/* --- the end of a connection --- */

void client_close(struct client *client, const char *why)
{
	struct session *session = client->session;

	if (client->gone)
		return;
	client->gone = true;
	session->reap = true;
	event_del(&client->readable);
	event_del(&client->writable);
	input_forget(client);
	/* Closed with something unread, the peer would get ECONNRESET in place of the end. */
	shutdown(client->fd, SHUT_RDWR);
	for (int i = 0; i < MOST_DRAIN_READS; i++)
		if (recv(client->fd, read_buffer, sizeof read_buffer, MSG_DONTWAIT) <= 0)
			break;
	close(client->fd);
	if (client->answered) {
		if (client->operator)
			session->operators--;
		else
			session->observers--;
		if (session->phase < PHASE_FLUSHING) {
			if (client->denied > 1)
				record_denied(client, "input", client->denied);
			record_detach(client, why);
			clients_notice(session, client, "detach", "%s left (%s)", client->user,
				       why);
		}
	}
	session_client_gone(session);
}

uint64_t client_unsent(const struct client *client)
{
	/* The frame that was begun is finished. */
	return backlog(client) - client->frame_left;
}

void client_cut(struct client *client, const struct farewell *farewell, const char *why)
{
	/* Doubled by the kernel, bounded by its wmem_max. */
	int size = 212992;

	if (client->gone)
		return;
	setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	while (in_frame(client) && send_output(client) == SENT_ALL)
		;
	if (!in_frame(client) && !client->farewelled)
		queue_farewell(client, farewell);
	while (!in_frame(client) && client->pending.length > 0)
		if (send_message(client) != SENT_ALL)
			break;
	client_close(client, why);
}

void client_end(struct client *client)
{
	client->ending = true;
	if (client->deaf)
		client_close(client, "closed");
	else if (!client->blocked)
		client_pump(client);
}

/* --- from the socket --- */

static void receive(struct client *client, const char *data, size_t n)
{
	client->warned = false;
	bool goes_on = client->face->receive(client, data, n);
	if (client->operator)
		input_commit(client);
	if (!goes_on)
		client_close(client, "malformed");
}

/* The next of what came with the handshake; true if there is more. */
static bool receive_early(struct client *client, size_t most)
{
	struct early *early = client->early;
	size_t n = smaller(early->length - early->at, most);
	const char *data = early->data + early->at;

	early->at += n;
	receive(client, data, n);
	if (!client->gone && early->at < early->length)
		return true;
	client->early = NULL;
	free(early);
	return false;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct client *client = data;
	struct session *session = client->session;
	bool types = client->operator&& session->phase<PHASE_FLUSHING;
	size_t most = types ? input_room(session) : sizeof read_buffer;

	(void)what;
	if (client->gone)
		return;
	if (most == 0) {
		input_wait(client);
		return;
	}
	if (client->early) {
		if (receive_early(client, most))
			event_active(&client->readable, EV_READ, 0);
		return;
	}
	ssize_t n = recv(fd, read_buffer, most, MSG_DONTWAIT);
	if (n > 0)
		receive(client, read_buffer, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		client_close(client, "closed");
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
	struct client *client = data;
	struct session *session = client->session;

	(void)fd;
	(void)what;
	client_pump(client);
	output_progress(session);
}

void client_give_input(struct client *client, const char *data, size_t n)
{
	if (client->gone || client->session->phase >= PHASE_FLUSHING)
		return;
	if (client->operator) {
		input_take(client->session, data, n);
		return;
	}
	client->denied++;
	if (client->denied == 1)
		record_denied(client, "input", 1);
	client_warn_read_only(client);
}

void client_warn_read_only(struct client *client)
{
	if (client->warned)
		return;
	client->warned = true;
	client_say_error(client, PROTOCOL_READ_ONLY);
}

void client_ask_resize(struct client *client, uint16_t rows, uint16_t columns)
{
	input_commit(client);
	session_resize(client->session, client, rows, columns);
}

void client_ask_kill(struct client *client, bool permitted)
{
	if (!permitted) {
		record_denied(client, "kill", 1);
		client_say_error(client, PROTOCOL_PERMISSION);
		return;
	}
	if (client->operator)
		input_commit(client);
	session_order_end(client->session, END_KILLED, client->user);
}

/* --- coming and going --- */

struct client *client_new(struct session *session, const struct session_attach *attach, int fd)
{
	struct client *client = calloc(1, sizeof *client);

	if (client)
		client->user = strdup(attach->user);
	if (client && attach->early_length > 0)
		client->early = malloc(sizeof *client->early + attach->early_length);
	if (!client || !client->user || (attach->early_length > 0 && !client->early)) {
		client_free(client);
		close(fd);
		return NULL;
	}
	if (client->early) {
		client->early->at = 0;
		client->early->length = attach->early_length;
		memcpy(client->early->data, attach->early, attach->early_length);
	}
	client->session = session;
	client->fd = fd;
	client->version = attach->protocol;
	client->face = attach->protocol == 2 ? &client_v2 : &client_v1;
	client->number = attach->client;
	client->uid = attach->uid;
	client->pid = attach->pid;
	client->level = (enum permission_level)attach->level;
	client->operator= !attach->observer && attach->level >= LEVEL_INTERACTIVE;
	client->creator = attach->creator;
	client->features = attach->features;
	client->rows = attach->rows;
	client->columns = attach->columns;
	event_assign(&client->readable, session->base, fd, EV_READ | EV_PERSIST, on_readable,
		     client);
	event_assign(&client->writable, session->base, fd, EV_WRITE | EV_PERSIST, on_writable,
		     client);
	if (client->operator)
		TAILQ_INSERT_HEAD(&session->clients, client, entry);
	else
		TAILQ_INSERT_TAIL(&session->clients, client, entry);
	return client;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->face && client->face->forget)
		client->face->forget(client);
	str_free(&client->pending);
	free(client->early);
	free(client->user);
	free(client);
}

void client_answer(struct client *client)
{
	struct session *session = client->session;
	cleanup_str struct str message = {0};

	client->face->put_answer(client, &message);
	client_say(client, &message);
	if (client->gone)
		return;
	client->answered = true;
	session->clients_total++;
	if (client->operator)
		session->operators++;
	else
		session->observers++;
}

void client_refuse(struct client *client, enum protocol_error error, const char *text)
{
	cleanup_str struct str message = {0};

	client->face->put_refusal(&message, error, text);
	client_say(client, &message);
	client_close(client, "refused");
}

void client_start(struct client *client)
{
	struct session *session = client->session;

	if (client->gone)
		return;
	record_attach(client);
	client->cursor = output_join(session);
	client->progress_us = clock_monotonic_us();
	clients_notice(session, client, "attach", "%s joined as %s", client->user,
		       client_role(client));
	if (client->operator&& client->rows> 0 && client->columns> 0)
		session_resize(session, client, client->rows, client->columns);
	event_add(&client->readable, NULL);
	if (session->record.stalled)
		client_say_error(client, PROTOCOL_STALLED);
	else
		client_pump(client);
	if (client->early && !client->gone)
		event_active(&client->readable, EV_READ, 0);
}

/* --- all of them --- */

void clients_pump(struct session *session)
{
	struct client *client;

	/* Those whose socket is full have an event of their own. */
	TAILQ_FOREACH (client, &session->clients, entry)
		if (!client->blocked)
			client_pump(client);
}

void clients_say_error(struct session *session, enum protocol_error error)
{
	struct client *client;

	TAILQ_FOREACH (client, &session->clients, entry)
		if (client->answered)
			client_say_error(client, error);
}

void clients_notice(struct session *session, const struct client *except, const char *event,
		    const char *format, ...)
{
	cleanup_str struct str message = {0};
	struct client *client;
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	TAILQ_FOREACH (client, &session->clients, entry) {
		if (client == except || !client->answered || !(client->features & FEATURE_NOTICES))
			continue;
		if (message.length == 0)
			client->face->put_notice(&message, event, line);
		client_say(client, &message);
	}
}

const char *client_role(const struct client *client)
{
	return client->operator? "operator" : "observer";
}

const char *client_level(const struct client *client)
{
	switch (client->level) {
	case LEVEL_READ_ONLY: return "read-only";
	case LEVEL_INTERACTIVE: return "interactive";
	case LEVEL_ADMIN: break;
	}
	return "admin";
}
