/* How many connections may be under way, and who gives way when there are too many. */
#ifndef AAAU_BROKER_QUOTA_H
#define AAAU_BROKER_QUOTA_H

#include <stddef.h>
#include <sys/queue.h>
#include <sys/types.h>

/* Connections that have not been handed to a session, and bytes of unfinished first lines and
 * of answers that are not taken. */
#define QUOTA_CONNECTIONS_MAX 2048
#define QUOTA_CONNECTIONS_PER_UID 1024
#define QUOTA_BYTES_MAX (16u << 20)

struct client;

struct quota_user {
	LIST_ENTRY(quota_user) entry;
	uid_t uid;
	unsigned connections;
	size_t bytes;
	TAILQ_HEAD(quota_clients, client) clients; /* the oldest first */
};

struct quota {
	LIST_HEAD(, quota_user) users; /* those with connections */
	unsigned connections;
	size_t bytes;
};

/* Counts the client among its user's. 0, or -ENOMEM. */
int quota_enter(struct quota *quota, struct client *client);
void quota_leave(struct quota *quota, struct client *client);
/* So many bytes are kept for it now. */
void quota_charge(struct quota *quota, struct client *client, size_t bytes);

/* Which client has to go because a limit is passed, or NULL. Of the user with the most, the
 * oldest: who is patient or silent gives way to who comes, and only ever to their own kin, as long
 * as one user alone can be at fault. */
struct client *quota_surplus(const struct quota *quota);

#endif
