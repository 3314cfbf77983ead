/* The instance directory and its lock.
 *
 * Owns the directory runtime_dir/NAME until the monitor, which removes it. Trusts only what root
 * alone can write: everything is opened below descriptors, without following links, and looked at
 * after it was opened. The lock is flock(2)'s: it cannot be stale.
 */
#include "server/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/paths.h"
#include "server/problem.h"
#include "util/fd.h"

void instance_name(const char *socket_path, char ret[INSTANCE_NAME_SIZE])
{
	snprintf(ret, INSTANCE_NAME_SIZE, "%s", socket_path + 1);
	for (char *at = ret; *at; at++) {
		if (*at == '/')
			*at = '-';
	}
}

int instance_open(const char *runtime_dir, const char *name, struct str *why)
{
	struct stat st;

	if (paths_make_all(runtime_dir, why) < 0)
		return -1;

	cleanup_fd int parent = paths_open_trusted(runtime_dir, NULL, &st, why);
	if (parent < 0)
		return -1;
	if (st.st_mode & S_IWOTH)
		return problem(why,
			       "%s is everybody's directory; choose one of the server's own "
			       "(runtime_dir)",
			       runtime_dir);
	/* The directory is the server's own, so that its mode is the server's to set: a group that
	 * may rename things in it could take away the lock. */
	if ((st.st_mode & S_IWGRP) && fchmod(parent, st.st_mode & 0755) < 0)
		return problem(why, "cannot change the mode of %s: %s", runtime_dir,
			       strerror(errno));
	return paths_make_in(parent, runtime_dir, name, 0, 0, 0755, why);
}

int instance_open_sessions(int instance, const char *name, uid_t uid, gid_t gid, struct str *why)
{
	return paths_make_in(instance, name, "sessions", uid, gid, 0700, why);
}

static pid_t read_pid(int fd)
{
	char text[32] = {0};

	if (pread(fd, text, sizeof text - 1, 0) <= 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

int instance_lock(int instance, const char *lock_file, struct str *why)
{
	const char *shown = lock_file ? lock_file : "its lock file";
	struct stat st;

	cleanup_fd int fd = openat(instance, lock_file ? lock_file : "lock",
				   O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return problem(why, "cannot open %s: %s", shown, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return problem(why, "%s is not a regular file of root's alone; remove it", shown);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd_steal(&fd);
	if (errno != EWOULDBLOCK)
		return problem(why, "cannot lock %s: %s", shown, strerror(errno));

	pid_t holder = read_pid(fd);
	if (holder > 0)
		return problem(why,
			       "a server runs already (pid %d); stop it first (kill %d), or choose "
			       "another socket",
			       (int)holder, (int)holder);
	return problem(why, "a server runs already; stop it first, or choose another socket");
}

bool instance_is_locked(const char *path, pid_t *ret_pid)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	*ret_pid = read_pid(fd);
	return true;
}

void instance_write_pid(int lock)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	if (ftruncate(lock, 0) < 0 || pwrite(lock, text, (size_t)n, 0) < 0)
		return; /* only people read it */
}
