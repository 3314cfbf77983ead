/* Removing a tree by descriptors.
 *
 * Root deletes what an agent made here: every step goes through an open directory and O_NOFOLLOW,
 * so that no name can lead out of the tree. Depth is bounded. Fails at the first thing that cannot
 * be removed and leaves the rest.
 */
#include "server/remove-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"

#define MAX_DEPTH 512 /* open directories at a time */

static int remove_below(int parent, const char *name, dev_t device, unsigned depth)
{
	struct stat st;
	int error = 0;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	cleanup_fd int fd =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != device)
		return -EXDEV;

	DIR *directory = fdopendir(fd);
	if (!directory)
		return -errno;
	int inside = dirfd(directory);
	fd_steal(&fd); /* the stream's now */
	for (const struct dirent *entry; !error && (entry = readdir(directory));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (unlinkat(inside, entry->d_name, 0) == 0)
			continue;
		error = errno == EISDIR || errno == EPERM
				? remove_below(inside, entry->d_name, device, depth + 1)
				: -errno;
	}
	closedir(directory);
	if (!error && unlinkat(parent, name, AT_REMOVEDIR) < 0)
		error = -errno;
	return error;
}

int remove_tree(int parent, const char *name)
{
	struct stat st;

	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return remove_below(parent, name, st.st_dev, 0);
}
