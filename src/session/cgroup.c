/* The watch over the agent's cgroup.
 *
 * Owns the epoll set; cgroup.events is a descriptor of ipc/fds.h, opened by root, and what it says
 * is the kernel's word, in which everything is trusted. The file tells a change by POLLPRI, which
 * libevent does not know, and is always readable; so it stands in an epoll set of its own, and that
 * becomes readable. Most sessions never need the watch before their end, so it is made when it is
 * asked for.
 */
#include "session/cgroup.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "session/session.h"
#include "util/fd.h"

void cgroup_init(struct session *session)
{
	session->cgroup.poll = -1;
}

/* Reading it is also what makes its next change an event. */
struct cgroup_state cgroup_read(struct session *session)
{
	char text[256];
	ssize_t n = pread(SESSION_FD_CGROUP_EVENTS, text, sizeof text - 1, 0);

	if (n < 0) {
		/* The cgroup is gone: nothing is in it. */
		if (errno != ENODEV)
			session_log(session, "cgroup.events: %s", strerror(errno));
		return (struct cgroup_state){0};
	}
	text[n] = '\0';
	return (struct cgroup_state){
		.populated = strstr(text, "populated 1") != NULL,
		.frozen = strstr(text, "frozen 1") != NULL,
	};
}

static void on_changed(evutil_socket_t fd, short what, void *data)
{
	struct session *session = data;
	struct epoll_event event;

	(void)what;
	/* Takes the event off the set's ready list. */
	epoll_wait(fd, &event, 1, 0);
	struct cgroup_state state = cgroup_read(session);
	freeze_cgroup_changed(session, state.frozen);
	agent_cgroup_changed(session, state.populated);
}

int cgroup_watch(struct session *session)
{
	struct cgroup *cgroup = &session->cgroup;
	struct epoll_event event = {.events = EPOLLPRI};
	cleanup_fd int fd = -1;

	if (cgroup->poll >= 0)
		return 0;
	fd = epoll_create1(EPOLL_CLOEXEC);
	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, SESSION_FD_CGROUP_EVENTS, &event) < 0)
		return -errno;
	if (event_assign(&cgroup->changed, session->base, fd, EV_READ | EV_PERSIST, on_changed,
			 session) < 0 ||
	    event_add(&cgroup->changed, NULL) < 0)
		return -ENOMEM;
	cgroup->poll = fd_steal(&fd);
	return 0;
}

void cgroup_unwatch(struct session *session)
{
	struct cgroup *cgroup = &session->cgroup;

	if (cgroup->poll < 0)
		return;
	event_del(&cgroup->changed);
	cgroup->poll = fd_close(cgroup->poll);
}
