/* The permit table: which message is let through to the policy at all. */
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "monitor/requests.h"

static struct monitor_config config = {
	.profile_count = 1,
};

static void assert_judged(bool ready, const struct monitor_request *request, ssize_t size,
			  const int *fds, unsigned fd_count, const char *problem)
{
	const struct monitor monitor = {.config = &config, .broker.ready = ready};
	const struct permit *permit = NULL;
	const char *said = requests_judge(&monitor, request, size, fds, fd_count, &permit);

	if (problem) {
		assert_string_equal(said ? said : "(nothing)", problem);
		assert_null(permit);
	} else {
		assert_null(said);
		assert_non_null(permit);
	}
}

static void test_permitted(void **state)
{
	struct monitor_request request = {.type = MONITOR_REQUEST_READY};
	int fds[2], pair[2];

	(void)state;
	assert_judged(false, &request, sizeof(request), NULL, 0, NULL);
	request.type = MONITOR_REQUEST_KILL;
	assert_int_equal(uuid_generate(&request.session), 0);
	assert_judged(true, &request, sizeof(request), NULL, 0, NULL);
	request.type = MONITOR_REQUEST_SPAWN;
	request.rows = request.columns = 1;
	assert_int_equal(seqpacket_pair(pair), 0);
	fds[0] = sealed_write("launch", "x", 1);
	fds[1] = pair[0];
	assert_judged(true, &request, sizeof(request), fds, 2, NULL);
	close(fds[0]);
	close(pair[0]);
	close(pair[1]);
}

static void test_sizes(void **state)
{
	const struct monitor_request request = {.type = MONITOR_REQUEST_READY};

	(void)state;
	for (ssize_t size = 1; size < (ssize_t)sizeof(request); size++)
		assert_judged(false, &request, size, NULL, 0, "a request of the wrong size");
}

static void test_types(void **state)
{
	struct monitor_request request = {0};

	(void)state;
	for (uint32_t type = 0; type < 256; type++) {
		request.type = type;
		if (type < MONITOR_REQUEST_READY || type > MONITOR_REQUEST_KILL)
			assert_judged(true, &request, sizeof(request), NULL, 0,
				      "an unknown request");
	}
	request.type = UINT32_MAX;
	assert_judged(true, &request, sizeof(request), NULL, 0, "an unknown request");
}

static void test_numbers_of_descriptors(void **state)
{
	static const unsigned right[] = {[MONITOR_REQUEST_READY] = 0,
					 [MONITOR_REQUEST_SPAWN] = 2,
					 [MONITOR_REQUEST_KILL] = 0};
	const int fds[SEQPACKET_MAX_FDS] = {0};

	(void)state;
	for (uint32_t type = MONITOR_REQUEST_READY; type <= MONITOR_REQUEST_KILL; type++)
		for (unsigned n = 0; n <= SEQPACKET_MAX_FDS; n++) {
			const struct monitor_request request = {.type = type};

			if (n != right[type])
				assert_judged(type != MONITOR_REQUEST_READY, &request,
					      sizeof(request), fds, n,
					      "a request with the wrong number of descriptors");
		}
}

static void test_times(void **state)
{
	struct monitor_request request = {.type = MONITOR_REQUEST_READY};
	const int fds[2] = {0, 0};

	(void)state;
	assert_judged(true, &request, sizeof(request), NULL, 0, "a request that was used up");
	request.type = MONITOR_REQUEST_SPAWN;
	assert_judged(false, &request, sizeof(request), fds, 2, "a request before READY");
	request.type = MONITOR_REQUEST_KILL;
	assert_judged(false, &request, sizeof(request), NULL, 0, "a request before READY");
}

static void test_policy_is_asked(void **state)
{
	const struct monitor_request request = {.type = MONITOR_REQUEST_KILL};

	(void)state;
	assert_judged(true, &request, sizeof(request), NULL, 0,
		      "the session's id is not a version 4 UUID");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_permitted), cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_types),     cmocka_unit_test(test_numbers_of_descriptors),
		cmocka_unit_test(test_times),     cmocka_unit_test(test_policy_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
