#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "sandbox-test-filter.h"
#include "util/sandbox.h"

#define FILTER_LENGTH (sizeof sandbox_test_filter / sizeof sandbox_test_filter[0])

/* Not through libc, which may make calls of its own. */
static long raw_ioctl(unsigned long request)
{
	char anything[256];
	return syscall(SYS_ioctl, -1, request, anything);
}

static int allowed(void)
{
	return close(-1) == -1 && errno == EBADF && raw_ioctl(TIOCGWINSZ) == -1 && errno == EBADF &&
			       raw_ioctl(TCGETS) == -1 && errno == EBADF
		       ? 0
		       : 2;
}

static int forbidden_call(void)
{
	return (int)syscall(SYS_getppid) < 0;
}

static int forbidden_request(void)
{
	return raw_ioctl(TIOCSTI) == 0;
}

/* The kernel looks at the low half alone, and so must the filter. */
static int forbidden_request_in_disguise(void)
{
	return raw_ioctl((unsigned long)TIOCSTI | UINT64_C(1) << 40) == 0;
}

static int allowed_request_with_high_bits(void)
{
	return raw_ioctl((unsigned long)TIOCGWINSZ | UINT64_C(1) << 40) == -1 && errno == EBADF ? 0
												: 2;
}

#ifdef __x86_64__
static int other_architecture(void)
{
	long r;
	/* getpid of the 32-bit ABI has another number; the filter knows only ours. */
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(4L), "b"(-1L), "c"(0L), "d"(0L) : "memory");
	return r == 0;
}

static int x32_call(void)
{
	return syscall(0x40000000L + SYS_close, -1) == 0;
}
#endif

/* Status of a child that locked itself in and then did it. */
static int in_sandbox(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		static const struct rlimit no_core = {0, 0};
		setrlimit(RLIMIT_CORE, &no_core);
		if (sandbox_install(sandbox_test_filter, FILTER_LENGTH) != 0)
			_exit(99);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_killed(int (*body)(void))
{
	int status = in_sandbox(body);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void assert_goes_on(int (*body)(void))
{
	int status = in_sandbox(body);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_allowed_goes_on_and_forbidden_kills(void **state)
{
	(void)state;
	assert_goes_on(allowed);
	assert_killed(forbidden_call);
}

static void test_requests_are_told_apart(void **state)
{
	(void)state;
	assert_goes_on(allowed_request_with_high_bits);
	assert_killed(forbidden_request);
	assert_killed(forbidden_request_in_disguise);
}

static void test_other_architectures_are_refused(void **state)
{
	(void)state;
#ifdef __x86_64__
	assert_killed(other_architecture);
	assert_killed(x32_call);
#else
	skip();
#endif
}

static void test_errors_are_returned(void **state)
{
	(void)state;
	static const struct sock_filter nonsense[] = {{0xffff, 0, 0, 0}};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(sandbox_install(nonsense, 1) == -EINVAL &&
				      sandbox_install(nonsense, 0) == -EINVAL
			      ? 0
			      : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_hide(void **state)
{
	(void)state;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit core;
		if (sandbox_hide() != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
			_exit(1);
		if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
			_exit(2);
		/* Its /proc files are root's now. */
		_exit(geteuid() != 0 && open("/proc/self/mem", O_RDONLY) >= 0 ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_allowed_goes_on_and_forbidden_kills),
		cmocka_unit_test(test_requests_are_told_apart),
		cmocka_unit_test(test_other_architectures_are_refused),
		cmocka_unit_test(test_errors_are_returned),
		cmocka_unit_test(test_hide),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
