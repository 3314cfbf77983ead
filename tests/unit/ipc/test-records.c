/* What comes out of the decoders is what went in; counts are held down before anything is
 * allocated; outputs are untouched by a failure. */
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/broker-config.h"
#include "ipc/fields.h"
#include "ipc/launch.h"
#include "ipc/session-msg.h"

static void test_attach(void **state)
{
	const struct session_attach in = {
		.client = 7,
		.protocol = 1,
		.level = LEVEL_ADMIN,
		.observer = true,
		.uid = 1000,
		.pid = 4711,
		.user = "alice",
		.rows = 65535,
		.columns = 1,
		.features = 0x80000001,
		.early = "\0\xff",
		.early_length = 2,
	};
	cleanup_str struct str out = {0};
	struct session_attach ret;

	(void)state;
	session_msg_put_attach(&out, &in);
	assert_int_equal(out.data[0], SESSION_MSG_ATTACH);
	assert_int_equal(session_msg_get_attach(out.data + 1, out.length - 1, &ret), 0);
	assert_int_equal(ret.client, 7);
	assert_int_equal(ret.protocol, 1);
	assert_int_equal(ret.level, LEVEL_ADMIN);
	assert_true(ret.observer);
	assert_false(ret.creator);
	assert_int_equal(ret.uid, 1000);
	assert_int_equal(ret.pid, 4711);
	assert_string_equal(ret.user, "alice");
	assert_int_equal(ret.rows, 65535);
	assert_int_equal(ret.columns, 1);
	assert_int_equal(ret.features, 0x80000001);
	assert_int_equal(ret.early_length, 2);
	assert_memory_equal(ret.early, "\0\xff", 2);
}

static void test_enums_are_held_to_their_values(void **state)
{
	struct session_attach in = {.protocol = 1, .level = LEVEL_ADMIN, .user = ""}, ret;
	cleanup_str struct str out = {0};

	(void)state;
	in.level = LEVEL_ADMIN + 1;
	session_msg_put_attach(&out, &in);
	assert_int_equal(session_msg_get_attach(out.data + 1, out.length - 1, &ret), -EBADMSG);
	str_clear(&out);
	in.level = LEVEL_READ_ONLY;
	in.protocol = 3;
	session_msg_put_attach(&out, &in);
	assert_int_equal(session_msg_get_attach(out.data + 1, out.length - 1, &ret), -EBADMSG);
}

static void test_spawn_failed(void **state)
{
	const struct session_spawn_failed in = {.step = SPAWN_STEP_EXEC, .error = 13};
	cleanup_str struct str out = {0};
	struct session_spawn_failed ret;

	(void)state;
	session_msg_put_spawn_failed(&out, &in);
	assert_int_equal(out.data[0], SESSION_MSG_SPAWN_FAILED);
	assert_int_equal(session_msg_get_spawn_failed(out.data + 1, out.length - 1, &ret), 0);
	assert_int_equal(ret.step, SPAWN_STEP_EXEC);
	assert_int_equal(ret.error, 13);
}

static void test_types_of_orders(void **state)
{
	const struct session_order in = {.tag = 1, .user = "bob"};
	cleanup_str struct str out = {0};

	(void)state;
	session_msg_put_order(&out, SESSION_MSG_KILL, &in);
	assert_int_equal(out.data[0], SESSION_MSG_KILL);
	str_clear(&out);
	session_msg_put_order(&out, SESSION_MSG_SHUTDOWN, &in);
	assert_int_equal(out.data[0], SESSION_MSG_SHUTDOWN);
	str_clear(&out);
	session_msg_put_started(&out);
	assert_int_equal(out.length, 1);
	assert_int_equal(out.data[0], SESSION_MSG_STARTED);
}

static void test_launch(void **state)
{
	char *arguments[] = {(char[]){"ls"}, (char[]){"-l"}, (char[]){""}, NULL};
	char *environment[] = {(char[]){"A=1"}, NULL};
	const struct launch in = {
		.program = {arguments, 3, environment, 1, "/bin", "/bin/bash"},
		.id = {{9, 8, 7}},
		.name = "n",
		.profile = "p",
		.agent_user = "u",
		.agent_home = "/h",
		.creator_uid = 5,
		.creator = "c",
		.rows = 1,
		.columns = 2,
		.ring_size = 3,
		.operator_patience_ms = 4,
		.created_us = UINT64_MAX,
	};
	cleanup_str struct str out = {0};
	struct launch ret;

	(void)state;
	launch_encode(&out, &in);
	assert_int_equal(launch_decode(out.data, out.length, &ret), 0);
	assert_int_equal(ret.program.argument_count, 3);
	assert_string_equal(ret.program.arguments[0], "ls");
	assert_string_equal(ret.program.arguments[2], "");
	assert_null(ret.program.arguments[3]);
	assert_int_equal(ret.program.environment_count, 1);
	assert_string_equal(ret.program.environment[0], "A=1");
	assert_null(ret.program.environment[1]);
	assert_string_equal(ret.program.path, "/bin");
	assert_string_equal(ret.program.login_shell, "/bin/bash");
	assert_true(uuid_equal(&ret.id, &in.id));
	assert_string_equal(ret.agent_home, "/h");
	assert_int_equal(ret.creator_uid, 5);
	assert_int_equal(ret.columns, 2);
	assert_true(ret.created_us == UINT64_MAX);
	launch_free(&ret);
	launch_free(&ret);
	launch_free(NULL);
}

static void test_launch_without_a_program(void **state)
{
	const struct launch in = {.program = {.path = "", .login_shell = ""},
				  .name = "",
				  .profile = "",
				  .agent_user = "",
				  .agent_home = "",
				  .creator = ""};
	struct launch ret = {.rows = 77};
	cleanup_str struct str out = {0};

	(void)state;
	launch_encode(&out, &in);
	assert_int_equal(launch_decode(out.data, out.length, &ret), -EBADMSG);
	assert_int_equal(ret.rows, 77);
}

/* The encoder only reads: here it could not write if it wanted to. */
static void test_launch_of_constants(void **state)
{
	static char name[] = "sh";
	static char *const words[] = {name, NULL};
	const struct launch in = {
		.program = {.arguments = (char **)(uintptr_t)words,
			    .argument_count = 9,
			    .path = "",
			    .login_shell = ""},
		.name = "",
		.profile = "",
		.agent_user = "",
		.agent_home = "",
		.creator = "",
	};
	cleanup_str struct str out = {0};

	(void)state;
	launch_encode(&out, &in);
	assert_int_equal(str_error(&out), 0);
	assert_int_equal(in.program.argument_count, 9);
}

static void test_launch_too_large(void **state)
{
	static char large[LAUNCH_MAX_SIZE + 1];
	struct launch ret;

	(void)state;
	assert_int_equal(launch_decode(large, sizeof(large), &ret), -EBADMSG);
}

static void test_counts(void **state)
{
	char **texts = NULL;
	struct fields f;
	uint32_t count;

	(void)state;
	/* Two promised, room for one. */
	fields_decode(&f, "\x02\0\0\0\0\0\0\0\0", 9);
	field_texts(&f, &texts, 10, &count);
	assert_int_equal(fields_end(&f), -EBADMSG);
	assert_int_equal(count, 0);
	assert_null(texts[0]);
	free(texts);

	/* One more than permitted, though it is there. */
	fields_decode(&f, "\x02\0\0\0\0\0\0\0\0\0\0\0\0\0", 14);
	field_texts(&f, &texts, 1, &count);
	assert_int_equal(fields_end(&f), -EBADMSG);
	free(texts);

	fields_decode(&f, "\xff\xff\xff\xff", 4);
	field_texts(&f, &texts, UINT32_MAX, &count);
	assert_int_equal(fields_end(&f), -EBADMSG);
	free(texts);
}

static void test_broker_config(void **state)
{
	char *args[] = {(char[]){"--yolo"}, NULL},
	     *keep[] = {(char[]){"TERM"}, (char[]){"LC_*"}, NULL};
	struct broker_profile profiles[] = {
		{.name = "default",
		 .user = "u",
		 .home = "/h",
		 .shell = "/s",
		 .program = "",
		 .path = "p"},
		{.name = "gemini",
		 .uid = 3,
		 .user = "g",
		 .home = "/g",
		 .shell = "",
		 .program = "gemini",
		 .args = args,
		 .path = "q",
		 .login_shell = true,
		 .alias = true},
	};
	const struct broker_config in = {
		.socket_path = "/s",
		.authorized_gid = 1,
		.authorized_group = "a",
		.admin_gid = (gid_t)-1,
		.readonly_gid = 2,
		.service_uid = 3,
		.handshake_timeout_ms = 4,
		.max_sessions = 5,
		.ring_size = 6,
		.operator_patience_ms = 7,
		.env_keep = keep,
		.profiles = profiles,
		.profile_count = 2,
	};
	cleanup_str struct str out = {0};
	struct broker_config ret;

	(void)state;
	broker_config_encode(&out, &in);
	assert_int_equal(broker_config_decode(out.data, out.length, &ret), 0);
	assert_int_equal(ret.admin_gid, (gid_t)-1);
	assert_int_equal(ret.operator_patience_ms, 7);
	assert_string_equal(ret.env_keep[1], "LC_*");
	assert_null(ret.env_keep[2]);
	assert_int_equal(ret.profile_count, 2);
	assert_null(ret.profiles[0].args[0]);
	assert_false(ret.profiles[0].alias);
	assert_string_equal(ret.profiles[1].args[0], "--yolo");
	assert_string_equal(ret.profiles[1].program, "gemini");
	assert_true(ret.profiles[1].login_shell);
	broker_config_free(&ret);
	broker_config_free(&ret);
	broker_config_free(NULL);
}

static void test_broker_config_without_a_profile(void **state)
{
	const struct broker_config in = {.socket_path = "", .authorized_group = ""};
	cleanup_str struct str out = {0};
	struct broker_config ret;

	(void)state;
	broker_config_encode(&out, &in);
	assert_int_equal(broker_config_decode(out.data, out.length, &ret), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_enums_are_held_to_their_values),
		cmocka_unit_test(test_spawn_failed),
		cmocka_unit_test(test_types_of_orders),
		cmocka_unit_test(test_launch),
		cmocka_unit_test(test_launch_without_a_program),
		cmocka_unit_test(test_launch_of_constants),
		cmocka_unit_test(test_launch_too_large),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_broker_config),
		cmocka_unit_test(test_broker_config_without_a_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
