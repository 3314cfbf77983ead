/* A session's three cgroups. They are root's registry of sessions.
 *
 * Owns the directories below MONITOR_FD_CGROUP and the watches' descriptors. Trusts the kernel's
 * `populated` and no process: a session is gone when its supervisor/ says so, and removed when its
 * agent/ does. Nobody but root can write here, so the agent cannot make cgroups of its own. A
 * cgroup that cannot be removed is said once and left for the next monitor to adopt.
 */
#include "monitor/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "monitor/log.h"
#include "util/fd.h"
#include "util/uuid.h"

/* "ID/supervisor/cgroup.events" and a NUL, with room. */
#define PATH_SIZE 96

static const char *part_path(const struct uuid *id, enum cgroup_part part, const char *file,
			     char path[PATH_SIZE])
{
	static const char *const suffix[] = {
		[CGROUP_SESSION] = "",
		[CGROUP_SUPERVISOR] = "/supervisor",
		[CGROUP_AGENT] = "/agent",
	};
	char text[UUID_TEXT_SIZE];

	snprintf(path, PATH_SIZE, "%s%s%s%s", uuid_format(id, text), suffix[part], file ? "/" : "",
		 file ? file : "");
	return path;
}

int cgroup_make(const struct uuid *id)
{
	char path[PATH_SIZE];

	for (enum cgroup_part part = CGROUP_SESSION; part <= CGROUP_AGENT; part++) {
		if (mkdirat(MONITOR_FD_CGROUP, part_path(id, part, NULL, path), 0755) == 0)
			continue;
		int error = -errno;

		while (part > CGROUP_SESSION)
			unlinkat(MONITOR_FD_CGROUP, part_path(id, --part, NULL, path),
				 AT_REMOVEDIR);
		return error;
	}
	return 0;
}

int cgroup_remove(const struct uuid *id)
{
	char path[PATH_SIZE];

	for (int part = CGROUP_AGENT; part >= CGROUP_SESSION; part--)
		if (unlinkat(MONITOR_FD_CGROUP, part_path(id, (enum cgroup_part)part, NULL, path),
			     AT_REMOVEDIR) < 0 &&
		    errno != ENOENT)
			return -errno;
	return 0;
}

int cgroup_open(const struct uuid *id, enum cgroup_part part, const char *file, int flags)
{
	char path[PATH_SIZE];
	int fd = openat(MONITOR_FD_CGROUP, part_path(id, part, file, path),
			O_CLOEXEC | O_NOFOLLOW | (file ? flags : O_PATH | O_DIRECTORY));

	return fd < 0 ? -errno : fd;
}

int cgroup_kill(const struct uuid *id, enum cgroup_part part)
{
	cleanup_fd int fd = cgroup_open(id, part, "cgroup.kill", O_WRONLY);

	if (fd < 0)
		return fd;
	return write(fd, "1", 1) < 0 ? -errno : 0;
}

/* 1, 0, or a negative errno. Reading also arms the next POLLPRI. */
static int is_populated(int events)
{
	static const char key[] = "populated ";
	char text[128];
	ssize_t n = pread(events, text, sizeof(text) - 1, 0);
	const char *at;

	if (n < 0)
		return -errno;
	text[n] = 0;
	at = strstr(text, key);
	if (!at)
		return -EBADMSG;
	return at[sizeof(key) - 1] == '1';
}

int cgroup_watch(struct monitor *monitor, const struct uuid *id, int events)
{
	if (monitor->watch_count == monitor->watch_room) {
		size_t room = monitor->watch_room ? 2 * monitor->watch_room : 64;
		struct watch *watches = reallocarray(monitor->watches, room, sizeof(*watches));

		if (!watches)
			return -ENOMEM;
		monitor->watches = watches;
		monitor->watch_room = room;
	}
	monitor->watches[monitor->watch_count++] = (struct watch){.id = *id, .events = events};
	return 0;
}

static void drop(struct monitor *monitor, size_t i)
{
	fd_close(monitor->watches[i].events);
	monitor->watches[i] = monitor->watches[--monitor->watch_count];
}

/* The supervisor is gone, for whatever reason: from here on it is the agent that is waited for.
 * False if there is nothing to wait for. */
static bool start_clearing(struct watch *watch)
{
	char text[UUID_TEXT_SIZE];
	int error = cgroup_kill(&watch->id, CGROUP_AGENT), events;

	watch->clearing = true;
	if (error && error != -ENOENT)
		monitor_log("session %s: cannot kill its agent: %s", uuid_format(&watch->id, text),
			    strerror(-error));
	events = cgroup_open(&watch->id, CGROUP_AGENT, "cgroup.events", O_RDONLY);
	if (events < 0)
		return false;
	fd_close(watch->events);
	watch->events = events;
	return true;
}

void cgroup_look(struct monitor *monitor, size_t i)
{
	struct watch *watch = &monitor->watches[i];
	char text[UUID_TEXT_SIZE];
	int error;

	if (is_populated(watch->events) == 1)
		return;
	if (!watch->clearing && start_clearing(watch) && is_populated(watch->events) == 1)
		return;
	error = cgroup_remove(&watch->id);
	if (error)
		monitor_log("session %s: cannot remove its cgroups: %s",
			    uuid_format(&watch->id, text), strerror(-error));
	drop(monitor, i);
}

static void adopt(struct monitor *monitor, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];
	int error, events = cgroup_open(id, CGROUP_SUPERVISOR, "cgroup.events", O_RDONLY);

	/* -ENOENT: a monitor died while it made or removed it, and there is no supervisor. Then the
	 * watch begins at its end: a read from -1 fails, and clearing starts. */
	error = events < 0 && events != -ENOENT ? events : cgroup_watch(monitor, id, events);
	if (error) {
		fd_close(events);
		monitor_log("session %s: cannot watch it: %s", uuid_format(id, text),
			    strerror(-error));
		return;
	}
	cgroup_look(monitor, monitor->watch_count - 1);
}

void cgroup_adopt(struct monitor *monitor)
{
	int fd = openat(MONITOR_FD_CGROUP, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct uuid id;

	if (!directory) {
		monitor_log("cannot read the cgroup tree: %m");
		fd_close(fd);
		return;
	}
	while ((entry = readdir(directory)))
		if (uuid_parse(entry->d_name, &id))
			adopt(monitor, &id);
	closedir(directory);
}
