/* Sessions of one agent user, kept apart by an empty Landlock domain.
 *
 * A private /dev/pts takes the names of another session's terminal away, but two processes of one
 * user may still open each other's descriptors through /proc, trace and kill each other. Landlock
 * lets a process do that only to what is in its own domain. The domain restricts nothing else: no
 * file, no mount, no network access is handled, so an agent that sandboxes itself (bwrap, user
 * namespaces) can go on doing so.
 *
 * A domain without rules for files needs Linux 6.12 (Landlock ABI 6). On an older kernel two
 * sessions of one user are as separate as two logins of one user; separate users are separate on
 * every kernel. That is an ordinary outcome here, and said in docs/threat-model.md.
 */
#include "monitor/scope.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/fd.h"

/* struct landlock_ruleset_attr and LANDLOCK_SCOPE_SIGNAL of Linux 6.12's <linux/landlock.h>. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};
#define SCOPE_SIGNAL (1u << 1)

int scope_enter(void)
{
	const struct ruleset ruleset = {.scoped = SCOPE_SIGNAL};
	cleanup_fd int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);

	if (fd < 0)
		/* No Landlock, switched off, a kernel that does not know all of the struct, or a
		 * container's filter that does not know the call (it has no EPERM of its own). */
		return errno == ENOSYS || errno == EOPNOTSUPP || errno == E2BIG ||
				       errno == EINVAL || errno == EPERM
			       ? 0
			       : -errno;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}
