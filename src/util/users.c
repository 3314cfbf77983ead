/* Names and ids, through NSS.
 *
 * Owns nothing beyond a call. NSS may load modules and ask the network, which is why no code that
 * runs as root in the monitor comes here. Fails by negative errno; "no such user" is -ENOENT
 * whichever of the many ways a module has of saying so.
 */
#include "util/users.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 1024
#define BUFFER_MAX (1024 * 1024) /* a group with tens of thousands of members */

/* getpwnam_r(3) lists what modules return for an unknown name. */
static int lookup_error(int error)
{
	switch (error) {
	case 0:
	case ENOENT:
	case ESRCH:
	case EBADF:
	case EPERM: return -ENOENT;
	default: return -error;
	}
}

static int copy_field(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		return -ENAMETOOLONG;
	memcpy(out, text, length + 1);
	return 0;
}

static int copy_user(const struct passwd *entry, struct user *ret)
{
	struct user user = {.uid = entry->pw_uid, .gid = entry->pw_gid};
	int r;

	if ((r = copy_field(user.name, sizeof user.name, entry->pw_name)) < 0 ||
	    (r = copy_field(user.home, sizeof user.home, entry->pw_dir)) < 0 ||
	    (r = copy_field(user.shell, sizeof user.shell, entry->pw_shell)) < 0)
		return r;
	*ret = user;
	return 0;
}

/* The next larger buffer, or 0 with *size unchanged when that is enough. */
static int grow(char **buffer, size_t *size)
{
	size_t wanted = *size ? *size * 2 : BUFFER_FIRST;
	if (wanted > BUFFER_MAX)
		return -ERANGE;
	char *grown = realloc(*buffer, wanted);
	if (!grown)
		return -ENOMEM;
	*buffer = grown;
	*size = wanted;
	return 0;
}

static int find_user(const char *name, uid_t uid, struct user *ret)
{
	char *buffer = NULL;
	size_t size = 0;
	int r;

	while ((r = grow(&buffer, &size)) == 0) {
		struct passwd entry, *found = NULL;
		int error = name ? getpwnam_r(name, &entry, buffer, size, &found)
				 : getpwuid_r(uid, &entry, buffer, size, &found);
		if (error == ERANGE || error == EINTR)
			continue;
		r = found ? copy_user(found, ret) : lookup_error(error);
		break;
	}
	free(buffer);
	return r;
}

int user_by_name(const char *name, struct user *ret)
{
	return find_user(name, 0, ret);
}

int user_by_uid(uid_t uid, struct user *ret)
{
	return find_user(NULL, uid, ret);
}

/* One of ret_gid and ret_name is wanted. */
static int find_group(const char *name, gid_t gid, gid_t *ret_gid, char *ret_name)
{
	char *buffer = NULL;
	size_t size = 0;
	int r;

	while ((r = grow(&buffer, &size)) == 0) {
		struct group entry, *found = NULL;
		int error = name ? getgrnam_r(name, &entry, buffer, size, &found)
				 : getgrgid_r(gid, &entry, buffer, size, &found);
		if (error == ERANGE || error == EINTR)
			continue;
		r = found ? 0 : lookup_error(error);
		if (found && ret_name)
			r = copy_field(ret_name, 256, found->gr_name);
		if (found && ret_gid)
			*ret_gid = found->gr_gid;
		break;
	}
	free(buffer);
	return r;
}

int group_by_name(const char *name, gid_t *ret)
{
	return find_group(name, 0, ret, NULL);
}

int group_by_gid(gid_t gid, char ret_name[256])
{
	return find_group(NULL, gid, NULL, ret_name);
}

int user_groups(const char *name, gid_t primary, gid_t *groups, unsigned *count)
{
	if (*count > INT_MAX)
		return -EINVAL;
	int n = (int)*count;
	if (getgrouplist(name, primary, groups, &n) < 0)
		return -E2BIG;
	*count = (unsigned)n;
	return 0;
}

bool user_is_member(const struct user *user, gid_t gid)
{
	gid_t groups[1024];
	unsigned count = 1024;

	if (user_groups(user->name, user->gid, groups, &count) < 0)
		return user->gid == gid;
	for (unsigned i = 0; i < count; i++) {
		if (groups[i] == gid)
			return true;
	}
	return false;
}
