/* SIGHUP: aaau-server reads the configuration anew, and another monitor takes this one's place.
 *
 * The monitor parses nothing, so it asks aaau-server twice (ipc/fds.h says how): once in a child,
 * whether the configuration is good, and once in its own place. The cgroup tree tells the next
 * monitor what this one knew. What fails before the exec changes nothing. Owns the check's process;
 * trusts the arguments, which are root's own bytes.
 */
#include "monitor/reload.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/sealed.h"
#include "monitor/broker.h"
#include "monitor/log.h"
#include "monitor/process.h"
#include "util/fd.h"

/* The kernel's own limit for one exec's arguments is of this order. */
#define ARGUMENTS_MAX_SIZE 1048576

/* aaau-server run MODE and the arguments as first given. An array whose strings and itself belong
 * to the process that is about to exec. NULL with errno. */
static char **make_argv(char *mode)
{
	static char name[] = "aaau-server", run[] = "run";
	const void *sealed;
	size_t length = 0, count = 0, n = 0;
	char *text = NULL, **argv;
	int error = sealed_map(MONITOR_FD_ARGUMENTS, ARGUMENTS_MAX_SIZE, &sealed, &length);

	if (error == -EINVAL) /* empty: no arguments */
		error = 0;
	else if (!error) {
		text = malloc(length + 1);
		if (text) {
			memcpy(text, sealed, length);
			text[length] = 0;
		} else {
			error = -ENOMEM;
		}
		munmap((void *)(uintptr_t)sealed, length);
	}
	if (error) {
		errno = -error;
		return NULL;
	}
	for (size_t i = 0; i < length; i++)
		count += !text[i];
	argv = calloc(count + 4, sizeof(*argv));
	if (!argv) {
		free(text);
		return NULL;
	}
	argv[n++] = name;
	argv[n++] = run;
	argv[n++] = mode;
	for (char *at = text; count; count--, at += strlen(at) + 1)
		argv[n++] = at;
	return argv;
}

static _Noreturn void become_check(void)
{
	static char mode[] = "--reload-check";
	char **argv = make_argv(mode);
	const int program = 3;

	if (argv && fd_lay_out(program, (const int[]){MONITOR_FD_SERVER_PROGRAM}, 1) == 0 &&
	    fd_set_cloexec(program, true) == 0)
		process_exec(program, argv, environ);
	monitor_log("cannot run aaau-server: %m");
	_exit(1);
}

void reload_start(struct monitor *monitor)
{
	pid_t pid;

	if (monitor->check || monitor->reloading || monitor->stopping)
		return;
	pid = process_fork(-1, NULL);
	if (pid == 0)
		become_check();
	if (pid < 0)
		monitor_log("cannot check the configuration: %s", strerror(-pid));
	else
		monitor->check = pid;
}

void reload_checked(struct monitor *monitor, int status)
{
	monitor->check = 0;
	if (monitor->stopping)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		monitor_log("the new configuration is not good: going on with the old one");
		return;
	}
	monitor->reloading = true;
	broker_dismiss(monitor);
}

void reload_exec(struct monitor *monitor)
{
	static char mode[] = "--reload";
	char **argv = make_argv(mode);

	/* The signals stay blocked: what comes now is the next monitor's to read. */
	if (argv && fd_set_cloexec(MONITOR_FD_LISTEN, false) == 0 &&
	    fd_set_cloexec(MONITOR_FD_LOCK, false) == 0)
		process_exec(MONITOR_FD_SERVER_PROGRAM, argv, environ);
	monitor_log("cannot run aaau-server: %m: going on with the old configuration");
	if (argv) {
		free(argv[3]);
		free(argv);
	}
	fd_set_cloexec(MONITOR_FD_LISTEN, true);
	fd_set_cloexec(MONITOR_FD_LOCK, true);
	monitor->reloading = false;
	broker_start(monitor);
}
