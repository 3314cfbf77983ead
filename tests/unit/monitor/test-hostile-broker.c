/* A broker that was taken over asks root for everything it can think of. It gets nothing: it is
 * ended, another is started, and no session, no process, no descriptor comes of it. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "util/clock.h"
#include "util/fd.h"

/* What a message is made of; starts as a proper SPAWN. */
struct attempt {
	struct monitor_request request;
	char bytes[256]; /* sent instead of the request if length is not 0 */
	size_t length;
	int fds[SEQPACKET_MAX_FDS];
	unsigned fd_count;
	int link[2];
	int extra; /* descriptors that the attempt made, to be closed: up to two */
	int extra2;
	bool not_ready;
};

static int launch_of(size_t size, bool sealed)
{
	char *data = calloc(1, size);
	int fd;

	assert_non_null(data);
	if (sealed) {
		fd = sealed_write("launch", data, size);
	} else {
		fd = memfd_create("launch", MFD_ALLOW_SEALING | MFD_CLOEXEC);
		assert_int_equal(write(fd, data, size), (ssize_t)size);
	}
	free(data);
	assert_true(fd >= 0);
	return fd;
}

static void garbage(struct attempt *a)
{
	memset(a->bytes, 0xa5, sizeof(struct monitor_request));
	a->length = sizeof(struct monitor_request);
	a->fd_count = 0;
}

static void garbage_with_fds(struct attempt *a)
{
	memset(a->bytes, 0xff, sizeof(struct monitor_request));
	a->length = sizeof(struct monitor_request);
}

static void short_message(struct attempt *a)
{
	memcpy(a->bytes, &a->request, sizeof(a->request));
	a->length = sizeof(a->request) - 1;
}

static void one_byte(struct attempt *a)
{
	a->length = 1;
}

static void long_message(struct attempt *a)
{
	memcpy(a->bytes, &a->request, sizeof(a->request));
	a->length = sizeof(a->request) + 1;
}

static void type_zero(struct attempt *a)
{
	a->request.type = 0;
}

static void type_unknown(struct attempt *a)
{
	a->request.type = MONITOR_REQUEST_KILL + 1;
}

static void ready_twice(struct attempt *a)
{
	a->request = (struct monitor_request){.type = MONITOR_REQUEST_READY};
	a->fd_count = 0;
}

static void ready_with_a_descriptor(struct attempt *a)
{
	a->request = (struct monitor_request){.type = MONITOR_REQUEST_READY};
	a->fd_count = 1;
	a->not_ready = true;
}

static void ready_with_a_session(struct attempt *a)
{
	a->request.type = MONITOR_REQUEST_READY;
	a->request.rows = a->request.columns = 0;
	a->fd_count = 0;
	a->not_ready = true;
}

static void spawn_before_ready(struct attempt *a)
{
	a->not_ready = true;
}

static void kill_before_ready(struct attempt *a)
{
	a->request.type = MONITOR_REQUEST_KILL;
	a->request.rows = a->request.columns = 0;
	a->fd_count = 0;
	a->not_ready = true;
}

static void kill_with_a_size(struct attempt *a)
{
	a->request.type = MONITOR_REQUEST_KILL;
	a->fd_count = 0;
}

static void kill_of_no_id(struct attempt *a)
{
	a->request = (struct monitor_request){.type = MONITOR_REQUEST_KILL};
	a->fd_count = 0;
}

static void profile_out_of_range(struct attempt *a)
{
	a->request.profile = 2;
}

static void profile_far_out_of_range(struct attempt *a)
{
	a->request.profile = UINT32_MAX;
}

static void no_rows(struct attempt *a)
{
	a->request.rows = 0;
}

static void no_columns(struct attempt *a)
{
	a->request.columns = 0;
}

static void reserved_set(struct attempt *a)
{
	a->request.reserved = 1;
}

static void id_not_version_4(struct attempt *a)
{
	a->request.session.bytes[6] = 0x10;
}

static void id_zero(struct attempt *a)
{
	a->request.session = (struct uuid){0};
}

static void no_descriptors(struct attempt *a)
{
	a->fd_count = 0;
}

static void one_descriptor(struct attempt *a)
{
	a->fd_count = 1;
}

static void three_descriptors(struct attempt *a)
{
	a->fds[2] = a->fds[0];
	a->fd_count = 3;
}

static void four_descriptors(struct attempt *a)
{
	a->fds[2] = a->fds[3] = a->fds[0];
	a->fd_count = 4;
}

static void unsealed_launch(struct attempt *a)
{
	a->fds[0] = a->extra = launch_of(100, false);
}

static void nearly_sealed_launch(struct attempt *a)
{
	a->fds[0] = a->extra = launch_of(100, false);
	assert_int_equal(fcntl(a->extra, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK),
			 0);
}

static void huge_launch(struct attempt *a)
{
	a->fds[0] = a->extra = launch_of(LAUNCH_MAX_SIZE + 1, true);
}

static void launch_is_a_file(struct attempt *a)
{
	a->fds[0] = a->extra = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static void launch_is_a_device(struct attempt *a)
{
	a->fds[0] = a->extra = open("/dev/zero", O_RDWR | O_CLOEXEC);
}

static void swapped_descriptors(struct attempt *a)
{
	int launch = a->fds[0];

	a->fds[0] = a->fds[1];
	a->fds[1] = launch;
}

static void link_is_a_pipe(struct attempt *a)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	a->fds[1] = a->extra = ends[1];
	a->extra2 = ends[0];
}

static void link_is_a_stream(struct attempt *a)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	a->fds[1] = a->extra = pair[0];
	a->extra2 = pair[1];
}

static void link_is_datagrams(struct attempt *a)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
	a->fds[1] = a->extra = pair[0];
	a->extra2 = pair[1];
}

static void link_is_unconnected(struct attempt *a)
{
	a->fds[1] = a->extra = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
}

static void link_is_udp(struct attempt *a)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(9),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	a->fds[1] = a->extra = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(a->extra, (const struct sockaddr *)&address, sizeof(address)), 0);
}

#define ATTEMPT(name)       \
	{                   \
#name, name \
	}
static const struct {
	const char *name;
	void (*change)(struct attempt *a);
} attempts[] = {
	ATTEMPT(garbage),
	ATTEMPT(garbage_with_fds),
	ATTEMPT(short_message),
	ATTEMPT(one_byte),
	ATTEMPT(long_message),
	ATTEMPT(type_zero),
	ATTEMPT(type_unknown),
	ATTEMPT(ready_twice),
	ATTEMPT(ready_with_a_descriptor),
	ATTEMPT(ready_with_a_session),
	ATTEMPT(spawn_before_ready),
	ATTEMPT(kill_before_ready),
	ATTEMPT(kill_with_a_size),
	ATTEMPT(kill_of_no_id),
	ATTEMPT(profile_out_of_range),
	ATTEMPT(profile_far_out_of_range),
	ATTEMPT(no_rows),
	ATTEMPT(no_columns),
	ATTEMPT(reserved_set),
	ATTEMPT(id_not_version_4),
	ATTEMPT(id_zero),
	ATTEMPT(no_descriptors),
	ATTEMPT(one_descriptor),
	ATTEMPT(three_descriptors),
	ATTEMPT(four_descriptors),
	ATTEMPT(unsealed_launch),
	ATTEMPT(nearly_sealed_launch),
	ATTEMPT(huge_launch),
	ATTEMPT(launch_is_a_file),
	ATTEMPT(launch_is_a_device),
	ATTEMPT(swapped_descriptors),
	ATTEMPT(link_is_a_pipe),
	ATTEMPT(link_is_a_stream),
	ATTEMPT(link_is_datagrams),
	ATTEMPT(link_is_unconnected),
	ATTEMPT(link_is_udp),
};

static void try(struct harness *h, void (*change)(struct attempt *a))
{
	struct attempt a = {.request = spawn_request(), .extra = -1, .extra2 = -1};
	struct stand_in broker;
	unsigned before;
	int launch = launch_script("true");

	assert_int_equal(seqpacket_pair(a.link), 0);
	a.fds[0] = launch;
	a.fds[1] = a.link[1];
	a.fd_count = 2;
	change(&a);

	harness_start(h);
	stand_in_accept(h, &broker, "aaau-broker");
	before = monitor_fd_count(h);
	if (!a.not_ready)
		broker_send(&broker, &(struct monitor_request){.type = MONITOR_REQUEST_READY}, NULL,
			    0);
	assert_int_equal(seqpacket_send(broker.fds[BROKER_FD_MONITOR],
					a.length ? (const void *)a.bytes : &a.request,
					a.length ? a.length : sizeof(a.request), a.fds, a.fd_count),
			 0);
	broker_wait_for_end(&broker);
	stand_in_release(&broker);
	fd_close(a.link[0]);
	fd_close(a.link[1]);
	fd_close(launch);
	fd_close(a.extra);
	fd_close(a.extra2);

	/* The next broker, and a session had there been one, come to the same door. */
	broker_accept(h, &broker);
	assert_int_equal(session_count(h), 0);
	assert_true(monitor_fd_count(h) <= before);
	assert_true(harness_has_logged(h, "broker ended: "));
	stand_in_release(&broker);
	kill(h->monitor, SIGKILL);
	harness_wait_for_end(h);
}

static void test_attempts(void **state)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		print_message("             %s\n", attempts[i].name);
		try(*state, attempts[i].change);
	}
}

static void test_descriptors_by_the_dozen(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(200 * sizeof(int))];
	} control = {.space = {0}};
	struct iovec iov = {(void *)(uintptr_t)&request, sizeof(request)};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = sizeof(control.space)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	struct stand_in broker;
	unsigned before;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(200 * sizeof(int)); /* descriptor 0, so many times */
	harness_start(h);
	broker_accept(h, &broker);
	wait_readable(h->ready, POLLIN);
	before = monitor_fd_count(h);
	assert_int_equal(sendmsg(broker.fds[BROKER_FD_MONITOR], &message, 0), sizeof(request));
	broker_wait_for_end(&broker);
	stand_in_release(&broker);
	broker_accept(h, &broker);
	assert_true(monitor_fd_count(h) <= before);
	stand_in_release(&broker);
}

/* An id runs once: neither beside itself nor after its end. The broker asked properly and lives. */
static void test_id_used_again(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct session_spawn_failed failed;
	struct stand_in broker, session;
	int link, again[2], launch;

	harness_start(h);
	broker_accept(h, &broker);
	link = session_start(h, &broker, &request, launch_script("echo here; read x"), &session);
	pty_read_until(session.fds[SESSION_FD_PTY], "here");

	for (int ended = 0; ended <= 1; ended++) {
		assert_int_equal(seqpacket_pair(again), 0);
		launch = launch_script("true");
		broker_send(&broker, &request, (int[]){launch, again[1]}, 2);
		close(launch);
		close(again[1]);
		failed = link_wait_for_failure(again[0]);
		assert_int_equal(failed.step, ended ? SPAWN_STEP_RECORD : SPAWN_STEP_CGROUP);
		assert_int_equal(failed.error, EEXIST);
		close(again[0]);
		if (!ended) {
			assert_int_equal(process_count(h, &request.session, "agent"), 1);
			stand_in_release(&session);
		}
		session_wait_for_no_cgroup(h, &request.session);
	}
	close(link);
	stand_in_release(&broker);
}

static void test_kill_of_an_unknown_session(void **state)
{
	struct harness *h = *state;
	struct monitor_request request = spawn_request();
	struct stand_in broker, session;
	int link;

	harness_start(h);
	broker_accept(h, &broker);
	request.type = MONITOR_REQUEST_KILL;
	request.rows = request.columns = 0;
	broker_send(&broker, &request, NULL, 0);
	/* The same broker still gets a session. */
	request = spawn_request();
	link = session_start(h, &broker, &request, launch_script("echo here; read x"), &session);
	pty_read_until(session.fds[SESSION_FD_PTY], "here");
	close(link);
	stand_in_release(&session);
	stand_in_release(&broker);
}

static void test_a_broker_that_dies_at_once_is_replaced_ever_more_slowly(void **state)
{
	static const unsigned delays_ms[] = {0, 50, 100, 200};
	struct harness *h = *state;
	struct stand_in broker;

	harness_start(h);
	stand_in_accept(h, &broker, "aaau-broker");
	for (unsigned i = 0; i < sizeof(delays_ms) / sizeof(delays_ms[0]); i++) {
		uint64_t before = clock_monotonic_us(), took;

		stand_in_release(&broker);
		stand_in_accept(h, &broker, "aaau-broker");
		took = clock_monotonic_us() - before;
		assert_true(took >= delays_ms[i] * 1000);
	}
	stand_in_release(&broker);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_set_up, harness_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_attempts),
		TEST(test_descriptors_by_the_dozen),
		TEST(test_id_used_again),
		TEST(test_kill_of_an_unknown_session),
		TEST(test_a_broker_that_dies_at_once_is_replaced_ever_more_slowly),
	};

	harness_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
