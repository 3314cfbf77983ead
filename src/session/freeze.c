/* Freeze and thaw.
 *
 * Owns what was ordered and who waits to hear that it is so. cgroup.freeze is a descriptor of
 * ipc/fds.h, opened by root; the agent cannot write there, nor leave the cgroup. The order is the
 * broker's, which has asked whether the user may; it is recorded before it takes effect. That it has
 * taken effect is the kernel's word alone (cgroup.events): a process in uninterruptible sleep stands
 * still only after it, and until then the session is "freezing", not "frozen". An order that fails
 * is answered and changes nothing.
 *
 * While the order stands nothing is written to the PTY (input.c): what is typed waits in the queue,
 * recorded, and reaches the agent after the thaw. What the agent had printed before is still read,
 * clients come and go, and a kill needs no thaw: the kernel lets a frozen process die.
 */
#include "session/freeze.h"

#include <errno.h>
#include <event2/event_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "session/client.h"
#include "session/session.h"

struct freeze_waiter {
	TAILQ_ENTRY(freeze_waiter) entry;
	struct session *session;
	struct event deadline;
	uint32_t tag;
};

static const struct timeval longest_wait = {.tv_sec = 2};

static void drop(struct freeze_waiter *waiter)
{
	TAILQ_REMOVE(&waiter->session->freeze.waiters, waiter, entry);
	event_del(&waiter->deadline);
	free(waiter);
}

static void answer(struct freeze_waiter *waiter, enum order_outcome outcome)
{
	struct session *session = waiter->session;
	uint32_t tag = waiter->tag;

	drop(waiter);
	link_send_done(session, tag, 0, outcome);
}

/* The link may break while it is told, and then nobody waits any more. */
static void answer_all(struct session *session, enum order_outcome outcome)
{
	struct freeze_waiter *waiter;

	while ((waiter = TAILQ_FIRST(&session->freeze.waiters)))
		answer(waiter, outcome);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	answer(data, ORDER_NOT_YET);
}

static int wait_for_kernel(struct session *session, uint32_t tag)
{
	struct freeze_waiter *waiter = calloc(1, sizeof *waiter);

	if (!waiter)
		return -ENOMEM;
	waiter->session = session;
	waiter->tag = tag;
	if (evtimer_assign(&waiter->deadline, session->base, on_deadline, waiter) < 0 ||
	    event_add(&waiter->deadline, &longest_wait) < 0) {
		free(waiter);
		return -ENOMEM;
	}
	TAILQ_INSERT_TAIL(&session->freeze.waiters, waiter, entry);
	return 0;
}

void freeze_init(struct session *session)
{
	TAILQ_INIT(&session->freeze.waiters);
}

void freeze_cgroup_changed(struct session *session, bool frozen)
{
	struct freeze *freeze = &session->freeze;

	freeze->frozen = frozen;
	if (frozen != freeze->ordered || session->phase > PHASE_RUNNING)
		return;
	if (freeze->unsaid) {
		freeze->unsaid = false;
		clients_notice(session, NULL, frozen ? "freeze" : "thaw", "%s by %s",
			       frozen ? "frozen" : "thawed", freeze->by);
	}
	answer_all(session, ORDER_DONE);
}

void freeze_tell(struct client *client)
{
	const struct freeze *freeze = &client->session->freeze;

	/* One that is not frozen yet is announced to all when it is. */
	if (freeze->ordered && !freeze->unsaid)
		client_notice(client, "freeze", "frozen by %s", freeze->by);
}

/* One that changes nothing is as good as done, and has no line: it may be given again and again. */
static int order(struct session *session, bool on, const char *user)
{
	struct freeze *freeze = &session->freeze;
	int r;

	if (freeze->ordered == on)
		return 0;
	r = cgroup_watch(session);
	if (r < 0)
		return r;
	record_control(session, user, on ? "freeze" : "thaw");
	if (write(SESSION_FD_CGROUP_FREEZE, on ? "1" : "0", 1) < 0)
		return -errno;
	answer_all(session, ORDER_OVERTAKEN);
	freeze->ordered = on;
	freeze->unsaid = true;
	snprintf(freeze->by, sizeof freeze->by, "%s", user);
	if (!on)
		input_resume(session);
	return 0;
}

void freeze_order(struct session *session, bool on, uint32_t tag, const char *user)
{
	int r;

	if (session->phase > PHASE_RUNNING || session->end.reason != 0) {
		link_send_done(session, tag, 0, ORDER_ENDING);
		return;
	}
	r = order(session, on, user);
	if (r == 0)
		r = wait_for_kernel(session, tag);
	if (r < 0) {
		session_log(session, "it cannot be %s: %s", on ? "frozen" : "thawed", strerror(-r));
		link_send_done(session, tag, 0, ORDER_FAILED);
		return;
	}
	/* What changed at once made no event, or one that is yet to come. */
	freeze_cgroup_changed(session, cgroup_read(session).frozen);
}

void freeze_agent_exited(struct session *session)
{
	session->freeze.ordered = false;
	answer_all(session, ORDER_ENDING);
}

void freeze_forget_waiters(struct session *session)
{
	struct freeze_waiter *waiter;

	while ((waiter = TAILQ_FIRST(&session->freeze.waiters)))
		drop(waiter);
}
