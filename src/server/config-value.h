/* What a single value of the configuration may be, and what it means. */
#ifndef AAAU_SERVER_CONFIG_VALUE_H
#define AAAU_SERVER_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "server/config.h"

static inline bool config_type_is_list(enum config_type type)
{
	return type >= CONFIG_TEXTS;
}

/* One item of the key's value. 0, or -1 with the reason, which starts with the key's name. */
int config_value_check(const struct config_key *key, const char *item, struct str *why);

/* NUMBER, SIZE, MODE and BOOLEAN: false if it is not one; limits are not looked at. */
bool config_value_number(enum config_type type, const char *item, uint64_t *ret);

/* "nofile=4096": RLIMIT_NOFILE and 4096; "unlimited" is RLIM_INFINITY. */
bool config_value_rlimit(const char *item, unsigned *ret_resource, uint64_t *ret_limit);

/* Whether a user or group may be called so (useradd(8)'s portable names, 32 bytes). */
bool config_name_is_valid(const char *name);

/* Whether an agent section may be called so; else why tells. */
int config_agent_name_check(const char *name, struct str *why);

/* A name close to the wrong one, or NULL. */
const char *config_nearest_key(const char *wrong, unsigned scope);

#endif
