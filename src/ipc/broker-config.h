/* What the broker is told about the configuration: written by aaau-server run, sealed, passed on
 * by the monitor unread. */
#ifndef AAAU_IPC_BROKER_CONFIG_H
#define AAAU_IPC_BROKER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/str.h"

#define BROKER_CONFIG_MAX_SIZE 1048576

struct broker_profile {
	const char *name; /* what `aaau NAME` says */
	uid_t uid;
	const char *user, *home, *shell;
	const char *program; /* "" : the client must name one (-p, run) */
	char **args;         /* NULL-terminated */
	char **env;          /* NAME=VALUE set for the agent, NULL-terminated */
	const char *path;
	bool login_shell;
	bool alias; /* false: only there for another profile or the default, not as `aaau NAME` */
};

/* profiles[0] is the default: programs named by the client run in it. Index = index in
 * struct monitor_config. */
struct broker_config {
	const char *socket_path; /* for messages and for the record */
	gid_t authorized_gid;
	const char *authorized_group;
	gid_t admin_gid;    /* (gid_t)-1: none */
	gid_t readonly_gid; /* (gid_t)-1: none */
	uid_t service_uid;
	uint32_t handshake_timeout_ms;
	uint32_t max_sessions; /* 0: no limit but the kernel's */
	uint32_t ring_size;
	uint32_t operator_patience_ms;
	char **env_keep; /* names the client's environment may set; a trailing * matches a prefix */
	struct broker_profile *profiles;
	uint32_t profile_count;
};

void broker_config_encode(struct str *out, const struct broker_config *config);
/* Strings point into data. 0, -EBADMSG or -ENOMEM. */
int broker_config_decode(const void *data, size_t length, struct broker_config *ret);
void broker_config_free(struct broker_config *config);

#endif
