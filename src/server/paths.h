/* Directories that root is about to rely on. */
#ifndef AAAU_SERVER_PATHS_H
#define AAAU_SERVER_PATHS_H

#include <sys/stat.h>
#include <sys/types.h>

#include "util/str.h"

/* Opens a directory whose path nobody but root can redirect: each component from / down belongs to
 * root and is not writable by others, except that directories above may be sticky (as /tmp is).
 * Symbolic links are resolved first; ret_real (PATH_MAX bytes, or NULL) takes the real path.
 * Group-writable is the caller's to judge. Descriptor, or -1 with the reason. */
int paths_open_trusted(const char *path, char *ret_real, struct stat *ret_st, struct str *why);

/* Opens NAME in a directory of root's, making it first if it is missing (not through symbolic
 * links): must then belong to uid with no rights beyond mode. Descriptor, or -1. */
int paths_make_in(int parent, const char *parent_path, const char *name, uid_t uid, gid_t gid,
		  mode_t mode, struct str *why);

/* mkdir -p for root: missing components are made 0755 root:root. 0, or -1 with the reason. */
int paths_make_all(const char *path, struct str *why);

/* An absolute path of the same file: path itself, or below the working directory. To be freed;
 * NULL without memory or working directory. */
char *paths_absolute(const char *path);

#endif
