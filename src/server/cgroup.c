/* Where agents are kept together: finding the cgroup v2 tree and our place in it.
 *
 * Owns nothing but the directories aaau and aaau/NAME that it makes; the monitor removes the latter.
 * Trusts /proc. Fails with what the machine lacks.
 */
#include "server/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "server/problem.h"
#include "util/fd.h"

/* mountinfo writes blanks and backslashes as octal escapes. */
static void unescape(char *text)
{
	char *to = text;

	for (char *at = text; *at; at++) {
		unsigned octal;
		if (at[0] == '\\' && sscanf(at + 1, "%3o", &octal) == 1) {
			*to++ = (char)octal;
			at += 3;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
}

/* "31 23 0:28 / /sys/fs/cgroup rw,… - cgroup2 cgroup2 rw": root (4th), mount point (5th) and, after
 * the dash, the type. */
static bool is_cgroup2_line(char *line, char **ret_mount_point)
{
	char *dash = strstr(line, " - ");
	char *fields[5];
	char *rest = line;

	if (!dash || strncmp(dash + 3, "cgroup2 ", 8) != 0)
		return false;
	for (size_t i = 0; i < 5; i++) {
		fields[i] = strsep(&rest, " ");
		if (!rest)
			return false;
	}
	if (strcmp(fields[3], "/") != 0)
		return false; /* a bind mount of a part of the tree */
	unescape(fields[4]);
	*ret_mount_point = fields[4];
	return true;
}

static int find_mount(struct str *ret, struct str *why)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	size_t size = 0;
	char *line = NULL;
	char *point;
	bool found = false;

	if (!mounts)
		return problem(why, "cannot read /proc/self/mountinfo: %s", strerror(errno));
	while (!found && getline(&line, &size, mounts) > 0) {
		found = is_cgroup2_line(line, &point);
		if (found)
			str_append_text(ret, point);
	}
	free(line);
	fclose(mounts);
	if (!found)
		return problem(why,
			       "no cgroup v2 file system is mounted, and without one an agent's "
			       "processes cannot be kept together; run: mount -t cgroup2 cgroup2 "
			       "/sys/fs/cgroup (or boot with systemd.unified_cgroup_hierarchy=1)");
	return 0;
}

/* The path of our own cgroup below the mount, "/…". False if it cannot be told. */
static bool own_cgroup(struct str *ret)
{
	FILE *groups = fopen("/proc/self/cgroup", "re");
	size_t size = 0;
	char *line = NULL;
	bool found = false;

	while (groups && !found && getline(&line, &size, groups) > 0) {
		found = !strncmp(line, "0::/", 4) && strncmp(line, "0::/..", 6) != 0;
		line[strcspn(line, "\n")] = '\0';
		if (found)
			str_append_text(ret, line + 3);
	}
	free(line);
	if (groups)
		fclose(groups);
	return found;
}

/* systemd says on the directory itself that its inside is ours. */
static bool is_delegated(const char *path)
{
	static const char *const names[] = {"trusted.delegate", "user.delegate"};
	char value[2];

	for (size_t i = 0; i < 2; i++) {
		if (getxattr(path, names[i], value, sizeof value) == 1 && value[0] == '1')
			return true;
	}
	return false;
}

int cgroup_base(const char *setting, struct str *ret_path, struct str *why)
{
	cleanup_str struct str mount = {0};
	cleanup_str struct str own = {0};

	if (strcmp(setting, "auto") != 0) {
		str_append_text(ret_path, setting);
		return 0;
	}
	if (find_mount(&mount, why) < 0)
		return -1;
	str_append_text(&own, mount.data);
	if (own_cgroup(&own) && !str_error(&own) && is_delegated(own.data))
		str_append_text(ret_path, own.data);
	else
		str_append_text(ret_path, mount.data);
	return 0;
}

/* An intermediate directory may be there already, whoever made it: only root can. */
static int make_below(int *fd, const char *name)
{
	if (mkdirat(*fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	int next = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		return -errno;
	fd_close(*fd);
	*fd = next;
	return 0;
}

/* BASE/aaau/NAME as a descriptor, or a negative errno. */
static int make_instance(const char *base, const char *name)
{
	cleanup_fd int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	int error = make_below(&fd, "aaau");
	if (!error)
		error = make_below(&fd, name);
	return error ? error : fd_steal(&fd);
}

int cgroup_open(const char *base, const char *name, struct str *why)
{
	struct statfs fs;

	if (statfs(base, &fs) < 0)
		return problem(why, "cannot open the cgroup %s: %s", base, strerror(errno));
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return problem(why, "%s is not on a cgroup v2 file system (cgroup)", base);

	int made = make_instance(base, name);
	/* Another server that has just ended may have taken aaau away under us. */
	for (unsigned attempt = 0; made == -ENOENT && attempt < 10; attempt++)
		made = make_instance(base, name);
	if (made < 0)
		return problem(why, "cannot make the cgroup %s/aaau/%s: %s%s", base, name,
			       strerror(-made),
			       made == -EROFS || made == -EACCES || made == -EPERM
				       ? " (in a container it needs a writable cgroup tree)"
				       : "");

	cleanup_fd int fd = made;
	if (faccessat(fd, "cgroup.kill", W_OK, 0) < 0)
		return problem(
			why, "this kernel has no cgroup.kill (Linux 5.14 or newer is needed), and "
			     "without it the end of an agent's processes cannot be assured");
	return fd_steal(&fd);
}

void cgroup_remove(const char *base, const char *name)
{
	cleanup_fd int top = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int fd = openat(top, "aaau", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	unlinkat(fd, name, AT_REMOVEDIR);
	unlinkat(top, "aaau", AT_REMOVEDIR);
}
