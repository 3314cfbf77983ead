/* A PTY in a devpts instance of its own. */
#ifndef AAAU_MONITOR_PTY_H
#define AAAU_MONITOR_PTY_H

#include <stdint.h>
#include <sys/types.h>

/* The instance alone. Descriptor, close-on-exec, or a negative errno. Its slaves belong to uid and
 * gid with mode 0620, this one and those that the agent opens later. */
int pty_make_devpts(uid_t uid, gid_t gid);

/* The first PTY of the instance. All close-on-exec and the caller's. 0, or a negative errno. */
int pty_open(int devpts, uint16_t rows, uint16_t columns, int *ret_master, int *ret_slave);

#endif
