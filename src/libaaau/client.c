/* A connection to the server: its socket, its queue out, its buffer in.
 *
 * Owns the descriptor. Never waits but in connect(2), and there only as long as the caller allows:
 * every send and receive says MSG_DONTWAIT, so the descriptor needs no mode of its own, and every
 * send says MSG_NOSIGNAL, so a server that went away is an event and not a SIGPIPE. When sending
 * fails, what the server said before it went can still be read, so only reading ends a connection.
 */
#include "libaaau/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "util/fd.h"

static int connect_socket(const char *path, int patience_ms, int *ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(path);

	if (!length || length >= sizeof(address.sun_path))
		return AAAU_BAD_PATH;
	memcpy(address.sun_path, path, length);

	int flags = SOCK_CLOEXEC | (patience_ms > 0 ? 0 : SOCK_NONBLOCK);
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);
	if (fd < 0)
		return -errno;
	if (patience_ms > 0) {
		/* The send timeout is what bounds connect(2) on a full queue, see unix(7). */
		struct timeval patience = {.tv_sec = patience_ms / 1000,
					   .tv_usec = patience_ms % 1000 * 1000};
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
			return -errno;
	}

	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		switch (errno) {
		case EINTR: continue;
		case ENOENT:
		case ENOTDIR:
		case ECONNREFUSED: return AAAU_NO_SERVER;
		case EACCES:
		case EPERM: return AAAU_NOT_PERMITTED;
		case EAGAIN: return AAAU_BUSY;
		default: return -errno;
		}
	}
	*ret = fd_steal(&fd);
	return 0;
}

int aaau_connect(const char *path, int patience_ms, struct aaau_client **ret)
{
	cleanup_fd int fd = -1;
	int r = connect_socket(path, patience_ms, &fd);
	if (r != 0)
		return r;

	/* Not calloc: the two buffers need no zeroes. */
	struct aaau_client *client = malloc(sizeof(*client));
	if (!client)
		return -ENOMEM;
	memset(client, 0, offsetof(struct aaau_client, out));
	event_reader_init(&client->reader);
	client->fd = fd_steal(&fd);
	*ret = client;
	return 0;
}

void aaau_close(struct aaau_client *client)
{
	if (!client)
		return;
	fd_close(client->fd);
	event_reader_free(&client->reader);
	free(client);
}

int aaau_fd(const struct aaau_client *client)
{
	return client->fd;
}

short aaau_wanted(const struct aaau_client *client)
{
	return client->out_end > client->out_start ? POLLIN | POLLOUT : POLLIN;
}

void client_flush(struct aaau_client *client)
{
	while (client->out_start < client->out_end) {
		ssize_t n = send(client->fd, client->out + client->out_start,
				 client->out_end - client->out_start, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			client->unsendable = true;
			break;
		}
		client->out_start += (size_t)n;
	}
	client->out_start = client->out_end = 0;
}

char *client_queue(struct aaau_client *client, size_t n, size_t keep)
{
	size_t used = client->out_end - client->out_start;

	if (n + keep > sizeof(client->out) - used)
		return NULL;
	if (n > sizeof(client->out) - client->out_end) {
		memmove(client->out, client->out + client->out_start, used);
		client->out_start = 0;
		client->out_end = used;
	}
	return client->out + client->out_end;
}

static enum aaau_event_type closed(struct aaau_client *client, int error, const char *detail,
				   struct aaau_event *ret)
{
	if (!client->closed) {
		client->closed = true;
		client->closed_error = error;
		client->closed_detail = detail;
	}
	memset(ret, 0, sizeof(*ret));
	ret->type = AAAU_EVENT_CLOSED;
	ret->as.closed.error = client->closed_error;
	ret->as.closed.detail = client->closed_detail;
	return ret->type;
}

enum aaau_event_type aaau_next_event(struct aaau_client *client, struct aaau_event *ret)
{
	if (client->closed)
		return closed(client, 0, "", ret);
	client_flush(client);

	for (;;) {
		if (event_reader_next(&client->reader, client->in, client->in_end, &client->in_at,
				      ret)) {
			if (ret->type == AAAU_EVENT_CLOSED)
				return closed(client, ret->as.closed.error, ret->as.closed.detail,
					      ret);
			if (ret->type == AAAU_EVENT_STARTED)
				client->started = client->reader.answer == ANSWER_STARTED;
			return ret->type;
		}
		client->in_at = client->in_end = 0;
		if (client->drained) {
			/* Saves the read that would only say EAGAIN; poll(2) tells of more. */
			client->drained = false;
			return AAAU_EVENT_NONE;
		}

		ssize_t n = recv(client->fd, client->in, sizeof(client->in), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return AAAU_EVENT_NONE;
		/* Reset: it closed, and had not read all of ours. */
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return closed(client, 0, "", ret);
		if (n < 0)
			return closed(client, -errno, "", ret);
		client->in_end = (size_t)n;
		client->drained = client->in_end < sizeof(client->in);
	}
}
