/* Adding and deleting users and groups, by the system's own tools. */
#ifndef AAAU_SERVER_ACCOUNTS_H
#define AAAU_SERVER_ACCOUNTS_H

#include "util/str.h"

struct new_user {
	const char *name;
	const char *group; /* primary, exists */
	const char *home;  /* not made */
	const char *shell;
	const char *comment;
};

/* All system accounts. 0, or -1 with what the tool said. */
int accounts_add_group(const char *name, struct str *why);
int accounts_add_user(const struct new_user *user, struct str *why);
int accounts_delete_user(const char *name, struct str *why);
int accounts_delete_group(const char *name, struct str *why);

#endif
