/* Freeze and thaw: the kernel's word, what waits meanwhile, and every end of a frozen session. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "protocol/frame.h"
#include "protocol/request.h"

static struct world world;
static struct peer peer;

/* cat, and an operator that asked for notices. */
static void begin(void)
{
	struct session_attach attach = operator_attach(2);

	attach.features = FEATURE_FREEZES;
	world_run(&world, "cat", NULL);
	peer_enter(&peer, &world, &attach);
	link_expect(&world, SESSION_MSG_STARTED);
	peer_type(&peer, "one\n");
	peer_expect(&peer, "one\r\none\r\n");
}

static void end(void)
{
	peer_close(&peer);
	world_stop(&world);
}

static bool can_freeze(void)
{
	/* Where there is no cgroup, there is nothing to freeze by. */
	return world.cgroup[0];
}

static struct session_done expect_done(void)
{
	struct session_done done;
	const char *data;
	size_t n;

	assert_int_equal(link_receive(&world, &data, &n), SESSION_MSG_DONE);
	assert_int_equal(session_msg_get_done(data, n, &done), 0);
	assert_int_equal(done.tag, 7);
	return done;
}

static void order(enum session_msg_type type, const char *user, enum order_outcome outcome)
{
	link_order(&world, type, 1001, user, true);
	assert_int_equal(expect_done().outcome, outcome);
}

/* It has read what it was sent before. */
static void ping(void)
{
	str_clear(&peer.pong);
	peer_frame(&peer, FRAME_PING, "?", 1);
	peer_until(&peer, peer.pong.length == 1);
}

static void expect_controls(const char *wanted)
{
	json_t *lines = record_lines(&world);
	struct str text = {0};
	const json_t *line;

	for (size_t i = 0; (line = record_line(lines, "control", i)); i++)
		str_append_format(&text, "%s by %s. ",
				  json_string_value(json_object_get(line, "content")),
				  json_string_value(json_object_get(line, "user")));
	assert_string_equal(text.data ? text.data : "", wanted);
	str_free(&text);
	json_decref(lines);
}

static void typed_bytes_wait_for_the_thaw(void **state)
{
	(void)state;
	begin();
	if (can_freeze()) {
		order(SESSION_MSG_FREEZE, "alice", ORDER_DONE);
		assert_string_equal(link_status(&world).state, "frozen");
		peer_type(&peer, "two\n");
		ping();
		assert_null(strstr(peer.out.data, "two"));
		assert_int_equal(peer.notices, 1);
		peer_frame(&peer, FRAME_QUERY, "", 0);
		peer_until(&peer, peer.status);
		assert_string_equal(json_string_value(json_object_get(peer.status, "state")),
				    "frozen");
		order(SESSION_MSG_THAW, "bob", ORDER_DONE);
		assert_string_equal(link_status(&world).state, "running");
		peer_expect(&peer, "two\r\ntwo\r\n");
		assert_int_equal(peer.notices, 2);
		expect_controls("freeze by alice. thaw by bob. ");
	}
	end();
}

static void an_order_that_changes_nothing_is_done_and_has_no_line(void **state)
{
	struct session_attach attach = observer_attach(2);
	struct peer late;

	(void)state;
	begin();
	if (can_freeze()) {
		order(SESSION_MSG_THAW, "alice", ORDER_DONE);
		order(SESSION_MSG_FREEZE, "alice", ORDER_DONE);
		order(SESSION_MSG_FREEZE, "bob", ORDER_DONE);
		expect_controls("freeze by alice. ");
		/* Who comes now hears of it, and sees what there was. */
		attach.features = FEATURE_NOTICES;
		peer_enter(&late, &world, &attach);
		peer_expect(&late, "one\r\none");
		peer_until(&late, late.notices == 1);
		peer_close(&late);
	}
	end();
}

static void killed_and_shut_down_while_frozen(void **state)
{
	static const enum session_msg_type types[] = {SESSION_MSG_KILL, SESSION_MSG_SHUTDOWN};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin();
		if (can_freeze())
			order(SESSION_MSG_FREEZE, "alice", ORDER_DONE);
		peer_type(&peer, "never read\n");
		link_order(&world, types[i], 0, "root", true);
		peer_finish(&peer);
		assert_int_equal(json_integer_value(json_object_get(peer.end, "exit_status")), 137);
		assert_int_equal(link_ended(&world).reason, i ? END_SHUTDOWN : END_KILLED);
		world_wait(&world);
		assert_int_equal(world.exit_status, 0);
		end();
	}
}

static void an_order_to_one_that_is_ending(void **state)
{
	struct str message = {0};

	(void)state;
	begin();
	/* Both are there before the session looks at the first. */
	link_order(&world, SESSION_MSG_KILL, 0, "root", true);
	session_msg_put_order(&message, SESSION_MSG_FREEZE,
			      &(struct session_order){.tag = 7, .user = "alice"});
	link_ask(&world, &message);
	assert_int_equal(expect_done().outcome, ORDER_DONE); /* the kill */
	assert_int_equal(expect_done().outcome, ORDER_ENDING);
	assert_int_equal(link_ended(&world).reason, END_KILLED);
	expect_controls("kill by root. ");
	end();
}

static void it_stays_frozen_over_a_new_broker(void **state)
{
	(void)state;
	begin();
	if (can_freeze()) {
		order(SESSION_MSG_FREEZE, "alice", ORDER_DONE);
		link_rejoin(&world);
		link_expect(&world, SESSION_MSG_HELLO);
		assert_string_equal(link_status(&world).state, "frozen");
		order(SESSION_MSG_THAW, "alice", ORDER_DONE);
		peer_type(&peer, "on\n");
		peer_expect(&peer, "on\r\non\r\n");
	}
	end();
}

/* The kernel's files are no cgroup's where we are no root. */
static void what_the_kernel_refuses_fails_and_changes_nothing(void **state)
{
	(void)state;
	begin();
	if (!can_freeze()) {
		order(SESSION_MSG_FREEZE, "alice", ORDER_FAILED);
		assert_string_equal(link_status(&world).state, "running");
		peer_type(&peer, "on\n");
		peer_expect(&peer, "on\r\non\r\n");
		expect_controls("");
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typed_bytes_wait_for_the_thaw),
		cmocka_unit_test(an_order_that_changes_nothing_is_done_and_has_no_line),
		cmocka_unit_test(killed_and_shut_down_while_frozen),
		cmocka_unit_test(an_order_to_one_that_is_ending),
		cmocka_unit_test(it_stays_frozen_over_a_new_broker),
		cmocka_unit_test(what_the_kernel_refuses_fails_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
