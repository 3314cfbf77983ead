/* aaau-monitor: the root that stays.
 *
 * Owns the broker's process, the cgroups of the sessions and the fork of a new one. It starts with
 * the descriptors of ipc/fds.h and opens nothing by an absolute path; it reads its sealed
 * configuration and fixed-size requests (requests.c), and no byte of a client, an agent or a file.
 * It trusts the configuration and the kernel. It waits in one place, for signals, the broker's
 * socket and the sessions' cgroups, and blocks in no other.
 *
 * Before the loop a failure ends it with a line on standard error; in the loop it is said and lived
 * with, since the sessions are better off with a monitor than without.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/sealed.h"
#include "monitor/broker.h"
#include "monitor/cgroup.h"
#include "monitor/instance.h"
#include "monitor/log.h"
#include "monitor/notify.h"
#include "monitor/policy.h"
#include "monitor/reload.h"
#include "monitor/requests.h"
#include "monitor/server-record.h"
#include "util/clock.h"
#include "util/fd.h"

#define PATIENCE_US 10000000u     /* for sessions to end by themselves when the server does */
#define LAST_PATIENCE_US 5000000u /* and for what was killed to be gone */

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening;
}

static bool is_cgroup(int fd)
{
	struct statfs status;

	return fstatfs(fd, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

static bool is_sealed(int fd)
{
	size_t length;

	return sealed_check(fd, SIZE_MAX, &length) == 0;
}

/* NULL, or the name of the descriptor that is not what it should be. */
static const char *check_descriptors(void)
{
	static const struct {
		int fd;
		mode_t type;
		bool (*check)(int fd);
		const char *name;
	} expected[] = {
		{MONITOR_FD_CONFIG, S_IFREG, is_sealed, "the configuration"},
		{MONITOR_FD_BROKER_CONFIG, S_IFREG, is_sealed, "the broker's configuration"},
		{MONITOR_FD_LISTEN, S_IFSOCK, is_listening, "the listening socket"},
		{MONITOR_FD_LOCK, S_IFREG, NULL, "the lock file"},
		{MONITOR_FD_LOG_DIR, S_IFDIR, NULL, "the log directory"},
		{MONITOR_FD_SESSIONS_DIR, S_IFDIR, NULL, "the sessions directory"},
		{MONITOR_FD_CGROUP, S_IFDIR, is_cgroup, "the cgroup v2 directory"},
		{MONITOR_FD_BROKER_PROGRAM, S_IFREG, NULL, "the program aaau-broker"},
		{MONITOR_FD_SESSION_PROGRAM, S_IFREG, NULL, "the program aaau-session"},
		{MONITOR_FD_SERVER_PROGRAM, S_IFREG, NULL, "the program aaau-server"},
		{MONITOR_FD_ARGUMENTS, S_IFREG, is_sealed, "the arguments"},
		{MONITOR_FD_INSTANCE_DIR, S_IFDIR, NULL, "the instance directory"},
		{MONITOR_FD_SOCKET_DIR, S_IFDIR, NULL, "the socket's directory"},
	};
	struct stat status;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return "standard input, output and error";
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (fstat(expected[i].fd, &status) < 0 ||
		    (status.st_mode & S_IFMT) != expected[i].type ||
		    (expected[i].check && !expected[i].check(expected[i].fd)))
			return expected[i].name;
	return NULL;
}

/* Stays mapped as long as the process lives. NULL after a message. */
static const struct monitor_config *load_config(void)
{
	const struct monitor_config *config;
	const void *data;
	const char *problem;
	size_t length;
	int profile, error = sealed_map(MONITOR_FD_CONFIG, sizeof(*config), &data, &length);

	if (error || length != sizeof(*config)) {
		monitor_log("the configuration is of the wrong size: aaau-server and aaau-monitor "
			    "are of different versions");
		return NULL;
	}
	config = data;
	problem = policy_check_config(config, &profile);
	if (!problem)
		return config;
	if (profile >= 0)
		monitor_log("the configuration's profile %d: %s", profile, problem);
	else
		monitor_log("the configuration: %s", problem);
	return NULL;
}

/* Past libc, which refuses the two signals that it has for itself: a starter by posix_spawn (make)
 * leaves them ignored, and the agents would inherit that. SIGKILL and SIGSTOP are refused. */
static void signal_default(int number)
{
	const unsigned long action[8] = {0}; /* at least the kernel's struct sigaction: SIG_DFL */

	syscall(SYS_rt_sigaction, number, action, NULL, (size_t)_NSIG / 8);
}

/* Everything that children must not inherit is undone here once, instead of in each of them. */
static int prepare_process(struct monitor *monitor)
{
	struct rlimit nofile;

	for (int s = 1; s < NSIG; s++)
		signal_default(s);
	if (prctl(PR_SET_NAME, "aaau-monitor") < 0 ||
	    close_range(MONITOR_FD_END, UINT_MAX, 0) < 0 ||
	    close_range(MONITOR_FD_CONFIG, MONITOR_FD_END - 1, CLOSE_RANGE_CLOEXEC) < 0)
		return -errno;
	/* Nobody waits: the number is kept, so that nothing else gets it and is closed as it. */
	if (fcntl(MONITOR_FD_READY, F_GETFD) < 0 &&
	    dup3(STDIN_FILENO, MONITOR_FD_READY, O_CLOEXEC) < 0)
		return -errno;
	umask(0022);

	/* A descriptor a session. */
	if (getrlimit(RLIMIT_NOFILE, &monitor->nofile) < 0)
		return -errno;
	nofile = monitor->nofile;
	nofile.rlim_cur = nofile.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &nofile) < 0 ? -errno : 0;
}

/* SIGPIPE is among them so that a standard error nobody reads is no end. */
static int open_signals(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGPIPE);
	if (sigprocmask(SIG_SETMASK, &signals, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static void start_stopping(struct monitor *monitor)
{
	if (monitor->stopping)
		return;
	notify_manager("STOPPING=1");
	monitor->stopping = true;
	monitor->stop_us = clock_monotonic_us() + PATIENCE_US;
	broker_shut_down(monitor);
}

static void reap(struct monitor *monitor)
{
	int status;
	pid_t pid;

	/* A session's death is the cgroup's to tell; here it only ceases to be a zombie. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == monitor->broker.pid)
			broker_reaped(monitor, status);
		else if (pid == monitor->check)
			reload_checked(monitor, status);
	}
}

static void read_signals(struct monitor *monitor, int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT: start_stopping(monitor); break;
		case SIGHUP: reload_start(monitor); break;
		case SIGCHLD: reap(monitor); break;
		default: break;
		}
	}
}

static void kill_all(struct monitor *monitor)
{
	for (size_t i = 0; i < monitor->watch_count; i++)
		cgroup_kill(&monitor->watches[i].id, CGROUP_SESSION);
}

/* Does what is due; when the next thing is, or NEVER. False once everything has ended. */
static bool tick(struct monitor *monitor, uint64_t *ret_next_us)
{
	const uint64_t now = clock_monotonic_us();
	uint64_t next;

	/* In this order the broker that was dismissed is not replaced. */
	if (monitor->reloading && !monitor->broker.pid && !monitor->stopping)
		reload_exec(monitor);
	if (monitor->stopping && !monitor->watch_count) {
		if (!monitor->broker.pid)
			return false;
		/* Its last order is carried out; it goes by itself, or is made to. */
		if (monitor->broker.socket >= 0)
			broker_dismiss(monitor);
	}
	next = broker_tick(monitor, now);
	if (monitor->stopping && monitor->stop_us <= now) {
		if (monitor->killed) {
			monitor_log("some sessions cannot be killed: leaving them");
			return false;
		}
		monitor_log("some sessions do not end: killing them");
		kill_all(monitor);
		monitor->killed = true;
		monitor->stop_us = now + LAST_PATIENCE_US;
	}
	if (monitor->stopping && monitor->stop_us < next)
		next = monitor->stop_us;
	*ret_next_us = next;
	return true;
}

/* poll(2)'s timeout, rounded up so that it is not too early. */
static int timeout_until(uint64_t when_us)
{
	uint64_t now = clock_monotonic_us(), ms;

	if (when_us == NEVER)
		return -1;
	ms = when_us > now ? (when_us - now + 999) / 1000 : 0;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static int loop(struct monitor *monitor, int signals)
{
	struct pollfd *polled = NULL;
	size_t room = 0;
	uint64_t next;

	while (tick(monitor, &next)) {
		const size_t count = monitor->watch_count;

		if (count + 2 > room) {
			struct pollfd *more = reallocarray(polled, 2 * count + 64, sizeof(*more));

			if (!more)
				return -ENOMEM;
			polled = more;
			room = 2 * count + 64;
		}
		polled[0] = (struct pollfd){.fd = signals, .events = POLLIN};
		polled[1] = (struct pollfd){.fd = monitor->broker.socket, .events = POLLIN};
		for (size_t i = 0; i < count; i++)
			polled[i + 2] = (struct pollfd){.fd = monitor->watches[i].events,
							.events = POLLPRI};
		if (poll(polled, count + 2, timeout_until(next)) < 0 && errno != EINTR)
			return -errno;

		/* Backwards: a watch that is dropped is replaced by one that was looked at. */
		for (size_t i = count; i-- > 0;)
			if (polled[i + 2].revents)
				cgroup_look(monitor, i);
		/* Before the signals: what a broker asked for before it died is still done. */
		if (polled[1].revents)
			requests_receive(monitor);
		if (polled[0].revents)
			read_signals(monitor, signals);
	}
	free(polled);
	return 0;
}

int main(void)
{
	struct monitor monitor = {
		.broker = {.pidfd = -1, .socket = -1, .restart_us = NEVER, .kill_us = NEVER},
	};
	const char *wrong;
	int signals, error;

	if (getuid() != 0 || geteuid() != 0) {
		monitor_log("must be root; aaau-server run starts it");
		return 1;
	}
	wrong = check_descriptors();
	if (wrong) {
		monitor_log("did not get %s; aaau-server run starts it", wrong);
		return 1;
	}
	monitor.config = load_config();
	if (!monitor.config)
		return 1;
	error = prepare_process(&monitor);
	signals = error ? error : open_signals();
	if (signals < 0) {
		monitor_log("cannot set up the process: %s", strerror(-signals));
		return 1;
	}
	monitor.audit = server_record_open(MONITOR_FD_LOG_DIR, monitor.config->log_gid);
	if (monitor.audit < 0) {
		monitor_log("cannot open server.jsonl: %s", strerror(-monitor.audit));
		return 1;
	}

	cgroup_adopt(&monitor);
	broker_start(&monitor);
	error = loop(&monitor, signals);
	if (error) {
		/* The sessions go on; a new server finds them. */
		monitor_log("cannot wait for anything: %s", strerror(-error));
		return 1;
	}
	free(monitor.watches);
	instance_remove(monitor.config);
	return 0;
}
