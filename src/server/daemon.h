/* Becoming a daemon whose parent leaves only when the server accepts. */
#ifndef AAAU_SERVER_DAEMON_H
#define AAAU_SERVER_DAEMON_H

#include <sys/types.h>

#include "util/str.h"

/* Forks. In the child: returns 0, in a session of its own, with ret_ready the pipe for
 * MONITOR_FD_READY. The parent does not return: it exits 0 when a byte comes after the hand-over,
 * and 1, with what the server's log says, when the pipe ends before. -1 with the reason if there is
 * no child. */
int daemon_start(int *ret_ready, struct str *why);

/* In the child, when all that it could check is well: from now on standard error is log_path
 * (made root's, 0640, gid), and the parent reads it there. 0, or -1 with the reason. */
int daemon_hand_over(int ready, const char *log_dir_path, int log_dir, gid_t gid, struct str *why);

#endif
