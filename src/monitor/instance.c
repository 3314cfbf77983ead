/* The end of an instance: socket, directory, cgroup.
 *
 * Everything is reached from the descriptors the monitor was given, one component at a time, and
 * only removed while it is the thing we were given: a server that took our place meanwhile keeps
 * its own. The sessions directory is the service user's, so its names are an enemy's: they are
 * unlinked as they are, and nothing is followed. What cannot be removed is said and left.
 */
#include "monitor/instance.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "monitor/log.h"
#include "util/fd.h"

static bool is_same(int directory, const char *name, int fd)
{
	struct stat there, ours;

	return fstatat(directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &ours) == 0 && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

/* The directory fd, known as name to its parent. */
static void remove_directory(int fd, const char *name)
{
	cleanup_fd int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (parent < 0 || !is_same(parent, name, fd))
		return;
	if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		monitor_log("cannot remove %s: %m", name);
}

static void empty_sessions_directory(void)
{
	int fd = openat(MONITOR_FD_SESSIONS_DIR, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.' || entry->d_type != DT_DIR)
			unlinkat(fd, entry->d_name, 0);
	closedir(directory);
}

static void remove_socket(const struct monitor_config *config)
{
	struct stat there;

	if (!config->socket_name[0] ||
	    fstatat(MONITOR_FD_SOCKET_DIR, config->socket_name, &there, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (there.st_dev != config->socket_device || there.st_ino != config->socket_inode)
		return;
	if (unlinkat(MONITOR_FD_SOCKET_DIR, config->socket_name, 0) < 0)
		monitor_log("cannot remove %s: %m", config->socket_name);
}

void instance_remove(const struct monitor_config *config)
{
	remove_socket(config);
	remove_directory(MONITOR_FD_CGROUP, config->instance_name);
	empty_sessions_directory();
	remove_directory(MONITOR_FD_SESSIONS_DIR, "sessions");
	/* --lock-file may have put it elsewhere: then it stays. */
	if (is_same(MONITOR_FD_INSTANCE_DIR, "lock", MONITOR_FD_LOCK))
		unlinkat(MONITOR_FD_INSTANCE_DIR, "lock", 0);
	remove_directory(MONITOR_FD_INSTANCE_DIR, config->instance_name);
}
