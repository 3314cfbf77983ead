/* Names and ids of users and groups, through NSS. Not for code that runs as root in the monitor. */
#ifndef AAAU_UTIL_USERS_H
#define AAAU_UTIL_USERS_H

#include <stdbool.h>
#include <sys/types.h>

struct user {
	uid_t uid;
	gid_t gid;
	char name[256];
	char home[256];
	char shell[256];
};

/* 0, -ENOENT if there is no such user or group, or another negative errno (-ENAMETOOLONG if a
 * field does not fit). */
int user_by_name(const char *name, struct user *ret);
int user_by_uid(uid_t uid, struct user *ret);
int group_by_name(const char *name, gid_t *ret);
int group_by_gid(gid_t gid, char ret_name[256]);

/* The user's groups as initgroups(3) would set them, primary first. *count is room on entry and
 * number on return; -E2BIG if they do not fit. */
int user_groups(const char *name, gid_t primary, gid_t *groups, unsigned *count);

/* Whether the group is the user's primary one or one of its supplementary ones. */
bool user_is_member(const struct user *user, gid_t gid);

#endif
