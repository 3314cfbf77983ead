/* Who is let in: every rule, and every pair of rules that could be confused. */
#include <cmocka.h>

#include "broker/auth.h"

enum {
	SERVICE = 990,
	AGENT = 991,
	OTHER_AGENT = 2001,
	SYSTEM = 150,
	HUMAN = 1000,
	TEAM = 500,   /* the authorized group */
	ADMINS = 501, /* admin_group */
	WATCHERS = 502,
};

static struct broker_profile profiles[] = {{.uid = AGENT}, {.uid = OTHER_AGENT}};

static const struct broker_config config = {
	.authorized_gid = TEAM,
	.admin_gid = ADMINS,
	.readonly_gid = WATCHERS,
	.service_uid = SERVICE,
	.profiles = profiles,
	.profile_count = 2,
};

static const struct broker_config plain_config = {
	.authorized_gid = TEAM,
	.admin_gid = (gid_t)-1,
	.readonly_gid = (gid_t)-1,
	.service_uid = SERVICE,
	.profiles = profiles,
	.profile_count = 2,
};

static const struct {
	const char *what;
	const struct broker_config *config;
	uid_t uid;
	gid_t gid;
	gid_t groups[4]; /* up to the first 0 */
	enum auth_verdict verdict;
	enum permission_level level;
} table[] = {
	{"root", &config, 0, 0, {0}, AUTH_ADMITTED, LEVEL_ADMIN},
	{"root in readonly", &config, 0, 0, {WATCHERS}, AUTH_ADMITTED, LEVEL_ADMIN},
	{"root without the group", &plain_config, 0, 77, {0}, AUTH_ADMITTED, LEVEL_ADMIN},

	{"member", &config, HUMAN, 1000, {TEAM}, AUTH_ADMITTED, LEVEL_INTERACTIVE},
	{"member by primary group", &config, HUMAN, TEAM, {0}, AUTH_ADMITTED, LEVEL_INTERACTIVE},
	{"member, last of many", &config, HUMAN, 1, {2, 3, TEAM}, AUTH_ADMITTED, LEVEL_INTERACTIVE},
	{"member, no refinement",
	 &plain_config,
	 HUMAN,
	 1,
	 {TEAM},
	 AUTH_ADMITTED,
	 LEVEL_INTERACTIVE},
	{"uid 999", &config, 999, 1, {TEAM}, AUTH_ADMITTED, LEVEL_ADMIN},
	{"uid 1000 is a human", &config, 1000, 1, {TEAM}, AUTH_ADMITTED, LEVEL_INTERACTIVE},
	{"system user", &config, SYSTEM, 1, {TEAM}, AUTH_ADMITTED, LEVEL_ADMIN},
	{"system user in readonly",
	 &config,
	 SYSTEM,
	 1,
	 {TEAM, WATCHERS},
	 AUTH_ADMITTED,
	 LEVEL_ADMIN},
	{"system user, no member", &config, SYSTEM, 1, {ADMINS}, AUTH_NOT_MEMBER, 0},

	{"admin", &config, HUMAN, 1, {TEAM, ADMINS}, AUTH_ADMITTED, LEVEL_ADMIN},
	{"admin by primary group", &config, HUMAN, ADMINS, {TEAM}, AUTH_ADMITTED, LEVEL_ADMIN},
	{"readonly", &config, HUMAN, 1, {TEAM, WATCHERS}, AUTH_ADMITTED, LEVEL_READ_ONLY},
	{"admin and readonly",
	 &config,
	 HUMAN,
	 1,
	 {TEAM, WATCHERS, ADMINS},
	 AUTH_ADMITTED,
	 LEVEL_ADMIN},
	{"admin, no member", &config, HUMAN, 1, {ADMINS}, AUTH_NOT_MEMBER, 0},
	{"readonly, no member", &config, HUMAN, 1, {WATCHERS}, AUTH_NOT_MEMBER, 0},
	/* (gid_t)-1 is "none", not a group that somebody could be in. */
	{"no admin group",
	 &plain_config,
	 HUMAN,
	 (gid_t)-1,
	 {TEAM},
	 AUTH_ADMITTED,
	 LEVEL_INTERACTIVE},

	{"agent", &config, AGENT, AGENT, {0}, AUTH_AGENT_USER, 0},
	{"agent in the group", &config, AGENT, AGENT, {TEAM}, AUTH_AGENT_USER, 0},
	{"agent with the group as primary", &config, AGENT, TEAM, {0}, AUTH_AGENT_USER, 0},
	{"agent with root's group", &config, AGENT, 0, {TEAM}, AUTH_AGENT_USER, 0},
	{"agent in admin_group", &config, AGENT, 1, {TEAM, ADMINS}, AUTH_AGENT_USER, 0},
	{"another profile's agent", &config, OTHER_AGENT, 1, {TEAM}, AUTH_AGENT_USER, 0},

	{"service user", &config, SERVICE, SERVICE, {0}, AUTH_SERVICE_USER, 0},
	{"service user in the group", &config, SERVICE, 0, {TEAM, ADMINS}, AUTH_SERVICE_USER, 0},

	{"stranger", &config, 1234, 1234, {7, 8}, AUTH_NOT_MEMBER, 0},
	{"stranger with root's group", &config, 1234, 0, {0}, AUTH_NOT_MEMBER, 0},
};

static void table_holds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		gid_t groups[4];
		struct peer peer = {.uid = table[i].uid, .gid = table[i].gid, .groups = groups};
		enum permission_level level = 0;

		while (table[i].groups[peer.group_count]) {
			groups[peer.group_count] = table[i].groups[peer.group_count];
			peer.group_count++;
		}
		if (auth_decide(table[i].config, &peer, &level) != table[i].verdict ||
		    level != table[i].level)
			fail_msg("%s", table[i].what);
	}
}

static void refusals_have_errors(void **state)
{
	(void)state;
	assert_int_equal(auth_verdict_error(AUTH_ADMITTED), PROTOCOL_OK);
	assert_int_equal(auth_verdict_error(AUTH_AGENT_USER), PROTOCOL_AGENT_REFUSED);
	assert_int_equal(auth_verdict_error(AUTH_SERVICE_USER), PROTOCOL_NOT_AUTHORIZED);
	assert_int_equal(auth_verdict_error(AUTH_NOT_MEMBER), PROTOCOL_NOT_AUTHORIZED);
	assert_string_equal(auth_verdict_name(AUTH_AGENT_USER), "agent-user");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_holds),
		cmocka_unit_test(refusals_have_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
