#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/io.h"

#define BIG 1000000

static char expected(size_t i)
{
	return (char)(i * 31 + i / 251);
}

static void on_alarm(int number)
{
	(void)number;
}

/* Interrupts without SA_RESTART every half millisecond: EINTR in both directions. */
static void interrupt_often(void)
{
	const struct sigaction action = {.sa_handler = on_alarm};
	const struct itimerval often = {{0, 500}, {0, 500}};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void interrupt_no_more(void)
{
	const struct itimerval never = {{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &never, NULL);
}

/* A writer that fills the pipe many times over and a reader that takes it in small bites. */
static void test_whole_through_a_pipe(void **state)
{
	(void)state;
	int ends[2], status;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		char *data = malloc(BIG);
		for (size_t i = 0; data && i < BIG; i++)
			data[i] = expected(i);
		interrupt_often();
		_exit(data && io_write_all(ends[1], data, BIG) == 0 ? 0 : 1);
	}
	close(ends[1]);
	cleanup_fd int in = ends[0];
	char bite[777];
	size_t at = 0;

	interrupt_often();
	while (true) {
		ssize_t n = io_read_full(in, bite, sizeof bite);
		assert_true(n >= 0);
		for (ssize_t i = 0; i < n; i++)
			if (bite[i] != expected(at + (size_t)i))
				fail_msg("byte %zu", at + (size_t)i);
		at += (size_t)n;
		if (n < (ssize_t)sizeof bite) /* only the end cuts it short */
			break;
	}
	interrupt_no_more();
	assert_int_equal(at, BIG);
	assert_int_equal(io_read_full(in, bite, 1), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_errors(void **state)
{
	(void)state;
	int ends[2];
	char byte;

	assert_int_equal(io_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(io_write_all(-1, "x", 0), 0);
	assert_int_equal(io_read_full(-1, &byte, 1), -EBADF);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(io_write_all(ends[1], "x", 1), -EPIPE);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_through_a_pipe),
		cmocka_unit_test(test_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
