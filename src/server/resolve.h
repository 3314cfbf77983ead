/* From names to numbers: the configuration as root's and the broker's processes take it. */
#ifndef AAAU_SERVER_RESOLVE_H
#define AAAU_SERVER_RESOLVE_H

#include "ipc/broker-config.h"
#include "ipc/monitor-config.h"
#include "server/config.h"
#include "util/str.h"

struct resolved {
	/* What concerns the socket and the instance is left zero; cmd-run.c knows it. */
	struct monitor_config monitor;
	struct broker_config broker; /* its strings are pool's or the configuration's */
	void **pool;
	size_t pool_count;
};

/* Looks up every user and group and refuses what would be unsafe. 0, or -1 with the reason and the
 * remedy. The configuration must outlive the result. */
int resolve(struct resolved *ret, const struct config *config, struct str *why);
void resolved_free(struct resolved *resolved);

/* The names of all profiles' agent users, the default one's first, may repeat. Returns how many
 * were written. */
size_t resolve_agent_users(const struct config *config, const char **ret, size_t room);

#endif
