/* Root's permit table. Whoever audits root begins here: nothing else is done at a broker's word.
 *
 * A message has the size of struct monitor_request, a type with a permit, exactly the permit's
 * number of descriptors, comes at a permitted time, and passes the permit's policy check. Anything
 * else ends the broker. Owns the descriptors of a message while it is handled: all are closed
 * afterwards, whatever came of it.
 */
#include "monitor/requests.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/seqpacket.h"
#include "monitor/broker.h"
#include "monitor/cgroup.h"
#include "monitor/log.h"
#include "monitor/notify.h"
#include "monitor/policy.h"
#include "monitor/spawn.h"
#include "util/fd.h"

/* So many at most before the monitor looks at everything else again. */
#define BATCH 16

enum permit_flags {
	PERMIT_ONCE = 1,        /* a second one is refused */
	PERMIT_AFTER_READY = 2, /* refused before READY */
};

struct permit {
	uint32_t type;
	unsigned flags;
	unsigned fd_count;
	const char *(*check)(const struct monitor_config *config,
			     const struct monitor_request *request, const int *fds);
	void (*handle)(struct monitor *monitor, const struct monitor_request *request,
		       const int *fds);
};

static void handle_ready(struct monitor *monitor, const struct monitor_request *request,
			 const int *fds)
{
	(void)request;
	(void)fds;
	monitor->broker.ready = true;
	if (monitor->announced)
		return;
	monitor->announced = true;
	/* The reader may not have waited; there may be none. */
	if (write(MONITOR_FD_READY, "", 1) < 0 && errno != EBADF)
		monitor_log("cannot tell that the server is ready: %m");
	close(MONITOR_FD_READY);
	notify_manager("READY=1");
}

static void handle_spawn(struct monitor *monitor, const struct monitor_request *request,
			 const int *fds)
{
	if (monitor->stopping)
		spawn_refuse(fds[1], SPAWN_STEP_FORK, -ESHUTDOWN);
	else
		spawn_session(monitor, request, fds[0], fds[1]);
}

static void handle_kill(struct monitor *monitor, const struct monitor_request *request,
			const int *fds)
{
	int error = cgroup_kill(&request->session, CGROUP_AGENT);

	(void)monitor;
	(void)fds;
	/* A session that has ended meanwhile has no cgroup any more. */
	if (error && error != -ENOENT && error != -ENODEV)
		monitor_log("cannot kill an agent: %s", strerror(-error));
}

/* clang-format off */
static const struct permit permits[] = {
	{MONITOR_REQUEST_READY, PERMIT_ONCE,        0, policy_check_ready, handle_ready},
	{MONITOR_REQUEST_SPAWN, PERMIT_AFTER_READY, 2, policy_check_spawn, handle_spawn},
	{MONITOR_REQUEST_KILL,  PERMIT_AFTER_READY, 0, policy_check_kill,  handle_kill},
};
/* clang-format on */

const char *requests_judge(const struct monitor *monitor, const struct monitor_request *request,
			   ssize_t size, const int *fds, unsigned fd_count,
			   const struct permit **ret_permit)
{
	const struct permit *permit = NULL;
	const char *problem;

	if (size != (ssize_t)sizeof(*request))
		return "a request of the wrong size";
	for (size_t i = 0; i < sizeof(permits) / sizeof(permits[0]); i++)
		if (permits[i].type == request->type)
			permit = &permits[i];
	if (!permit)
		return "an unknown request";
	if (fd_count != permit->fd_count)
		return "a request with the wrong number of descriptors";
	/* READY is the one request of its kind: being ready is having used it. */
	if ((permit->flags & PERMIT_ONCE) && monitor->broker.ready)
		return "a request that was used up";
	if ((permit->flags & PERMIT_AFTER_READY) && !monitor->broker.ready)
		return "a request before READY";
	problem = permit->check(monitor->config, request, fds);
	if (!problem)
		*ret_permit = permit;
	return problem;
}

/* False if there is no more for now. */
static bool receive_one(struct monitor *monitor)
{
	struct monitor_request request;
	const struct permit *permit;
	const char *problem;
	int fds[SEQPACKET_MAX_FDS];
	unsigned fd_count;
	ssize_t n = seqpacket_receive(monitor->broker.socket, &request, sizeof(request), fds,
				      &fd_count);

	if (n == -EAGAIN)
		return false;
	if (n == 0 && monitor->stopping) {
		broker_dismiss(monitor); /* as it should, at the end */
		return false;
	}
	if (n == 0)
		problem = "it closed its socket";
	else if (n == -EBADMSG)
		problem = "a request too long, or with too many descriptors";
	else if (n < 0)
		problem = strerror((int)-n);
	else
		problem = requests_judge(monitor, &request, n, fds, fd_count, &permit);

	if (problem)
		broker_kill(monitor, problem);
	else
		permit->handle(monitor, &request, fds);
	for (unsigned i = 0; i < fd_count; i++)
		fd_close(fds[i]);
	return !problem;
}

void requests_receive(struct monitor *monitor)
{
	for (int i = 0; i < BATCH && receive_one(monitor); i++)
		;
}
