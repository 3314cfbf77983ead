/* A session under test, with this process in the parts of spawner, broker and clients.
 *
 * The session is the real executable, started as the spawner starts it: a PTY, an agent forked from
 * the same process, the descriptors of ipc/fds.h. As root there is a real cgroup, and session and
 * agent run as two unprivileged users; otherwise cgroup.kill is a pipe to a helper that kills the
 * agent's process group. Everything that goes wrong fails the test, and nothing is waited for
 * longer than PATIENCE_MS.
 */
#ifndef AAAU_TESTS_SESSION_HARNESS_H
#define AAAU_TESTS_SESSION_HARNESS_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
/* Not in the block above: it must come last. */
#include <cmocka.h>
#include <jansson.h>
#include <sys/types.h>

#include "ipc/session-msg.h"
#include "util/str.h"

#define PATIENCE_MS 20000
#define CREATOR_UID 1000
#define SESSION_UID 65534 /* where we are root */

struct world_options {
	const char *const *argv;
	uint32_t ring_size;            /* 0: 1 MiB */
	uint32_t operator_patience_ms; /* 0: 2000 */
	const char *record_dir;        /* NULL: the world's own */
	bool no_such_home;             /* the agent's side fails before it looks for the program */
};

struct world {
	pid_t session;
	int link;
	int session_link; /* the session's end, until it has it */
	char id[37];
	char dir[64];     /* the sessions directory */
	char record[160]; /* its path */
	char cgroup[160]; /* "" where there is none */
	int exit_status;  /* once world_wait() was called */
};

/* Between the two, the creator's ATTACH can be put on the link, as the broker does. */
void world_prepare(struct world *world);
void world_spawn(struct world *world, const struct world_options *options);
void world_start(struct world *world, const struct world_options *options); /* both */
/* Short for a world with default options; the arguments end with NULL. */
void world_run(struct world *world, ...) __attribute__((sentinel));
/* Waits for the session's own exit. */
void world_wait(struct world *world);
/* Kills what still runs and removes everything. */
void world_stop(struct world *world);

/* --- as the broker --- */

/* Receives the next message; its type. *ret_data (if not NULL) points to its fields. */
int link_receive(struct world *world, const char **ret_data, size_t *ret_length);
void link_expect(struct world *world, enum session_msg_type type);
void link_ask(struct world *world, struct str *message); /* consumes it */
void link_order(struct world *world, enum session_msg_type type, uid_t uid, const char *user,
		bool everyone);
struct session_status link_status(struct world *world);
struct session_ended link_ended(struct world *world); /* skips what comes before */
void link_rejoin(struct world *world);

/* --- as a client --- */

struct peer {
	int fd;
	int version;
	struct str in;  /* everything received and not consumed */
	size_t at;      /* consumed of it */
	struct str out; /* version 2: output bytes so far */
	json_t *end;    /* version 2: the END frame */
	json_t *error;  /* version 2: the last ERROR frame */
	json_t *status;
	struct str pong;
	unsigned notices;
	uint64_t skipped; /* as the last notice of it says */
	bool closed;
};

struct session_attach operator_attach(int version);
struct session_attach observer_attach(int version);
/* Only hands the socket over. type: SOCK_STREAM, or SOCK_SEQPACKET to see each write by itself. */
void peer_join(struct peer *peer, struct world *world, const struct session_attach *attach,
	       int type);
/* As the creator: handed over before the session starts, so that no agent ends too early for it. */
void peer_create(struct peer *peer, struct world *world, const struct session_attach *attach,
		 const struct world_options *options);
void peer_expect_welcome(struct peer *peer);
/* Joins and expects to be let in. */
void peer_enter(struct peer *peer, struct world *world, const struct session_attach *attach);
void peer_close(struct peer *peer);

/* Reads one line, the answer. NULL at the end of the connection. The caller frees it. */
char *peer_line(struct peer *peer);
/* Receives once and takes apart what came. False at the end. */
bool peer_receive(struct peer *peer);
/* Until out contains the text. */
void peer_expect(struct peer *peer, const char *text);
/* Until the connection ends. */
void peer_finish(struct peer *peer);
void peer_frame(struct peer *peer, uint8_t type, const void *data, size_t n);
void peer_type(struct peer *peer, const char *text); /* INPUT, or a version 1 frame */

#define peer_until(peer, condition)                                                  \
	do {                                                                         \
		while (!(condition))                                                 \
			if (!peer_receive(peer))                                     \
				fail_msg("the connection ended before " #condition); \
	} while (0)

/* --- the record --- */

/* Its lines as an array. */
json_t *record_lines(const struct world *world);
/* The exact contents of all lines of one type, in order. */
void record_content(const json_t *lines, const char *type, struct str *ret);
/* The n-th line of the type, or NULL; borrowed. */
json_t *record_line(const json_t *lines, const char *type, size_t n);
const char *record_metadata(const json_t *line, const char *key);
size_t record_count(const json_t *lines, const char *type);

bool is_root(void);

#endif
