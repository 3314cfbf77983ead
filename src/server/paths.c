/* Directories that root is about to rely on.
 *
 * Owns the descriptors it returns until the caller has them. Trusts no path: a directory in which
 * somebody else can rename things could hand root another's socket or lock. Fails with a sentence
 * that names the component and the remedy.
 */
#include "server/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/problem.h"
#include "util/fd.h"

static int check_component(const char *path, const struct stat *st, struct str *why)
{
	if (st->st_uid != 0)
		return problem(why,
			       "%s belongs to uid %u, who could put another file in the place of "
			       "the server's; use a directory of root's (or run: chown root %s)",
			       path, st->st_uid, path);
	if ((st->st_mode & S_IWOTH) && !(st->st_mode & S_ISVTX))
		return problem(why, "%s can be written by everybody (mode %04o); run: chmod o-w %s",
			       path, st->st_mode & 07777, path);
	return 0;
}

int paths_open_trusted(const char *path, char *ret_real, struct stat *ret_st, struct str *why)
{
	char real[PATH_MAX];
	char prefix[PATH_MAX];
	struct stat st;

	if (!realpath(path, real))
		return problem(why, "cannot open the directory %s: %s", path, strerror(errno));

	cleanup_fd int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t end = 1; /* real[0..end) is open */
	for (;;) {
		snprintf(prefix, sizeof prefix, "%.*s", (int)end, real);
		if (fd < 0 || fstat(fd, &st) < 0)
			return problem(why, "cannot open the directory %s: %s", prefix,
				       strerror(errno));
		if (check_component(prefix, &st, why) < 0)
			return -1;
		if (!real[end])
			break;

		size_t start = real[end] == '/' ? end + 1 : end;
		end = start + strcspn(real + start, "/");
		snprintf(prefix, sizeof prefix, "%.*s", (int)(end - start), real + start);
		int next = openat(fd, prefix, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		fd_close(fd);
		fd = next;
	}
	if (ret_real)
		strcpy(ret_real, real);
	if (ret_st)
		*ret_st = st;
	return fd_steal(&fd);
}

int paths_make_in(int parent, const char *parent_path, const char *name, uid_t uid, gid_t gid,
		  mode_t mode, struct str *why)
{
	bool made = mkdirat(parent, name, mode & 0700) == 0;
	struct stat st;

	if (!made && errno != EEXIST)
		return problem(why, "cannot make the directory %s/%s: %s", parent_path, name,
			       strerror(errno));

	cleanup_fd int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (made && (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)) ||
	    fstat(fd, &st) < 0)
		return problem(why, "cannot open the directory %s/%s: %s", parent_path, name,
			       strerror(errno));
	if (st.st_uid != uid || (st.st_mode & 0777 & ~mode))
		return problem(why,
			       "%s/%s is not as the server made it (uid %u, mode %04o; wanted uid "
			       "%u, mode %04o); remove it",
			       parent_path, name, st.st_uid, st.st_mode & 07777, uid, mode);
	return fd_steal(&fd);
}

int paths_make_all(const char *path, struct str *why)
{
	char prefix[PATH_MAX];

	for (size_t end = 1; path[end - 1]; end++) {
		if (path[end] != '/' && path[end])
			continue;
		if (snprintf(prefix, sizeof prefix, "%.*s", (int)end, path) >= (int)sizeof prefix)
			return problem(why, "%s is too long a path", path);
		if (mkdir(prefix, 0755) < 0 && errno != EEXIST)
			return problem(why, "cannot make the directory %s: %s", prefix,
				       strerror(errno));
		if (!path[end])
			break;
	}
	return 0;
}

char *paths_absolute(const char *path)
{
	char *result;

	if (path[0] == '/' || !path[0])
		return strdup(path); /* an empty one is wrong in either form */

	char *directory = getcwd(NULL, 0);
	if (!directory)
		return NULL;
	if (asprintf(&result, "%s/%s", directory, path) < 0)
		result = NULL;
	free(directory);
	return result;
}
