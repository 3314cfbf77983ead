/* libaaau: a client of aaau-server. See aaau-protocol(7) for the wire and aaau(1) for the program.
 *
 * The library does no waiting and has no thread, no signal handler and no global variable. The
 * caller brings an event loop:
 *
 *	aaau_connect(path, 1000, &client);
 *	aaau_request_new(client, &request);
 *	for (;;) {
 *		struct pollfd fd = {aaau_fd(client), aaau_wanted(client), 0};
 *		poll(&fd, 1, -1);
 *		while (aaau_next_event(client, &event) != AAAU_EVENT_NONE)
 *			…
 *	}
 *
 * One connection serves one request. After AAAU_EVENT_STARTED it carries the session's terminal
 * until AAAU_EVENT_CLOSED; after AAAU_EVENT_ANSWER or an error in place of an answer, nothing
 * follows but AAAU_EVENT_CLOSED.
 *
 * Results: 0 is success, a positive value is one of enum aaau_outcome (an ordinary outcome that the
 * caller should tell its user about), a negative value is a negated errno (unexpected).
 *
 * Threads: a connection may be used by one thread at a time; different connections are independent.
 *
 * Text is UTF-8 and NUL-terminated. Text that comes from the server is not safe to print as it is:
 * names and command lines are chosen by other users and may contain control characters.
 */
#ifndef AAAU_AAAU_H
#define AAAU_AAAU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AAAU_EXPORT __attribute__((visibility("default")))

/* Where the server listens unless it was told otherwise. */
#define AAAU_DEFAULT_SOCKET "/var/run/aaau.sock"

enum aaau_outcome {
	AAAU_OK = 0,
	AAAU_NO_SERVER = 1,     /* nothing listens there */
	AAAU_NOT_PERMITTED = 2, /* the socket's mode keeps the caller out */
	AAAU_BUSY = 3,          /* the server's queue stayed full, or ours is: try later */
	AAAU_BAD_PATH = 4,      /* longer than a socket address can be (107 bytes), or empty */
	AAAU_TOO_LONG = 5,      /* the request passes 65,536 bytes */
	AAAU_NOT_UTF8 = 6,      /* program, argument, name or environment is not valid UTF-8 */
	AAAU_NOT_NOW = 7,       /* a second request, or a message before AAAU_EVENT_STARTED */
};

/* A connection. Created by aaau_connect(), ended by aaau_close(). */
struct aaau_client;

/* Connects to the socket at path. Waits at most patience_ms milliseconds while the server's queue
 * is full (0: not at all), otherwise not at all. *ret is the caller's and untouched on failure.
 * AAAU_NO_SERVER, AAAU_NOT_PERMITTED, AAAU_BUSY, AAAU_BAD_PATH, or a negated errno. */
AAAU_EXPORT int aaau_connect(const char *path, int patience_ms, struct aaau_client **ret);

/* Ends the connection at once; a session goes on without this client. NULL is fine. */
AAAU_EXPORT void aaau_close(struct aaau_client *client);

/* The descriptor to poll. It belongs to the client: do not read, write or close it. */
AAAU_EXPORT int aaau_fd(const struct aaau_client *client);

/* What to poll it for: POLLIN, with POLLOUT while something waits to be sent. */
AAAU_EXPORT short aaau_wanted(const struct aaau_client *client);

/* Features a client may ask for; the answer says which it gets. */
#define AAAU_FEATURE_NOTICES 1u /* AAAU_EVENT_NOTICE: others who come and go, stalls, freezes */
#define AAAU_FEATURE_FREEZES 2u /* AAAU_EVENT_NOTICE about freezing and thawing alone */

/* Zero-initialise, then set what is wanted. Nothing is kept after the call. */
struct aaau_new {
	const char *agent;       /* profile or alias; NULL: the default one */
	const char *program;     /* NULL: the profile's own */
	const char *const *args; /* what follows the program, NULL-terminated, or NULL */
	const char *const
		*environment;   /* NAME=VALUE, NULL-terminated, or NULL; the server filters */
	const char *name;       /* a name for the session, or NULL */
	uint16_t rows, columns; /* 0: the server's 24x80 */
	bool detached;          /* answer and close: nobody is attached */
	bool observer;          /* only watch */
	unsigned features;
};

struct aaau_attach {
	const char *session;    /* id, unique prefix of one, or name; NULL: the newest detached */
	uint16_t rows, columns; /* 0: leave the size alone */
	bool observer;          /* only watch */
	unsigned features;
};

/* The request of this connection. 0 means that it was taken and that events will follow; it is sent
 * at once as far as the socket takes it, and by aaau_next_event() after that.
 * AAAU_NOT_NOW, AAAU_TOO_LONG, AAAU_NOT_UTF8, or a negated errno.
 * new and attach answer with AAAU_EVENT_STARTED, the others with AAAU_EVENT_ANSWER; each of them
 * with AAAU_EVENT_ERROR (refused set) if the server refuses. */
AAAU_EXPORT int aaau_request_new(struct aaau_client *client, const struct aaau_new *request);
AAAU_EXPORT int aaau_request_attach(struct aaau_client *client, const struct aaau_attach *request);
AAAU_EXPORT int aaau_request_list(struct aaau_client *client);
AAAU_EXPORT int aaau_request_status(struct aaau_client *client, const char *session);
AAAU_EXPORT int aaau_request_kill(struct aaau_client *client, const char *session);
/* Disconnects the caller's own clients of the session, or with everyone set (Admin) all of them. */
AAAU_EXPORT int aaau_request_detach(struct aaau_client *client, const char *session, bool everyone);
/* Makes a session stand still with every process in it, or lets it go on: its creator, or Admin. With
 * session NULL all of the caller's own are meant; with everyone set as well, freeze means everyone's
 * (Admin) and thaw all that the caller may thaw. The answer comes when the kernel says that it is so;
 * for many, AAAU_EVENT_ANSWER also names those of which it does not. */
AAAU_EXPORT int aaau_request_freeze(struct aaau_client *client, const char *session, bool everyone);
AAAU_EXPORT int aaau_request_thaw(struct aaau_client *client, const char *session, bool everyone);

/* Types length bytes into the session's terminal. Returns how many were taken, 0 to length: the
 * queue is bounded (64 KiB), so offer the rest again after the descriptor was writable. Takes
 * nothing before AAAU_EVENT_STARTED, and everything, to drop it, once the server has gone. */
AAAU_EXPORT size_t aaau_send_input(struct aaau_client *client, const void *data, size_t length);

/* Messages to the session. 0, AAAU_NOT_NOW before AAAU_EVENT_STARTED, AAAU_BUSY if the queue is
 * full, or -EINVAL for an argument out of range. */
AAAU_EXPORT int aaau_send_resize(struct aaau_client *client, uint16_t rows, uint16_t columns);
/* Up to 64 bytes, which come back in AAAU_EVENT_PONG. */
AAAU_EXPORT int aaau_send_ping(struct aaau_client *client, const void *data, size_t length);
AAAU_EXPORT int aaau_send_query(struct aaau_client *client); /* asks for AAAU_EVENT_STATUS */
AAAU_EXPORT int aaau_send_kill(struct aaau_client *client);  /* Admin, or the creator */
AAAU_EXPORT int aaau_send_leave(struct aaau_client *client); /* AAAU_EVENT_END answers */

enum aaau_event_type {
	AAAU_EVENT_NONE = 0, /* nothing now: poll again */
	AAAU_EVENT_STARTED,  /* attached: new or attach succeeded */
	AAAU_EVENT_ANSWER,   /* every other request succeeded */
	AAAU_EVENT_OUTPUT,
	AAAU_EVENT_PONG,
	AAAU_EVENT_STATUS,
	AAAU_EVENT_ERROR,
	AAAU_EVENT_NOTICE,
	AAAU_EVENT_END,    /* the session, or our part in it, is over; AAAU_EVENT_CLOSED follows */
	AAAU_EVENT_CLOSED, /* the last event, given again by every later call */
};

/* A session as list and status describe it. Text that the server left out is "". */
struct aaau_session {
	const char *id;
	const char *name;
	const char *agent;   /* profile */
	const char *user;    /* whom the agent runs as */
	const char *creator; /* who started it */
	const char *command; /* for display, quoted as for a shell */
	const char *state;
	double created; /* seconds since the epoch */
	uint64_t idle_ms;
	uint64_t operators, observers;
	uint64_t output_bytes, input_bytes;
	uint16_t rows, columns;
};

/* What happened. Every pointer is the client's, valid until the next aaau_next_event() or
 * aaau_close() of the same client; sending does not disturb it. */
struct aaau_event {
	enum aaau_event_type type;
	union {
		struct {
			const char *session; /* the full id */
			const char *name;    /* "" if it has none */
			const char *level;   /* "read-only", "interactive" or "admin" */
			bool observer;       /* input will be refused */
			unsigned features;   /* those of the wanted ones that we got */
		} started;
		struct {
			/* list: all; status: one; freeze and thaw of many: those that are not as it
			 * was ordered, with id, name, creator and state alone; else none */
			const struct aaau_session *sessions;
			size_t count;
			const char *session; /* an order to one session: its full id */
			uint64_t detached;   /* detach: how many clients were disconnected */
			const char *json;    /* list: the array, status: the object; ASCII */
			uint64_t done;       /* freeze and thaw of many: how many are as ordered */
		} answer;
		struct {
			const char *data; /* terminal bytes, not NUL-terminated, 1 or more */
			size_t length;
		} output, pong;
		struct {
			struct aaau_session session;
			const char *json; /* the whole object as the server gave it; ASCII */
		} status;
		struct {
			const char *code;    /* stable, as in aaau-protocol(7): "no-such-session" */
			const char *message; /* for people */
			const char *remedy;  /* what to do about it, or "" */
			int exit_status;     /* what a client should exit with, 1..255 */
			bool refused;        /* in place of an answer: AAAU_EVENT_CLOSED follows */
		} error;
		struct {
			const char *event;
			const char *message;
		} notice;
		struct {
			const char *reason;    /* "exited", "signaled", "killed", "detached", … */
			const char *by;        /* whose doing, or "" */
			int signal;            /* 0 if none */
			int exit_status;       /* what a client should exit with, 0..255 */
			uint64_t missed_bytes; /* "too-slow": output that we did not get */
		} end;
		struct {
			int error;          /* 0: the server closed; or a negated errno */
			const char *detail; /* -EPROTO: what the server did wrong; else "" */
		} closed;
	} as;
};

/* Sends what waits, reads what there is, and gives the next event in *ret; returns its type.
 * Call it until it says AAAU_EVENT_NONE. */
AAAU_EXPORT enum aaau_event_type aaau_next_event(struct aaau_client *client,
						 struct aaau_event *ret);

#ifdef __cplusplus
}
#endif

#endif
