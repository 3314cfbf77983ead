/* Accounting by user.
 *
 * Owns the users' entries, which live as long as they have a connection; the clients are
 * client.c's. A uid is the kernel's word (SO_PEERCRED). The limits keep memory and descriptors
 * bounded and one user from crowding out the others: since it is always a connection of the user
 * with the most that gives way, a newcomer is always let in.
 */
#include "broker/quota.h"

#include <errno.h>
#include <stdlib.h>

#include "broker/client.h"

int quota_enter(struct quota *quota, struct client *client)
{
	struct quota_user *user;

	LIST_FOREACH (user, &quota->users, entry)
		if (user->uid == client->uid)
			break;
	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return -ENOMEM;
		user->uid = client->uid;
		TAILQ_INIT(&user->clients);
		LIST_INSERT_HEAD(&quota->users, user, entry);
	}
	client->quota_user = user;
	TAILQ_INSERT_TAIL(&user->clients, client, quota_entry);
	user->connections++;
	quota->connections++;
	return 0;
}

void quota_charge(struct quota *quota, struct client *client, size_t bytes)
{
	struct quota_user *user = client->quota_user;

	user->bytes += bytes - client->charged;
	quota->bytes += bytes - client->charged;
	client->charged = bytes;
}

void quota_leave(struct quota *quota, struct client *client)
{
	struct quota_user *user = client->quota_user;

	quota_charge(quota, client, 0);
	TAILQ_REMOVE(&user->clients, client, quota_entry);
	user->connections--;
	quota->connections--;
	client->quota_user = NULL;
	if (user->connections == 0) {
		LIST_REMOVE(user, entry);
		free(user);
	}
}

struct client *quota_surplus(const struct quota *quota)
{
	struct quota_user *user, *most = NULL, *heaviest = NULL;
	struct client *client;

	LIST_FOREACH (user, &quota->users, entry) {
		if (!most || user->connections > most->connections)
			most = user;
		if (!heaviest || user->bytes > heaviest->bytes)
			heaviest = user;
	}
	if (most && (quota->connections > QUOTA_CONNECTIONS_MAX ||
		     most->connections > QUOTA_CONNECTIONS_PER_UID))
		return TAILQ_FIRST(&most->clients);
	if (heaviest && quota->bytes > QUOTA_BYTES_MAX)
		TAILQ_FOREACH (client, &heaviest->clients, quota_entry)
			if (client->charged)
				return client;
	return NULL;
}
