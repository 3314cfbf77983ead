#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/fd.h"

static int open_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void test_close_keeps_errno_and_forgets(void **state)
{
	(void)state;
	int fd = open_null();

	errno = ENOTTY;
	assert_int_equal(fd_close(fd), -1);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
	errno = 0;
	assert_int_equal(fd_close(-1), -1);
	assert_int_equal(errno, 0);
}

static void test_cleanup_closes_and_steal_hands_on(void **state)
{
	(void)state;
	int closed, stolen;

	{
		cleanup_fd int a = open_null();
		cleanup_fd int b = open_null();
		closed = a;
		stolen = fd_steal(&b);
		assert_int_equal(b, -1);
	}
	assert_int_equal(fcntl(closed, F_GETFD), -1);
	assert_int_equal(fcntl(stolen, F_GETFD), FD_CLOEXEC);
	fd_close(stolen);
}

static void test_flags(void **state)
{
	(void)state;
	cleanup_fd int fd = open_null();

	assert_int_equal(fd_set_nonblocking(fd, true), 0);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_set_nonblocking(fd, false), 0);
	assert_false(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_int_equal(fd_set_cloexec(fd, false), 0);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fd_set_cloexec(fd, true), 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_set_cloexec(-1, true), -EBADF);
	assert_int_equal(fd_set_nonblocking(-1, true), -EBADF);
}

/* A memory file whose length tells it apart. */
static int numbered(off_t number)
{
	int fd = memfd_create("numbered", MFD_CLOEXEC);
	return fd >= 0 && ftruncate(fd, number) == 0 ? fd : -1;
}

static bool is_numbered(int fd, off_t number)
{
	struct stat st;
	return fstat(fd, &st) == 0 && st.st_size == number && fcntl(fd, F_GETFD) == 0;
}

/* The table of this process is no place to try it. */
static int in_child(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(body());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Sources on each other's targets, in reverse; one twice; one absent; and things to be closed. */
static int lay_out_crossed(void)
{
	for (int fd = 3; fd <= 8; fd++)
		if (dup2(numbered(100 + fd), fd) < 0)
			return 1;
	if (dup2(8, 40) < 0 || dup2(8, 900) < 0)
		return 1;
	const int from[] = {8, 7, -1, 5, 4, 3, 8};
	if (fd_lay_out(3, from, 7) != 0)
		return 2;
	if (!is_numbered(3, 108) || !is_numbered(4, 107) || !is_numbered(6, 105) ||
	    !is_numbered(7, 104) || !is_numbered(8, 103) || !is_numbered(9, 108))
		return 3;
	if (fcntl(5, F_GETFD) != -1)
		return 4;
	for (int fd = 10; fd < 1000; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return 5;
	if (fcntl(0, F_GETFD) == -1 || fcntl(2, F_GETFD) == -1)
		return 6;
	return 0;
}

static int lay_out_nothing(void)
{
	int fd = numbered(1);
	return fd_lay_out(3, NULL, 0) == 0 && fcntl(fd, F_GETFD) == -1 ? 0 : 1;
}

static int lay_out_bad(void)
{
	const int from[] = {777};
	return fd_lay_out(3, from, 1) == -EBADF && fd_lay_out(-1, from, 1) == -EINVAL &&
			       fd_lay_out(3, from, 65) == -EINVAL
		       ? 0
		       : 1;
}

static void test_lay_out(void **state)
{
	(void)state;
	assert_int_equal(in_child(lay_out_crossed), 0);
	assert_int_equal(in_child(lay_out_nothing), 0);
	assert_int_equal(in_child(lay_out_bad), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close_keeps_errno_and_forgets),
		cmocka_unit_test(test_cleanup_closes_and_steal_hands_on),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_lay_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
