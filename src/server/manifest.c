/* The list of what init made: one line an item, "group 998 NAME", "user 998 NAME",
 * "directory 0 PATH", in the order of their making.
 *
 * Owns /var/lib/aaau/made-by-init, root's alone. An item is written down right after it was made,
 * so a crash in between leaves a thing that deinit will not touch, never the reverse. A line that
 * cannot be read stops init and deinit: guessing is not for root.
 */
#include "server/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/paths.h"
#include "server/problem.h"
#include "util/fd.h"
#include "util/io.h"

#define NEW_NAME MANIFEST_NAME ".new"

static const char *const kinds[] = {
	[MADE_GROUP] = "group", [MADE_USER] = "user", [MADE_DIRECTORY] = "directory"};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)

static int append(struct manifest *manifest, enum made_kind kind, unsigned id, const char *name)
{
	struct made *items = reallocarray(manifest->items, manifest->count + 1, sizeof *items);
	char *copy = strdup(name);

	if (items)
		manifest->items = items;
	if (!items || !copy) {
		free(copy);
		return -ENOMEM;
	}
	items[manifest->count++] = (struct made){.kind = kind, .id = id, .name = copy};
	return 0;
}

static int parse_line(struct manifest *manifest, char *line)
{
	char *rest = line;
	char *end;

	line[strcspn(line, "\n")] = '\0';
	const char *kind = strsep(&rest, " ");
	const char *id = strsep(&rest, " ");
	if (!rest || !*rest || !id || !*id)
		return -EINVAL;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		unsigned long number = strtoul(id, &end, 10);
		if (!strcmp(kind, kinds[i]) && !*end)
			return append(manifest, (enum made_kind)i, (unsigned)number, rest);
	}
	return -EINVAL;
}

static int load(struct manifest *manifest, const char *directory, struct str *why)
{
	int fd = openat(manifest->directory, MANIFEST_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;
	int error = 0;

	if (!file) {
		error = errno;
		fd_close(fd);
		return error == ENOENT ? 0
				       : problem(why, "cannot read %s/%s: %s", directory,
						 MANIFEST_NAME, strerror(error));
	}
	while (!error && getline(&line, &size, file) > 0)
		error = parse_line(manifest, line);
	free(line);
	fclose(file);
	if (error)
		return problem(why, "%s/%s is damaged; look at it and remove the wrong line",
			       directory, MANIFEST_NAME);
	return 0;
}

int manifest_open(struct manifest *ret, const char *directory, bool create, struct str *why)
{
	struct manifest manifest = {.directory = -1};

	*ret = manifest;
	if (!create && access(directory, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (create && paths_make_all(directory, why) < 0)
		return -1;
	manifest.directory = paths_open_trusted(directory, NULL, NULL, why);
	if (manifest.directory < 0)
		return -1;
	if (flock(manifest.directory, LOCK_EX) < 0) {
		problem(why, "cannot lock %s: %s", directory, strerror(errno));
		manifest_close(&manifest);
		return -1;
	}
	if (load(&manifest, directory, why) < 0) {
		manifest_close(&manifest);
		return -1;
	}
	*ret = manifest;
	return 0;
}

static int save(const struct manifest *manifest, struct str *why)
{
	cleanup_str struct str text = {0};

	if (manifest->count == 0) {
		if (unlinkat(manifest->directory, MANIFEST_NAME, 0) < 0 && errno != ENOENT)
			return problem(why, "cannot remove %s: %s", MANIFEST_NAME, strerror(errno));
		return 0;
	}
	for (size_t i = 0; i < manifest->count; i++) {
		const struct made *item = &manifest->items[i];
		str_append_format(&text, "%s %u %s\n", kinds[item->kind], item->id, item->name);
	}
	if (str_error(&text))
		return problem(why, "out of memory");

	cleanup_fd int fd = openat(manifest->directory, NEW_NAME,
				   O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int error = fd < 0 ? -errno : io_write_all(fd, text.data, text.length);
	if (!error && fsync(fd) < 0)
		error = -errno;
	if (!error &&
	    renameat(manifest->directory, NEW_NAME, manifest->directory, MANIFEST_NAME) < 0)
		error = -errno;
	if (error)
		return problem(why, "cannot write %s: %s", MANIFEST_NAME, strerror(-error));
	return 0;
}

int manifest_add(struct manifest *manifest, enum made_kind kind, const char *name, unsigned id,
		 struct str *why)
{
	if (append(manifest, kind, id, name) < 0)
		return problem(why, "out of memory");
	return save(manifest, why);
}

int manifest_remove(struct manifest *manifest, size_t index, struct str *why)
{
	free(manifest->items[index].name);
	manifest->count--;
	memmove(&manifest->items[index], &manifest->items[index + 1],
		(manifest->count - index) * sizeof *manifest->items);
	return save(manifest, why);
}

bool manifest_has(const struct manifest *manifest, enum made_kind kind, const char *name)
{
	for (size_t i = 0; i < manifest->count; i++) {
		if (manifest->items[i].kind == kind && !strcmp(manifest->items[i].name, name))
			return true;
	}
	return false;
}

void manifest_close(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		free(manifest->items[i].name);
	free(manifest->items);
	manifest->directory = fd_close(manifest->directory);
	manifest->items = NULL;
	manifest->count = 0;
}
