/* Forking, and giving up root. */
#ifndef AAAU_MONITOR_PROCESS_H
#define AAAU_MONITOR_PROCESS_H

#include <sys/types.h>

/* fork(2), straight into the cgroup of that directory (-1: our own) and with a close-on-exec pidfd
 * in *ret_pidfd (NULL: none). The child leads a session of its own, without a terminal, and has no
 * signal blocked. Process id, 0 in the child, or a negative errno. */
pid_t process_fork(int cgroup, int *ret_pidfd);

/* Become this user for good, with exactly these groups, and see to it that there is no way back.
 * 0, or a negative errno (-EPERM if root could be regained): the caller exits then. */
int process_become(uid_t uid, gid_t gid, const gid_t *groups, unsigned group_count);

/* Execs an O_PATH descriptor with a close-on-exec number. Returns a negative errno only. */
int process_exec(int program, char *const argv[], char *const envp[]);

#endif
