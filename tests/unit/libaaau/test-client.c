/* The library against a server in this process, over a real socket. */
#include <aaau/aaau.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/io.h"

struct fixture {
	char directory[64];
	char path[80];
	int listening;
	int server; /* the server's end of the connection, or -1 */
	struct aaau_client *client;
	struct aaau_event event;
};

static void listen_at(struct fixture *f, int backlog)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
	f->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->listening, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(f->listening, backlog), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->directory, sizeof(f->directory), "/tmp/aaau-test-XXXXXX");
	assert_non_null(mkdtemp(f->directory));
	snprintf(f->path, sizeof(f->path), "%s/socket", f->directory);
	f->server = -1;
	listen_at(f, 8);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	aaau_close(f->client);
	fd_close(f->server);
	fd_close(f->listening);
	unlink(f->path);
	rmdir(f->directory);
	free(f);
	return 0;
}

static void connect_client(struct fixture *f)
{
	assert_int_equal(aaau_connect(f->path, 1000, &f->client), AAAU_OK);
	f->server = accept4(f->listening, NULL, NULL, SOCK_CLOEXEC);
	assert_true(f->server >= 0);
}

static enum aaau_event_type next(struct fixture *f)
{
	while (aaau_next_event(f->client, &f->event) == AAAU_EVENT_NONE) {
		struct pollfd fd = {.fd = aaau_fd(f->client), .events = aaau_wanted(f->client)};
		assert_int_equal(poll(&fd, 1, 10000), 1);
	}
	return f->event.type;
}

static void expect_request(struct fixture *f, const char *json)
{
	char line[4096];
	size_t n = 0;

	do
		assert_int_equal(read(f->server, line + n, 1), 1);
	while (line[n++] != '\n');
	line[n - 1] = '\0';
	assert_memory_equal(line, "AAAU/2 ", 7);
	assert_string_equal(line + 7, json);
}

static void say(struct fixture *f, const char *data, size_t n)
{
	assert_int_equal(io_write_all(f->server, data, n), 0);
}

static void start(struct fixture *f)
{
	static const char answer[] = "{\"ok\":true,\"session\":\"3f2a\"}\n";
	static const struct aaau_attach request = {0};

	connect_client(f);
	assert_int_equal(aaau_request_attach(f->client, &request), AAAU_OK);
	expect_request(f, "{\"op\":\"attach\"}");
	say(f, answer, sizeof(answer) - 1);
	assert_int_equal(next(f), AAAU_EVENT_STARTED);
}

static void test_connect_outcomes(void **state)
{
	struct fixture *f = *state;
	struct aaau_client *none = (struct aaau_client *)state;
	char path[256];

	snprintf(path, sizeof(path), "%s/none", f->directory);
	assert_int_equal(aaau_connect(path, 0, &none), AAAU_NO_SERVER);
	snprintf(path, sizeof(path), "%s/socket/below", f->directory);
	assert_int_equal(aaau_connect(path, 0, &none), AAAU_NO_SERVER);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(aaau_connect(path, 0, &none), AAAU_BAD_PATH);
	path[108] = '\0';
	assert_int_equal(aaau_connect(path, 0, &none), AAAU_BAD_PATH);
	path[107] = '\0';
	assert_int_equal(aaau_connect(path, 0, &none), AAAU_NO_SERVER);
	assert_int_equal(aaau_connect("", 0, &none), AAAU_BAD_PATH);
	/* a socket that nobody listens on any more */
	f->listening = fd_close(f->listening);
	assert_int_equal(aaau_connect(f->path, 0, &none), AAAU_NO_SERVER);
	if (geteuid() != 0) {
		chmod(f->path, 0);
		assert_int_equal(aaau_connect(f->path, 0, &none), AAAU_NOT_PERMITTED);
	}
	assert_ptr_equal(none, state);
	aaau_close(NULL);
}

static void test_full_queue(void **state)
{
	struct fixture *f = *state;
	struct aaau_client *clients[64];
	unsigned n = 0;
	int r = 0;

	fd_close(f->listening);
	unlink(f->path);
	listen_at(f, 1);
	while (n < 64 && (r = aaau_connect(f->path, 0, &clients[n])) == AAAU_OK)
		n++;
	assert_int_equal(r, AAAU_BUSY);
	assert_int_equal(aaau_connect(f->path, 20, &f->client), AAAU_BUSY);
	while (n)
		aaau_close(clients[--n]);
}

static void test_requests(void **state)
{
	static const char *const args[] = {"-c", "echo \"$1\"\n", "", NULL};
	static const char *const environment[] = {"TERM=xterm", "EMPTY=", "NONE", "A=b=c", NULL};
	struct fixture *f = *state;
	struct aaau_new request = {.agent = "claude",
				   .program = "/bin/sh",
				   .args = args,
				   .environment = environment,
				   .name = "żółć",
				   .rows = 24,
				   .columns = 65535,
				   .observer = true,
				   .features =
					   AAAU_FEATURE_NOTICES | AAAU_FEATURE_FREEZES | 1U << 31};

	connect_client(f);
	assert_int_equal(aaau_send_kill(f->client), AAAU_NOT_NOW);
	assert_int_equal(aaau_send_input(f->client, "x", 1), 0);
	assert_int_equal(aaau_request_new(f->client, &request), AAAU_OK);
	assert_int_equal(aaau_request_list(f->client), AAAU_NOT_NOW);
	expect_request(f, "{\"op\":\"new\",\"agent\":\"claude\",\"program\":\"/bin/sh\","
			  "\"args\":[\"-c\",\"echo \\\"$1\\\"\\n\",\"\"],"
			  "\"env\":{\"TERM\":\"xterm\",\"EMPTY\":\"\",\"NONE\":\"\",\"A\":\"b=c\"},"
			  "\"name\":\"żółć\",\"rows\":24,\"cols\":65535,\"role\":\"observer\","
			  "\"features\":[\"notices\",\"freezes\"]}");
	assert_int_equal(aaau_send_input(f->client, "x", 1), 0);
	assert_int_equal(aaau_wanted(f->client), POLLIN);
}

static void request_and_close(struct fixture *f, int result, const char *json)
{
	assert_int_equal(result, AAAU_OK);
	expect_request(f, json);
	aaau_close(f->client);
	f->client = NULL;
	f->server = fd_close(f->server);
}

static void test_other_requests(void **state)
{
	struct fixture *f = *state;
	static const struct aaau_attach attach = {
		.session = "work", .rows = 1, .columns = 2, .observer = true};
	static const struct aaau_new detached = {.detached = true};

	connect_client(f);
	request_and_close(f, aaau_request_attach(f->client, &attach),
			  "{\"op\":\"attach\",\"session\":\"work\",\"rows\":1,\"cols\":2,"
			  "\"role\":\"observer\"}");
	connect_client(f);
	request_and_close(f, aaau_request_new(f->client, &detached),
			  "{\"op\":\"new\",\"detached\":true}");
	connect_client(f);
	request_and_close(f, aaau_request_list(f->client), "{\"op\":\"list\"}");
	connect_client(f);
	request_and_close(f, aaau_request_status(f->client, "a"),
			  "{\"op\":\"status\",\"session\":\"a\"}");
	connect_client(f);
	request_and_close(f, aaau_request_kill(f->client, "a"),
			  "{\"op\":\"kill\",\"session\":\"a\"}");
	connect_client(f);
	request_and_close(f, aaau_request_detach(f->client, "a", true),
			  "{\"op\":\"detach\",\"session\":\"a\",\"everyone\":true}");
	connect_client(f);
	request_and_close(f, aaau_request_freeze(f->client, "a", false),
			  "{\"op\":\"freeze\",\"session\":\"a\"}");
	connect_client(f);
	request_and_close(f, aaau_request_freeze(f->client, NULL, false), "{\"op\":\"freeze\"}");
	connect_client(f);
	request_and_close(f, aaau_request_thaw(f->client, NULL, true),
			  "{\"op\":\"thaw\",\"everyone\":true}");
}

static void test_requests_that_cannot_be_said(void **state)
{
	struct fixture *f = *state;
	struct aaau_new request = {.program = "caf\351"};
	char *big = malloc(65537);

	connect_client(f);
	assert_int_equal(aaau_request_new(f->client, &request), AAAU_NOT_UTF8);
	memset(big, 'x', 65536);
	big[65536] = '\0';
	request.program = big;
	assert_int_equal(aaau_request_new(f->client, &request), AAAU_TOO_LONG);
	/* the longest that there is */
	big[65536 - strlen("AAAU/2 {\"op\":\"new\",\"program\":\"\"}\n")] = '\0';
	assert_int_equal(aaau_request_new(f->client, &request), AAAU_OK);
	char *line = malloc(65536);
	assert_int_equal(io_read_full(f->server, line, 65536), 65536);
	assert_int_equal(line[65535], '\n');
	free(line);
	free(big);
}

static void expect_frame(struct fixture *f, const char *bytes, size_t n)
{
	char data[256];

	assert_int_equal(io_read_full(f->server, data, n), n);
	assert_memory_equal(data, bytes, n);
}

static void test_messages(void **state)
{
	struct fixture *f = *state;
	char ping[65] = {0};

	start(f);
	assert_int_equal(aaau_send_input(f->client, "ls\n", 3), 3);
	expect_frame(f, "\0\0\0\3ils\n", 8);
	assert_int_equal(aaau_send_input(f->client, "", 0), 0);
	assert_int_equal(aaau_send_resize(f->client, 0x1234, 0xfffe), 0);
	expect_frame(f, "\0\0\0\4r\x12\x34\xff\xfe", 9);
	assert_int_equal(aaau_send_resize(f->client, 0, 1), -EINVAL);
	assert_int_equal(aaau_send_resize(f->client, 1, 0), -EINVAL);
	assert_int_equal(aaau_send_ping(f->client, "p", 1), 0);
	expect_frame(f, "\0\0\0\1pp", 6);
	assert_int_equal(aaau_send_ping(f->client, ping, 64), 0);
	assert_int_equal(aaau_send_ping(f->client, ping, 65), -EINVAL);
	assert_int_equal(aaau_send_query(f->client), 0);
	assert_int_equal(aaau_send_kill(f->client), 0);
	assert_int_equal(aaau_send_leave(f->client), 0);
	char data[69 + 15];
	assert_int_equal(io_read_full(f->server, data, sizeof(data)), sizeof(data));
	assert_memory_equal(data + 69, "\0\0\0\0s\0\0\0\0k\0\0\0\0d", 15);
}

/* A server that does not read: the queue is bounded, leaves room for messages, and nothing is lost
 * once it reads again. */
static void test_bounded_queue(void **state)
{
	struct fixture *f = *state;
	static char chunk[100000];
	size_t taken = 0, n;

	start(f);
	for (size_t i = 0; i < sizeof(chunk); i++)
		chunk[i] = (char)(i * 7 % 251);
	while ((n = aaau_send_input(f->client, chunk, sizeof(chunk))) > 0)
		taken += n;
	assert_int_equal(aaau_wanted(f->client), POLLIN | POLLOUT);
	assert_true(taken > 65536 && taken < 4000000);
	assert_int_equal(aaau_send_resize(f->client, 1, 1), 0);
	unsigned messages = 1;
	while (aaau_send_query(f->client) == 0)
		messages++;
	assert_true(messages > 100 && messages < 1000);
	assert_int_equal(aaau_send_query(f->client), AAAU_BUSY);

	size_t got = 0;
	unsigned got_messages = 0;
	static char payload[1000000];
	while (got < taken || got_messages < messages) {
		unsigned char header[5];
		assert_int_equal(aaau_next_event(f->client, &f->event), AAAU_EVENT_NONE);
		assert_int_equal(io_read_full(f->server, header, 5), 5);
		size_t length = (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
		/* so that a frame that is still in the queue comes */
		for (size_t have = 0; have < length;) {
			ssize_t r = recv(f->server, payload + have, length - have, MSG_DONTWAIT);
			if (r > 0)
				have += (size_t)r;
			else
				aaau_next_event(f->client, &f->event);
		}
		if (header[4] == 'i')
			got += length;
		else
			got_messages++;
	}
	assert_int_equal(got, taken);
	assert_int_equal(aaau_wanted(f->client), POLLIN);
}

/* What the server said before it went is not lost, and nothing sent to it raises a signal. */
static void test_server_that_went(void **state)
{
	static const char end[] = "\0\0\0\x26X{\"reason\":\"exited\",\"exit_status\":42}  ";
	struct fixture *f = *state;

	start(f);
	say(f, end, 5 + 0x26);
	f->server = fd_close(f->server);
	assert_int_equal(aaau_send_input(f->client, "x", 1), 1);
	assert_int_equal(aaau_send_input(f->client, "x", 1), 1);
	assert_int_equal(aaau_send_resize(f->client, 1, 1), 0);
	assert_int_equal(next(f), AAAU_EVENT_END);
	assert_int_equal(f->event.as.end.exit_status, 42);
	assert_int_equal(next(f), AAAU_EVENT_CLOSED);
	assert_int_equal(f->event.as.closed.error, 0);
	assert_int_equal(next(f), AAAU_EVENT_CLOSED);
}

/* With our bytes unread, the kernel says that the connection was reset. */
static void test_reset_is_closed(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_int_equal(aaau_send_input(f->client, "x", 1), 1);
	f->server = fd_close(f->server);
	assert_int_equal(next(f), AAAU_EVENT_CLOSED);
	assert_int_equal(f->event.as.closed.error, 0);
	assert_string_equal(f->event.as.closed.detail, "");
}

static void test_violation_stays(void **state)
{
	struct fixture *f = *state;

	start(f);
	say(f, "\xff\xff\xff\xffo", 5);
	assert_int_equal(next(f), AAAU_EVENT_CLOSED);
	assert_int_equal(f->event.as.closed.error, -EPROTO);
	assert_int_equal(next(f), AAAU_EVENT_CLOSED);
	assert_int_equal(f->event.as.closed.error, -EPROTO);
	assert_string_equal(f->event.as.closed.detail, "a message longer than any can be");
}

/* Sending does not disturb what an event points to. */
static void test_event_survives_sending(void **state)
{
	struct fixture *f = *state;

	start(f);
	say(f, "\0\0\0\5ohello", 10);
	assert_int_equal(next(f), AAAU_EVENT_OUTPUT);
	for (unsigned i = 0; i < 1000; i++)
		aaau_send_input(f->client, "xxxxxxxxxxxxxxxxxxx", 19);
	aaau_send_leave(f->client);
	assert_int_equal(f->event.as.output.length, 5);
	assert_memory_equal(f->event.as.output.data, "hello", 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_connect_outcomes),
		TEST(test_full_queue),
		TEST(test_requests),
		TEST(test_other_requests),
		TEST(test_requests_that_cannot_be_said),
		TEST(test_messages),
		TEST(test_bounded_queue),
		TEST(test_server_that_went),
		TEST(test_reset_is_closed),
		TEST(test_violation_stays),
		TEST(test_event_survives_sending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
