/* ipc/sealed.h: only a file that nobody can change any more is read. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/sealed.h"
#include "util/fd.h"

static void test_round_trip(void **state)
{
	cleanup_fd int fd = sealed_write("test", "hello", 5);
	const void *data;
	size_t length;

	(void)state;
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(sealed_map(fd, 5, &data, &length), 0);
	assert_int_equal(length, 5);
	assert_memory_equal(data, "hello", 5);
	munmap((void *)(uintptr_t)data, length);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 1), -1);
}

static void test_too_large(void **state)
{
	cleanup_fd int fd = sealed_write("test", "hello", 5);
	const void *data;
	size_t length = 77;

	(void)state;
	assert_int_equal(sealed_map(fd, 4, &data, &length), -EFBIG);
	assert_int_equal(length, 77);
}

static void test_empty(void **state)
{
	cleanup_fd int fd = sealed_write("test", "", 0);
	const void *data;
	size_t length;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sealed_check(fd, 0, &length), 0);
	assert_int_equal(sealed_map(fd, 5, &data, &length), -EINVAL);
}

static void test_every_seal_counts(void **state)
{
	static const int seals[] = {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE};

	(void)state;
	for (unsigned missing = 0; missing < 4; missing++) {
		cleanup_fd int fd = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);
		const void *data;
		size_t length;

		assert_int_equal(write(fd, "hello", 5), 5);
		for (unsigned i = 0; i < 4; i++)
			if (i != missing && seals[i] != F_SEAL_SEAL)
				assert_int_equal(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
		if (seals[missing] != F_SEAL_SEAL)
			assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), 0);
		assert_int_equal(sealed_map(fd, 5, &data, &length), -EPERM);
	}
}

static void test_other_files(void **state)
{
	cleanup_fd int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	const void *data;
	size_t length;

	(void)state;
	assert_int_equal(sealed_map(zero, 5, &data, &length), -EPERM);
	assert_int_equal(sealed_map(-1, 5, &data, &length), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_empty),       cmocka_unit_test(test_every_seal_counts),
		cmocka_unit_test(test_other_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
