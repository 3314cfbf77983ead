/* ipc/seqpacket.h: whole messages, and no descriptor that nobody asked for. */
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "ipc/seqpacket.h"

static unsigned open_count(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static int set_up(void **state)
{
	static int pair[2];

	*state = pair;
	return seqpacket_pair(pair);
}

static int tear_down(void **state)
{
	int *pair = *state;

	close(pair[0]);
	close(pair[1]);
	return 0;
}

static void test_message_with_descriptors(void **state)
{
	int *pair = *state, fds[SEQPACKET_MAX_FDS], ends[2];
	unsigned count;
	char data[8];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(seqpacket_send(pair[0], "hello", 5, ends, 2), 0);
	assert_int_equal(seqpacket_receive(pair[1], data, sizeof(data), fds, &count), 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(count, 2);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(read(ends[0], data, 1), 1);
	for (int i = 0; i < 2; i++) {
		close(ends[i]);
		close(fds[i]);
	}
}

static void test_nothing_there_and_the_end(void **state)
{
	int *pair = *state, fds[SEQPACKET_MAX_FDS];
	unsigned count;
	char data[8];

	assert_int_equal(seqpacket_receive(pair[1], data, sizeof(data), fds, &count), -EAGAIN);
	shutdown(pair[0], SHUT_WR);
	assert_int_equal(seqpacket_receive(pair[1], data, sizeof(data), fds, &count), 0);
}

static void test_too_long_brings_no_descriptor(void **state)
{
	int *pair = *state, fds[SEQPACKET_MAX_FDS];
	unsigned count, before = open_count();
	char data[4];

	assert_int_equal(seqpacket_send(pair[0], "hello", 5, (int[]){0, 0}, 2), 0);
	assert_int_equal(seqpacket_receive(pair[1], data, sizeof(data), fds, &count), -EBADMSG);
	assert_int_equal(count, 0);
	assert_int_equal(open_count(), before);
	/* The next message is whole again. */
	assert_int_equal(seqpacket_send(pair[0], "hi", 2, NULL, 0), 0);
	assert_int_equal(seqpacket_receive(pair[1], data, sizeof(data), fds, &count), 2);
}

static void send_many(int socket, unsigned fd_count)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(64 * sizeof(int))];
	} control;
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.space,
				 .msg_controllen = CMSG_SPACE(fd_count * sizeof(int))};
	struct cmsghdr *header;

	memset(&control, 0, sizeof(control)); /* descriptor 0, so many times */
	header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
	assert_int_equal(sendmsg(socket, &message, 0), 1);
}

static void test_too_many_descriptors(void **state)
{
	int *pair = *state, fds[SEQPACKET_MAX_FDS];
	unsigned count, before = open_count();
	char data[4];

	for (unsigned n = SEQPACKET_MAX_FDS + 1; n <= 64; n++) {
		send_many(pair[0], n);
		assert_int_equal(seqpacket_receive(pair[1], data, sizeof(data), fds, &count),
				 -EBADMSG);
		assert_int_equal(open_count(), before);
	}
	assert_int_equal(seqpacket_send(pair[0], "x", 1, fds, SEQPACKET_MAX_FDS + 1), -EINVAL);
}

static void test_full(void **state)
{
	static const char data[4096];
	int *pair = *state, error;

	do
		error = seqpacket_send(pair[0], data, sizeof(data), NULL, 0);
	while (!error);
	assert_int_equal(error, -EAGAIN);
}

static void test_the_last_messages_of_an_end_that_left_ours_unread(void **state)
{
	int *pair = *state, fds[SEQPACKET_MAX_FDS];
	unsigned count;
	char data[8];

	assert_int_equal(seqpacket_send(pair[0], "unread", 6, NULL, 0), 0);
	assert_int_equal(seqpacket_send(pair[1], "bye", 3, NULL, 0), 0);
	close(pair[1]);
	pair[1] = dup(pair[0]);
	assert_int_equal(seqpacket_receive(pair[0], data, sizeof(data), fds, &count), 3);
	assert_int_equal(seqpacket_receive(pair[0], data, sizeof(data), fds, &count), 0);
	assert_int_equal(seqpacket_send(pair[0], "x", 1, NULL, 0), -EPIPE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_message_with_descriptors),
		TEST(test_nothing_there_and_the_end),
		TEST(test_too_long_brings_no_descriptor),
		TEST(test_too_many_descriptors),
		TEST(test_full),
		TEST(test_the_last_messages_of_an_end_that_left_ours_unread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
