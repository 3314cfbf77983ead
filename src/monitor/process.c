/* Forking, and giving up root.
 *
 * The monitor has one thread, so a raw clone3(2) is safe where fork(3) would be. Trusts nothing but
 * the kernel, and not even that about the ids: it looks whether they can be had back. Failures are
 * negative errnos; a child that cannot become who it should be exits.
 */
#include "monitor/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t process_fork(int cgroup, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {.exit_signal = SIGCHLD};
	sigset_t none;
	long pid;

	if (ret_pidfd) {
		args.flags |= CLONE_PIDFD;
		args.pidfd = (uint64_t)(uintptr_t)&pidfd;
	}
	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (unsigned)cgroup;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		/* Ctrl-C and a hang-up are for the monitor alone, where it runs on a terminal. */
		setsid();
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	if (ret_pidfd)
		*ret_pidfd = pidfd;
	return (pid_t)pid;
}

int process_become(uid_t uid, gid_t gid, const gid_t *groups, unsigned group_count)
{
	uid_t real, effective, saved;
	gid_t real_gid, effective_gid, saved_gid;

	if (setgroups(group_count, groups) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;

	if (getresuid(&real, &effective, &saved) < 0 ||
	    getresgid(&real_gid, &effective_gid, &saved_gid) < 0)
		return -errno;
	if (real != uid || effective != uid || saved != uid || real_gid != gid ||
	    effective_gid != gid || saved_gid != gid)
		return -EPERM;
	if (setresuid((uid_t)-1, 0, (uid_t)-1) == 0 || setresgid((gid_t)-1, 0, (gid_t)-1) == 0)
		return -EPERM;
	return 0;
}

int process_exec(int program, char *const argv[], char *const envp[])
{
	syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
	return -errno;
}
