/* The first line.
 *
 * Owns the bytes of an incomplete line, at most REQUEST_MAX_LINE of them. A line that comes whole in
 * one read, which is how clients send it, costs no memory at all: it is parsed where it was read, in
 * a buffer that all connections share, since there is one thread. What follows the newline in the
 * same read belongs to the session and is handed on untouched. The bytes are hostile; nothing but
 * the newline is looked for in them.
 */
#include "broker/handshake.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "protocol/request.h"

static char buffer[REQUEST_MAX_LINE];

static enum handshake_event take_prefix(struct handshake *handshake, size_t n)
{
	size_t wanted = HANDSHAKE_PREFIX - handshake->held.length;

	str_append(&handshake->held, buffer, n < wanted ? n : wanted);
	if (str_error(&handshake->held) < 0)
		return HANDSHAKE_NO_MEMORY;
	if (handshake->held.length == HANDSHAKE_PREFIX ||
	    memcmp(handshake->held.data, "AAAU/", handshake->held.length) != 0)
		return HANDSHAKE_VERSION;
	return HANDSHAKE_MORE;
}

static enum handshake_event take(struct handshake *handshake, size_t n, struct handshake_line *ret)
{
	struct str *held = &handshake->held;
	const char *newline = memchr(buffer, '\n', n);
	size_t line_part = newline ? (size_t)(newline - buffer) : n;

	if (!newline || held->length > 0) {
		str_append(held, buffer, line_part);
		if (str_error(held) < 0)
			return HANDSHAKE_NO_MEMORY;
	}
	if (!newline)
		return held->length < REQUEST_MAX_LINE ? HANDSHAKE_MORE : HANDSHAKE_TOO_LONG;
	*ret = (struct handshake_line){
		.line = held->length > 0 ? held->data : buffer,
		.length = held->length > 0 ? held->length : line_part,
		.early = newline + 1,
		.early_length = n - line_part - 1,
	};
	return HANDSHAKE_LINE;
}

enum handshake_event handshake_read(struct handshake *handshake, int fd, struct handshake_line *ret)
{
	ssize_t n;

	/* With what is held never more than a whole line: held->length is less than that here. */
	do
		n = recv(fd, buffer, sizeof(buffer) - handshake->held.length, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return HANDSHAKE_MORE;
	if (n <= 0)
		return HANDSHAKE_END;
	return handshake->prefix_only ? take_prefix(handshake, (size_t)n)
				      : take(handshake, (size_t)n, ret);
}

int handshake_version(const struct handshake *handshake)
{
	return request_version(handshake->held.data, handshake->held.length);
}

void handshake_free(struct handshake *handshake)
{
	str_free(&handshake->held);
}
