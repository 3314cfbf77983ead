/* What goes to a client's socket, the same for both versions.
 *
 * Owns nothing: the client is its caller's. Nothing here waits for a client, and one that goes
 * wrong is closed, and only that one.
 *
 * Output goes from the ring to the socket without a copy, one sendmsg(2) for what there is. What
 * did not fit goes on when the socket can be written, and only then is that watched. Control
 * messages wait for the end of the frame that was begun, in a queue of their own with a limit; each
 * goes out in a call of its own.
 *
 * A client that fell behind is owed a snapshot. What is left of the frame that was begun is kept for
 * it, and nothing else: the snapshot is made when its socket can be written, which is when it reads
 * again. So those that do not read cost nothing.
 *
 * client_cut() must say farewell to a client that does not read, whose socket is full and often in
 * the middle of a frame. It doubles the socket's send buffer, which makes room for the rest of the
 * frame and the farewell, and closes: the kernel keeps them for a client that wakes up later. If
 * even that has no room, the client sees a bare end.
 *
 * A client that reads no more (EPIPE) but has typed is `deaf`: what it typed before it went is
 * still in its socket and is delivered, until that ends.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "protocol/request.h"
#include "session/client.h"
#include "session/session.h"
#include "util/clock.h"

/* An OUTPUT frame is at most this long, and half-read frames are finished before a farewell. */
#define MAX_FRAME 65536
/* To a client whose socket was full: small pieces, so that the kernel frees its buffers often and
 * slow reading can be told from none. */
#define SLOW_PIECE 16384

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

/* What it may have of the ring and has not. */
static uint64_t backlog(const struct client *client)
{
	return client->answered ? client->session->output.recorded - client->cursor : 0;
}

static size_t own_left(const struct client *client)
{
	return client->own.length - client->own_at;
}

static void drop_own(struct client *client)
{
	str_free(&client->own);
	client->own_at = 0;
}

static enum sent send_output(struct client *client)
{
	struct session *session = client->session;
	struct iovec vector[2];
	size_t count = 0, length, taken, of_header, own = own_left(client);
	char *data = own > 0 ? client->own.data + client->own_at
			     : ring_at(&session->output.ring, client->cursor);

	/* A frame is of one or of the other. */
	length = smaller(own > 0 ? own : backlog(client), client->blocked ? SLOW_PIECE : MAX_FRAME);
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
		vector[count++] = (struct iovec){data, length};

	enum sent sent = send_vector(client, vector, count, &taken);
	of_header = smaller(taken, client->header_left);
	client->header_left = (uint8_t)(client->header_left - of_header);
	taken -= of_header;
	if (own > 0)
		client->own_at += taken;
	else
		client->cursor += taken;
	if (own > 0 && taken == own)
		drop_own(client);
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

void client_fall_behind(struct client *client)
{
	if (own_left(client) > 0) {
		/* A snapshot that it has not taken either. */
		str_truncate(&client->own, client->own_at + client->frame_left);
		if (client->frame_left == 0)
			drop_own(client);
	} else if (client->frame_left > 0) {
		str_append(&client->own, ring_at(&client->session->output.ring, client->cursor),
			   client->frame_left);
		if (str_error(&client->own) < 0) {
			client_close(client, "too-slow");
			return;
		}
		client->cursor += client->frame_left;
	}
	client->behind = true;
	set_blocked(client, true);
}

static void resync(struct client *client)
{
	struct session *session = client->session;
	cleanup_str struct str message = {0};
	uint64_t skipped = session->output.recorded - client->cursor;
	char text[64];

	if (client->operator)
		screen_settle(session);
	screen_put_resync(session, &client->own);
	client->cursor = output_join(session);
	client->behind = false;
	client->skipped += skipped;
	client->progress_us = clock_monotonic_us();
	session->resyncs++;
	if (!(client->features & FEATURE_NOTICES))
		return;
	snprintf(text, sizeof text, "%" PRIu64 " bytes of output were skipped", skipped);
	client->face->put_notice(&message, "skipped", text, skipped);
	queue(client, &message);
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
		else if (own_left(client) == 0 && client->behind) {
			resync(client);
			continue;
		} else if (own_left(client) > 0 || backlog(client) > 0)
			sent = send_output(client);
		else
			return SENT_ALL;
		if (sent != SENT_ALL)
			return sent;
	}
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

/* It asks and asks, and does not read the answers: it gets no more of them. */
static void cut_greedy(struct client *client)
{
	struct farewell farewell = {
		.reason = FAREWELL_TOO_SLOW,
		.missed_bytes = client_unsent(client),
	};

	client->session->clients_dropped++;
	str_truncate(&client->pending, client->pending_at + client->message_left);
	client_cut(client, &farewell, "too-slow");
}

void client_say(struct client *client, const struct str *message)
{
	if (client->gone || client->deaf || client->farewelled)
		return;
	if (!queue(client, message))
		cut_greedy(client);
	else if (!client->blocked)
		client_pump(client);
}

void client_say_error(struct client *client, enum protocol_error error)
{
	cleanup_str struct str message = {0};

	client->face->put_error(&message, error);
	client_say(client, &message);
}

uint64_t client_unsent(const struct client *client)
{
	/* The frame that was begun is finished. */
	return backlog(client) - (own_left(client) > 0 ? 0 : client->frame_left);
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
