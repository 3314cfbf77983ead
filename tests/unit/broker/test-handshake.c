/* The first line in every split, at its limit, and from a refused peer. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/handshake.h"
#include "protocol/request.h"
#include "util/fd.h"
#include "util/io.h"

static int ends[2];
static struct handshake handshake;
static struct handshake_line line;

static int set_up(void **state)
{
	int size = 1 << 20;

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) < 0)
		return -1;
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	handshake = (struct handshake){0};
	return fd_set_nonblocking(ends[1], true);
}

static int tear_down(void **state)
{
	(void)state;
	handshake_free(&handshake);
	fd_close(ends[0]);
	fd_close(ends[1]);
	return 0;
}

static void say(const char *bytes, size_t n)
{
	assert_int_equal(io_write_all(ends[0], bytes, n), 0);
}

static enum handshake_event hear(void)
{
	return handshake_read(&handshake, ends[1], &line);
}

static const char text[] = "AAAU/2 {\"op\":\"list\"}\nearly bytes\n";
#define LINE_LENGTH 20
#define TEXT_LENGTH (sizeof(text) - 1)

static void expect_line(const char *early, size_t early_length)
{
	assert_int_equal(line.length, LINE_LENGTH);
	assert_memory_equal(line.line, text, LINE_LENGTH);
	assert_int_equal(line.early_length, early_length);
	assert_memory_equal(line.early, early, early_length);
}

static void at_once(void **state)
{
	(void)state;
	assert_int_equal(hear(), HANDSHAKE_MORE);
	say(text, TEXT_LENGTH);
	assert_int_equal(hear(), HANDSHAKE_LINE);
	expect_line("early bytes\n", 12);
	assert_null(handshake.held.data); /* it cost no memory */
}

static void byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < LINE_LENGTH; i++) {
		say(text + i, 1);
		assert_int_equal(hear(), HANDSHAKE_MORE);
		assert_int_equal(handshake_version(&handshake), i >= 4 ? 2 : 1);
	}
	say(text + LINE_LENGTH, 1);
	assert_int_equal(hear(), HANDSHAKE_LINE);
	expect_line("", 0);
}

static void every_split(void **state)
{
	for (size_t split = 1; split < TEXT_LENGTH; split++) {
		say(text, split);
		if (split <= LINE_LENGTH) {
			assert_int_equal(hear(), HANDSHAKE_MORE);
			say(text + split, TEXT_LENGTH - split);
			assert_int_equal(hear(), HANDSHAKE_LINE);
			expect_line("early bytes\n", 12);
		} else {
			/* What follows the line is not waited for. */
			assert_int_equal(hear(), HANDSHAKE_LINE);
			expect_line("early bytes\n", split - LINE_LENGTH - 1);
		}
		tear_down(state);
		set_up(state);
	}
}

static void limit(void **state)
{
	char *bytes = malloc(REQUEST_MAX_LINE + 1);

	(void)state;
	memset(bytes, 'x', REQUEST_MAX_LINE + 1);
	/* The newline is the last byte allowed, in one read and in three. */
	bytes[REQUEST_MAX_LINE - 1] = '\n';
	say(bytes, REQUEST_MAX_LINE);
	assert_int_equal(hear(), HANDSHAKE_LINE);
	assert_int_equal(line.length, REQUEST_MAX_LINE - 1);

	say(bytes, 10);
	assert_int_equal(hear(), HANDSHAKE_MORE);
	say(bytes + 10, REQUEST_MAX_LINE - 11);
	assert_int_equal(hear(), HANDSHAKE_MORE);
	say(bytes + REQUEST_MAX_LINE - 1, 1);
	assert_int_equal(hear(), HANDSHAKE_LINE);
	assert_int_equal(line.length, REQUEST_MAX_LINE - 1);
	handshake_free(&handshake);

	/* One byte more is too long, whether a newline comes or not. */
	bytes[REQUEST_MAX_LINE - 1] = 'x';
	bytes[REQUEST_MAX_LINE] = '\n';
	say(bytes, 1);
	assert_int_equal(hear(), HANDSHAKE_MORE);
	say(bytes, REQUEST_MAX_LINE);
	assert_int_equal(hear(), HANDSHAKE_TOO_LONG);
	assert_true(handshake.held.length <= REQUEST_MAX_LINE);
	free(bytes);
}

static void ends_early(void **state)
{
	(void)state;
	say("NE", 2);
	assert_int_equal(hear(), HANDSHAKE_MORE);
	ends[0] = fd_close(ends[0]);
	assert_int_equal(hear(), HANDSHAKE_END);
}

static void empty_line(void **state)
{
	(void)state;
	say("\n", 1);
	assert_int_equal(hear(), HANDSHAKE_LINE);
	assert_int_equal(line.length, 0);
}

static void refused_peers_tell_their_version_only(void **state)
{
	static const struct {
		const char *bytes;
		int version;
	} cases[] = {{"AAAU/2 {}\n", 2}, {"AAAU/", 2}, {"AAAB", 1}, {"\n", 1}, {"NEW\n", 1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		handshake.prefix_only = true;
		say(cases[i].bytes, strlen(cases[i].bytes));
		assert_int_equal(hear(), HANDSHAKE_VERSION);
		assert_int_equal(handshake_version(&handshake), cases[i].version);
		assert_true(handshake.held.length <= HANDSHAKE_PREFIX);
		tear_down(state);
		set_up(state);
	}
	handshake.prefix_only = true;
	for (size_t i = 0; i < 4; i++) {
		say(&"AAAU/"[i], 1);
		assert_int_equal(hear(), HANDSHAKE_MORE);
	}
	say("/", 1);
	assert_int_equal(hear(), HANDSHAKE_VERSION);
	assert_int_equal(handshake_version(&handshake), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(byte_by_byte, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_split, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_early, set_up, tear_down),
		cmocka_unit_test_setup_teardown(empty_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refused_peers_tell_their_version_only, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
