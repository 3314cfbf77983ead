/* Lives and deaths: of sessions, of the broker, of the monitor, of the server. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "util/clock.h"
#include "util/fd.h"

/* What an agent can do to outlive its session. */
#define STUBBORN                                                                                  \
	"trap '' HUP TERM INT; setsid sh -c 'trap \"\" HUP TERM; echo daemon; while :; do sleep " \
	"100; done' & echo agent; while :; do wait; done"

static int start_stubborn(struct harness *h, struct stand_in *broker,
			  const struct monitor_request *request, struct stand_in *session)
{
	int link = session_start(h, broker, request, launch_script(STUBBORN), session);

	pty_read_until(session->fds[SESSION_FD_PTY], "agent");
	return link;
}

static void test_ready(void **state)
{
	struct harness *h = *state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stand_in broker;
	char text[64];
	ssize_t n;
	int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", h->directory);
	assert_int_equal(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	harness_start(h);
	unsetenv("NOTIFY_SOCKET");

	stand_in_accept(h, &broker, "aaau-broker");
	assert_int_equal(poll(&(struct pollfd){.fd = h->ready, .events = POLLIN}, 1, 0), 0);
	broker_send(&broker, &(struct monitor_request){.type = MONITOR_REQUEST_READY}, NULL, 0);
	wait_readable(h->ready, POLLIN);
	assert_int_equal(read(h->ready, text, sizeof(text)), 1);
	assert_int_equal(read(h->ready, text, sizeof(text)), 0);
	wait_readable(manager, POLLIN);
	n = recv(manager, text, sizeof(text), 0);
	assert_int_equal(n, 7);
	assert_memory_equal(text, "READY=1", 7);

	/* Told once, whatever number of brokers says it. */
	stand_in_release(&broker);
	broker_accept(h, &broker);
	kill(h->monitor, SIGTERM);
	wait_readable(manager, POLLIN);
	n = recv(manager, text, sizeof(text), 0);
	assert_int_equal(n, 10);
	assert_memory_equal(text, "STOPPING=1", 10);
	assert_int_equal(harness_wait_for_end(h), 0);
	stand_in_release(&broker);
	close(manager);
}

static void test_nobody_waits_for_ready(void **state)
{
	struct harness *h = *state;
	struct stand_in broker;

	h->no_ready = true;
	harness_start(h);
	broker_accept(h, &broker);
	kill(h->monitor, SIGTERM);
	assert_int_equal(harness_wait_for_end(h), 0);
	stand_in_release(&broker);
}

static void test_broker_dies(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct stand_in broker, session;
	int link;

	harness_start(h);
	broker_accept(h, &broker);
	link = start_stubborn(h, &broker, &request, &session);
	stand_in_release(&broker);
	broker_accept(h, &broker);
	assert_int_equal(process_count(h, &request.session, "supervisor"), 1);
	assert_true(process_count(h, &request.session, "agent") >= 1);

	/* And the new one may order its agent's end. */
	broker_send(
		&broker,
		&(struct monitor_request){.type = MONITOR_REQUEST_KILL, .session = request.session},
		NULL, 0);
	wait_readable(session.fds[SESSION_FD_AGENT], POLLIN);
	assert_int_equal(process_count(h, &request.session, "supervisor"), 1);
	close(link);
	stand_in_release(&session);
	session_wait_for_no_cgroup(h, &request.session);
	stand_in_release(&broker);
}

static void test_session_dies(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct stand_in broker, session;
	int link;

	harness_start(h);
	broker_accept(h, &broker);
	link = start_stubborn(h, &broker, &request, &session);
	stand_in_release(&session);
	session_wait_for_no_cgroup(h, &request.session);
	assert_int_equal(session_count(h), 0);
	close(link);
	stand_in_release(&broker);
}

static void test_many_sessions_leave_nothing(void **state)
{
	enum { COUNT = 40 };
	struct harness *h = *state;
	struct monitor_request requests[COUNT];
	struct stand_in broker, sessions[COUNT];
	int links[COUNT];
	unsigned before;

	harness_start(h);
	broker_accept(h, &broker);
	wait_readable(h->ready, POLLIN);
	before = monitor_fd_count(h);
	for (int i = 0; i < COUNT; i++) {
		requests[i] = spawn_request();
		links[i] = session_start(h, &broker, &requests[i], launch_script("read x"),
					 &sessions[i]);
	}
	assert_int_equal(session_count(h), COUNT);
	for (int i = 0; i < COUNT; i += 2)
		stand_in_release(&sessions[i]);
	for (int i = 0; i < COUNT; i += 2)
		session_wait_for_no_cgroup(h, &requests[i].session);
	assert_int_equal(session_count(h), COUNT / 2);
	for (int i = 1; i < COUNT; i += 2)
		stand_in_release(&sessions[i]);
	for (int i = 1; i < COUNT; i += 2)
		session_wait_for_no_cgroup(h, &requests[i].session);
	/* An answer to a further request means that the last watch is dropped, too. */
	requests[0] = spawn_request();
	close(links[0]);
	links[0] = session_start(h, &broker, &requests[0], launch_script("read x"), &sessions[0]);
	assert_true(monitor_fd_count(h) <= before + 1);
	stand_in_release(&sessions[0]);
	for (int i = 0; i < COUNT; i++)
		close(links[i]);
	stand_in_release(&broker);
}

static void test_monitor_is_killed(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct stand_in broker, session;
	char byte;
	int link;

	harness_start(h);
	broker_accept(h, &broker);
	link = start_stubborn(h, &broker, &request, &session);
	kill(h->monitor, SIGKILL);
	harness_wait_for_end(h);

	/* The broker goes with it, the session does not. */
	wait_readable(broker.control, POLLIN);
	assert_true(recv(broker.control, &byte, 1, 0) <= 0);
	stand_in_release(&broker);
	assert_int_equal(process_count(h, &request.session, "supervisor"), 1);

	/* Another monitor has it back: it sees its end. */
	harness_start(h);
	broker_accept(h, &broker);
	assert_int_equal(process_count(h, &request.session, "supervisor"), 1);
	stand_in_release(&session);
	session_wait_for_no_cgroup(h, &request.session);
	close(link);
	stand_in_release(&broker);
}

static void test_what_a_dead_monitor_left_is_cleared(void **state)
{
	struct harness *h = *state;
	struct monitor_request halves[3], request = spawn_request();
	struct stand_in broker, session;
	char path[256], id[UUID_TEXT_SIZE];
	int link;

	/* A monitor can die between any two directories. */
	for (int i = 0; i < 3; i++) {
		halves[i] = spawn_request();
		uuid_format(&halves[i].session, id);
		snprintf(path, sizeof(path), "%s/%s", h->cgroup_path, id);
		assert_int_equal(mkdir(path, 0755), 0);
		snprintf(path, sizeof(path), "%s/%s/supervisor", h->cgroup_path, id);
		assert_true(i < 1 || mkdir(path, 0755) == 0);
		snprintf(path, sizeof(path), "%s/%s/agent", h->cgroup_path, id);
		assert_true(i < 2 || mkdir(path, 0755) == 0);
	}
	/* And with it a session that dies while there is none. */
	harness_start(h);
	broker_accept(h, &broker);
	link = start_stubborn(h, &broker, &request, &session);
	kill(h->monitor, SIGKILL);
	harness_wait_for_end(h);
	stand_in_release(&broker);
	stand_in_release(&session);

	harness_start(h);
	broker_accept(h, &broker);
	session_wait_for_no_cgroup(h, &request.session);
	assert_int_equal(session_count(h), 0);
	close(link);
	stand_in_release(&broker);
}

static void receive_shutdown(struct stand_in *broker)
{
	int fds[SEQPACKET_MAX_FDS];
	struct monitor_event event = {0};
	unsigned count;

	wait_readable(broker->fds[BROKER_FD_MONITOR], POLLIN);
	assert_int_equal(seqpacket_receive(broker->fds[BROKER_FD_MONITOR], &event, sizeof(event),
					   fds, &count),
			 sizeof(event));
	assert_int_equal(event.type, MONITOR_EVENT_SHUTDOWN);
	assert_int_equal(event.reserved, 0);
}

static void assert_nothing_left(struct harness *h)
{
	char path[160];

	assert_int_equal(access(h->cgroup_path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/instance", h->directory);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/public", h->directory);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/log/server.jsonl", h->directory);
	assert_int_equal(access(path, F_OK), 0);
}

static void test_sigterm(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request(), late = spawn_request();
	struct session_spawn_failed failed;
	struct stand_in broker, session;
	int link, pair[2], launch;

	harness_start(h);
	broker_accept(h, &broker);
	link = start_stubborn(h, &broker, &request, &session);
	kill(h->monitor, SIGTERM);
	receive_shutdown(&broker);

	/* Too late for a new one; the broker asked in good faith. */
	assert_int_equal(seqpacket_pair(pair), 0);
	launch = launch_script("true");
	broker_send(&broker, &late, (int[]){launch, pair[1]}, 2);
	failed = link_wait_for_failure(pair[0]);
	assert_int_equal(failed.error, ESHUTDOWN);
	close(launch);
	close(pair[0]);
	close(pair[1]);

	/* A broker that is killed meanwhile is replaced by one that hears the same; one that ends
	 * by itself has done its work. */
	stand_in_kill(&broker);
	stand_in_accept(h, &broker, "aaau-broker");
	receive_shutdown(&broker);
	stand_in_release(&broker);

	stand_in_release(&session); /* ends by itself */
	assert_int_equal(harness_wait_for_end(h), 0);
	assert_nothing_left(h);
	assert_int_equal(poll(&(struct pollfd){.fd = h->control, .events = POLLIN}, 1, 0), 0);
	close(link);
}

static void test_sigterm_with_a_session_that_does_not_end(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct stand_in broker, session;
	uint64_t start;
	int link;

	harness_start(h);
	broker_accept(h, &broker);
	link = start_stubborn(h, &broker, &request, &session);
	start = clock_monotonic_us();
	kill(h->monitor, SIGTERM);
	assert_int_equal(harness_wait_for_end(h), 0);
	assert_true(clock_monotonic_us() - start >= 10000000);
	assert_true(clock_monotonic_us() - start < 14000000);
	assert_nothing_left(h);
	close(link);
	stand_in_release(&session);
	stand_in_release(&broker);
}

static void test_anothers_socket_is_left_alone(void **state)
{
	struct harness *h = *state;
	struct stand_in broker;

	h->config.socket_inode++;
	harness_start(h);
	broker_accept(h, &broker);
	kill(h->monitor, SIGINT);
	assert_int_equal(harness_wait_for_end(h), 0);
	assert_int_equal(faccessat(h->fds[MONITOR_FD_SOCKET_DIR], "public", F_OK, 0), 0);
	stand_in_release(&broker);
}

static void test_what_is_in_the_sessions_directory_is_removed_unfollowed(void **state)
{
	struct harness *h = *state;
	const int sessions = h->fds[MONITOR_FD_SESSIONS_DIR];
	struct stand_in broker;
	char path[128];

	assert_int_equal(mknodat(sessions, "left", S_IFREG | 0600, 0), 0);
	assert_int_equal(mknodat(sessions, ".hidden", S_IFREG | 0600, 0), 0);
	snprintf(path, sizeof(path), "%s/home0", h->directory);
	assert_int_equal(symlinkat(path, sessions, "link"), 0);
	harness_start(h);
	broker_accept(h, &broker);
	kill(h->monitor, SIGTERM);
	assert_int_equal(harness_wait_for_end(h), 0);
	assert_nothing_left(h);
	assert_int_equal(access(path, F_OK), 0);
	stand_in_release(&broker);
}

static void test_reload(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct stand_in broker, session, server;
	char expected[256], byte;
	int link, status;

	harness_start(h);
	broker_accept(h, &broker);
	link = start_stubborn(h, &broker, &request, &session);
	kill(h->monitor, SIGHUP);
	stand_in_accept(h, &server, "aaau-server");
	snprintf(expected, sizeof(expected),
		 "aaau-server run --reload-check %s/instance/sessions b c", h->directory);
	assert_memory_equal(server.facts, expected, strlen(expected));
	assert_non_null(strstr(server.facts, "ids 0 0 0 0 0 0"));
	assert_non_null(strstr(server.facts, "fds 0 1 2"));
	assert_null(strstr(server.facts, "fds 0 1 2 "));

	/* A bad configuration: nothing happens. */
	byte = 1;
	assert_int_equal(send(server.control, &byte, 1, 0), 1);
	wait_readable(server.control, POLLIN);
	stand_in_release(&server);
	/* A good one: the broker is sent away, and the monitor becomes aaau-server. */
	do {
		kill(h->monitor, SIGHUP);
	} while (poll(&(struct pollfd){.fd = h->control, .events = POLLIN}, 1, 100) == 0);
	stand_in_accept(h, &server, "aaau-server run --reload-check");
	byte = 0;
	assert_int_equal(send(server.control, &byte, 1, 0), 1);
	stand_in_release(&server);
	wait_readable(broker.fds[BROKER_FD_MONITOR], POLLIN);
	assert_int_equal(recv(broker.fds[BROKER_FD_MONITOR], &byte, 1, 0), 0);
	stand_in_release(&broker);
	stand_in_accept(h, &server, "aaau-server");
	snprintf(expected, sizeof(expected), "aaau-server run --reload %s/instance/sessions b c\n",
		 h->directory);
	assert_memory_equal(server.facts, expected, strlen(expected));
	snprintf(expected, sizeof(expected), "fds 0 1 2 %d %d", MONITOR_FD_LISTEN, MONITOR_FD_LOCK);
	assert_non_null(strstr(server.facts, expected));
	assert_int_equal(process_count(h, &request.session, "supervisor"), 1);
	byte = 33;
	assert_int_equal(send(server.control, &byte, 1, 0), 1);
	status = harness_wait_for_end(h);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 33);
	stand_in_release(&server);

	/* The session is there for whoever comes next. */
	harness_start(h);
	broker_accept(h, &broker);
	stand_in_release(&session);
	session_wait_for_no_cgroup(h, &request.session);
	close(link);
	stand_in_release(&broker);
}

static void test_wrong_descriptors(void **state)
{
	struct harness *h = *state;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int status;

	for (int fd = MONITOR_FD_CONFIG; fd < MONITOR_FD_READY; fd++)
		for (int closed = 0; closed <= 1; closed++) {
			int right;

			harness_make_config(h);
			right = h->fds[fd];
			h->fds[fd] = closed ? -1 : null;
			harness_start(h);
			status = harness_wait_for_end(h);
			h->fds[fd] = right;
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 1)
				fail_msg("descriptor %d: status %x", fd, status);
			assert_true(harness_has_logged(h, "did not get the "));
		}
	close(null);
}

static void test_wrong_configuration(void **state)
{
	struct harness *h = *state;
	int status;

	h->config.profiles[1].uid = 0;
	harness_start(h);
	status = harness_wait_for_end(h);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_true(harness_has_logged(h, "profile 1: user is root or none"));

	close(h->fds[MONITOR_FD_CONFIG]);
	h->fds[MONITOR_FD_CONFIG] = sealed_write("short", &h->config, 100);
	harness_start(h);
	status = harness_wait_for_end(h);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_true(harness_has_logged(h, "wrong size"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_set_up, harness_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ready),
		TEST(test_nobody_waits_for_ready),
		TEST(test_broker_dies),
		TEST(test_session_dies),
		TEST(test_many_sessions_leave_nothing),
		TEST(test_monitor_is_killed),
		TEST(test_what_a_dead_monitor_left_is_cleared),
		TEST(test_sigterm),
		TEST(test_sigterm_with_a_session_that_does_not_end),
		TEST(test_anothers_socket_is_left_alone),
		TEST(test_what_is_in_the_sessions_directory_is_removed_unfollowed),
		TEST(test_reload),
		TEST(test_wrong_descriptors),
		TEST(test_wrong_configuration),
	};

	harness_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
