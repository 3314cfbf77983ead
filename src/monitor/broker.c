/* The broker's life: it is started, told to shut down, dismissed, killed, reaped, started again.
 *
 * Owns the broker's process and the monitor's end of its socket. Trusts nothing of it. A broker
 * that dies is replaced at once, since the listening socket is the monitor's and clients wait in
 * its queue; one that dies at once, again and again, is replaced ever more slowly, up to 5 s. There
 * is one broker at a time: the next starts when the last is reaped.
 */
#include "monitor/broker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/monitor-msg.h"
#include "ipc/seqpacket.h"
#include "monitor/log.h"
#include "monitor/process.h"
#include "monitor/server-record.h"
#include "util/clock.h"
#include "util/fd.h"

#define QUICK_DEATH_US 500000u /* "at once" */
#define FIRST_DELAY_US 50000u  /* before the second replacement; the first is immediate */
#define LONGEST_DELAY_US 5000000u
#define DISMISSAL_US 2000000u

static uint64_t restart_delay_us(unsigned quick_deaths)
{
	uint64_t delay = FIRST_DELAY_US;

	if (quick_deaths < 2)
		return 0;
	for (unsigned i = 2; i < quick_deaths && delay < LONGEST_DELAY_US; i++)
		delay *= 2;
	return delay < LONGEST_DELAY_US ? delay : LONGEST_DELAY_US;
}

static void schedule_restart(struct broker *broker)
{
	uint64_t now = clock_monotonic_us();

	if (now - broker->started_us < QUICK_DEATH_US)
		broker->quick_deaths++;
	else
		broker->quick_deaths = 0;
	broker->restart_us = now + restart_delay_us(broker->quick_deaths);
}

/* In the child. */
static _Noreturn void become_broker(const struct monitor *monitor, int socket, pid_t parent)
{
	enum { COUNT = BROKER_FD_END - BROKER_FD_MONITOR, PROGRAM = BROKER_FD_END };
	static char name[] = "aaau-broker";
	char *argv[] = {name, NULL}, *envp[] = {NULL};
	const struct monitor_config *config = monitor->config;
	const int laid[COUNT + 1] = {
		[BROKER_FD_MONITOR - BROKER_FD_MONITOR] = socket,
		[BROKER_FD_CONFIG - BROKER_FD_MONITOR] = MONITOR_FD_BROKER_CONFIG,
		[BROKER_FD_LISTEN - BROKER_FD_MONITOR] = MONITOR_FD_LISTEN,
		[BROKER_FD_AUDIT - BROKER_FD_MONITOR] = monitor->audit,
		[BROKER_FD_SESSIONS_DIR - BROKER_FD_MONITOR] = MONITOR_FD_SESSIONS_DIR,
		[COUNT] = MONITOR_FD_BROKER_PROGRAM,
	};
	int error = process_become(config->service_uid, config->service_gid, NULL, 0);

	umask(0077);
	/* After the ids, whose change clears it. The monitor may have died just before. */
	if (!error && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		error = -errno;
	if (!error && getppid() != parent)
		_exit(1);
	if (!error)
		error = fd_lay_out(BROKER_FD_MONITOR, laid, COUNT + 1);
	if (!error)
		error = fd_set_cloexec(PROGRAM, true);
	if (!error)
		error = process_exec(PROGRAM, argv, envp);
	monitor_log("cannot start the broker: %s", strerror(-error));
	_exit(1);
}

void broker_start(struct monitor *monitor)
{
	struct broker *broker = &monitor->broker;
	const pid_t self = getpid();
	int pair[2] = {-1, -1}, error;
	pid_t pid;

	broker->started_us = clock_monotonic_us();
	broker->restart_us = broker->kill_us = NEVER;
	broker->ready = false;
	error = server_record_mend(MONITOR_FD_LOG_DIR, monitor->audit);
	if (error)
		monitor_log("server.jsonl may have a torn line: %s", strerror(-error));
	error = seqpacket_pair(pair);
	pid = error ? error : process_fork(-1, &broker->pidfd);
	if (pid == 0)
		become_broker(monitor, pair[1], self);
	fd_close(pair[1]);
	if (pid < 0) {
		fd_close(pair[0]);
		monitor_log("cannot start the broker: %s", strerror(-pid));
		schedule_restart(broker);
		return;
	}
	broker->pid = pid;
	broker->socket = pair[0];
	if (monitor->stopping)
		broker_shut_down(monitor);
}

static void kill_now(struct broker *broker)
{
	broker->socket = fd_close(broker->socket);
	broker->kill_us = NEVER;
	if (broker->pid && syscall(SYS_pidfd_send_signal, broker->pidfd, SIGKILL, NULL, 0) < 0)
		monitor_log("cannot kill the broker: %m");
}

void broker_kill(struct monitor *monitor, const char *reason)
{
	monitor_log("broker ended: %s", reason);
	kill_now(&monitor->broker);
}

void broker_dismiss(struct monitor *monitor)
{
	struct broker *broker = &monitor->broker;

	broker->socket = fd_close(broker->socket);
	broker->restart_us = NEVER;
	if (broker->pid)
		broker->kill_us = clock_monotonic_us() + DISMISSAL_US;
}

void broker_reaped(struct monitor *monitor, int status)
{
	struct broker *broker = &monitor->broker;

	broker->pid = 0;
	broker->pidfd = fd_close(broker->pidfd);
	broker->socket = fd_close(broker->socket);
	broker->kill_us = NEVER;
	if (WIFSIGNALED(status))
		monitor_log("broker ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		monitor_log("broker ended with status %d", WEXITSTATUS(status));
	else if (monitor->stopping)
		return; /* it has done its last work */
	schedule_restart(broker);
}

void broker_shut_down(struct monitor *monitor)
{
	const struct monitor_event event = {.type = MONITOR_EVENT_SHUTDOWN};

	/* The first message on an empty socket, or nearly so; a broker that has closed its end is
	 * replaced, and the next one told. */
	if (monitor->broker.socket >= 0)
		seqpacket_send(monitor->broker.socket, &event, sizeof(event), NULL, 0);
}

uint64_t broker_tick(struct monitor *monitor, uint64_t now_us)
{
	struct broker *broker = &monitor->broker;

	if (broker->kill_us <= now_us)
		kill_now(broker);
	if (broker->restart_us <= now_us)
		broker_start(monitor);
	return broker->kill_us < broker->restart_us ? broker->kill_us : broker->restart_us;
}
