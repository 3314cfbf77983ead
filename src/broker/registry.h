/* The sessions that the broker knows, and the last ones that ended. */
#ifndef AAAU_BROKER_REGISTRY_H
#define AAAU_BROKER_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "broker/answer.h"
#include "util/str.h"
#include "util/uuid.h"

#define REGISTRY_ENDED_MAX 64
#define REGISTRY_CANDIDATES_MAX 5 /* sessions that an ambiguous prefix is answered with */

struct link;

enum session_state {
	SESSION_STARTING, /* the monitor was asked; nothing is known yet */
	SESSION_RUNNING,
	SESSION_LOST_LINK, /* the link broke; connecting again */
};

struct session {
	TAILQ_ENTRY(session) entry;
	struct uuid id;
	char id_text[UUID_TEXT_SIZE];
	/* Owned; never NULL. */
	char *name, *profile, *agent_user, *command, *creator;
	uid_t creator_uid;
	uint64_t created_us; /* CLOCK_REALTIME */
	enum session_state state;
	unsigned reconnects;
	struct link *link; /* NULL while it is being connected again */
	/* Whoever waits for it to start: the creator's socket, or none. */
	struct waiter creator_waits;
	bool detached; /* creator_waits gets the answer from us, not from the session */
};

struct ended_session {
	char id_text[UUID_TEXT_SIZE];
	char *name;
	char *how;         /* "exited with status 0" */
	uint64_t ended_us; /* CLOCK_REALTIME */
};

struct registry {
	TAILQ_HEAD(session_list, session) sessions; /* in the order of creation */
	unsigned count;
	struct ended_session ended[REGISTRY_ENDED_MAX]; /* a ring */
	unsigned ended_next;
};

/* What a session is, for registry_add; the strings are copied. */
struct session_facts {
	struct uuid id;
	const char *name, *profile, *agent_user, *command, *creator;
	uid_t creator_uid;
	uint64_t created_us;
};

void registry_init(struct registry *registry);
void registry_free(struct registry *registry);

/* NULL without memory. The new session is STARTING and has no link. */
struct session *registry_add(struct registry *registry, const struct session_facts *facts);
/* Forgets the session and, unless how is NULL, remembers how it ended. */
void registry_remove(struct registry *registry, struct session *session, const char *how);

struct session *registry_by_id(const struct registry *registry, const struct uuid *id);
struct session *registry_by_name(const struct registry *registry, const char *name);

enum registry_match { REGISTRY_NONE, REGISTRY_ONE, REGISTRY_MANY };

/* Exact id, exact name, then unique prefix of an id (either case). */
enum registry_match registry_find(const struct registry *registry, const char *wanted,
				  struct session **ret);
/* Appends the sessions that the prefix fits, at most REGISTRY_CANDIDATES_MAX: "ID (name), ID". */
void registry_put_candidates(const struct registry *registry, const char *prefix, struct str *out);
/* The last one that ended of this id, name or prefix, or NULL. */
const struct ended_session *registry_find_ended(const struct registry *registry,
						const char *wanted);

#endif
