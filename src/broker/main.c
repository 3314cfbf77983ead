/* aaau-broker: the process that listens.
 *
 * Started by the monitor with the descriptors of ipc/fds.h, as the service user, and locked in
 * before it reads a stranger's first byte. Its life is the monitor's socket, not signals: a Ctrl-C
 * in the terminal that aaau-server runs in, or a service manager's SIGTERM to the whole group,
 * reaches the sessions in order, through the monitor. Fails with a line on standard error, and the
 * monitor starts another.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/names.h"
#include "broker/sandbox.h"
#include "ipc/fds.h"
#include "ipc/sealed.h"
#include "util/fd.h"

static int fail(const char *what, int error)
{
	fprintf(stderr, "aaau-broker: %s: %s\n", what, strerror(-error));
	return EXIT_FAILURE;
}

static int check_fds(void)
{
	for (int fd = BROKER_FD_MONITOR; fd < BROKER_FD_END; fd++) {
		int error = fd_set_cloexec(fd, true);

		if (error)
			return error;
	}
	return 0;
}

static void ignore_signals(void)
{
	static const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

/* A descriptor a session, and two while one starts: as many as the hard limit has. */
static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(void)
{
	static struct broker_config config;
	static struct broker broker;
	const void *data;
	size_t length;
	int error;

	prctl(PR_SET_NAME, "aaau-broker");
	error = check_fds();
	if (error)
		return fail("started without its descriptors", error);
	if (geteuid() == 0)
		return fail("runs as root", -EPERM);
	ignore_signals();
	raise_fd_limit();

	error = sealed_map(BROKER_FD_CONFIG, BROKER_CONFIG_MAX_SIZE, &data, &length);
	if (!error)
		error = broker_config_decode(data, length, &config);
	if (error)
		return fail("its configuration", error);
	error = broker_init(&broker, &config);
	if (error)
		return fail("cannot begin", error);
	names_prepare();
	error = broker_sandbox();
	if (error)
		return fail("cannot lock itself in", error);
	error = broker_run(&broker);
	if (error)
		return fail("cannot serve", error);
	return EXIT_SUCCESS;
}
