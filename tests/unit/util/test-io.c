#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/io.h"

#define BIG 1000000

static char expected(size_t i)
{
	return (char)(i * 31 + i / 251);
}

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
	(void)number;
	signals++;
}

/* A signal that interrupts, without SA_RESTART. */
static void let_signals_interrupt(void)
{
	const struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGUSR1, &action, NULL);
}

static void wait_for(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A writer that fills the pipe many times over, and is interrupted before each small bite of the
 * reader. */
static void test_interrupted_writer(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	let_signals_interrupt();
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		static char data[BIG];
		for (size_t i = 0; i < BIG; i++)
			data[i] = expected(i);
		_exit(io_write_all(ends[1], data, BIG) == 0 ? 0 : 1);
	}
	close(ends[1]);
	cleanup_fd int in = ends[0];
	char bite[777];
	size_t at = 0;

	while (true) {
		kill(pid, SIGUSR1);
		ssize_t n = io_read_full(in, bite, sizeof bite);
		assert_true(n >= 0);
		for (ssize_t i = 0; i < n; i++)
			if (bite[i] != expected(at + (size_t)i))
				fail_msg("byte %zu", at + (size_t)i);
		at += (size_t)n;
		if (n < (ssize_t)sizeof bite) /* only the end cuts it short */
			break;
	}
	assert_int_equal(at, BIG);
	assert_int_equal(io_read_full(in, bite, 1), 0);
	wait_for(pid);
}

/* A reader that is interrupted between the bytes it waits for. */
static void test_interrupted_reader(void **state)
{
	(void)state;
	int ends[2];
	char bytes[500];
	assert_int_equal(pipe(ends), 0);
	let_signals_interrupt();
	pid_t reader = getpid(), pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		for (size_t i = 0; i < sizeof bytes; i++) {
			char byte = expected(i);
			kill(reader, SIGUSR1);
			if (io_write_all(ends[1], &byte, 1) != 0)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	cleanup_fd int in = ends[0];
	assert_int_equal(io_read_full(in, bytes, sizeof bytes), sizeof bytes);
	for (size_t i = 0; i < sizeof bytes; i++)
		assert_int_equal(bytes[i], expected(i));
	assert_int_equal(io_read_full(in, bytes, sizeof bytes), 0);
	wait_for(pid);
	assert_true(signals > 0);
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

/* A line that has no room does not wait for it. */
static void test_a_line_does_not_wait(void **state)
{
	(void)state;
	static const char line[] = "a line\n";
	char bytes[16];
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	io_write_line(ends[1], line, sizeof line - 1);
	assert_int_equal(read(ends[0], bytes, sizeof bytes), sizeof line - 1);
	assert_memory_equal(bytes, line, sizeof line - 1);

	assert_int_equal(fd_set_nonblocking(ends[1], true), 0);
	while (write(ends[1], line, sizeof line - 1) > 0)
		;
	assert_int_equal(fd_set_nonblocking(ends[1], false), 0);
	alarm(10); /* or it waits for ever */
	io_write_line(ends[1], line, sizeof line - 1);
	alarm(0);
	close(ends[0]);
	signal(SIGPIPE, SIG_IGN);
	io_write_line(ends[1], line, sizeof line - 1);
	io_write_line(-1, line, sizeof line - 1);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interrupted_writer),
		cmocka_unit_test(test_interrupted_reader),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_a_line_does_not_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
