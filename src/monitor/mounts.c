/* The agent's mount namespace: the host's, with a private /dev/pts.
 *
 * Runs as root in the agent's side of the fork, before the ids are given up. The paths are root's
 * own. What is mounted here stays here (slave propagation); what the host mounts later is seen.
 * Failures are negative errnos: there is no agent without it.
 */
#include "monitor/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

int mounts_enter(int devpts)
{
	if (unshare(CLONE_NEWNS) < 0)
		return -errno;
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -errno;
	if (move_mount(devpts, "", AT_FDCWD, "/dev/pts", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	if (mount("/dev/pts/ptmx", "/dev/ptmx", NULL, MS_BIND, NULL) < 0)
		return -errno;
	return 0;
}
