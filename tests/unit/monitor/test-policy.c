/* monitor/policy.h: each thing that root does not agree to, one at a time. */
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/launch.h"
#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "monitor/policy.h"

static struct monitor_config good_config(void)
{
	return (struct monitor_config){
		.magic = MONITOR_CONFIG_MAGIC,
		.profile_count = 2,
		.service_uid = 900,
		.service_gid = 901,
		.authorized_gid = 902,
		.tty_gid = 5,
		.log_gid = 4,
		.instance_name = "run-aaau.sock",
		.socket_name = "aaau.sock",
		.profiles =
			{
				{.uid = 1, .gid = 1, .umask = 0777, .home = "/"},
				{.uid = 990,
				 .gid = 991,
				 .groups = {20, 44},
				 .group_count = 2,
				 .umask = 027,
				 .rlimit_set = 0xffff,
				 .home = "/home/agent"},
			},
	};
}

static void assert_config(const struct monitor_config *config, const char *problem, int profile)
{
	int found = 99;
	const char *said = policy_check_config(config, &found);

	if (problem)
		assert_string_equal(said ? said : "(nothing)", problem);
	else
		assert_null(said);
	assert_int_equal(found, profile);
}

static void test_good_config(void **state)
{
	struct monitor_config config = good_config();

	(void)state;
	assert_config(&config, NULL, -1);
	config.tty_gid = config.log_gid = 0;
	config.socket_name[0] = 0;
	assert_config(&config, NULL, -1);
	config.profile_count = MONITOR_CONFIG_MAX_PROFILES;
	for (unsigned i = 2; i < config.profile_count; i++)
		config.profiles[i] = config.profiles[1];
	config.profiles[1].group_count = MONITOR_CONFIG_MAX_GROUPS;
	for (unsigned i = 0; i < MONITOR_CONFIG_MAX_GROUPS; i++)
		config.profiles[1].groups[i] = 20;
	assert_config(&config, NULL, -1);
}

/* config with one change, and what is said of it. */
#define CONFIG(change, problem, profile)                      \
	do {                                                  \
		struct monitor_config config = good_config(); \
		change;                                       \
		assert_config(&config, problem, profile);     \
	} while (0)

static void test_bad_config(void **state)
{
	(void)state;
	CONFIG(config.magic++, "not a monitor's configuration", -1);
	CONFIG(config.profile_count = 0, "no profile, or too many", -1);
	CONFIG(config.profile_count = MONITOR_CONFIG_MAX_PROFILES + 1, "no profile, or too many",
	       -1);
	CONFIG(config.service_uid = 0, "the service user is root or none", -1);
	CONFIG(config.service_uid = (uid_t)-1, "the service user is root or none", -1);
	CONFIG(config.service_gid = 0, "the service user is root or none", -1);
	CONFIG(config.service_gid = (gid_t)-1, "the service user is root or none", -1);
	CONFIG(config.authorized_gid = (gid_t)-1, "a group is none", -1);
	CONFIG(config.tty_gid = (gid_t)-1, "a group is none", -1);
	CONFIG(config.log_gid = (gid_t)-1, "a group is none", -1);
}

static void test_bad_names(void **state)
{
	static const char *const names[] = {".", "..", "a/b", "/", "../x"};

	(void)state;
	CONFIG(config.instance_name[0] = 0, "the instance's name is not a file name", -1);
	CONFIG(memset(config.instance_name, 'a', sizeof(config.instance_name)),
	       "the instance's name is not a file name", -1);
	CONFIG(memset(config.socket_name, 'a', sizeof(config.socket_name)),
	       "the socket's name is not a file name", -1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CONFIG(strcpy(config.instance_name, names[i]),
		       "the instance's name is not a file name", -1);
		CONFIG(strcpy(config.socket_name, names[i]), "the socket's name is not a file name",
		       -1);
	}
}

static void test_bad_profiles(void **state)
{
	static const gid_t nobody[] = {0, (gid_t)-1};

	(void)state;
	for (int p = 0; p < 2; p++) {
		for (int i = 0; i < 2; i++) {
			CONFIG(config.profiles[p].uid = nobody[i], "user is root or none", p);
			CONFIG(config.profiles[p].gid = nobody[i], "group is root's or none", p);
			CONFIG((config.profiles[p].groups[1] = nobody[i],
				config.profiles[p].group_count = 2),
			       "group is root's or none", p);
		}
		CONFIG(config.profiles[p].uid = 900, "user is the service user", p);
		CONFIG(config.profiles[p].gid = 902, "group is the authorized group", p);
		CONFIG(config.profiles[p].gid = 901, "group is the service user's", p);
		CONFIG((config.profiles[p].groups[0] = 902, config.profiles[p].group_count = 1),
		       "group is the authorized group", p);
		CONFIG((config.profiles[p].groups[0] = 901, config.profiles[p].group_count = 1),
		       "group is the service user's", p);
		CONFIG(config.profiles[p].group_count = MONITOR_CONFIG_MAX_GROUPS + 1,
		       "too many groups", p);
		CONFIG(config.profiles[p].group_count = UINT32_MAX, "too many groups", p);
		CONFIG(config.profiles[p].umask = 01000, "umask out of range", p);
		CONFIG(config.profiles[p].rlimit_set = 0x10000, "unknown resource limit", p);
		CONFIG(strcpy(config.profiles[p].home, "home"), "home is not an absolute path", p);
		CONFIG(config.profiles[p].home[0] = 0, "home is not an absolute path", p);
		CONFIG(memset(config.profiles[p].home, '/', sizeof(config.profiles[p].home)),
		       "home is not an absolute path", p);
	}
	/* What is not among the first profile_count is nothing. */
	CONFIG((config.profiles[1].uid = 0, config.profile_count = 1), NULL, -1);
}

struct spawn {
	struct monitor_request request;
	int fds[2], pair[2];
};

static int set_up(void **state)
{
	static struct spawn spawn;

	spawn.request = (struct monitor_request){
		.type = MONITOR_REQUEST_SPAWN, .profile = 1, .rows = 65535, .columns = 1};
	spawn.fds[0] = sealed_write("launch", "x", 1);
	*state = &spawn;
	if (uuid_generate(&spawn.request.session) < 0 || seqpacket_pair(spawn.pair) < 0)
		return -1;
	spawn.fds[1] = spawn.pair[0];
	return 0;
}

static int tear_down(void **state)
{
	struct spawn *spawn = *state;

	close(spawn->fds[0]);
	close(spawn->pair[0]);
	close(spawn->pair[1]);
	return 0;
}

static void assert_spawn(const struct monitor_request *request, const int *fds, const char *problem)
{
	const struct monitor_config config = good_config();
	const char *said = policy_check_spawn(&config, request, fds);

	if (problem)
		assert_string_equal(said ? said : "(nothing)", problem);
	else
		assert_null(said);
}

/* spawn with one change, and what is said of it. */
#define SPAWN(change, problem)                                    \
	do {                                                      \
		struct spawn spawn = *(struct spawn *)*state;     \
		change;                                           \
		assert_spawn(&spawn.request, spawn.fds, problem); \
	} while (0)

static void test_spawn(void **state)
{
	const char *version = "the session's id is not a version 4 UUID";

	SPAWN(, NULL);
	SPAWN(spawn.request.profile = 0, NULL);
	SPAWN(spawn.request.profile = 2, "no such profile");
	SPAWN(spawn.request.profile = UINT32_MAX, "no such profile");
	SPAWN(spawn.request.session = (struct uuid){0}, version);
	SPAWN(spawn.request.session.bytes[6] ^= 0x10, version);
	SPAWN(spawn.request.session.bytes[8] ^= 0x80, version);
	SPAWN(spawn.request.rows = 0, "a size of zero");
	SPAWN(spawn.request.columns = 0, "a size of zero");
	SPAWN(spawn.request.reserved = 1, "a reserved field is set");
}

static void test_spawn_launch(void **state)
{
	static const char large[LAUNCH_MAX_SIZE + 1];
	const char *problem = "the launch record is not a sealed file of a permitted size";
	int largest = sealed_write("launch", large, LAUNCH_MAX_SIZE);
	int too_large = sealed_write("launch", large, LAUNCH_MAX_SIZE + 1);

	SPAWN(spawn.fds[0] = largest, NULL);
	SPAWN(spawn.fds[0] = too_large, problem);
	SPAWN(spawn.fds[0] = STDIN_FILENO, problem);
	SPAWN(spawn.fds[0] = spawn.fds[1], problem);
	SPAWN(spawn.fds[0] = -1, problem);
	close(largest);
	close(too_large);
}

static void test_spawn_link(void **state)
{
	const char *problem = "the link is not a connected SEQPACKET socket";
	int unconnected = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int stream[2], datagram[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagram), 0);
	SPAWN(spawn.fds[1] = spawn.pair[1], NULL);
	SPAWN(spawn.fds[1] = unconnected, problem);
	SPAWN(spawn.fds[1] = stream[0], problem);
	SPAWN(spawn.fds[1] = datagram[0], problem);
	SPAWN(spawn.fds[1] = spawn.fds[0], problem);
	SPAWN(spawn.fds[1] = -1, problem);
	close(unconnected);
	for (int i = 0; i < 2; i++) {
		close(stream[i]);
		close(datagram[i]);
	}
}

static void test_ready_and_kill(void **state)
{
	const char *problem = "a field is set that the request does not use";
	const struct monitor_config config = good_config();
	struct monitor_request request = {0};

	(void)state;
	assert_null(policy_check_ready(&config, &request, NULL));
	assert_int_equal(uuid_generate(&request.session), 0);
	assert_string_equal(policy_check_ready(&config, &request, NULL), problem);
	assert_null(policy_check_kill(&config, &request, NULL));
	for (int i = 0; i < 4; i++) {
		struct monitor_request kill = request, ready = {0};

		kill.profile = ready.profile = i == 0;
		kill.rows = ready.rows = i == 1;
		kill.columns = ready.columns = i == 2;
		kill.reserved = ready.reserved = i == 3;
		assert_string_equal(policy_check_kill(&config, &kill, NULL), problem);
		assert_string_equal(policy_check_ready(&config, &ready, NULL), problem);
	}
	request.session.bytes[6] = 0;
	assert_string_equal(policy_check_kill(&config, &request, NULL),
			    "the session's id is not a version 4 UUID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_config),
		cmocka_unit_test(test_bad_config),
		cmocka_unit_test(test_bad_names),
		cmocka_unit_test(test_bad_profiles),
		cmocka_unit_test_setup_teardown(test_spawn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spawn_launch, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_spawn_link, set_up, tear_down),
		cmocka_unit_test(test_ready_and_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
