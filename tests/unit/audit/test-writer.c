/* The writer against files that really are full: by RLIMIT_FSIZE for everybody, and by a small file
 * system for root. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/writer.h"
#include "util/fd.h"
#include "util/io.h"

static char content[65536];

static struct audit_record output_record(unsigned number, size_t length)
{
	return (struct audit_record){.timestamp_us = number,
				     .source = AUDIT_AGENT,
				     .user = "agent",
				     .session_id = "x",
				     .command_type = "output",
				     .content = content,
				     .content_length = length};
}

static int open_record(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

/* The file is exactly the lines 0 to count-1, in order, whole. */
static void check_lines(int fd, unsigned count)
{
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	char *text = malloc((size_t)st.st_size + 1);
	assert_non_null(text);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_full(fd, text, (size_t)st.st_size), st.st_size);
	text[st.st_size] = '\0';

	char *at = text;
	for (unsigned i = 0; i < count; i++) {
		char *end = strchr(at, '\n');
		assert_non_null(end);
		json_t *json = json_loadb(at, (size_t)(end - at), JSON_REJECT_DUPLICATES, NULL);
		if (!json)
			fail_msg("line %u is no JSON", i);
		double seconds = json_real_value(json_object_get(json, "timestamp"));
		assert_int_equal((long)(seconds * 1e6 + 0.5), i);
		json_decref(json);
		at = end + 1;
	}
	assert_int_equal(at - text, st.st_size);
	free(text);
}

static void temporary_directory(char path[64])
{
	snprintf(path, 64, "/tmp/aaau-test-writer-XXXXXX");
	assert_non_null(mkdtemp(path));
}

static void test_lines_are_in_the_file_at_once(void **state)
{
	(void)state;
	char directory[64], path[96];
	temporary_directory(directory);
	snprintf(path, sizeof path, "%s/record", directory);
	cleanup_fd int fd = open_record(path);
	struct audit_writer writer;

	audit_writer_init(&writer, fd);
	assert_false(audit_writer_stalled(&writer));
	assert_int_equal(audit_writer_flush(&writer), 0);
	for (unsigned i = 0; i < 50; i++) {
		struct audit_record record = output_record(i, i * 100);
		assert_int_equal(audit_writer_put(&writer, &record), 0);
		assert_false(audit_writer_stalled(&writer));
		check_lines(fd, i + 1);
	}
	audit_writer_free(&writer);
	audit_writer_free(NULL);
	unlink(path);
	rmdir(directory);
}

/* Lines until the file takes no more, one further, then room, and every line is there once. What
 * `make_room` frees must be enough for the rest. */
static unsigned fill_and_recover(int fd, size_t line_content, int expected_error,
				 void (*make_room)(void *), void *context)
{
	struct audit_writer writer;
	struct stat before, after;
	unsigned i = 0;
	int r;

	audit_writer_init(&writer, fd);
	do {
		struct audit_record record = output_record(i++, line_content);
		r = audit_writer_put(&writer, &record);
	} while (r == 0 && i < 100000);
	assert_int_equal(r, expected_error);
	assert_true(audit_writer_stalled(&writer));

	assert_int_equal(fstat(fd, &before), 0);
	for (unsigned again = 0; again < 3; again++) {
		assert_int_equal(audit_writer_flush(&writer), expected_error);
		assert_true(audit_writer_stalled(&writer));
	}
	struct audit_record late = output_record(i++, 10);
	assert_int_equal(audit_writer_put(&writer, &late), expected_error);
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(before.st_size, after.st_size);

	make_room(context);
	assert_int_equal(audit_writer_flush(&writer), 0);
	assert_false(audit_writer_stalled(&writer));
	struct audit_record last = output_record(i++, 10);
	assert_int_equal(audit_writer_put(&writer, &last), 0);
	audit_writer_free(&writer);
	check_lines(fd, i);
	return i;
}

static void lift_limit(void *context)
{
	assert_int_equal(setrlimit(RLIMIT_FSIZE, context), 0);
}

/* Sizes that put the limit before, in and at the end of a line. */
static void test_a_file_that_may_not_grow(void **state)
{
	(void)state;
	char directory[64], path[96];
	struct rlimit usual, limited;
	temporary_directory(directory);
	snprintf(path, sizeof path, "%s/record", directory);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);

	for (rlim_t most = 20000; most < 20600; most += 7) {
		cleanup_fd int fd = open_record(path);
		limited = (struct rlimit){most, usual.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limited), 0);
		fill_and_recover(fd, 400, -EFBIG, lift_limit, &usual);
		unlink(path);
	}
	rmdir(directory);
}

static void remove_ballast(void *context)
{
	assert_int_equal(unlink(context), 0);
}

/* A file system of 1 MiB, of which something else takes a part and then gives it back. In a mount
 * namespace of a child, so that nothing can be left mounted. */
static void in_a_full_file_system(void **state)
{
	const char *directory = *state;
	char path[96], ballast[96];
	snprintf(path, sizeof path, "%s/record", directory);
	snprintf(ballast, sizeof ballast, "%s/ballast", directory);
	if (unshare(CLONE_NEWNS) < 0 && errno == EPERM)
		skip(); /* a container's root */
	assert_int_equal(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, "size=1m"), 0);

	for (size_t length = 10; length <= sizeof content; length = length * 3 + 1) {
		int filler = open_record(ballast);
		assert_int_equal(posix_fallocate(filler, 0, 400 * 1024), 0);
		fd_close(filler);
		cleanup_fd int fd = open_record(path);
		unsigned lines = fill_and_recover(fd, length, -ENOSPC, remove_ballast, ballast);
		assert_true(lines > 5);
		unlink(path);
	}
}

static void test_a_full_file_system(void **state)
{
	(void)state;
	char directory[64];
	int status;
	if (geteuid() != 0)
		skip();
	temporary_directory(directory);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* A run of its own: a failed assertion must end this child, not go on in it. */
		const struct CMUnitTest tests[] = {
			cmocka_unit_test_prestate(in_a_full_file_system, directory)};
		_exit(cmocka_run_group_tests_name("full file system", tests, NULL, NULL));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	rmdir(directory);
	assert_int_equal(status, 0);
}

/* A pipe that nobody reads at the other end of: nothing is ever taken. */
static void test_what_waits_is_bounded(void **state)
{
	(void)state;
	int ends[2];
	struct audit_writer writer;
	unsigned taken = 0;
	int r;
	assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
	memset(content, 1, sizeof content); /* each becomes six */

	audit_writer_init(&writer, ends[1]);
	do {
		struct audit_record record = output_record(taken, sizeof content);
		r = audit_writer_put(&writer, &record);
		taken += r != -ENOMEM;
	} while (r == -EAGAIN);
	assert_int_equal(r, -ENOMEM);
	assert_true(writer.pending.length <= AUDIT_WRITER_MAX);
	assert_true(taken >= 10);

	/* What was refused left nothing behind, and what was taken comes whole. */
	unsigned lines = 0;
	char last = '\n';
	do {
		char bytes[65536];
		ssize_t n;
		r = audit_writer_flush(&writer);
		assert_true(r == 0 || r == -EAGAIN);
		while ((n = read(ends[0], bytes, sizeof bytes)) > 0) {
			for (ssize_t i = 0; i < n; i++)
				lines += bytes[i] == '\n';
			last = bytes[n - 1];
		}
	} while (r != 0);
	assert_int_equal(lines, taken);
	assert_int_equal(last, '\n');
	assert_true(writer.pending.capacity <= AUDIT_WRITER_KEEP);

	struct audit_record record = output_record(0, 10);
	assert_int_equal(audit_writer_put(&writer, &record), 0);
	audit_writer_free(&writer);
	close(ends[0]);
	close(ends[1]);
	memset(content, 'x', sizeof content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_in_the_file_at_once),
		cmocka_unit_test(test_a_file_that_may_not_grow),
		cmocka_unit_test(test_a_full_file_system),
		cmocka_unit_test(test_what_waits_is_bounded),
	};
	memset(content, 'x', sizeof content);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
