/* Whole reads and writes.
 *
 * Owns nothing. Trusts neither the length nor the pace of what is at the other end: short counts
 * and EINTR are ordinary. Fails by negative errno; how much was written by then is not told, since
 * its callers give up the descriptor.
 */
#include "util/io.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

int io_write_all(int fd, const void *data, size_t n)
{
	const char *at = data;

	while (n > 0) {
		ssize_t done = write(fd, at, n);
		if (done < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

void io_write_line(int fd, const char *line, size_t n)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};

	if (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) && write(fd, line, n) < 0)
		return;
}

ssize_t io_read_full(int fd, void *data, size_t n)
{
	char *at = data;
	size_t have = 0;

	while (have < n) {
		ssize_t got = read(fd, at + have, n - have);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}
