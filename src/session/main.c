/* aaau-session: one agent's terminal, its record and its clients.
 *
 * Execed by the spawner as the unprivileged service user, with the descriptors of ipc/fds.h; it is
 * the agent's parent. Trusts the launch record (the broker's, sealed) and fails by exiting, which
 * the monitor sees and answers by killing the agent.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "ipc/fds.h"
#include "ipc/launch.h"
#include "ipc/sealed.h"
#include "session/session.h"
#include "util/sandbox.h"

static int fail(const char *what, int error)
{
	fprintf(stderr, "aaau-session: %s: %s\n", what, strerror(-error));
	return EXIT_FAILURE;
}

/* A descriptor a client: as many as the system permits. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(void)
{
	static struct session session;
	struct launch launch = {0};
	const void *data;
	size_t length;
	int r;

	r = sandbox_hide();
	if (r < 0)
		return fail("prctl", r);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a record at its limit is a full disk, not a death */
	raise_descriptor_limit();
	/* The record stays mapped: the launch's strings are in it. */
	r = sealed_map(SESSION_FD_LAUNCH, LAUNCH_MAX_SIZE, &data, &length);
	if (r == 0)
		r = launch_decode(data, length, &launch);
	if (r < 0)
		return fail("the launch record", r);
	r = session_init(&session, &launch);
	if (r < 0)
		return fail("start", r);
	return session_run(&session);
}
