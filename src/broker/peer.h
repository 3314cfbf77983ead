/* Who is at the other end of a connection, by the kernel's word. */
#ifndef AAAU_BROKER_PEER_H
#define AAAU_BROKER_PEER_H

#include <stdbool.h>
#include <sys/types.h>

struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;     /* for the record only: the number may be another process's by now */
	gid_t *groups; /* supplementary */
	unsigned group_count;
};

/* The credentials that the peer had when it connected. 0, or a negative errno. */
int peer_read(int fd, struct peer *ret);
void peer_free(struct peer *peer); /* zeroed is fine */

/* Member by primary or by supplementary group. */
bool peer_in_group(const struct peer *peer, gid_t gid);

#endif
