/* One session: the agent's PTY, its ring, its record, its clients, and the link to the broker.
 *
 * Everything in this folder is one process with one thread and one event loop. A module owns the
 * struct of its header and finds the others through the session; nothing else is shared.
 */
#ifndef AAAU_SESSION_SESSION_H
#define AAAU_SESSION_SESSION_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ipc/launch.h"
#include "ipc/session-msg.h"
#include "session/agent.h"
#include "session/cgroup.h"
#include "session/freeze.h"
#include "session/input.h"
#include "session/link.h"
#include "session/output.h"
#include "session/record.h"
#include "session/screen.h"
#include "util/str.h"
#include "util/uuid.h"

/* Phases follow each other in this order; none is entered twice. */
enum session_phase {
	PHASE_STARTING, /* the agent's exec is not known yet; no byte moves */
	PHASE_RUNNING,
	PHASE_KILLING,  /* the agent is gone, what it left behind is being killed */
	PHASE_DRAINING, /* nobody is left to write to the slave: read what is there */
	PHASE_FLUSHING, /* the record is complete; clients get their rest and the END */
	PHASE_OVER,
};

/* How it ended, in the words of the link and of the END frame. */
struct session_end {
	enum end_reason reason;
	uint8_t exit_code;
	uint8_t signal;
	char *by; /* who ordered it; NULL for nobody */
};

TAILQ_HEAD(client_list, client);

/* Of events; the ordinary ones are in the middle, as libevent has it. */
#define SESSION_PRIORITIES 3
#define SESSION_PRIORITY_IDLE 2 /* only when no other event is active */

struct session {
	struct event_base *base;
	struct launch launch;
	char id[UUID_TEXT_SIZE];
	struct str command; /* shell_words_quote_command() */
	enum session_phase phase;
	struct session_end end; /* by and reason are set by the first order; the rest at the exit */
	uint16_t rows, columns;
	uint64_t started_us;   /* CLOCK_MONOTONIC */
	uint64_t activity_us;  /* the last input or output, CLOCK_MONOTONIC */
	struct event deadline; /* bounds PHASE_KILLING, then PHASE_FLUSHING */

	struct record record;
	struct output output;
	struct screen screen;
	struct input input;
	struct agent agent;
	struct cgroup cgroup;
	struct freeze freeze;
	struct link link;

	/* Operators first, then observers. A client that is gone stays in the list until no callback
	 * can be holding it: session_reap(). */
	struct client_list clients;
	uint32_t operators, observers; /* attached now */
	uint64_t clients_total;        /* attached ever */
	uint64_t clients_dropped;      /* for being too slow */
	uint64_t resyncs;              /* of clients that fell behind */
	bool reap;
};

/* launch is moved into the session. What a session owns it owns to the end of the process. 0, or a negative errno; on failure the process exits. */
int session_init(struct session *session, struct launch *launch);
/* Runs until PHASE_OVER. Exit status of the process. */
int session_run(struct session *session);

/* The agent runs; or it does not, and why. */
void session_started(struct session *session);
void session_start_failed(struct session *session, const struct exec_failure *failure);

/* An order to end: the agent is killed, the rest follows from its exit. Later orders change
 * nothing. */
void session_order_end(struct session *session, enum end_reason reason, const char *user);

/* What moves the phases on; each is called by the module that saw it happen. */
void session_agent_exited(struct session *session, int wait_status);
void session_agent_gone(struct session *session); /* with all its descendants */
void session_drained(struct session *session);    /* and everything is in the record */
void session_client_gone(struct session *session);

/* Sets the terminal's size, if it differs; user is who asked, for the record. */
struct client;
void session_resize(struct session *session, const struct client *client, uint16_t rows,
		    uint16_t columns);
/* After a stall of the record: a size that was recorded now takes effect. */
void session_apply_size(struct session *session);

void session_get_status(const struct session *session, struct session_status *ret);
int session_exit_status(const struct session_end *end); /* as a shell has it */

/* Something that the session cannot go on without failed: says so and exits the process. The
 * monitor then kills the agent. */
_Noreturn void session_fail(const struct session *session, const char *what, int error);
/* One line on standard error, which is the server's. */
void session_log(const struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
