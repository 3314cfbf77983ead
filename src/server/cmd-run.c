/* aaau-server run: from a configuration to a running monitor.
 *
 * Root, with the administrator's command line and a configuration that is root's alone. Checks
 * everything, opens everything, and execs aaau-monitor with descriptors only (ipc/fds.h); it is
 * gone by the time that the first client is accepted. Fails with one sentence and exit status 1,
 * and takes away what it made by then.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/sealed.h"
#include "server/cgroup.h"
#include "server/commands.h"
#include "server/daemon.h"
#include "server/instance.h"
#include "server/listen.h"
#include "server/paths.h"
#include "server/problem.h"
#include "server/programs.h"
#include "server/resolve.h"
#include "server/run-options.h"
#include "util/fd.h"

#define FIRST_LISTEN_FD 3 /* sd_listen_fds(3) */
#define MONITOR_FD_COUNT (MONITOR_FD_END - MONITOR_FD_CONFIG)
/* A session may have a thousand clients; the hard limit is raised, the soft one stays the agent's. */
#define OPEN_FILES 524288

struct run {
	struct run_options options;
	struct config config;
	struct resolved resolved;
	struct listener listener;
	struct str cgroup; /* base */
	struct str notes;
	bool activated;
	int fds[MONITOR_FD_COUNT]; /* by number - MONITOR_FD_CONFIG */
};

static const char help[] =
	"usage: aaau-server run [OPTION]...\n\n"
	"  -s, --socket PATH        where clients connect (/var/run/aaau.sock)\n"
	"  -g, --group GROUP        the authorized group (agent)\n"
	"  -u, --user USER          the agent user (agent)\n"
	"  -l, --log-dir DIR        directory of the records (/var/log/aaau)\n"
	"  -p, --program 'PROGRAM'  what aaau starts by default (bash)\n"
	"  -d, --daemon             run in the background; return when the server accepts\n"
	"      --lock-file PATH     lock this file, not the one in the runtime directory\n"
	"      --config FILE        configuration (" CONFIG_DEFAULT_FILE ")\n"
	"      --service-user USER  user of the unprivileged processes (_aaau)\n"
	"      --log-group GROUP    group that may read the records (adm)\n"
	"      --runtime-dir DIR    lock and sessions' sockets (/run/aaau)\n"
	"      --cgroup PATH        cgroup v2 directory to work below (auto)\n\n"
	"Options win over the configuration file. See aaau-server(8) and aaau.conf(5).\n";

static int *slot(struct run *run, enum monitor_fd number)
{
	return &run->fds[number - MONITOR_FD_CONFIG];
}

/* Nothing of the caller's environment and habits gets through, but the way to tell the service
 * manager. */
static int clean_process(struct run *run, struct str *why)
{
	const char *notify = getenv("NOTIFY_SOCKET");
	const char *count = getenv("LISTEN_FDS");
	const char *pid = getenv("LISTEN_PID");
	char *kept = notify ? strdup(notify) : NULL;
	bool several = false;

	if (count && pid && strtol(pid, NULL, 10) == getpid()) {
		run->activated = true;
		several = strcmp(count, "1") != 0;
	}
	clearenv();
	if (kept)
		setenv("NOTIFY_SOCKET", kept, 1);
	free(kept);
	if (several)
		return problem(why,
			       "the service manager must pass exactly one socket (LISTEN_FDS)");

	/* The standard descriptors exist, so that nothing else gets their numbers. */
	int null;
	do
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (null >= 0 && null <= STDERR_FILENO && fd_set_cloexec(null, false) == 0);
	if (null < 0)
		return problem(why, "cannot open /dev/null: %s", strerror(errno));
	fd_close(null);

	if (!run->options.reload) {
		sigset_t none;
		for (int signal_number = 1; signal_number < NSIG; signal_number++)
			signal(signal_number, SIG_DFL); /* fails for some, as it should */
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
	}
	umask(022);
	return chdir("/") < 0 ? problem(why, "cannot enter /: %s", strerror(errno)) : 0;
}

static void raise_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max < OPEN_FILES) {
		limit.rlim_max = OPEN_FILES;
		setrlimit(RLIMIT_NOFILE, &limit); /* where it may not be raised, it stays */
	}
}

static int open_log_dir(struct run *run, struct str *why)
{
	const char *path = config_text(&run->config, NULL, KEY_LOG_DIR);
	int *fd = slot(run, MONITOR_FD_LOG_DIR);
	struct stat st;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return problem(why,
			       "the log directory %s does not exist, and nothing runs unrecorded; "
			       "run: aaau-server init -l %s",
			       path, path);
	*fd = paths_open_trusted(path, NULL, &st, why);
	if (*fd < 0)
		return -1;
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return problem(why,
			       "the log directory %s can be written by others than root (mode "
			       "%04o); run: chmod 0750 %s",
			       path, st.st_mode & 07777, path);
	if (st.st_mode & S_IROTH)
		str_append_format(
			&run->notes,
			"the names in the log directory %s can be read by everybody; run: "
			"chmod 0750 %s\n",
			path, path);
	return 0;
}

static int open_programs(struct run *run, int *ret_monitor, struct str *why)
{
	static const struct {
		enum monitor_fd number;
		enum program program;
	} passed[] = {
		{MONITOR_FD_BROKER_PROGRAM, PROGRAM_BROKER},
		{MONITOR_FD_SESSION_PROGRAM, PROGRAM_SESSION},
		{MONITOR_FD_SERVER_PROGRAM, PROGRAM_SERVER},
	};

	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
		*slot(run, passed[i].number) = programs_open(passed[i].program, why);
		if (*slot(run, passed[i].number) < 0)
			return -1;
	}
	*ret_monitor = programs_open(PROGRAM_MONITOR, why);
	return *ret_monitor < 0 ? -1 : 0;
}

/* The socket's place: what the service manager passed, what the last monitor left, or what the
 * configuration says. */
static int locate_socket(struct run *run, struct str *why)
{
	char path[108];
	int fd = run->options.reload ? MONITOR_FD_LISTEN : FIRST_LISTEN_FD;

	if (run->activated || run->options.reload) {
		if (listen_check(fd, path, why) < 0 ||
		    config_override(&run->config, KEY_SOCKET, "the socket", path, why) < 0)
			return -1;
	}
	const char *wanted = config_text(&run->config, NULL, KEY_SOCKET);
	if (listen_make_directory(wanted, why) < 0 ||
	    listen_locate(&run->listener, wanted, &run->notes, why) < 0)
		return -1;
	*slot(run, MONITOR_FD_SOCKET_DIR) = run->listener.directory;
	if (run->activated || run->options.reload)
		*slot(run, MONITOR_FD_LISTEN) = fd;
	return 0;
}

static int open_instance(struct run *run, const char *name, struct str *why)
{
	const struct monitor_config *monitor = &run->resolved.monitor;
	int *instance = slot(run, MONITOR_FD_INSTANCE_DIR);
	int *lock = slot(run, MONITOR_FD_LOCK);
	int *sessions = slot(run, MONITOR_FD_SESSIONS_DIR);

	*instance = instance_open(config_text(&run->config, NULL, KEY_RUNTIME_DIR), name, why);
	if (*instance < 0)
		return -1;
	*lock = run->options.reload ? MONITOR_FD_LOCK
				    : instance_lock(*instance, run->options.lock_file, why);
	if (*lock < 0)
		return -1;
	instance_write_pid(*lock);
	*sessions = instance_open_sessions(*instance, name, monitor->service_uid,
					   monitor->service_gid, why);
	return *sessions < 0 ? -1 : 0;
}

/* A start that failed leaves nothing new behind. */
static void undo(struct run *run)
{
	const char *name = run->resolved.monitor.instance_name;

	if (run->options.reload || *slot(run, MONITOR_FD_LOCK) < 0)
		return;
	if (run->listener.fd >= 0)
		unlinkat(run->listener.directory, run->listener.name, 0);
	if (*slot(run, MONITOR_FD_CGROUP) >= 0)
		cgroup_remove(run->cgroup.data, name);
	instance_remove(config_text(&run->config, NULL, KEY_RUNTIME_DIR), name);
}

static int open_socket(struct run *run, struct str *why)
{
	struct monitor_config *monitor = &run->resolved.monitor;
	struct listener *listener = &run->listener;
	struct stat st;

	if (*slot(run, MONITOR_FD_LISTEN) < 0) {
		if (listen_bind(listener, monitor->authorized_gid, why) < 0)
			return -1;
		*slot(run, MONITOR_FD_LISTEN) = listener->fd;
	}
	if (run->activated || run->options.activated)
		return 0; /* the service manager removes it */
	if (fstatat(listener->directory, listener->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return problem(why, "%s has vanished: %s", listener->real, strerror(errno));
	strcpy(monitor->socket_name, listener->name);
	monitor->socket_device = st.st_dev;
	monitor->socket_inode = st.st_ino;
	return 0;
}

static int seal(struct run *run, enum monitor_fd number, const char *name, const void *data,
		size_t n, struct str *why)
{
	int fd = sealed_write(name, data, n);

	if (fd < 0)
		return problem(why, "cannot make a memory file: %s", strerror(-fd));
	*slot(run, number) = fd;
	return 0;
}

static int seal_configuration(struct run *run, struct str *why)
{
	cleanup_str struct str broker = {.limit = BROKER_CONFIG_MAX_SIZE};
	cleanup_str struct str arguments = {0};

	broker_config_encode(&broker, &run->resolved.broker);
	run_options_encode(&arguments, &run->options, &run->config, run->cgroup.data,
			   run->activated || run->options.activated);
	if (str_error(&broker) || str_error(&arguments))
		return problem(why, "the configuration is too large");
	if (seal(run, MONITOR_FD_CONFIG, "monitor-config", &run->resolved.monitor,
		 sizeof run->resolved.monitor, why) < 0 ||
	    seal(run, MONITOR_FD_BROKER_CONFIG, "broker-config", broker.data, broker.length, why) <
		    0)
		return -1;
	return seal(run, MONITOR_FD_ARGUMENTS, "arguments", arguments.data, arguments.length, why);
}

/* Everything but what a running server holds. */
static int prepare(struct run *run, int *ret_monitor, struct str *why)
{
	if (run_options_configure(&run->options, &run->config, &run->notes, why) < 0 ||
	    resolve(&run->resolved, &run->config, why) < 0 || open_log_dir(run, why) < 0 ||
	    open_programs(run, ret_monitor, why) < 0)
		return -1;
	return cgroup_base(config_text(&run->config, NULL, KEY_CGROUP), &run->cgroup, why);
}

/* From the first thing that has to be undone, a request to end waits for the monitor, which undoes
 * it: clients can connect, and so may believe that the server runs, before that is executed. */
static void hold_signals(void)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, NULL);
}

static int open_all(struct run *run, struct str *why)
{
	struct monitor_config *monitor = &run->resolved.monitor;
	char name[INSTANCE_NAME_SIZE];

	hold_signals();
	if (locate_socket(run, why) < 0)
		return -1;
	/* The activated socket's path may be another than resolve() saw. */
	run->resolved.broker.socket_path = config_text(&run->config, NULL, KEY_SOCKET);
	instance_name(run->listener.real, name);
	snprintf(monitor->instance_name, sizeof monitor->instance_name, "%s", name);
	if (open_instance(run, name, why) < 0 || open_socket(run, why) < 0)
		return -1;
	*slot(run, MONITOR_FD_CGROUP) = cgroup_open(run->cgroup.data, name, why);
	if (*slot(run, MONITOR_FD_CGROUP) < 0)
		return -1;
	return seal_configuration(run, why);
}

static int exec_monitor(struct run *run, int monitor, struct str *why)
{
	char name[] = "aaau-monitor";
	char *argv[] = {name, NULL};
	/* Below the slots, out of the way of the layout; closed by a successful exec. */
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return problem(why, "cannot open /dev/null: %s", strerror(errno));

	int last = MONITOR_FD_END;
	int from[MONITOR_FD_COUNT + 1];
	memcpy(from, run->fds, sizeof run->fds);
	from[MONITOR_FD_COUNT] = monitor;
	int error = fd_lay_out(MONITOR_FD_CONFIG, from, MONITOR_FD_COUNT + 1);
	if (!error)
		error = fd_set_cloexec(last, true);
	if (error)
		return problem(why, "cannot arrange descriptors: %s", strerror(-error));
	execveat(last, "", argv, environ, AT_EMPTY_PATH);
	return problem(why, "cannot execute aaau-monitor: %s", strerror(errno));
}

static void announce(const struct run *run)
{
	fprintf(stderr, "aaau-server: listening on %s for group %s, agents run as %s\n",
		run->resolved.broker.socket_path, run->resolved.broker.authorized_group,
		run->resolved.broker.profiles[0].user);
}

/* Returns only on failure, or for --reload-check. */
static int run_server(struct run *run, struct str *why)
{
	int monitor = -1;

	if (clean_process(run, why) < 0)
		return -1;
	if (run->options.daemon && !run->options.reload && !run->options.check &&
	    daemon_start(slot(run, MONITOR_FD_READY), why) < 0)
		return -1;

	int result = prepare(run, &monitor, why);
	if (run->options.check || result < 0) {
		say_lines(&run->notes);
		return result;
	}
	raise_open_files();
	result = open_all(run, why);
	say_lines(&run->notes);
	if (result < 0) {
		undo(run);
		return -1;
	}
	if (!run->options.reload)
		announce(run);
	if (*slot(run, MONITOR_FD_READY) >= 0 &&
	    daemon_hand_over(
		    *slot(run, MONITOR_FD_READY), config_text(&run->config, NULL, KEY_LOG_DIR),
		    *slot(run, MONITOR_FD_LOG_DIR), run->resolved.monitor.log_gid, why) < 0)
		return -1;
	return exec_monitor(run, monitor, why);
}

int cmd_run(int argc, char **argv)
{
	cleanup_str struct str why = {0};
	struct run run = {.listener = {.fd = -1, .directory = -1}};

	for (size_t i = 0; i < MONITOR_FD_COUNT; i++)
		run.fds[i] = -1;
	if (run_options_parse(&run.options, argc, argv, &why) < 0) {
		say(why.data);
		return EXIT_USAGE;
	}
	if (run.options.help) {
		fputs(help, stdout);
		run_options_free(&run.options);
		return 0;
	}

	int status = 0;
	if (geteuid() != 0) {
		say("run: only root can start the server, since agents run as other users; use sudo");
		status = 1;
	} else if (run_server(&run, &why) < 0) {
		say(why.data);
		status = 1;
	}
	resolved_free(&run.resolved);
	config_free(&run.config);
	run_options_free(&run.options);
	str_free(&run.cgroup);
	str_free(&run.notes);
	return status;
}
