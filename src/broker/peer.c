/* The peer's credentials.
 *
 * Trusts the kernel: SO_PEERCRED and SO_PEERGROUPS are what the peer's process had at connect(2),
 * and nothing that it says or does later changes them. A pidfd (SO_PEERPIDFD) would add nothing:
 * no decision rests on the pid, and a process chooses its own name, so that neither proves
 * anything in the record either. Failures are negative errnos; a peer that cannot be known is not
 * let in.
 */
#include "broker/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define GROUPS_FIRST 32

int peer_read(int fd, struct peer *ret)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);
	socklen_t room = GROUPS_FIRST * sizeof(gid_t);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return -errno;
	for (;;) {
		gid_t *groups = malloc(room);
		int error;

		if (!groups)
			return -ENOMEM;
		length = room;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length) == 0) {
			*ret = (struct peer){
				.uid = credentials.uid,
				.gid = credentials.gid,
				.pid = credentials.pid,
				.groups = groups,
				.group_count = (unsigned)(length / sizeof(gid_t)),
			};
			return 0;
		}
		error = errno;
		free(groups);
		/* ERANGE tells the size that it takes. */
		if (error != ERANGE || length <= room)
			return -error;
		room = length;
	}
}

void peer_free(struct peer *peer)
{
	free(peer->groups);
	*peer = (struct peer){0};
}

bool peer_in_group(const struct peer *peer, gid_t gid)
{
	if (peer->gid == gid)
		return true;
	for (unsigned i = 0; i < peer->group_count; i++)
		if (peer->groups[i] == gid)
			return true;
	return false;
}
