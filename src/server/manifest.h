/* What init made, so that deinit removes that and nothing else. */
#ifndef AAAU_SERVER_MANIFEST_H
#define AAAU_SERVER_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "util/str.h"

#define MANIFEST_DEFAULT_DIR "/var/lib/aaau"
#define MANIFEST_NAME "made-by-init"

enum made_kind { MADE_GROUP, MADE_USER, MADE_DIRECTORY };

struct made {
	enum made_kind kind;
	unsigned id; /* GROUP and USER: the gid or uid it got */
	char *name;  /* or path */
};

struct manifest {
	int directory; /* locked against another init or deinit; -1: closed */
	struct made *items;
	size_t count;
};

/* Opens and locks the state directory, made if it is missing and create is set; waits for another
 * that has it. Without a directory and create: an empty manifest. 0, or -1 with the reason. */
int manifest_open(struct manifest *ret, const char *directory, bool create, struct str *why);

/* These write the file anew, by rename(2). 0, or -1 with the reason. */
int manifest_add(struct manifest *manifest, enum made_kind kind, const char *name, unsigned id,
		 struct str *why);
int manifest_remove(struct manifest *manifest, size_t index, struct str *why);

bool manifest_has(const struct manifest *manifest, enum made_kind kind, const char *name);
void manifest_close(struct manifest *manifest); /* zeroed with directory -1 is fine */

#endif
