/* How a session begins and ends: answers, failures, exit statuses, orders, the link lost and found
 * again. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "protocol/frame.h"
#include "util/fd.h"

static long long number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	assert_non_null(value);
	return value;
}

static void version_2_from_answer_to_end(void **state)
{
	static const char *const argv[] = {"echo", "hello there", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	attach.creator = true;
	attach.uid = CREATOR_UID;
	attach.user = "alice";
	peer_create(&peer, &world, &attach, &(struct world_options){.argv = argv});
	char *line = peer_line(&peer);
	json_t *answer = json_loads(line, 0, NULL);
	assert_true(json_is_true(json_object_get(answer, "ok")));
	assert_string_equal(text(answer, "session"), world.id);
	assert_string_equal(text(answer, "name"), "a-name");
	assert_string_equal(text(answer, "level"), "interactive");
	assert_string_equal(text(answer, "role"), "operator");
	assert_true(json_is_array(json_object_get(answer, "features")));
	json_decref(answer);
	free(line);
	link_expect(&world, SESSION_MSG_STARTED);

	peer_finish(&peer);
	assert_string_equal(peer.out.data, "hello there\r\n");
	assert_string_equal(text(peer.end, "reason"), "exited");
	assert_int_equal(number(peer.end, "exit_code"), 0);
	assert_int_equal(number(peer.end, "exit_status"), 0);
	struct session_ended ended = link_ended(&world);
	assert_int_equal(ended.reason, END_EXITED);
	assert_int_equal(ended.exit_code, 0);
	assert_int_equal(link_receive(&world, NULL, NULL), 0);
	world_wait(&world);
	assert_int_equal(world.exit_status, 0);

	static const char *const types[] = {"session_start", "attach", "output", "detach",
					    "session_end"};
	json_t *lines = record_lines(&world);
	assert_int_equal(json_array_size(lines), 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(text(json_array_get(lines, i), "command_type"), types[i]);
	const json_t *start = json_array_get(lines, 0);
	assert_string_equal(text(start, "content"), "echo 'hello there'");
	assert_string_equal(record_metadata(start, "arguments"), "[\"echo\",\"hello there\"]");
	assert_string_equal(record_metadata(start, "creator"), "alice");
	assert_string_equal(record_metadata(json_array_get(lines, 1), "level"), "interactive");
	assert_string_equal(record_metadata(json_array_get(lines, 4), "exit_status"), "0");
	json_decref(lines);
	peer_close(&peer);
	world_stop(&world);
}

static void version_1_from_answer_to_end(void **state)
{
	static const char *const argv[] = {"sh", "-c", "echo out; exit 3", NULL};
	struct session_attach attach = operator_attach(1);
	struct world world;
	struct peer peer;
	char expected[64];

	(void)state;
	peer_create(&peer, &world, &attach, &(struct world_options){.argv = argv});
	peer_finish(&peer);
	snprintf(expected, sizeof expected, "SESSION:%s\nout\r\n", world.id);
	assert_string_equal(peer.in.data, expected);
	assert_int_equal(link_ended(&world).exit_code, 3);
	world_wait(&world);
	assert_int_equal(world.exit_status, 0);
	peer_close(&peer);
	world_stop(&world);
}

static void a_program_that_is_missing(void **state)
{
	static const char *const argv[] = {"no-such-program", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	peer_create(&peer, &world, &attach, &(struct world_options){.argv = argv});
	char *line = peer_line(&peer);
	json_t *answer = json_loads(line, 0, NULL);
	const json_t *error = json_object_get(answer, "error");
	assert_true(json_is_false(json_object_get(answer, "ok")));
	assert_string_equal(text(error, "code"), "program-not-found");
	assert_int_equal(number(error, "exit_status"), 127);
	assert_string_equal(text(error, "message"), "no-such-program: not found in /usr/bin:/bin");
	peer_finish(&peer);
	struct session_ended ended = link_ended(&world);
	assert_int_equal(ended.reason, END_EXEC_FAILED);
	assert_int_equal(ended.exit_code, 127);
	assert_string_equal(ended.by, text(error, "message"));
	world_wait(&world);
	json_t *lines = record_lines(&world);
	assert_int_equal(json_array_size(lines), 2);
	assert_string_equal(record_metadata(json_array_get(lines, 1), "exit_status"), "127");
	json_decref(lines);
	json_decref(answer);
	free(line);
	peer_close(&peer);
	world_stop(&world);
}

static void a_program_that_cannot_be_executed(void **state)
{
	static const char *const argv[] = {"/etc/passwd", NULL};
	struct session_attach attach = operator_attach(1);
	struct world world;
	struct peer peer;

	(void)state;
	peer_create(&peer, &world, &attach, &(struct world_options){.argv = argv});
	peer_finish(&peer);
	assert_memory_equal(peer.in.data,
			    "Error: /etc/passwd: cannot be executed: Permission denied (", 59);
	assert_int_equal(link_ended(&world).exit_code, 126);
	peer_close(&peer);
	world_stop(&world);
}

static void another_step_that_fails(void **state)
{
	static const char *const argv[] = {"true", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	peer_create(&peer, &world, &attach,
		    &(struct world_options){.argv = argv, .no_such_home = true});
	char *line = peer_line(&peer);
	assert_non_null(strstr(line, "\"start-failed\""));
	assert_non_null(strstr(line, "the agent's home: No such file"));
	free(line);
	assert_int_equal(link_ended(&world).exit_code, 255);
	peer_close(&peer);
	world_stop(&world);
}

/* Nobody is attached, so what the agent printed is in the record alone. */
static void detached_from_the_start(void **state)
{
	struct world world;
	struct str content = {0};

	(void)state;
	world_run(&world, "sh", "-c", "echo alone; kill -TERM $$", NULL);
	link_expect(&world, SESSION_MSG_STARTED);
	struct session_ended ended = link_ended(&world);
	assert_int_equal(ended.reason, END_SIGNALED);
	assert_int_equal(ended.signal, SIGTERM);
	world_wait(&world);
	json_t *lines = record_lines(&world);
	record_content(lines, "output", &content);
	assert_string_equal(content.data, "alone\r\n");
	assert_string_equal(record_metadata(record_line(lines, "session_end", 0), "exit_status"),
			    "143");
	json_decref(lines);
	str_free(&content);
	world_stop(&world);
}

static void the_last_byte_of_an_agent_that_exits_at_once(void **state)
{
	static const char *const argv[] = {"printf", "first to last byte", NULL};
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct session_attach attach = operator_attach(2);
		struct world world;
		struct peer peer;

		peer_create(&peer, &world, &attach, &(struct world_options){.argv = argv});
		peer_expect_welcome(&peer);
		peer_finish(&peer);
		assert_non_null(peer.out.data);
		assert_string_equal(peer.out.data, "first to last byte");
		assert_non_null(peer.end);
		peer_close(&peer);
		world_wait(&world);
		world_stop(&world);
	}
}

/* Only a cgroup reaches them. */
static void descendants_that_hold_the_terminal(void **state)
{
	static const char *const argv[] = {
		"sh", "-c", "(trap '' HUP TERM; setsid sleep 1000) & printf last", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	peer_create(&peer, &world, &attach, &(struct world_options){.argv = argv});
	if (!world.cgroup[0]) {
		peer_close(&peer);
		world_stop(&world);
		skip();
	}
	peer_expect_welcome(&peer);
	peer_finish(&peer);
	assert_string_equal(peer.out.data, "last");
	assert_int_equal(number(peer.end, "exit_code"), 0);
	world_wait(&world);
	/* Nothing is in it. */
	assert_int_equal(rmdir(world.cgroup), 0);
	world.cgroup[0] = '\0';
	peer_close(&peer);
	world_stop(&world);
}

static void killed_by_its_creator(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer creator, other;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&other, &world, &attach);
	attach.uid = CREATOR_UID;
	attach.user = "alice";
	peer_enter(&creator, &world, &attach);
	peer_frame(&other, FRAME_KILL, "", 0);
	peer_until(&other, other.error);
	assert_string_equal(text(other.error, "code"), "permission-denied");
	peer_frame(&creator, FRAME_KILL, "", 0);
	peer_finish(&other);
	assert_string_equal(text(other.end, "reason"), "killed");
	assert_string_equal(text(other.end, "by"), "alice");
	assert_int_equal(number(other.end, "signal"), 9);
	assert_int_equal(number(other.end, "exit_status"), 137);
	struct session_ended ended = link_ended(&world);
	assert_int_equal(ended.reason, END_KILLED);
	assert_string_equal(ended.by, "alice");
	world_wait(&world);
	json_t *lines = record_lines(&world);
	assert_int_equal(record_count(lines, "denied"), 1);
	assert_string_equal(text(record_line(lines, "control", 0), "content"), "kill");
	assert_string_equal(text(record_line(lines, "control", 0), "user"), "alice");
	json_decref(lines);
	peer_close(&creator);
	peer_close(&other);
	world_stop(&world);
}

static void shut_down_by_the_server(void **state)
{
	(void)state;
	for (int by_signal = 0; by_signal < 2; by_signal++) {
		struct session_attach attach = operator_attach(2);
		struct world world;
		struct peer peer;

		world_run(&world, "cat", NULL);
		peer_enter(&peer, &world, &attach);
		link_expect(&world, SESSION_MSG_STARTED);
		/* The status comes from behind the start: SIGTERM is handled by then. */
		assert_true(link_status(&world).agent_alive);
		if (by_signal)
			kill(world.session, SIGTERM);
		else
			link_order(&world, SESSION_MSG_SHUTDOWN, 0, "", false);
		peer_finish(&peer);
		assert_string_equal(text(peer.end, "reason"), "server-shutdown");
		assert_int_equal(number(peer.end, "exit_status"), 137);
		assert_int_equal(link_ended(&world).reason, END_SHUTDOWN);
		world_wait(&world);
		peer_close(&peer);
		world_stop(&world);
	}
}

static void the_link_is_lost_and_found_again(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct session_hello hello;
	struct world world;
	struct peer first, second;
	const char *data;
	size_t n;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&first, &world, &attach);
	link_expect(&world, SESSION_MSG_STARTED);
	link_status(&world);
	world.link = fd_close(world.link);
	peer_type(&first, "while nobody asks\n");
	peer_expect(&first, "asks\r\nwhile nobody asks\r\n");

	link_rejoin(&world);
	assert_int_equal(link_receive(&world, &data, &n), SESSION_MSG_HELLO);
	assert_int_equal(session_msg_get_hello(data, n, &hello), 0);
	assert_string_equal(hello.name, "a-name");
	assert_string_equal(hello.command, "cat");
	assert_int_equal(hello.created_us, 1700000000123456);
	struct session_status status = link_status(&world);
	assert_int_equal(status.operators, 1);
	assert_int_equal(status.input_bytes, 18);
	assert_string_equal(status.state, "running");
	peer_enter(&second, &world, &attach);
	peer_expect(&second, "while nobody asks");

	link_order(&world, SESSION_MSG_KILL, 0, "root", false);
	link_expect(&world, SESSION_MSG_DONE);
	peer_finish(&first);
	assert_string_equal(text(first.end, "by"), "root");
	peer_finish(&second);
	link_ended(&world);
	world_wait(&world);
	char path[160];
	snprintf(path, sizeof path, "%s/%s", world.dir, world.id);
	assert_int_equal(access(path, F_OK), -1);
	peer_close(&first);
	peer_close(&second);
	world_stop(&world);
}

/* 60,000 quotes are 240 KB in a shell's words, and no message may be half as long. */
static void a_long_command_does_not_cost_the_link(void **state)
{
	static char argument[60001];
	struct session_hello hello;
	struct world world;
	const char *data;
	size_t n;

	(void)state;
	memset(argument, '\'', sizeof argument - 1);
	world_run(&world, "sh", "-c", "sleep 1000", argument, NULL);
	link_expect(&world, SESSION_MSG_STARTED);
	link_status(&world);
	link_rejoin(&world);
	assert_int_equal(link_receive(&world, &data, &n), SESSION_MSG_HELLO);
	assert_int_equal(session_msg_get_hello(data, n, &hello), 0);
	assert_memory_equal(hello.command, "sh -c 'sleep 1000' ", 19);
	assert_true(strlen(hello.command) < 5000);
	world_stop(&world);
}

static void a_malformed_link_message_ends_the_link_alone(void **state)
{
	static const char *const messages[] = {"\x02", "\x02\x01\x02\x03\x04\x05", "\x01",
					       "\x63"
					       "abc",
					       "\x03"
					       "short"};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&peer, &world, &attach);
	link_expect(&world, SESSION_MSG_STARTED);
	link_status(&world);
	for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
		struct str message = {0};

		str_append_text(&message, messages[i]);
		link_ask(&world, &message);
		assert_int_equal(link_receive(&world, NULL, NULL), 0);
		link_rejoin(&world);
		link_expect(&world, SESSION_MSG_HELLO);
	}
	peer_type(&peer, "still there\n");
	peer_expect(&peer, "still there\r\nstill there");
	peer_close(&peer);
	world_stop(&world);
}

static void detached_by_order(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct session_done done;
	struct world world;
	struct peer bob, carol, old;
	const char *data;
	size_t n;

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&bob, &world, &attach);
	link_expect(&world, SESSION_MSG_STARTED);
	attach = observer_attach(2);
	peer_enter(&carol, &world, &attach);
	attach = observer_attach(1);
	peer_enter(&old, &world, &attach);
	link_order(&world, SESSION_MSG_DETACH, 1001, "bob", false);
	assert_int_equal(link_receive(&world, &data, &n), SESSION_MSG_DONE);
	assert_int_equal(session_msg_get_done(data, n, &done), 0);
	assert_int_equal(done.count, 1);
	assert_int_equal(done.tag, 7);
	peer_finish(&bob);
	assert_string_equal(text(bob.end, "reason"), "detached");
	assert_int_equal(number(bob.end, "exit_status"), 0);
	link_order(&world, SESSION_MSG_DETACH, 0, "root", true);
	assert_int_equal(link_receive(&world, &data, &n), SESSION_MSG_DONE);
	assert_int_equal(session_msg_get_done(data, n, &done), 0);
	assert_int_equal(done.count, 2);
	peer_finish(&carol);
	assert_string_equal(text(carol.end, "by"), "root");
	peer_finish(&old);
	assert_string_equal(old.in.data + old.at, "\x01"
						  "CONTROL:Detached by root");
	assert_int_equal(link_status(&world).operators, 0);
	peer_close(&bob);
	peer_close(&carol);
	peer_close(&old);
	world_stop(&world);
}

/* No end: the agent may open its terminal again. */
static void the_slave_is_closed_and_opened_again(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_run(&world, "sh", "-c",
		  "echo before; exec 3<&0 0<&- 1>&- 2>&- 3<&-; sleep 0.3;"
		  "exec 0</dev/tty 1>/dev/tty; echo again; read x; echo \"got $x\"",
		  NULL);
	peer_enter(&peer, &world, &attach);
	peer_expect(&peer, "before");
	peer_expect(&peer, "again");
	peer_type(&peer, "this\n");
	peer_finish(&peer);
	assert_non_null(strstr(peer.out.data, "got this\r\n"));
	world_wait(&world);
	peer_close(&peer);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2_from_answer_to_end),
		cmocka_unit_test(version_1_from_answer_to_end),
		cmocka_unit_test(a_program_that_is_missing),
		cmocka_unit_test(a_program_that_cannot_be_executed),
		cmocka_unit_test(another_step_that_fails),
		cmocka_unit_test(detached_from_the_start),
		cmocka_unit_test(the_last_byte_of_an_agent_that_exits_at_once),
		cmocka_unit_test(descendants_that_hold_the_terminal),
		cmocka_unit_test(killed_by_its_creator),
		cmocka_unit_test(shut_down_by_the_server),
		cmocka_unit_test(the_link_is_lost_and_found_again),
		cmocka_unit_test(a_long_command_does_not_cost_the_link),
		cmocka_unit_test(a_malformed_link_message_ends_the_link_alone),
		cmocka_unit_test(detached_by_order),
		cmocka_unit_test(the_slave_is_closed_and_opened_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
