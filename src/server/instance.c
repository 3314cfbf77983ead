/* The instance directory and its lock.
 *
 * Owns the directory runtime_dir/NAME until the monitor, which removes it. Trusts only what root
 * alone can write: everything is opened below descriptors, without following links, and looked at
 * after it was opened. The lock is flock(2)'s: it cannot be stale.
 */
#include "server/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/paths.h"
#include "server/problem.h"
#include "util/fd.h"

#define LOCK_NAME "lock"
#define SESSIONS_NAME "sessions"

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
	return paths_make_in(instance, name, SESSIONS_NAME, uid, gid, 0700, why);
}

static pid_t read_pid(int fd)
{
	char text[32] = {0};

	if (pread(fd, text, sizeof text - 1, 0) <= 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

/* 1: locked; 0: somebody else has it. The file may have been removed by its last holder between
 * our open and our lock; then another has to be made. */
static int try_lock(int fd, int instance, const char *path)
{
	struct stat ours, there;

	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : -errno;
	if (fstat(fd, &ours) < 0)
		return -errno;
	if (fstatat(instance, path, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	return ours.st_dev == there.st_dev && ours.st_ino == there.st_ino ? 1 : -EAGAIN;
}

int instance_lock(int instance, const char *lock_file, struct str *why)
{
	const char *path = lock_file ? lock_file : LOCK_NAME;
	const char *shown = lock_file ? lock_file : "the lock file";
	struct stat st;

	for (;;) {
		cleanup_fd int fd = openat(
			instance, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
		if (fd < 0 || fstat(fd, &st) < 0)
			return problem(why, "cannot open %s: %s", shown, strerror(errno));
		if (!S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
			return problem(why, "%s is not a regular file of root's alone; remove it",
				       shown);

		int result = try_lock(fd, instance, path);
		if (result > 0)
			return fd_steal(&fd);
		if (result == 0) {
			pid_t holder = read_pid(fd);
			return problem(why,
				       "a server is running already (pid %d); stop it first (kill "
				       "%d), or choose another socket",
				       (int)holder, (int)holder);
		}
		if (result != -EAGAIN)
			return problem(why, "cannot lock %s: %s", shown, strerror(-result));
	}
}

void instance_remove(const char *runtime_dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", runtime_dir, name);
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (unlinkat(fd, SESSIONS_NAME, AT_REMOVEDIR) < 0 && errno != ENOENT))
		return; /* sessions of an earlier server live on */
	unlinkat(fd, LOCK_NAME, 0);
	rmdir(path);
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
