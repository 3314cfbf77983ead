/* aaau-server init: the group, the users and the directories of an installation.
 *
 * Run by root. Makes what is missing, writes down what it made (manifest.h) and says what was there
 * already. What is there and differs stays as it is and is told with its remedy: it may be
 * somebody's intention. Stops at the first thing that cannot be made; a second run goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/accounts.h"
#include "server/commands.h"
#include "server/manifest.h"
#include "server/next-steps.h"
#include "server/paths.h"
#include "server/problem.h"
#include "util/fd.h"
#include "util/users.h"

#define DEFAULT_SHELL "/bin/false"

struct init {
	const char *config_file;
	const char *state_dir;
	const char *home;  /* NULL: not given */
	const char *shell; /* NULL: not given */
	bool dry_run;
	struct config config;
	struct manifest manifest;
	unsigned made;
	unsigned different;
	struct str *why;
};

static const char help[] =
	"usage: aaau-server init [OPTION]...\n\n"
	"  -u, --user USER          the agent user (agent)\n"
	"  -g, --group GROUP        the authorized group (agent)\n"
	"  -s, --socket PATH        the socket, whose directory is made (/var/run/aaau.sock)\n"
	"  -l, --log-dir DIR        directory of the records (/var/log/aaau)\n"
	"  -h, --home HOME          the agent's home (/home/USER)\n"
	"      --shell SHELL        the agent user's shell (" DEFAULT_SHELL ")\n"
	"      --dry-run            tell what would be done, change nothing\n"
	"      --config FILE        take names and paths from it (" CONFIG_DEFAULT_FILE ")\n"
	"      --service-user USER  user of the unprivileged processes (_aaau)\n"
	"      --log-group GROUP    group that may read the records (adm)\n\n"
	"A second run changes nothing. `aaau-server deinit` removes what init made.\n";

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void tell(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout); /* in order with the tools' words */
}

static void differs(struct init *init, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void differs(struct init *init, const char *format, ...)
{
	va_list arguments;

	init->different++;
	printf("differs: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

/* 1: there is one, 0: there is none, -1: it cannot be told. */
static int look_up(struct init *init, int error, const char *name)
{
	if (error == 0)
		return 1;
	if (error == -ENOENT)
		return 0;
	return problem(init->why, "cannot look up %s: %s", name, strerror(-error));
}

static int make_group(struct init *init, const char *name, const char *purpose)
{
	gid_t gid;
	int there = look_up(init, group_by_name(name, &gid), name);

	if (there < 0)
		return -1;
	if (there) {
		tell("group %s is there already (%s)", name, purpose);
		return 0;
	}
	init->made++;
	if (init->dry_run) {
		tell("would create group %s (%s)", name, purpose);
		return 0;
	}
	if (accounts_add_group(name, init->why) < 0)
		return -1;
	if (group_by_name(name, &gid) < 0)
		return problem(init->why, "group %s was created and cannot be found", name);
	tell("created group %s (%s)", name, purpose);
	return manifest_add(&init->manifest, MADE_GROUP, name, gid, init->why);
}

static int make_user(struct init *init, const struct new_user *wanted, const char *purpose)
{
	struct user user;

	init->made++;
	if (init->dry_run) {
		tell("would create user %s (%s; group %s, home %s, shell %s)", wanted->name,
		     purpose, wanted->group, wanted->home, wanted->shell);
		return 0;
	}
	if (accounts_add_user(wanted, init->why) < 0)
		return -1;
	if (user_by_name(wanted->name, &user) < 0)
		return problem(init->why, "user %s was created and cannot be found", wanted->name);
	tell("created user %s (%s; group %s, home %s, shell %s)", wanted->name, purpose,
	     wanted->group, wanted->home, wanted->shell);
	return manifest_add(&init->manifest, MADE_USER, wanted->name, user.uid, init->why);
}

static int make_service_user(struct init *init)
{
	const char *name = config_text(&init->config, NULL, KEY_SERVICE_USER);
	struct new_user wanted = {.name = name,
				  .group = name,
				  .home = "/nonexistent",
				  .shell = "/usr/sbin/nologin",
				  .comment = "AaaU server"};
	struct user user;
	int there = look_up(init, user_by_name(name, &user), name);

	if (there < 0)
		return -1;
	if (there) {
		tell("user %s is there already (the server's unprivileged processes)", name);
		if (user.uid == 0 || user.gid == 0)
			differs(init,
				"user %s is root or in root's group; choose another by "
				"--service-user",
				name);
		return 0;
	}
	if (make_group(init, name, "the server's unprivileged processes") < 0)
		return -1;
	return make_user(init, &wanted, "the server's unprivileged processes");
}

/* The agent's own primary group: named like the user, unless the authorized group is. */
static void private_group(const struct init *init, char *ret, size_t size)
{
	const char *user = config_text(&init->config, NULL, KEY_USER);
	bool taken = !strcmp(user, config_text(&init->config, NULL, KEY_GROUP));

	snprintf(ret, size, "%s%s", user, taken ? "-private" : "");
}

static void compare_agent(struct init *init, const struct user *user)
{
	const char *group = config_text(&init->config, NULL, KEY_GROUP);
	gid_t authorized = (gid_t)-1;
	char own[64];

	private_group(init, own, sizeof own);
	group_by_name(group, &authorized);
	if (user->uid == 0)
		differs(init, "user %s is root; agents need another user (-u)", user->name);
	if (user->gid == authorized)
		differs(init,
			"user %s has the authorized group %s as its primary group; run: groupadd "
			"--system %s; usermod -g %s %s",
			user->name, group, own, own, user->name);
	else if (user_is_member(user, authorized))
		differs(init,
			"user %s is a member of the authorized group %s, and an agent must not be; "
			"run: gpasswd -d %s %s",
			user->name, group, user->name, group);
	if (init->home && strcmp(init->home, user->home) != 0)
		differs(init, "the home of user %s is %s and not %s; run: usermod -d %s %s",
			user->name, user->home, init->home, init->home, user->name);
	if (init->shell && strcmp(init->shell, user->shell) != 0)
		differs(init, "the shell of user %s is %s and not %s; run: usermod -s %s %s",
			user->name, user->shell, init->shell, init->shell, user->name);
}

/* ret_home: where the home is, or will be. */
static int make_agent_user(struct init *init, char ret_home[PATH_MAX])
{
	const char *name = config_text(&init->config, NULL, KEY_USER);
	char own_group[64];
	struct user user;
	int there = look_up(init, user_by_name(name, &user), name);

	if (there < 0)
		return -1;
	if (there) {
		tell("user %s is there already (agents)", name);
		compare_agent(init, &user);
		snprintf(ret_home, PATH_MAX, "%s", user.home);
		return 0;
	}
	if (init->home)
		snprintf(ret_home, PATH_MAX, "%s", init->home);
	else
		snprintf(ret_home, PATH_MAX, "/home/%s", name);
	private_group(init, own_group, sizeof own_group);

	struct new_user wanted = {.name = name,
				  .group = own_group,
				  .home = ret_home,
				  .shell = init->shell ? init->shell : DEFAULT_SHELL,
				  .comment = "AaaU agent"};
	if (make_group(init, own_group, "the agents' own") < 0)
		return -1;
	return make_user(init, &wanted, "agents");
}

struct new_directory {
	const char *path;
	const char *purpose;
	const char *user;
	const char *group;
	mode_t mode;
	bool exact; /* say so where it is there and differs */
};

static void compare_directory(struct init *init, const struct new_directory *wanted,
			      const struct stat *st, uid_t uid, gid_t gid)
{
	mode_t mode = st->st_mode & 07777;

	tell("directory %s is there already (%s)", wanted->path, wanted->purpose);
	if (!S_ISDIR(st->st_mode)) {
		differs(init, "%s is no directory", wanted->path);
		return;
	}
	if (wanted->exact && (st->st_uid != uid || st->st_gid != gid))
		differs(init, "%s belongs to %u:%u; run: chown %s:%s %s", wanted->path, st->st_uid,
			st->st_gid, wanted->user, wanted->group, wanted->path);
	if (wanted->exact && mode != wanted->mode)
		differs(init, "%s has mode %04o; run: chmod %04o %s", wanted->path, mode,
			wanted->mode, wanted->path);
	if (!wanted->exact && (mode & S_IWOTH) && !(mode & S_ISVTX))
		differs(init, "%s can be written by everybody; run: chmod o-w %s", wanted->path,
			wanted->path);
	if (!wanted->exact && (mode & S_IWGRP))
		differs(init, "%s can be written by its group; run: chmod g-w %s", wanted->path,
			wanted->path);
}

static int make_directory(struct init *init, const struct new_directory *wanted)
{
	struct user user = {0};
	gid_t gid = 0;
	struct stat st;
	char parent[PATH_MAX];

	/* In a dry run the names may not exist yet. */
	if (user_by_name(wanted->user, &user) < 0 && !init->dry_run)
		return problem(init->why, "there is no user %s", wanted->user);
	if (group_by_name(wanted->group, &gid) < 0 && !init->dry_run)
		return problem(init->why, "there is no group %s", wanted->group);
	if (stat(wanted->path, &st) == 0) {
		compare_directory(init, wanted, &st, user.uid, gid);
		return 0;
	}
	if (errno != ENOENT)
		return problem(init->why, "cannot look at %s: %s", wanted->path, strerror(errno));
	init->made++;
	if (init->dry_run) {
		tell("would create directory %s (%s; mode %04o, %s:%s)", wanted->path,
		     wanted->purpose, wanted->mode, wanted->user, wanted->group);
		return 0;
	}

	const char *slash = strrchr(wanted->path, '/');
	snprintf(parent, sizeof parent, "%.*s",
		 slash == wanted->path ? 1 : (int)(slash - wanted->path), wanted->path);
	if (paths_make_all(parent, init->why) < 0)
		return -1;
	cleanup_fd int above = paths_open_trusted(parent, NULL, NULL, init->why);
	if (above < 0)
		return -1;
	if (mkdirat(above, slash + 1, 0700) < 0)
		return problem(init->why, "cannot create %s: %s", wanted->path, strerror(errno));
	cleanup_fd int fd =
		openat(above, slash + 1, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, user.uid, gid) < 0 || fchmod(fd, wanted->mode) < 0)
		return problem(init->why, "cannot set up %s: %s", wanted->path, strerror(errno));
	tell("created directory %s (%s; mode %04o, %s:%s)", wanted->path, wanted->purpose,
	     wanted->mode, wanted->user, wanted->group);
	return manifest_add(&init->manifest, MADE_DIRECTORY, wanted->path, 0, init->why);
}

static int make_directories(struct init *init, const char *home)
{
	const struct config *config = &init->config;
	const char *group = config_text(config, NULL, KEY_GROUP);
	const char *socket = config_text(config, NULL, KEY_SOCKET);
	char socket_dir[PATH_MAX];
	size_t n = (size_t)(strrchr(socket, '/') - socket);

	snprintf(socket_dir, sizeof socket_dir, "%.*s", n ? (int)n : 1, socket);
	const struct new_directory wanted[] = {
		{home, "the agents' home", config_text(config, NULL, KEY_USER), group, 02750, true},
		{config_text(config, NULL, KEY_LOG_DIR), "records", "root",
		 config_text(config, NULL, KEY_LOG_GROUP), 0750, true},
		{socket_dir, "the socket", "root", "root", 0755, false},
	};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		if (make_directory(init, &wanted[i]) < 0)
			return -1;
	}
	return 0;
}

static int init_all(struct init *init)
{
	char home[PATH_MAX];

	if (make_group(init, config_text(&init->config, NULL, KEY_GROUP),
		       "its members may connect") < 0 ||
	    make_group(init, config_text(&init->config, NULL, KEY_LOG_GROUP),
		       "may read the records") < 0 ||
	    make_service_user(init) < 0 || make_agent_user(init, home) < 0)
		return -1;
	return make_directories(init, home);
}

static int set_key(struct init *init, enum config_key_id key, const char *option, const char *text)
{
	char *path = config_keys[key].type == CONFIG_FILE ? paths_absolute(text) : NULL;
	int result = config_override(&init->config, key, option, path ? path : text, init->why);

	free(path);
	return result;
}

enum {
	OPTION_SHELL = 512,
	OPTION_DRY_RUN,
	OPTION_CONFIG,
	OPTION_SERVICE_USER,
	OPTION_LOG_GROUP,
	OPTION_STATE_DIR,
	OPTION_HELP
};

static const struct option long_options[] = {
	{"user", required_argument, NULL, 'u'},
	{"group", required_argument, NULL, 'g'},
	{"socket", required_argument, NULL, 's'},
	{"log-dir", required_argument, NULL, 'l'},
	{"home", required_argument, NULL, 'h'},
	{"shell", required_argument, NULL, OPTION_SHELL},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"service-user", required_argument, NULL, OPTION_SERVICE_USER},
	{"log-group", required_argument, NULL, OPTION_LOG_GROUP},
	{"state-dir", required_argument, NULL, OPTION_STATE_DIR},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

/* The file is read before the options are laid over it: two passes. 0, -1 or EXIT_USAGE. */
static int parse_options(struct init *init, int argc, char **argv, bool file_pass)
{
	int option;
	int result = 0;

	optind = 0;
	while (result == 0 &&
	       (option = getopt_long(argc, argv, "u:g:s:l:h:", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_CONFIG: init->config_file = optarg; break;
		case OPTION_STATE_DIR: init->state_dir = optarg; break;
		case OPTION_DRY_RUN: init->dry_run = true; break;
		case OPTION_SHELL: init->shell = optarg; break;
		case 'h': init->home = optarg; break;
		case OPTION_HELP: fputs(help, stdout); exit(0);
		case '?': return problem(init->why, "see aaau-server init --help");
		default: break;
		}
		if (file_pass)
			continue;
		switch (option) {
		case 'u': result = set_key(init, KEY_USER, "-u", optarg); break;
		case 'g': result = set_key(init, KEY_GROUP, "-g", optarg); break;
		case 's': result = set_key(init, KEY_SOCKET, "-s", optarg); break;
		case 'l': result = set_key(init, KEY_LOG_DIR, "-l", optarg); break;
		case OPTION_SERVICE_USER:
			result = set_key(init, KEY_SERVICE_USER, "--service-user", optarg);
			break;
		case OPTION_LOG_GROUP:
			result = set_key(init, KEY_LOG_GROUP, "--log-group", optarg);
			break;
		default: break;
		}
	}
	if (result == 0 && optind < argc)
		return problem(init->why,
			       "init: \"%s\" is not expected; see aaau-server init --help",
			       argv[optind]);
	if (result == 0 &&
	    ((init->home && init->home[0] != '/') || (init->shell && init->shell[0] != '/')))
		return problem(init->why, "-h and --shell take an absolute path");
	return result;
}

static int run_init(struct init *init)
{
	if (geteuid() != 0 && !init->dry_run)
		return problem(init->why, "init: only root can create users; use sudo");
	umask(022);
	if (!init->dry_run && manifest_open(&init->manifest, init->state_dir, true, init->why) < 0)
		return -1;
	int result = init_all(init);
	manifest_close(&init->manifest);
	if (result < 0)
		return -1;

	if (init->made == 0)
		tell("nothing to do: everything is there already");
	if (init->different)
		tell("%u thing%s differ%s and stay%s as %s; see above", init->different,
		     init->different == 1 ? "" : "s", init->different == 1 ? "s" : "",
		     init->different == 1 ? "s" : "", init->different == 1 ? "it is" : "they are");
	next_steps_tell(stdout, &init->config, init->config_file,
			access("/run/systemd/system", F_OK) == 0);
	return 0;
}

int cmd_init(int argc, char **argv)
{
	cleanup_str struct str why = {0};
	struct init init = {
		.state_dir = MANIFEST_DEFAULT_DIR, .manifest = {.directory = -1}, .why = &why};
	int status = EXIT_USAGE;

	if (parse_options(&init, argc, argv, true) == 0) {
		status = 1;
		if (config_init(&init.config, &why) == 0 &&
		    config_load(&init.config, init.config_file, &why) == 0) {
			status = EXIT_USAGE;
			if (parse_options(&init, argc, argv, false) == 0)
				status = run_init(&init) < 0;
		}
	}
	if (status)
		say(why.data);
	config_free(&init.config);
	return status;
}
