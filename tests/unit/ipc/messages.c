/* One of each of our messages, every field set to something of its own. */
#include "messages.h"

#include "ipc/broker-config.h"
#include "ipc/launch.h"
#include "ipc/session-msg.h"

static char *strings[] = {(char[]){"one"}, (char[]){""}, (char[]){"A=\xff two"}, NULL};

#define SESSION_KIND(name, ...)                                                     \
	static void encode_##name(struct str *out)                                  \
	{                                                                           \
		session_msg_put_##name(out, &(struct session_##name){__VA_ARGS__}); \
	}                                                                           \
	static int decode_##name(const char *data, size_t n)                        \
	{                                                                           \
		struct session_##name message;                                      \
		return session_msg_get_##name(data, n, &message);                   \
	}

SESSION_KIND(attach, .client = 7, .protocol = 2, .level = LEVEL_INTERACTIVE, .observer = true,
	     .creator = true, .uid = 1000, .pid = 4711, .user = "alice", .rows = 24, .columns = 80,
	     .features = 5, .early = "a\0b", .early_length = 3)
SESSION_KIND(query, .tag = 99)
SESSION_KIND(spawn_failed, .step = SPAWN_STEP_PTY, .error = 28)
SESSION_KIND(hello, .id = {{1, 2, 3}}, .name = "work", .profile = "claude", .agent_user = "agent",
	     .command = "claude 'a b'", .creator_uid = 1000, .creator = "alice",
	     .created_us = 1u << 30)
SESSION_KIND(status, .tag = 1, .rows = 2, .columns = 3, .operators = 4, .observers = 5,
	     .idle_us = 6, .output_bytes = 7, .input_bytes = 8, .agent_alive = true,
	     .state = "running")
SESSION_KIND(done, .tag = 1, .count = 2, .outcome = ORDER_NOT_YET)
SESSION_KIND(ended, .reason = END_KILLED, .exit_code = 0, .signal = 9, .duration_us = 12345,
	     .by = "alice")

static void encode_order(struct str *out)
{
	session_msg_put_order(
		out, SESSION_MSG_DETACH,
		&(struct session_order){.tag = 3, .uid = 4, .user = "bob", .everyone = true});
}

static int decode_order(const char *data, size_t n)
{
	struct session_order message;

	return session_msg_get_order(data, n, &message);
}

static void encode_launch(struct str *out)
{
	launch_encode(out, &(struct launch){
				   .program = {.arguments = strings,
					       .environment = strings,
					       .path = "/bin:/usr/bin",
					       .login_shell = ""},
				   .name = "",
				   .profile = "default",
				   .agent_user = "agent",
				   .agent_home = "/home/agent",
				   .creator = "alice",
				   .rows = 24,
				   .columns = 80,
			   });
}

static int decode_launch(const char *data, size_t n)
{
	struct launch launch = {0};
	int error = launch_decode(data, n, &launch);

	launch_free(&launch);
	return error;
}

static void encode_config(struct str *out)
{
	struct broker_profile profiles[] = {
		{.name = "default",
		 .uid = 990,
		 .user = "agent",
		 .home = "/home/agent",
		 .shell = "/bin/sh",
		 .program = "bash",
		 .args = strings,
		 .env = strings,
		 .path = "/bin"},
		{.name = "claude",
		 .uid = 991,
		 .user = "claude",
		 .home = "/",
		 .shell = "",
		 .program = "claude",
		 .path = "",
		 .login_shell = true,
		 .alias = true},
	};

	broker_config_encode(out, &(struct broker_config){
					  .socket_path = "/run/aaau.sock",
					  .authorized_group = "agent",
					  .env_keep = strings,
					  .profiles = profiles,
					  .profile_count = 2,
				  });
}

static int decode_config(const char *data, size_t n)
{
	struct broker_config config = {0};
	int error = broker_config_decode(data, n, &config);

	broker_config_free(&config);
	return error;
}

/* clang-format off */
const struct message_kind message_kinds[] = {
	{"attach", encode_attach, decode_attach, 1},
	{"query", encode_query, decode_query, 1},
	{"order", encode_order, decode_order, 1},
	{"spawn_failed", encode_spawn_failed, decode_spawn_failed, 1},
	{"hello", encode_hello, decode_hello, 1},
	{"status", encode_status, decode_status, 1},
	{"done", encode_done, decode_done, 1},
	{"ended", encode_ended, decode_ended, 1},
	{"launch", encode_launch, decode_launch, 0},
	{"broker config", encode_config, decode_config, 0},
};
/* clang-format on */
const size_t message_kind_count = sizeof(message_kinds) / sizeof(message_kinds[0]);
