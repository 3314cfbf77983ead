/* Descriptors with an owner: closing, flags, and the layout of a table for a child.
 *
 * Owns nothing itself. Trusts its caller alone: no bytes from outside come here. Fails by negative
 * errno; after a failed fd_lay_out() the table is half moved, so its callers exit.
 */
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#define LAY_OUT_MAX 64

int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;
		/* Linux frees the number even on EINTR: never try twice. */
		close(fd);
		errno = saved;
	}
	return -1;
}

static int set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);
	if (flags < 0)
		return -errno;
	int wanted = on ? flags | flag : flags & ~flag;
	if (wanted != flags && fcntl(fd, set, wanted) < 0)
		return -errno;
	return 0;
}

int fd_set_nonblocking(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_lay_out(int first, const int *from, unsigned n)
{
	int above[LAY_OUT_MAX];

	if (first < 0 || n > LAY_OUT_MAX || first > INT_MAX - LAY_OUT_MAX)
		return -EINVAL;
	/* All of them out of the way first: a target number may be another's source. */
	for (unsigned i = 0; i < n; i++) {
		above[i] = -1;
		if (from[i] < 0)
			continue;
		above[i] = fcntl(from[i], F_DUPFD, first + (int)n);
		if (above[i] < 0)
			return -errno;
	}
	for (unsigned i = 0; i < n; i++) {
		int target = first + (int)i;
		if (above[i] < 0)
			fd_close(target);
		else if (dup2(above[i], target) < 0)
			return -errno;
	}
	if (close_range((unsigned)first + n, UINT_MAX, 0) < 0)
		return -errno;
	return 0;
}
