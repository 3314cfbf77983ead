/* Descriptors with an owner.
 *
 * A variable declared with `cleanup_fd` owns its descriptor and closes it when it goes out of
 * scope; fd_steal() hands it on. Values below zero mean "none" everywhere.
 */
#ifndef AAAU_UTIL_FD_H
#define AAAU_UTIL_FD_H

#include <stdbool.h>

/* Closes fd unless it is negative; errno survives. Returns -1, so `fd = fd_close(fd)` forgets it. */
int fd_close(int fd);

static inline void fd_cleanup(int *fd)
{
	fd_close(*fd);
}
#define cleanup_fd __attribute__((cleanup(fd_cleanup)))

/* Takes the descriptor out of an owning variable. */
static inline int fd_steal(int *fd)
{
	int stolen = *fd;
	*fd = -1;
	return stolen;
}

/* 0, or a negative errno. */
int fd_set_nonblocking(int fd, bool on);
int fd_set_cloexec(int fd, bool on);

/* Makes from[i] become descriptor first + i for all i < n, without FD_CLOEXEC, whatever numbers
 * they had before, and closes everything from first + n up. from[i] of -1 leaves that number
 * closed. For a process that is about to exec: the old numbers are not kept valid.
 * 0, or a negative errno (the descriptor table is then undefined: exit). */
int fd_lay_out(int first, const int *from, unsigned n);

#endif
