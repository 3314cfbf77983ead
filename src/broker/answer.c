/* Answers.
 *
 * Trusts no client to read: what goes to a waiter is one line of some hundred bytes on a socket
 * that has had nothing written to it, and a client that leaves no room for that gets less. Nothing
 * here fails but for memory, and then the client sees the connection end.
 */
#include "broker/answer.h"

#include <sys/socket.h>

#include "util/fd.h"

void answer_put_error(struct str *out, int version, enum protocol_error error, const char *message,
		      const char *remedy)
{
	if (version == 2) {
		str_append_text(out, "{\"ok\":false,\"error\":");
		protocol_put_error_json(out, error, message, remedy);
		str_append_text(out, "}\n");
	} else {
		protocol_put_error_v1(out, error, message, remedy);
	}
}

void answer_waiter(struct waiter *waiter, const struct str *line)
{
	if (waiter->fd < 0)
		return;
	/* A client that is gone is no event of ours. */
	if (str_error(line) == 0)
		(void)send(waiter->fd, line->data, line->length, MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(waiter->fd, SHUT_WR);
	fd_close(waiter->fd);
	*waiter = WAITER_NONE;
}

void answer_waiter_error(struct waiter *waiter, enum protocol_error error, const char *message,
			 const char *remedy)
{
	cleanup_str struct str line = {0};

	if (waiter->fd < 0)
		return;
	answer_put_error(&line, waiter->version, error, message, remedy);
	answer_waiter(waiter, &line);
}
