/* The cgroup v2 directory of an instance. */
#ifndef AAAU_SERVER_CGROUP_H
#define AAAU_SERVER_CGROUP_H

#include "util/str.h"

/* Appends the path of the directory below which aaau/NAME is made: setting itself, or for "auto"
 * the server's own cgroup where it is delegated, else the top of the mount. 0, or -1. */
int cgroup_base(const char *setting, struct str *ret_path, struct str *why);

/* Makes BASE/aaau/NAME and checks that the kernel can kill in it. Descriptor, or -1. */
int cgroup_open(const char *base, const char *name, struct str *why);

/* Removes BASE/aaau/NAME, and aaau if that was the last, unless something is in them. */
void cgroup_remove(const char *base, const char *name);

#endif
