/* What clients send and what they are told: input and who may give it, passwords, sizes, control
 * messages of both versions, frames that are wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "protocol/frame.h"
#include "protocol/request.h"
#include "util/fd.h"

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	assert_non_null(value);
	return value;
}

/* Kills the agent and waits, so that the record is complete. */
static json_t *end_and_read_record(struct world *world)
{
	link_order(world, SESSION_MSG_KILL, 0, "root", false);
	link_ended(world);
	world_wait(world);
	assert_int_equal(world->exit_status, 0);
	return record_lines(world);
}

static void input_is_recorded_and_echoed(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct str content = {0};
	struct world world;
	struct peer peer;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&peer, &world, &attach);
	peer_type(&peer, "first\n");
	peer_expect(&peer, "first\r\nfirst\r\n");
	peer_type(&peer, "second\n");
	peer_expect(&peer, "second\r\nsecond\r\n");
	json_t *lines = end_and_read_record(&world);
	record_content(lines, "input", &content);
	assert_string_equal(content.data, "first\nsecond\n");
	assert_string_equal(text(record_line(lines, "input", 0), "user"), "bob");
	assert_string_equal(text(record_line(lines, "input", 0), "source"), "human");
	assert_string_equal(text(record_line(lines, "output", 0), "source"), "agent");
	str_free(&content);
	json_decref(lines);
	peer_close(&peer);
	world_stop(&world);
}

static void what_follows_the_handshake_is_not_lost(void **state)
{
	struct session_attach attach = operator_attach(2);
	char early[60000];
	struct world world;
	struct peer peer;

	(void)state;
	/* One frame of 59,995 bytes in lines that cat takes. */
	frame_put_header((unsigned char *)early, FRAME_INPUT, sizeof early - FRAME_HEADER_SIZE);
	for (size_t i = FRAME_HEADER_SIZE; i < sizeof early; i++)
		early[i] = i % 60 == 59 ? '\n' : 'x';
	attach.early = early;
	attach.early_length = sizeof early;
	world_run(&world, "sh", "-c", "head -c 59995 | wc -c", NULL);
	peer_enter(&peer, &world, &attach);
	peer_finish(&peer);
	assert_non_null(strstr(peer.out.data, "\n59995\r\n"));
	peer_close(&peer);
	world_stop(&world);
}

static void a_password_is_redacted(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct str content = {0}, whole = {0};
	struct world world;
	struct peer peer;
	char buffer[4096];
	size_t n;

	(void)state;
	world_run(&world, "sh", "-c",
		  "stty -echo; echo ask; read x; stty echo; echo thanks; stty raw -echo; echo raw;"
		  "head -c 3; cat",
		  NULL);
	peer_enter(&peer, &world, &attach);
	peer_expect(&peer, "ask");
	peer_type(&peer, "sesame!\n");
	peer_expect(&peer, "thanks");
	peer_expect(&peer, "raw");
	peer_type(&peer, "tui");
	peer_expect(&peer, "tui");
	json_t *lines = end_and_read_record(&world);
	record_content(lines, "input", &content);
	assert_string_equal(content.data, "[redacted]tui");
	assert_string_equal(record_metadata(record_line(lines, "input", 0), "length"), "8");
	FILE *file = fopen(world.record, "re");
	while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
		str_append(&whole, buffer, n);
	fclose(file);
	assert_null(strstr(whole.data, "sesame"));
	str_free(&whole);
	str_free(&content);
	json_decref(lines);
	peer_close(&peer);
	world_stop(&world);
}

static void observers_deliver_nothing(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct str content = {0};
	struct world world;
	struct peer typist, watcher, reader, old;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&typist, &world, &attach);
	/* An admin who asked to watch; one who may do no more; the same in version 1. */
	attach = observer_attach(2);
	attach.level = LEVEL_ADMIN;
	peer_enter(&watcher, &world, &attach);
	attach = operator_attach(2);
	attach.level = LEVEL_READ_ONLY;
	peer_enter(&reader, &world, &attach);
	attach = operator_attach(1);
	attach.level = LEVEL_READ_ONLY;
	peer_enter(&old, &world, &attach);

	for (int i = 0; i < 5; i++)
		peer_type(&watcher, "from the watcher\n");
	peer_until(&watcher, watcher.error);
	assert_string_equal(text(watcher.error, "code"), "read-only");
	peer_type(&reader, "from the reader\n");
	peer_frame(&reader, FRAME_RESIZE, "\0\x32\0\x32", 4);
	peer_until(&reader, reader.error);
	peer_type(&old, "from the old\n");
	peer_type(&old, "\x01RESIZE:50,50");
	peer_expect(&old, "\x01"
			  "ERROR:Read-only mode");

	peer_type(&typist, "only this\n");
	peer_expect(&typist, "only this\r\nonly this\r\n");
	assert_null(strstr(typist.out.data, "from"));
	struct session_status status = link_status(&world);
	assert_int_equal(status.operators, 1);
	assert_int_equal(status.observers, 3);
	assert_int_equal(status.rows, 24);

	json_t *lines = end_and_read_record(&world);
	record_content(lines, "input", &content);
	assert_string_equal(content.data, "only this\n");
	/* The first of each, and a count for who tried more than once. */
	assert_int_equal(record_count(lines, "denied"), 4);
	assert_string_equal(record_metadata(record_line(lines, "denied", 3), "count"), "5");
	assert_int_equal(record_count(lines, "resize"), 0);
	str_free(&content);
	json_decref(lines);
	peer_close(&typist);
	peer_close(&watcher);
	peer_close(&reader);
	peer_close(&old);
	world_stop(&world);
}

static void a_paste_of_a_megabyte(void **state)
{
	struct session_attach attach = operator_attach(2);
	size_t n = 1 << 20;
	char *paste = malloc(n);
	struct str content = {0};
	struct world world;
	struct peer peer;

	(void)state;
	for (size_t i = 0; i < n; i++)
		paste[i] = (char)('a' + i * 7 % 26);
	/* Slowly at first, so that the queue fills. */
	world_run(&world, "sh", "-c",
		  "stty raw -echo; echo ready; sleep 0.3; head -c 1048576 | md5sum", NULL);
	peer_enter(&peer, &world, &attach);
	peer_expect(&peer, "ready");
	peer_frame(&peer, FRAME_INPUT, paste, 700000);
	peer_frame(&peer, FRAME_INPUT, paste + 700000, n - 700000);
	peer_finish(&peer);
	world_wait(&world);

	json_t *lines = record_lines(&world);
	record_content(lines, "input", &content);
	assert_int_equal(content.length, n);
	assert_memory_equal(content.data, paste, n);
	/* The agent counted the same. */
	char command[128], path[96], sum[33] = "";
	snprintf(path, sizeof path, "%s/paste", world.dir);
	FILE *file = fopen(path, "we");
	assert_int_equal(fwrite(paste, 1, n, file), n);
	fclose(file);
	snprintf(command, sizeof command, "md5sum < %s", path);
	FILE *pipe = popen(command, "re");
	assert_int_equal(fread(sum, 1, 32, pipe), 32);
	pclose(pipe);
	assert_non_null(strstr(peer.out.data, sum));
	str_free(&content);
	json_decref(lines);
	free(paste);
	peer_close(&peer);
	world_stop(&world);
}

/* Two operators paste at once into an agent that reads slowly; both get through, whole pieces in
 * order. */
static void two_pastes_share_the_queue(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct str content = {0};
	struct peer peers[2];
	struct world world;
	size_t n = 200000;
	char *paste = malloc(n);

	(void)state;
	world_run(&world, "sh", "-c",
		  "stty raw -echo; echo ready; sleep 0.3; head -c 400000 | wc -c", NULL);
	for (int i = 0; i < 2; i++) {
		peer_enter(&peers[i], &world, &attach);
		peer_expect(&peers[i], "ready");
	}
	/* Their sockets hold that much: neither send blocks us. */
	int size = 1 << 20;
	for (int i = 0; i < 2; i++) {
		setsockopt(peers[i].fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
		memset(paste, 'a' + i, n);
		peer_frame(&peers[i], FRAME_INPUT, paste, n);
	}
	for (int i = 0; i < 2; i++) {
		peer_finish(&peers[i]);
		assert_non_null(strstr(peers[i].out.data, "400000"));
	}
	world_wait(&world);
	json_t *lines = record_lines(&world);
	record_content(lines, "input", &content);
	assert_int_equal(content.length, 2 * n);
	/* Neither had to wait for the other's last byte. */
	const char *last_a = memrchr(content.data, 'a', content.length);
	const char *first_b = memchr(content.data, 'b', content.length);
	assert_true(first_b < last_a);
	str_free(&content);
	json_decref(lines);
	free(paste);
	for (int i = 0; i < 2; i++)
		peer_close(&peers[i]);
	world_stop(&world);
}

static void sizes(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer, second;

	(void)state;
	world_run(&world, "sh", "-c", "while read x; do stty size; done", NULL);
	peer_enter(&peer, &world, &attach);
	peer_frame(&peer, FRAME_RESIZE, "\0\x32\0\x64", 4);
	peer_frame(&peer, FRAME_RESIZE, "\0\x32\0\x64", 4); /* the same: no line */
	peer_type(&peer, "\n");
	peer_expect(&peer, "50 100");
	peer_frame(&peer, FRAME_RESIZE, "\0\0\0\x64", 4);
	peer_until(&peer, peer.error);
	assert_string_equal(text(peer.error, "code"), "bad-size");
	/* A joiner's size is the last. */
	attach.rows = 10;
	attach.columns = 20;
	peer_enter(&second, &world, &attach);
	peer_type(&second, "\n");
	peer_expect(&second, "10 20");
	json_t *lines = end_and_read_record(&world);
	assert_int_equal(record_count(lines, "resize"), 2);
	assert_string_equal(text(record_line(lines, "resize", 0), "content"), "50x100");
	assert_string_equal(text(record_line(lines, "resize", 1), "content"), "10x20");
	json_decref(lines);
	peer_close(&peer);
	peer_close(&second);
	world_stop(&world);
}

static void version_2_control_frames(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&peer, &world, &attach);
	peer_frame(&peer, FRAME_PING, "ping-1", 6);
	peer_until(&peer, peer.pong.length == 6);
	assert_memory_equal(peer.pong.data, "ping-1", 6);
	peer_frame(&peer, FRAME_QUERY, "", 0);
	peer_until(&peer, peer.status);
	assert_string_equal(text(peer.status, "id"), world.id);
	assert_string_equal(text(peer.status, "command"), "cat");
	assert_string_equal(text(peer.status, "state"), "running");
	assert_int_equal(json_integer_value(json_object_get(peer.status, "operators")), 1);
	/* Types that nobody knows, ours alone, or of a wrong shape. */
	static const struct {
		uint8_t type;
		size_t length;
	} bad[] = {{'?', 3},          {FRAME_OUTPUT, 3}, {FRAME_END, 0},
		   {FRAME_RESIZE, 3}, {FRAME_PING, 65},  {FRAME_QUERY, 1}};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		static const char zeros[65];

		json_decref(peer.error);
		peer.error = NULL;
		peer_frame(&peer, bad[i].type, zeros, bad[i].length);
		peer_until(&peer, peer.error);
		assert_string_equal(text(peer.error, "code"), "bad-frame");
	}
	/* Byte by byte. */
	const char frames[] = "\0\0\0\3iabc\0\0\0\1i\n\0\0\0\2ppq";
	for (size_t i = 0; i < sizeof frames - 1; i++)
		assert_int_equal(send(peer.fd, frames + i, 1, 0), 1);
	peer_expect(&peer, "abc\r\nabc");
	peer_until(&peer, peer.pong.length == 2);
	peer_frame(&peer, FRAME_LEAVE, "", 0);
	peer_finish(&peer);
	assert_string_equal(text(peer.end, "reason"), "detached");
	assert_string_equal(text(peer.end, "by"), "bob");
	assert_null(json_object_get(peer.end, "missed_bytes"));
	assert_int_equal(link_status(&world).operators, 0);
	peer_close(&peer);
	world_stop(&world);
}

static void a_frame_that_is_too_long(void **state)
{
	static const unsigned char huge[] = {0x7f, 0xff, 0xff, 0xff, 'i'};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer, old;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&peer, &world, &attach);
	assert_int_equal(send(peer.fd, huge, 5, 0), 5);
	peer_finish(&peer);
	assert_string_equal(text(peer.error, "code"), "frame-too-long");
	assert_null(peer.end);
	attach = operator_attach(1);
	peer_enter(&old, &world, &attach);
	assert_int_equal(send(old.fd, huge, 4, 0), 4);
	peer_finish(&old);
	assert_memory_equal(old.in.data + old.at,
			    "\x01"
			    "ERROR:",
			    7);
	/* Nobody else noticed. */
	assert_true(link_status(&world).agent_alive);
	peer_close(&peer);
	peer_close(&old);
	world_stop(&world);
}

static void one_write(struct peer *peer, const char *expected)
{
	char buffer[4096];
	ssize_t n = recv(peer->fd, buffer, sizeof buffer - 1, 0);

	assert_true(n > 0);
	buffer[n] = '\0';
	if (strncmp(buffer, expected, strlen(expected)) != 0)
		fail_msg("expected %s, got %s", expected + 1, buffer);
}

/* A SEQPACKET socket shows each write by itself. */
static void version_1_messages_have_writes_of_their_own(void **state)
{
	struct session_attach attach = operator_attach(1);
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
	struct world world;
	struct peer peer;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_join(&peer, &world, &attach, SOCK_SEQPACKET);
	setsockopt(peer.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	one_write(&peer, "SESSION:");
	peer_type(&peer, "\x01PING");
	peer_type(&peer, "\x01GET_STATUS");
	peer_type(&peer, "\x01"
			 "FORCE_KILL");
	peer_type(&peer, "\x01RESIZE:0,80");
	peer_type(&peer, "\x01\n"); /* Ctrl-A is input */
	one_write(&peer, "\x01PONG");
	one_write(&peer, "\x01STATUS:{\"session_id\":\"");
	one_write(&peer, "\x01"
			 "ERROR:Permission denied");
	one_write(&peer, "\x01"
			 "ERROR:rows and columns");
	one_write(&peer, "^A\r\n");
	json_t *lines = end_and_read_record(&world);
	assert_int_equal(record_count(lines, "denied"), 1);
	assert_string_equal(text(record_line(lines, "denied", 0), "content"), "kill");
	json_decref(lines);
	peer_close(&peer);
	world_stop(&world);
}

static void version_1_force_kill_by_an_admin(void **state)
{
	struct session_attach attach = operator_attach(1);
	struct world world;
	struct peer peer;

	(void)state;
	attach.level = LEVEL_ADMIN;
	world_run(&world, "cat", NULL);
	peer_enter(&peer, &world, &attach);
	peer_type(&peer, "\x01"
			 "FORCE_KILL");
	peer_finish(&peer);
	assert_int_equal(link_ended(&world).reason, END_KILLED);
	peer_close(&peer);
	world_stop(&world);
}

static void notices_for_those_who_asked(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer asked, other;

	(void)state;
	world_run(&world, "cat", NULL);
	attach.features = FEATURE_NOTICES;
	peer_enter(&asked, &world, &attach);
	attach.features = 0;
	peer_enter(&other, &world, &attach);
	peer_until(&asked, asked.notices == 1);
	peer_frame(&other, FRAME_LEAVE, "", 0);
	peer_finish(&other);
	assert_int_equal(other.notices, 0);
	peer_until(&asked, asked.notices == 2);
	peer_close(&asked);
	peer_close(&other);
	world_stop(&world);
}

/* It asks and does not read the answers. */
static void a_flood_of_pings(void **state)
{
	struct session_attach attach = operator_attach(2);
	unsigned char ping[FRAME_HEADER_SIZE + 64] = {0};
	struct world world;
	struct peer peer;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&peer, &world, &attach);
	frame_put_header(ping, FRAME_PING, 64);
	while (send(peer.fd, ping, sizeof ping, MSG_NOSIGNAL) == sizeof ping)
		;
	assert_int_equal(link_status(&world).operators, 0);
	peer_close(&peer);
	world_stop(&world);
}

/* What it typed before it went is delivered. */
static void a_client_that_types_and_goes(void **state)
{
	struct session_attach attach = operator_attach(2);
	char line[1024];
	struct world world;
	struct peer peer, other;

	(void)state;
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\n';
	world_run(&world, "sh", "-c", "stty raw -echo; echo go; sleep 0.2; head -c 102400 | wc -c",
		  NULL);
	peer_enter(&other, &world, &attach);
	peer_enter(&peer, &world, &attach);
	peer_expect(&peer, "go");
	for (int i = 0; i < 100; i++)
		peer_frame(&peer, FRAME_INPUT, line, sizeof line);
	peer_close(&peer);
	peer_finish(&other);
	assert_non_null(strstr(other.out.data, "102400"));
	peer_close(&other);
	world_stop(&world);
}

static void a_status_fits_its_frame(void **state)
{
	static char argument[20000];
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	memset(argument, '"', sizeof argument - 1);
	world_run(&world, "sh", "-c", "cat", argument, NULL);
	peer_enter(&peer, &world, &attach);
	peer_frame(&peer, FRAME_QUERY, "", 0);
	peer_until(&peer, peer.status);
	assert_true(strlen(text(peer.status, "command")) > 1000);
	peer_close(&peer);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input_is_recorded_and_echoed),
		cmocka_unit_test(what_follows_the_handshake_is_not_lost),
		cmocka_unit_test(a_password_is_redacted),
		cmocka_unit_test(observers_deliver_nothing),
		cmocka_unit_test(a_paste_of_a_megabyte),
		cmocka_unit_test(two_pastes_share_the_queue),
		cmocka_unit_test(sizes),
		cmocka_unit_test(version_2_control_frames),
		cmocka_unit_test(a_frame_that_is_too_long),
		cmocka_unit_test(version_1_messages_have_writes_of_their_own),
		cmocka_unit_test(version_1_force_kill_by_an_admin),
		cmocka_unit_test(notices_for_those_who_asked),
		cmocka_unit_test(a_flood_of_pings),
		cmocka_unit_test(a_client_that_types_and_goes),
		cmocka_unit_test(a_status_fits_its_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
