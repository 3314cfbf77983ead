/* A PTY in a devpts instance of its own.
 *
 * The instance is made without being mounted anywhere (fsopen(2), fsmount(2)) and is mounted later
 * in the agent's mount namespace only. So the slave has no name outside this session: neither the
 * host's /dev/pts nor that of another session of the same agent user leads to it, and the agent's
 * own /dev/pts shows no terminal but its own. (What processes of one user can do to each other
 * through /proc is scope.c's.) There is no other way of getting a PTY here: where the kernel
 * refuses, there is no session. Failures are negative errnos.
 */
#include "monitor/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <termios.h>
#include <unistd.h>

#include "util/fd.h"

/* Terminals in one session, its own included. The kernel has so many for the whole machine
 * (kernel.pty.max), and this instance may use even those that it reserves for logins: without a
 * limit one agent could keep everybody else from having a terminal. */
#define MOST_TERMINALS "256"

static int set_text(int context, const char *key, const char *value)
{
	return fsconfig(context, FSCONFIG_SET_STRING, key, value, 0) < 0 ? -errno : 0;
}

static int set_id(int context, const char *key, uint32_t id)
{
	char text[16];

	snprintf(text, sizeof(text), "%" PRIu32, id);
	return set_text(context, key, text);
}

int pty_make_devpts(uid_t uid, gid_t gid)
{
	cleanup_fd int context = fsopen("devpts", FSOPEN_CLOEXEC);
	int error, mount;

	if (context < 0)
		return -errno;
	/* Each fsopen() of devpts is a new instance (Linux 4.7). ptmx is for programs in the session
	 * that open terminals themselves: script, tmux, an agent's shell tool. */
	error = set_text(context, "ptmxmode", "0666");
	if (!error)
		error = set_text(context, "max", MOST_TERMINALS);
	if (!error)
		error = set_text(context, "mode", "0620");
	if (!error)
		error = set_id(context, "uid", uid);
	if (!error)
		error = set_id(context, "gid", gid);
	if (error)
		return error;
	if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	mount = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return mount < 0 ? -errno : mount;
}

int pty_open(int devpts, uint16_t rows, uint16_t columns, int *ret_master, int *ret_slave)
{
	const struct winsize size = {.ws_row = rows, .ws_col = columns};
	cleanup_fd int master = openat(devpts, "ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	cleanup_fd int slave = -1;
	struct termios modes;
	int locked = 0;

	if (master < 0 || ioctl(master, TIOCSPTLCK, &locked) < 0)
		return -errno;
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || ioctl(master, TIOCSWINSZ, &size) < 0)
		return -errno;
	/* The kernel's own modes, but a backspace takes a whole character: agents are UTF-8 throughout. */
	if (tcgetattr(slave, &modes) < 0)
		return -errno;
	modes.c_iflag |= IUTF8;
	if (tcsetattr(slave, TCSANOW, &modes) < 0)
		return -errno;
	*ret_master = fd_steal(&master);
	*ret_slave = fd_steal(&slave);
	return 0;
}
