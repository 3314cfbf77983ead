/* aaau-server deinit: undo what init made, and nothing else.
 *
 * Run by root. Goes through the list that init wrote, last item first: directories, then users,
 * then groups. Refuses while a server runs or a process of one of the users lives. What people or
 * agents have put into a directory stays, with the directory, unless --purge is given; its line
 * stays in the list, so that a later run can finish.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/accounts.h"
#include "server/commands.h"
#include "server/config.h"
#include "server/instance.h"
#include "server/manifest.h"
#include "server/paths.h"
#include "server/problem.h"
#include "server/remove-tree.h"
#include "util/fd.h"
#include "util/users.h"

struct deinit {
	const char *state_dir;
	const char *config_file;
	const char *runtime_dir; /* NULL: the configuration's */
	bool purge;
	bool dry_run;
	struct manifest manifest;
	struct str *why;
};

static const char help[] =
	"usage: aaau-server deinit [--purge] [--dry-run]\n\n"
	"Removes the users, groups and directories that `aaau-server init` made.\n\n"
	"      --purge            remove homes and records even with what is in them\n"
	"      --dry-run          tell what would be done, change nothing\n"
	"      --config FILE      configuration, for runtime_dir (" CONFIG_DEFAULT_FILE ")\n"
	"      --runtime-dir DIR  where running servers are looked for (/run/aaau)\n";

/* runtime_dir/NAME/lock of each instance. */
static int refuse_running_server(struct deinit *deinit, const char *runtime_dir)
{
	DIR *directory = opendir(runtime_dir);
	pid_t pid = 0;
	bool running = false;

	if (!directory)
		return 0;
	for (const struct dirent *entry; !running && (entry = readdir(directory));) {
		char path[PATH_MAX];
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof path, "%s/%s/lock", runtime_dir, entry->d_name) <
		    (int)sizeof path)
			running = instance_is_locked(path, &pid);
	}
	closedir(directory);
	if (running)
		return problem(deinit->why, "a server runs (pid %d); stop it first (kill %d)",
			       (int)pid, (int)pid);
	return 0;
}

/* Real, effective, saved and file system uid of a process, from /proc/PID/status. */
static bool process_is_of(const char *pid, unsigned uid)
{
	unsigned ids[4];
	char path[64];
	char *line = NULL;
	size_t size = 0;
	bool found = false;

	snprintf(path, sizeof path, "/proc/%.20s/status", pid);
	FILE *status = fopen(path, "re");
	while (status && !found && getline(&line, &size, status) > 0) {
		if (sscanf(line, "Uid: %u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) == 4)
			found = ids[0] == uid || ids[1] == uid || ids[2] == uid || ids[3] == uid;
	}
	free(line);
	if (status)
		fclose(status);
	return found;
}

static int refuse_living_process(struct deinit *deinit, const struct made *user)
{
	DIR *proc = opendir("/proc");
	int result = 0;

	if (!proc)
		return problem(deinit->why, "cannot read /proc: %s", strerror(errno));
	for (const struct dirent *entry; result == 0 && (entry = readdir(proc));) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		if (process_is_of(entry->d_name, user->id))
			result = problem(deinit->why,
					 "process %s runs as user %s; end it first (pkill -u %s)",
					 entry->d_name, user->name, user->name);
	}
	closedir(proc);
	return result;
}

/* Whether the name still means what init made, and if not, whether it means anything. */
static bool is_same_account(const struct made *item, bool *ret_known)
{
	struct user user;
	gid_t gid;

	if (item->kind == MADE_USER) {
		*ret_known = user_by_name(item->name, &user) == 0;
		return *ret_known && user.uid == item->id;
	}
	*ret_known = group_by_name(item->name, &gid) == 0;
	return *ret_known && gid == item->id;
}

/* 1: gone, its line can go; 0: kept; -1: error. */
static int remove_account(struct deinit *deinit, const struct made *item)
{
	const char *kind = item->kind == MADE_USER ? "user" : "group";

	bool known;
	if (!is_same_account(item, &known)) {
		/* userdel takes a user's own group along. */
		printf("%s %s is %s\n", kind, item->name,
		       known ? "another by now" : "gone already");
		return 1;
	}
	if (deinit->dry_run) {
		printf("would delete %s %s\n", kind, item->name);
		return 0;
	}
	int result = item->kind == MADE_USER ? accounts_delete_user(item->name, deinit->why)
					     : accounts_delete_group(item->name, deinit->why);
	if (result < 0)
		return -1;
	printf("deleted %s %s\n", kind, item->name);
	return 1;
}

static int remove_directory(struct deinit *deinit, const struct made *item)
{
	const char *slash = strrchr(item->name, '/');
	char parent[PATH_MAX];

	snprintf(parent, sizeof parent, "%.*s", slash == item->name ? 1 : (int)(slash - item->name),
		 item->name);
	if (access(item->name, F_OK) < 0 && errno == ENOENT) {
		printf("directory %s is gone already\n", item->name);
		return 1;
	}
	cleanup_fd int fd = paths_open_trusted(parent, NULL, NULL, deinit->why);
	if (fd < 0)
		return -1;
	if (deinit->dry_run) {
		printf("would delete directory %s%s\n", item->name,
		       deinit->purge ? " with all that is in it" : " if it is empty");
		return 0;
	}

	int error = unlinkat(fd, slash + 1, AT_REMOVEDIR) < 0 ? -errno : 0;
	if ((error == -ENOTEMPTY || error == -EEXIST) && !deinit->purge) {
		printf("kept directory %s: it is not empty (--purge deletes it with its content)\n",
		       item->name);
		return 0;
	}
	if (error == -ENOTEMPTY || error == -EEXIST)
		error = remove_tree(fd, slash + 1);
	if (error)
		return problem(deinit->why, "cannot delete %s: %s", item->name, strerror(-error));
	printf("deleted directory %s\n", item->name);
	return 1;
}

static int remove_items(struct deinit *deinit, enum made_kind kind)
{
	struct manifest *manifest = &deinit->manifest;

	for (size_t i = manifest->count; i-- > 0;) {
		const struct made *item = &manifest->items[i];
		if (item->kind != kind)
			continue;
		int result = kind == MADE_DIRECTORY ? remove_directory(deinit, item)
						    : remove_account(deinit, item);
		if (result < 0)
			return -1;
		if (result && !deinit->dry_run && manifest_remove(manifest, i, deinit->why) < 0)
			return -1;
	}
	return 0;
}

static int run_deinit(struct deinit *deinit, const struct config *config)
{
	const char *runtime_dir = deinit->runtime_dir ? deinit->runtime_dir
						      : config_text(config, NULL, KEY_RUNTIME_DIR);

	if (geteuid() != 0)
		return problem(deinit->why, "deinit: only root can delete users; use sudo");
	if (manifest_open(&deinit->manifest, deinit->state_dir, false, deinit->why) < 0)
		return -1;
	if (deinit->manifest.count == 0) {
		puts("nothing to do: init has made nothing here");
		return 0;
	}
	if (refuse_running_server(deinit, runtime_dir) < 0)
		return -1;
	for (size_t i = 0; i < deinit->manifest.count; i++) {
		const struct made *item = &deinit->manifest.items[i];
		if (item->kind == MADE_USER && refuse_living_process(deinit, item) < 0)
			return -1;
	}
	if (remove_items(deinit, MADE_DIRECTORY) < 0 || remove_items(deinit, MADE_USER) < 0 ||
	    remove_items(deinit, MADE_GROUP) < 0)
		return -1;
	if (!deinit->dry_run && deinit->manifest.count == 0)
		rmdir(deinit->state_dir); /* somebody's file in it keeps it */
	return 0;
}

enum {
	OPTION_PURGE = 512,
	OPTION_DRY_RUN,
	OPTION_CONFIG,
	OPTION_RUNTIME_DIR,
	OPTION_STATE_DIR,
	OPTION_HELP
};

static const struct option long_options[] = {
	{"purge", no_argument, NULL, OPTION_PURGE},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR},
	{"state-dir", required_argument, NULL, OPTION_STATE_DIR},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

int cmd_deinit(int argc, char **argv)
{
	cleanup_str struct str why = {0};
	struct deinit deinit = {
		.state_dir = MANIFEST_DEFAULT_DIR, .manifest = {.directory = -1}, .why = &why};
	struct config config = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_PURGE: deinit.purge = true; break;
		case OPTION_DRY_RUN: deinit.dry_run = true; break;
		case OPTION_CONFIG: deinit.config_file = optarg; break;
		case OPTION_RUNTIME_DIR: deinit.runtime_dir = optarg; break;
		case OPTION_STATE_DIR: deinit.state_dir = optarg; break;
		case OPTION_HELP: fputs(help, stdout); return 0;
		default: say("see aaau-server deinit --help"); return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		problem(&why, "deinit: \"%s\" is not expected; see aaau-server deinit --help",
			argv[optind]);
		say(why.data);
		return EXIT_USAGE;
	}

	setvbuf(stdout, NULL, _IOLBF, 0);
	int result = config_init(&config, &why);
	if (result == 0)
		result = config_load(&config, deinit.config_file, &why);
	if (result == 0)
		result = run_deinit(&deinit, &config);
	if (result < 0)
		say(why.data);
	manifest_close(&deinit.manifest);
	config_free(&config);
	return result < 0;
}
