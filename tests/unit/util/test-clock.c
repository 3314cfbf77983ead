#include <cmocka.h>
#include <time.h>

#include "util/clock.h"

static void test_realtime_is_the_epoch_in_microseconds(void **state)
{
	(void)state;
	uint64_t before = (uint64_t)time(NULL);
	uint64_t now = clock_realtime_us();
	uint64_t after = (uint64_t)time(NULL);

	/* time(2) may lag by a tick. */
	assert_in_range(now / 1000000, before, after + 1);
}

static void test_monotonic_never_goes_back(void **state)
{
	(void)state;
	uint64_t last = clock_monotonic_us();

	for (unsigned i = 0; i < 10000; i++) {
		uint64_t now = clock_monotonic_us();
		assert_true(now >= last);
		last = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_realtime_is_the_epoch_in_microseconds),
		cmocka_unit_test(test_monotonic_never_goes_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
