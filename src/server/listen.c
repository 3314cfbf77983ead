/* The public socket: where it is, whose it is, and that it is nobody else's.
 *
 * Owns the bound socket until the monitor has it. Trusts no file at its path: a stale socket is
 * removed only under the instance's lock and when connecting to it is refused; anything else at its
 * place stays and is reported.
 */
#include "server/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/paths.h"
#include "server/problem.h"
#include "util/clock.h"
#include "util/fd.h"

#define BACKLOG 4096
/* A broker whose monitor has just died closes the socket at once; so long it may take. */
#define LEFTOVER_MS 3000

/* Splits off the last component; false for one in the root. */
static bool split(const char *path, char ret_parent[PATH_MAX], const char **ret_name)
{
	const char *slash = strrchr(path, '/');

	*ret_name = slash + 1;
	return slash > path &&
	       snprintf(ret_parent, PATH_MAX, "%.*s", (int)(slash - path), path) < PATH_MAX;
}

/* The directory of the socket and the one that that is in. */
static bool split_twice(const char *path, char ret_above[PATH_MAX], char ret_directory[PATH_MAX],
			const char **ret_name)
{
	const char *socket_name;

	return split(path, ret_directory, &socket_name) &&
	       split(ret_directory, ret_above, ret_name);
}

bool listen_directory_comes(const char *path)
{
	char above[PATH_MAX], directory[PATH_MAX];
	const char *name;

	return (!strncmp(path, "/run/", 5) || !strncmp(path, "/var/run/", 9)) &&
	       split_twice(path, above, directory, &name) && access(above, F_OK) == 0 &&
	       access(directory, F_OK) < 0 && errno == ENOENT;
}

int listen_make_directory(const char *path, struct str *why)
{
	char above[PATH_MAX], directory[PATH_MAX];
	const char *name;

	if (!listen_directory_comes(path) || !split_twice(path, above, directory, &name))
		return 0;
	cleanup_fd int parent = paths_open_trusted(above, NULL, NULL, why);
	if (parent < 0)
		return -1;
	cleanup_fd int fd = paths_make_in(parent, above, name, 0, 0, 0755, why);
	return fd < 0 ? -1 : 0;
}

int listen_locate(struct listener *ret, const char *path, struct str *notes, struct str *why)
{
	char directory[PATH_MAX];
	const char *slash = strrchr(path, '/');
	const char *parent = slash == path ? "/" : directory;
	struct stat st;
	struct sockaddr_un address;

	*ret = (struct listener){.fd = -1, .directory = -1};
	snprintf(directory, sizeof directory, "%.*s", (int)(slash - path), path);
	if (!slash[1] || !strcmp(slash, "/."))
		return problem(why, "%s is a directory's path; a socket needs a name", path);
	if (strlen(path) >= sizeof address.sun_path)
		return problem(why,
			       "the socket's path has %zu bytes and the kernel takes %zu; choose a "
			       "shorter one: %s",
			       strlen(path), sizeof address.sun_path - 1, path);
	if (access(parent, F_OK) < 0 && errno == ENOENT)
		return problem(why,
			       "the socket's directory %s does not exist; run: aaau-server init -s "
			       "%s",
			       parent, path);

	ret->directory = paths_open_trusted(parent, ret->real, &st, why);
	if (ret->directory < 0)
		return -1;
	if ((st.st_mode & S_IWGRP) && st.st_gid != 0)
		str_append_format(
			notes,
			"%s can be written by its group (gid %u), whose members could put "
			"a socket of their own in the place of the server's; run: chmod "
			"g-w %s\n",
			parent, st.st_gid, parent);

	size_t n = strlen(ret->real);
	n -= n == 1; /* "/" */
	if (n + strlen(slash) >= sizeof address.sun_path) {
		listen_close(ret);
		return problem(why, "the socket's real path is too long: %s%s", parent, slash);
	}
	strcpy(ret->real + n, slash);
	ret->name = ret->real + n + 1;
	return 0;
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof address.sun_path, "%.107s", path);
	return address;
}

/* 0: nobody listens; 1: somebody does; or a negative errno. */
static int probe(const char *path, uint64_t deadline)
{
	struct sockaddr_un address = address_of(path);

	for (;;) {
		cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (fd < 0)
			return -errno;
		if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
			return errno == ECONNREFUSED || errno == ENOENT ? 0
			       : errno == EAGAIN                        ? 1
									: -errno;

		/* The connection ends when the one who listens is gone. */
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		uint64_t now = clock_monotonic_us();
		if (now >= deadline || poll(&wait, 1, (int)((deadline - now) / 1000) + 1) == 0)
			return 1;
	}
}

static int remove_stale(const struct listener *listener, struct str *why)
{
	struct stat st;

	if (fstatat(listener->directory, listener->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0
				       : problem(why, "cannot look at %s: %s", listener->real,
						 strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return problem(why,
			       "%s is there and is no socket; remove it or choose another path",
			       listener->real);

	int alive = probe(listener->real, clock_monotonic_us() + LEFTOVER_MS * 1000);
	if (alive < 0)
		return problem(why, "cannot tell whether somebody listens on %s: %s",
			       listener->real, strerror(-alive));
	if (alive)
		return problem(why,
			       "another program listens on %s; stop it or choose another path (-s)",
			       listener->real);
	if (unlinkat(listener->directory, listener->name, 0) < 0 && errno != ENOENT)
		return problem(why, "cannot remove the stale socket %s: %s", listener->real,
			       strerror(errno));
	return 0;
}

int listen_bind(struct listener *listener, gid_t gid, struct str *why)
{
	struct sockaddr_un address = address_of(listener->real);

	if (remove_stale(listener, why) < 0)
		return -1;

	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return problem(why, "cannot make a socket: %s", strerror(errno));

	mode_t before = umask(0117);
	int result = bind(fd, (struct sockaddr *)&address, sizeof address);
	int error = errno;
	umask(before);
	if (result < 0)
		return problem(why, "cannot bind %s: %s", listener->real, strerror(error));
	/* Nobody can connect before listen(2). */
	if (fchownat(listener->directory, listener->name, 0, gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    listen(fd, BACKLOG) < 0) {
		error = errno;
		unlinkat(listener->directory, listener->name, 0);
		return problem(why, "cannot listen on %s: %s", listener->real, strerror(error));
	}
	listener->fd = fd_steal(&fd);
	return 0;
}

int listen_check(int fd, char ret_path[108], struct str *why)
{
	struct sockaddr_un address = {0};
	socklen_t length = sizeof address;
	int type = 0, accepting = 0;
	socklen_t size = sizeof type;

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0 ||
	    address.sun_family != AF_UNIX ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_STREAM ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &size) < 0 || !accepting ||
	    address.sun_path[0] != '/')
		return problem(why, "descriptor %d is no listening Unix stream socket with a path",
			       fd);
	snprintf(ret_path, 108, "%s", address.sun_path);
	return 0;
}

void listen_close(struct listener *listener)
{
	listener->fd = fd_close(listener->fd);
	listener->directory = fd_close(listener->directory);
}
