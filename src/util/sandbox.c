/* A process locks itself in.
 *
 * Owns nothing. The filter is our own constant. Fails by negative errno: a caller that cannot lock
 * itself in does not serve.
 */
#include "util/sandbox.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int sandbox_install(const struct sock_filter *filter, unsigned short length)
{
	/* The kernel only reads it; its struct is older than const. */
	union {
		const struct sock_filter *constant;
		struct sock_filter *plain;
	} instructions = {.constant = filter};
	struct sock_fprog program = {.len = length, .filter = instructions.plain};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	/* All threads or none: one that NSS or a library started must not stay outside. */
	long r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
	if (r < 0)
		return -errno;
	return r > 0 ? -EBUSY : 0; /* the number of a thread that could not be */
}

int sandbox_hide(void)
{
	static const struct rlimit none = {0, 0};

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return -errno;
	return 0;
}
