/* Names to numbers, with users that every Debian has; who may be an agent, and who not. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "server/resolve.h"
#include "util/users.h"

/* daemon is the agent user, bin the service user, users the authorized group. */
#define BASE "group = users\nuser = daemon\nservice_user = bin\n"

struct outcome {
	struct config config;
	struct resolved resolved;
	struct str why;
	int result;
};

static int need_users(void **state)
{
	static const char *const names[] = {"daemon", "bin", "mail", "root", "nobody"};
	struct user user;
	gid_t gid;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (user_by_name(names[i], &user) < 0)
			return 1;
	}
	return group_by_name("users", &gid) < 0 || group_by_name("adm", &gid) < 0;
}

static struct outcome run(const char *text)
{
	struct outcome o = {0};

	assert_int_equal(config_init(&o.config, &o.why), 0);
	if (config_parse(&o.config, "F", text, strlen(text), &o.why) < 0)
		fail_msg("%s", o.why.data);
	o.result = resolve(&o.resolved, &o.config, &o.why);
	return o;
}

static void drop(struct outcome *o)
{
	resolved_free(&o->resolved);
	config_free(&o->config);
	str_free(&o->why);
}

static void expect_refused(const char *text, const char *wanted)
{
	struct outcome o = run(text);

	if (o.result != -1)
		fail_msg("%s\nwas taken", text);
	if (!strstr(o.why.data, wanted))
		fail_msg("%s\ngave \"%s\", which has no \"%s\"", text, o.why.data, wanted);
	drop(&o);
}

static const struct broker_profile *profile(const struct outcome *o, const char *name)
{
	for (uint32_t i = 0; i < o->resolved.broker.profile_count; i++) {
		if (!strcmp(o->resolved.broker.profiles[i].name, name))
			return &o->resolved.broker.profiles[i];
	}
	fail_msg("no profile %s", name);
	return NULL;
}

static void test_built_in_profiles(void **state)
{
	struct outcome o = run(BASE "program = \"bash -l 'a b'\"\n");
	const struct broker_config *broker = &o.resolved.broker;

	(void)state;
	assert_int_equal(o.result, 0);
	assert_int_equal(broker->profile_count, 5);
	assert_int_equal(o.resolved.monitor.profile_count, 5);
	assert_string_equal(broker->profiles[0].name, "default");
	assert_string_equal(broker->profiles[0].program, "bash");
	assert_string_equal(broker->profiles[0].args[0], "-l");
	assert_string_equal(broker->profiles[0].args[1], "a b");
	assert_null(broker->profiles[0].args[2]);
	assert_false(broker->profiles[0].alias);
	assert_string_equal(profile(&o, "claude")->program, "claude");
	assert_string_equal(profile(&o, "claude")->args[0], "--dangerously-skip-permissions");
	assert_true(profile(&o, "claude")->alias);
	assert_string_equal(profile(&o, "codex")->args[0],
			    "--dangerously-bypass-approvals-and-sandbox");
	assert_string_equal(profile(&o, "gemini")->args[0], "--yolo");
	assert_null(profile(&o, "opencode")->args[0]);
	drop(&o);
}

static void test_numbers(void **state)
{
	struct outcome o = run(BASE "handshake_timeout = 3\noperator_patience = 0\n"
				    "umask = 077\nrlimits = {\"nofile=64\"}\n"
				    "groups = {\"mail\", \"adm\", \"mail\"}\n"
				    "admin_group = adm\n");
	const struct monitor_config *monitor = &o.resolved.monitor;
	const struct monitor_profile *first = &monitor->profiles[0];
	struct user agent, service;
	gid_t users, mail;

	(void)state;
	if (o.result)
		fail_msg("%s", o.why.data);
	assert_int_equal(user_by_name("daemon", &agent), 0);
	assert_int_equal(user_by_name("bin", &service), 0);
	assert_int_equal(group_by_name("users", &users), 0);
	assert_int_equal(group_by_name("mail", &mail), 0);
	assert_int_equal(monitor->magic, MONITOR_CONFIG_MAGIC);
	assert_int_equal(monitor->service_uid, service.uid);
	assert_int_equal(monitor->authorized_gid, users);
	assert_int_equal(first->uid, agent.uid);
	assert_int_equal(first->gid, agent.gid);
	assert_string_equal(first->home, agent.home);
	assert_int_equal(first->umask, 077);
	assert_int_equal(first->group_count, 2);
	assert_int_equal(first->groups[0], mail);
	assert_int_equal(first->rlimit_set, 1u << RLIMIT_NOFILE);
	assert_int_equal(first->rlimits[RLIMIT_NOFILE], 64);
	assert_int_equal(o.resolved.broker.handshake_timeout_ms, 3000);
	assert_int_equal(o.resolved.broker.operator_patience_ms, 0);
	assert_int_equal(o.resolved.broker.readonly_gid, (gid_t)-1);
	assert_int_not_equal(o.resolved.broker.admin_gid, (gid_t)-1);
	drop(&o);
}

static void test_sections(void **state)
{
	struct outcome o =
		run(BASE "umask = 077\n"
			 "agent claude { args = {\"--x\"} env = {\"A=$HOME/a\"} }\n"
			 "agent codex { program = \"mycodex --y\" }\n"
			 "agent mine { user = mail program = vi args = {\"a b\"} alias = no\n"
			 "  umask = 002 path = \"$HOME/p:/bin\" shell = /bin/dash\n"
			 "  login_shell = true }\n"
			 "agent default { env = {\"B=$HOMEX $HOME\"} }\n");
	const struct broker_profile *mine;
	struct user mail, agent;
	char expected[600];

	(void)state;
	if (o.result)
		fail_msg("%s", o.why.data);
	assert_int_equal(user_by_name("mail", &mail), 0);
	assert_int_equal(user_by_name("daemon", &agent), 0);
	assert_int_equal(o.resolved.broker.profile_count, 6);
	/* args of a section take the place of the built-in ones, */
	assert_string_equal(profile(&o, "claude")->program, "claude");
	assert_string_equal(profile(&o, "claude")->args[0], "--x");
	assert_null(profile(&o, "claude")->args[1]);
	snprintf(expected, sizeof expected, "A=%s/a", agent.home);
	assert_string_equal(profile(&o, "claude")->env[0], expected);
	/* and so does a program. */
	assert_string_equal(profile(&o, "codex")->program, "mycodex");
	assert_string_equal(profile(&o, "codex")->args[0], "--y");
	assert_null(profile(&o, "codex")->args[1]);

	mine = profile(&o, "mine");
	assert_int_equal(mine->uid, mail.uid);
	assert_string_equal(mine->program, "vi");
	assert_string_equal(mine->args[0], "a b");
	assert_false(mine->alias);
	assert_true(mine->login_shell);
	assert_string_equal(mine->shell, "/bin/dash");
	snprintf(expected, sizeof expected, "%s/p:/bin", mail.home);
	assert_string_equal(mine->path, expected);
	assert_int_equal(o.resolved.monitor.profiles[5].umask, 002);
	assert_int_equal(o.resolved.monitor.profiles[5].uid, mail.uid);
	assert_int_equal(o.resolved.monitor.profiles[0].umask, 077);

	assert_int_equal(strncmp(o.resolved.broker.profiles[0].name, "default", 8), 0);
	snprintf(expected, sizeof expected, "B=$HOMEX %s", agent.home);
	assert_string_equal(o.resolved.broker.profiles[0].env[0], expected);
	/* daemon's own shell is nologin. */
	assert_string_not_equal(o.resolved.broker.profiles[0].shell, "/usr/sbin/nologin");
	assert_null(profile(&o, "opencode")->env[0]);
	drop(&o);
}

static void test_refusals(void **state)
{
	(void)state;
	expect_refused("group = no-such-group\n", "F:1: there is no group no-such-group");
	expect_refused("group = root\n", "gid 0");
	expect_refused("group = users\nservice_user = no-such\n", "F:2: there is no user no-such");
	expect_refused("group = users\nservice_user = root\n", "root");
	expect_refused("group = users\nservice_user = bin\nuser = no-such\n",
		       "F:3: there is no user no-such");
	expect_refused("group = users\nservice_user = bin\nuser = root\n", "F:3: ");
	expect_refused("group = users\nservice_user = bin\nuser = bin\n", "F:3: ");
	expect_refused("group = users\nservice_user = bin\nuser = nobody\n", "is no directory");
	/* The group of the agent user is the authorized one. */
	expect_refused("group = daemon\nservice_user = bin\nuser = daemon\n",
		       "authorized group daemon as its primary group");
	expect_refused("group = bin\nservice_user = bin\nuser = daemon\n",
		       "authorized group as its primary");
	expect_refused(BASE "groups = {\"root\"}\n",
		       "F:4: groups: an agent is never put into root");
	expect_refused(BASE "groups = {\"users\"}\n", "the authorized group");
	expect_refused(BASE "groups = {\"bin\"}\n", "the server's own group");
	expect_refused(BASE "groups = {\"no-such\"}\n", "F:4: groups: no-such");
	expect_refused(BASE "log_group = no-such\n", "F:4: there is no group no-such (log_group)");
	expect_refused(BASE "admin_group = no-such\n", "F:4: ");
	expect_refused(BASE "agent x {\n user = root\n}\n", "F:5: ");
}

static void test_too_many_profiles(void **state)
{
	struct str text = {0};

	(void)state;
	str_append_text(&text, BASE);
	for (int i = 0; i < MONITOR_CONFIG_MAX_PROFILES; i++)
		str_append_format(&text, "agent a%d { program = x }\n", i);
	expect_refused(text.data, "more than 64 agents");
	str_free(&text);
}

static void test_configuration_travels(void **state)
{
	struct outcome o = run(BASE "agent mine { program = vi env = {\"A=b\"} }\n");
	struct str encoded = {0};
	struct broker_config decoded;

	(void)state;
	assert_int_equal(o.result, 0);
	broker_config_encode(&encoded, &o.resolved.broker);
	assert_int_equal(broker_config_decode(encoded.data, encoded.length, &decoded), 0);
	assert_int_equal(decoded.profile_count, 6);
	assert_string_equal(decoded.profiles[5].env[0], "A=b");
	assert_string_equal(decoded.env_keep[0], "TERM");
	broker_config_free(&decoded);
	str_free(&encoded);
	drop(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_built_in_profiles),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_too_many_profiles),
		cmocka_unit_test(test_configuration_travels),
	};

	if (need_users(NULL))
		return 77; /* not a Debian: meson's "skipped" */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
