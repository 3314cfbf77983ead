/* What a process does to itself before it reads a stranger's first byte.
 *
 * The filter is compiled at build time from the process's sandbox-rules.h (tools/seccomp-compile.c);
 * a call that no rule allows kills the process.
 */
#ifndef AAAU_UTIL_SANDBOX_H
#define AAAU_UTIL_SANDBOX_H

#include <linux/filter.h>

/* Sets no_new_privs and installs the filter for the whole process. It cannot be taken back.
 * 0, or a negative errno. */
int sandbox_install(const struct sock_filter *filter, unsigned short length);

/* No ptrace(2), no /proc/PID/mem, fd or environ for others of our own uid, and no core dump with
 * terminal bytes in it. execve(2) undoes the first. 0, or a negative errno. */
int sandbox_hide(void);

#endif
