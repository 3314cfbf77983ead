/* Doctor on the kernel: cgroup v2, the calls the server needs, and two settings worth knowing.
 *
 * Asks the kernel by using each feature with arguments that do nothing, never by its version
 * number. Makes one cgroup for a moment; leaves nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "server/cgroup.h"
#include "server/doctor.h"
#include "util/fd.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* The kernel knows a call if it complains about its arguments. */
static bool has_pidfd(void)
{
	cleanup_fd int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return fd >= 0;
}

static bool has_close_range(void)
{
	return syscall(SYS_close_range, ~0u, ~0u, 0) == 0;
}

static bool has_clone_into_cgroup(void)
{
	struct clone_args arguments = {
		.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)INT32_MAX};

	/* An older kernel says E2BIG or EINVAL; this one looks for the descriptor. */
	return syscall(SYS_clone3, &arguments, sizeof arguments) < 0 && errno == EBADF;
}

static bool has_mount_descriptors(void)
{
	cleanup_fd int fd = (int)syscall(SYS_fsopen, "devpts", 1 /* FSOPEN_CLOEXEC */);

	return fd >= 0 || errno == EPERM;
}

static bool has_socket_option(int option)
{
	int ends[2];
	char value[4096];
	socklen_t length = sizeof value;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return false;
	bool has = getsockopt(ends[0], SOL_SOCKET, option, value, &length) == 0;
	if (has && option == SO_PEERPIDFD)
		fd_close(*(int *)(void *)value);
	fd_close(ends[0]);
	fd_close(ends[1]);
	return has;
}

static bool has_peer_groups(void)
{
	return has_socket_option(SO_PEERGROUPS);
}

static bool has_peer_pidfd(void)
{
	return has_socket_option(SO_PEERPIDFD);
}

static const struct {
	const char *name;
	bool (*probe)(void);
	bool optional;
	const char *since;
} features[] = {
	{"pidfd_open", has_pidfd, false, "5.3"},
	{"close_range", has_close_range, false, "5.9"},
	{"clone3 into a cgroup", has_clone_into_cgroup, false, "5.7"},
	{"fsopen of devpts", has_mount_descriptors, false, "5.2"},
	{"SO_PEERGROUPS", has_peer_groups, false, "4.13"},
	{"SO_PEERPIDFD", has_peer_pidfd, true, "6.5"},
};

void doctor_kernel(struct doctor *doctor)
{
	unsigned before = doctor->failures;

	for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
		if (features[i].probe())
			continue;
		if (features[i].optional) {
			doctor_ok(doctor, "%s is not there and not needed (Linux %s has it)",
				  features[i].name, features[i].since);
			continue;
		}
		doctor_fail(doctor, "%s is not there", features[i].name);
		doctor_remedy("run Linux %s or newer", features[i].since);
	}
	if (doctor->failures == before)
		doctor_ok(doctor, "has what is needed");
}

void doctor_cgroup(struct doctor *doctor)
{
	cleanup_str struct str base = {0};
	cleanup_str struct str why = {0};
	char name[64];

	if (cgroup_base(config_text(&doctor->config, NULL, KEY_CGROUP), &base, &why) < 0) {
		doctor_fail(doctor, "%s", why.data);
		return;
	}
	if (geteuid() != 0) {
		doctor_ok(doctor, "%s (only root can tell more)", base.data);
		return;
	}
	snprintf(name, sizeof name, "doctor-%d", (int)getpid());
	cleanup_fd int fd = cgroup_open(base.data, name, &why);
	if (fd < 0)
		doctor_fail(doctor, "%s", why.data);
	else
		doctor_ok(doctor, "%s, cgroup v2 with cgroup.kill", base.data);
	cgroup_remove(base.data, name);
}

/* -1 where there is no such setting. */
static int read_setting(const char *path)
{
	FILE *file = fopen(path, "re");
	int value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

void doctor_sysctls(struct doctor *doctor)
{
	int tiocsti = read_setting("/proc/sys/dev/tty/legacy_tiocsti");
	int ptrace = read_setting("/proc/sys/kernel/yama/ptrace_scope");

	if (tiocsti > 0) {
		doctor_warn(doctor, "TIOCSTI is permitted; an agent reaches only its own terminal "
				    "with it, but nothing needs it");
		doctor_remedy("sysctl -w dev.tty.legacy_tiocsti=0");
	}
	if (ptrace == 0) {
		doctor_warn(doctor,
			    "processes of one user may trace each other: agents of one user "
			    "are not kept apart");
		doctor_remedy("sysctl -w kernel.yama.ptrace_scope=1");
	}
	if (tiocsti <= 0 && ptrace != 0)
		doctor_ok(doctor, "nothing to say");
}
