/* Credentials and configuration to a permission level, or a refusal.
 *
 * A pure function: no state, no lookups, no errors. The order of the checks is the policy:
 *
 *   1. The service user is refused. Our own processes never connect to the public socket, so
 *      whoever comes as this user has broken into one.
 *   2. An agent user is refused, before anything that could let it in: neither membership in the
 *      group, nor a uid below 1000, nor the group of root makes an agent an operator.
 *   3. uid 0 is Admin.
 *   4. Who is not in the authorized group is refused. admin_group and readonly_group refine
 *      membership; they do not replace it.
 *   5. System users (uid below 1000) are Admin.
 *   6. Members of admin_group are Admin, also if they are in readonly_group.
 *   7. Members of readonly_group are ReadOnly.
 *   8. Everybody else is Interactive.
 */
#include "broker/auth.h"

#define FIRST_HUMAN_UID 1000
#define NO_GROUP ((gid_t)-1)

enum auth_verdict auth_decide(const struct broker_config *config, const struct peer *peer,
			      enum permission_level *ret_level)
{
	if (peer->uid == config->service_uid)
		return AUTH_SERVICE_USER;
	for (uint32_t i = 0; i < config->profile_count; i++)
		if (peer->uid == config->profiles[i].uid)
			return AUTH_AGENT_USER;

	if (peer->uid == 0) {
		*ret_level = LEVEL_ADMIN;
		return AUTH_ADMITTED;
	}
	if (!peer_in_group(peer, config->authorized_gid))
		return AUTH_NOT_MEMBER;

	if (peer->uid < FIRST_HUMAN_UID)
		*ret_level = LEVEL_ADMIN;
	else if (config->admin_gid != NO_GROUP && peer_in_group(peer, config->admin_gid))
		*ret_level = LEVEL_ADMIN;
	else if (config->readonly_gid != NO_GROUP && peer_in_group(peer, config->readonly_gid))
		*ret_level = LEVEL_READ_ONLY;
	else
		*ret_level = LEVEL_INTERACTIVE;
	return AUTH_ADMITTED;
}

const char *auth_verdict_name(enum auth_verdict verdict)
{
	switch (verdict) {
	case AUTH_ADMITTED: return "admitted";
	case AUTH_SERVICE_USER: return "service-user";
	case AUTH_AGENT_USER: return "agent-user";
	case AUTH_NOT_MEMBER: return "not-in-group";
	}
	return "unknown";
}

enum protocol_error auth_verdict_error(enum auth_verdict verdict)
{
	switch (verdict) {
	case AUTH_ADMITTED: return PROTOCOL_OK;
	case AUTH_AGENT_USER: return PROTOCOL_AGENT_REFUSED;
	case AUTH_SERVICE_USER:
	case AUTH_NOT_MEMBER: break;
	}
	return PROTOCOL_NOT_AUTHORIZED;
}
