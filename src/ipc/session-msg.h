/* Between broker and session: the link, a SOCK_SEQPACKET connection.
 *
 * A session has one link at a time. The first comes from the spawn; after a broker's death the
 * next broker connects to the session's socket in the sessions directory (named by the session's
 * id) and the session greets it with SESSION_MSG_HELLO. A newer link replaces an older one.
 * Both ends check that the other's uid is the service user's (or root's, whose only message is
 * SESSION_MSG_SPAWN_FAILED). A malformed message from either side ends the link, not the session.
 *
 * Each message is its type (u8) and the fields of its struct in order, in ipc/wire.h's encoding.
 * Strings in decoded messages point into the received bytes.
 */
#ifndef AAAU_IPC_SESSION_MSG_H
#define AAAU_IPC_SESSION_MSG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/str.h"
#include "util/uuid.h"

enum session_msg_type {
	/* broker -> session */
	SESSION_MSG_ATTACH = 1, /* struct session_attach; one descriptor: the client's socket */
	SESSION_MSG_QUERY,      /* struct session_query */
	SESSION_MSG_KILL,       /* struct session_order: kill the agent */
	SESSION_MSG_DETACH,     /* struct session_order: detach clients */
	SESSION_MSG_SHUTDOWN,   /* struct session_order: the server stops */
	SESSION_MSG_FREEZE,     /* struct session_order: the agent stands still */
	SESSION_MSG_THAW,       /* struct session_order: and goes on */

	/* root's spawner -> broker, where no session came to be */
	SESSION_MSG_SPAWN_FAILED = 32, /* struct session_spawn_failed */

	/* session -> broker */
	SESSION_MSG_HELLO = 64, /* struct session_hello */
	SESSION_MSG_STARTED,    /* no fields: the agent was execed */
	SESSION_MSG_STATUS,     /* struct session_status, answers QUERY */
	SESSION_MSG_DONE,       /* struct session_done, answers KILL, DETACH, FREEZE, THAW */
	SESSION_MSG_ENDED,      /* struct session_ended: the last message of a session */
};

enum permission_level {
	LEVEL_READ_ONLY = 1,
	LEVEL_INTERACTIVE = 2,
	LEVEL_ADMIN = 3,
};

struct session_attach {
	uint32_t client;  /* number the broker gave the connection, for the record */
	uint8_t protocol; /* wire version: 1 or 2 */
	uint8_t level;    /* enum permission_level: what the user may */
	bool observer;    /* asked to watch only: input refused whatever the level */
	bool creator;     /* this client's request created the session */
	uid_t uid;
	pid_t pid;              /* for the record only */
	const char *user;       /* name, or the uid in decimal */
	uint16_t rows, columns; /* 0: unknown */
	uint32_t features;      /* negotiated, enum in protocol/request.h */
	const char *early;      /* bytes that followed the handshake in the same read */
	size_t early_length;
};

struct session_query {
	uint32_t tag; /* comes back in the answer */
};

struct session_order {
	uint32_t tag;
	uid_t uid; /* who asks */
	const char *user;
	bool everyone; /* DETACH: all clients, else only those of uid */
};

struct session_spawn_failed {
	uint32_t step; /* enum spawn_step */
	int32_t error; /* errno, positive */
};

enum spawn_step {
	SPAWN_STEP_CGROUP = 1,
	SPAWN_STEP_PTY,
	SPAWN_STEP_RECORD, /* the audit file */
	SPAWN_STEP_FORK,
	SPAWN_STEP_MOUNTS,
	SPAWN_STEP_IDENTITY,
	SPAWN_STEP_EXEC, /* of aaau-session */
};

struct session_hello {
	struct uuid id;
	const char *name;
	const char *profile;
	const char *agent_user;
	const char *command; /* the program and its arguments, for people, shell-quoted */
	uid_t creator_uid;
	const char *creator;
	uint64_t created_us; /* CLOCK_REALTIME */
};

struct session_status {
	uint32_t tag;
	uint16_t rows, columns;
	uint32_t operators;
	uint32_t observers;
	uint64_t idle_us; /* since the last input or output */
	uint64_t output_bytes;
	uint64_t input_bytes;
	bool agent_alive;
	/* "running", "freezing" (ordered, and not all of it stands still yet), "frozen", "stalled"
	 * (the record cannot be written), "ending" */
	const char *state;
};

/* What became of an order. FREEZE and THAW are answered when the kernel says that it is so, or after
 * 2 s; the others at once. */
enum order_outcome {
	ORDER_DONE = 1,
	ORDER_NOT_YET,   /* the order stands, and what it asks for is not so yet */
	ORDER_OVERTAKEN, /* the opposite was ordered before it was so */
	ORDER_ENDING,    /* the session is on its way out */
	ORDER_FAILED,    /* the kernel refused */
};

struct session_done {
	uint32_t tag;
	uint32_t count;  /* DETACH: how many clients were detached */
	uint8_t outcome; /* enum order_outcome */
};

struct session_ended {
	uint8_t reason;    /* enum end_reason */
	uint8_t exit_code; /* EXITED */
	uint8_t signal;    /* SIGNALED, KILLED */
	uint64_t duration_us;
	/* KILLED: the user. EXEC_FAILED: the message that an attached client gets (what failed, the
	 * path searched), for the creator of a detached session. Else "" */
	const char *by;
};

enum end_reason {
	END_EXITED = 1,
	END_SIGNALED,
	END_KILLED,      /* on a user's order */
	END_SHUTDOWN,    /* on the server's */
	END_EXEC_FAILED, /* the agent never ran; exit_code is 127 (not found), 126 (not executable) or
			  * 255 (another step failed) */
};

/* Encoders append to a cleared str; decoders take the bytes after the type byte and give 0 or
 * -EBADMSG. */
void session_msg_put_attach(struct str *out, const struct session_attach *message);
void session_msg_put_query(struct str *out, const struct session_query *message);
void session_msg_put_order(struct str *out, enum session_msg_type type,
			   const struct session_order *message);
void session_msg_put_spawn_failed(struct str *out, const struct session_spawn_failed *message);
void session_msg_put_hello(struct str *out, const struct session_hello *message);
void session_msg_put_started(struct str *out);
void session_msg_put_status(struct str *out, const struct session_status *message);
void session_msg_put_done(struct str *out, const struct session_done *message);
void session_msg_put_ended(struct str *out, const struct session_ended *message);

int session_msg_get_attach(const char *data, size_t n, struct session_attach *ret);
int session_msg_get_query(const char *data, size_t n, struct session_query *ret);
int session_msg_get_order(const char *data, size_t n, struct session_order *ret);
int session_msg_get_spawn_failed(const char *data, size_t n, struct session_spawn_failed *ret);
int session_msg_get_hello(const char *data, size_t n, struct session_hello *ret);
int session_msg_get_status(const char *data, size_t n, struct session_status *ret);
int session_msg_get_done(const char *data, size_t n, struct session_done *ret);
int session_msg_get_ended(const char *data, size_t n, struct session_ended *ret);

#endif
