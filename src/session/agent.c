/* The agent as its parent sees it.
 *
 * Owns nothing: the descriptors are those of ipc/fds.h, opened by root. The agent is our child, of
 * another user: it cannot be signalled from here, only killed by its cgroup, with everything that
 * it ever forked. What it does is trusted in nothing; what the kernel says of it, in everything.
 *
 * The order at the end: the pidfd says that the agent is gone, its status is taken, the cgroup is
 * killed unless it is empty already, and when it is empty (cgroup.c) session_agent_gone() is called.
 */
#include "session/agent.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "session/session.h"

/* End of file: it was execed. A whole struct exec_failure: it was not. */
static void on_exec_status(evutil_socket_t fd, short what, void *data)
{
	struct session *session = data;
	struct agent *agent = &session->agent;
	ssize_t n = read(fd, (char *)&agent->failure + agent->failure_have,
			 sizeof agent->failure - agent->failure_have);

	(void)what;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0)
		session_fail(session, "the agent's exec status", -errno);
	agent->failure_have += (size_t)n;
	if (n > 0 && agent->failure_have < sizeof agent->failure)
		return;
	event_del(&agent->exec_status);
	close(fd);
	if (agent->failure_have == 0)
		session_started(session);
	else
		session_start_failed(session, &agent->failure);
}

static void on_exited(evutil_socket_t fd, short what, void *data)
{
	struct session *session = data;
	siginfo_t info = {0};

	(void)what;
	if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) < 0)
		session_fail(session, "the agent's exit status", -errno);
	if (info.si_pid == 0)
		return;
	event_del(&session->agent.exited);
	session->agent.alive = false;
	/* As wait(2) has it, where it is one number. */
	session_agent_exited(session, info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0)
								 : W_EXITCODE(0, info.si_status));
}

int agent_init(struct session *session)
{
	struct agent *agent = &session->agent;

	agent->alive = true;
	if (event_assign(&agent->exec_status, session->base, SESSION_FD_EXEC_STATUS,
			 EV_READ | EV_PERSIST, on_exec_status, session) < 0 ||
	    event_add(&agent->exec_status, NULL) < 0)
		return -ENOMEM;
	return 0;
}

int agent_watch_exit(struct session *session)
{
	struct agent *agent = &session->agent;

	if (event_assign(&agent->exited, session->base, SESSION_FD_AGENT, EV_READ | EV_PERSIST,
			 on_exited, session) < 0 ||
	    event_add(&agent->exited, NULL) < 0)
		return -ENOMEM;
	return 0;
}

void agent_kill(struct session *session)
{
	if (write(SESSION_FD_CGROUP_KILL, "1", 1) < 0)
		session_log(session, "the agent cannot be killed: %s", strerror(errno));
}

static void finish_clean_up(struct session *session)
{
	cgroup_unwatch(session);
	session_agent_gone(session);
}

void agent_cgroup_changed(struct session *session, bool populated)
{
	if (session->phase == PHASE_KILLING && !populated)
		finish_clean_up(session);
}

void agent_clean_up(struct session *session)
{
	if (!cgroup_read(session).populated) {
		finish_clean_up(session);
		return;
	}
	int r = cgroup_watch(session);
	if (r < 0)
		session_fail(session, "cgroup.events", r);
	agent_kill(session);
	/* What died between the look and the watch made no event. */
	if (!cgroup_read(session).populated)
		finish_clean_up(session);
}
