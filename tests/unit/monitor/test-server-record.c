/* The server's own record: made once, appended to, and mended after a torn line. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/server-record.h"
#include "util/fd.h"

struct place {
	char path[32];
	int directory;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->path, "/tmp/aaau-test-XXXXXX");
	assert_non_null(mkdtemp(place->path));
	place->directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->directory >= 0);
	*state = place;
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;

	unlinkat(place->directory, "server.jsonl", 0);
	fd_close(place->directory);
	rmdir(place->path);
	free(place);
	return 0;
}

static void expect_content(const struct place *place, const char *expected)
{
	char content[64];
	cleanup_fd int fd = openat(place->directory, "server.jsonl", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, content, sizeof(content));

	assert_int_equal(n, strlen(expected));
	assert_memory_equal(content, expected, strlen(expected));
}

/* A record as a broker left it, opened and mended. */
static void expect_mended(void **state, const char *left, const char *mended)
{
	struct place *place = *state;
	cleanup_fd int before = openat(place->directory, "server.jsonl",
				       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_int_equal(write(before, left, strlen(left)), strlen(left));
	cleanup_fd int record = server_record_open(place->directory, getegid());
	if (record == -EPERM && geteuid() != 0)
		skip(); /* a file of root's own takes root */
	assert_true(record >= 0);
	assert_int_equal(server_record_mend(place->directory, record), 0);
	expect_content(place, mended);
	assert_int_equal(write(record, "y\n", 2), 2);
	/* What is whole stays as it is. */
	char then[64];
	assert_int_equal(server_record_mend(place->directory, record), 0);
	strcat(strcpy(then, mended), "y\n");
	expect_content(place, then);
}

static void a_new_record_stays_empty(void **state)
{
	expect_mended(state, "", "");
}

static void a_whole_record_is_left_alone(void **state)
{
	expect_mended(state, "{\"a\":1}\n", "{\"a\":1}\n");
}

static void a_torn_line_is_ended(void **state)
{
	expect_mended(state, "{\"a\":1}\n{\"b\"", "{\"a\":1}\n{\"b\"\n");
}

static void a_link_in_its_place_is_refused(void **state)
{
	const struct place *place = *state;

	assert_int_equal(symlinkat("/dev/null", place->directory, "server.jsonl"), 0);
	assert_int_equal(server_record_open(place->directory, getegid()), -ELOOP);
	assert_int_equal(server_record_mend(place->directory, -1), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_record_stays_empty, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_whole_record_is_left_alone, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(a_torn_line_is_ended, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_link_in_its_place_is_refused, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
