/* What is on the screen: for those who join at any moment, and for an agent that asks its terminal
 * while nobody is there. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "protocol/frame.h"
#include "term/term.h"

static void expect_same_screen(const struct str *one, const struct str *other)
{
	static const struct term_snapshot all = {0};
	cleanup_term struct term *first = term_new(24, 80, 0), *second = term_new(24, 80, 0);
	cleanup_str struct str a = {0}, b = {0};

	term_feed(first, one->data, one->length);
	term_feed(second, other->data, other->length);
	term_snapshot(first, &a, &all);
	term_snapshot(second, &b, &all);
	assert_int_equal(str_error(&a), 0);
	assert_string_equal(a.data, b.data);
}

/* Everything that a sequence or a character may be cut in, one step at a time. */
static const char script[] =
	"\033[1;31mred\033[m plain \342\202\254 \360\237\230\200 e\314\201\r\n"
	"\033]0;a title\033\\\033[?2004h\033[?1h\033[5;10r\033[?6h\033[2;3Hin the margins\033[?6l"
	"\033(0lqqk\033(B\0337\033[10;70Hwraps at the end of it\033[38;2;1;2;3mx\033[48:5:77my"
	"\033[?1049h\033[2J\033[Hthe other screen\033[>5u\033[?1000;1006h\033[3 q"
	"\033]8;;http://x.example/\033\\link\033]8;;\033\\\033[4:3mcurly\033[m"
	"\033[?1049l\0338back\033P+q544e\033\\\033_Gi=1;AAAA\033\\end\r\n";

/* One joins after every byte; all see the same in the end, and none anything old. */
static void joiners_at_every_byte(void **state)
{
	static struct peer joiners[sizeof script];
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;
	size_t n = sizeof script - 1;
	char *one = NULL;

	(void)state;
	/* The script comes from the one at the terminal, a byte at a time. */
	world_run(&world, "sh", "-c", "stty raw -echo; echo; cat", NULL);
	peer_enter(&peer, &world, &attach);
	peer_expect(&peer, "\n");
	size_t seen = peer.out.length;
	for (size_t i = 0; i < n; i++) {
		peer_frame(&peer, FRAME_INPUT, script + i, 1);
		/* 20 ms where a character is cut. */
		peer_until((&peer), peer.out.length == seen + i + 1);
		attach = observer_attach(i % 3 == 0 ? 1 : 2);
		peer_enter(&joiners[i], &world, &attach);
	}
	peer_frame(&peer, FRAME_INPUT, "<the end>", 9);
	peer_expect(&peer, "<the end>");
	for (size_t i = 0; i < n; i++) {
		struct peer *joiner = &joiners[i];

		peer_expect(joiner, "<the end>");
		struct str raw = {.data = joiner->in.data + joiner->at,
				  .length = joiner->in.length - joiner->at};
		expect_same_screen(&peer.out, joiner->version == 1 ? &raw : &joiner->out);
		peer_close(joiner);
	}
	free(one);
	peer_close(&peer);
	world_stop(&world);
}

static void a_resize_is_where_it_was(void **state)
{
	static const unsigned char size[] = {0, 10, 0, 20};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer, second;

	(void)state;
	world_run(&world, "sh", "-c",
		  "seq 30; printf 0123456789012345678901234567890; read x; "
		  "printf 0123456789012345678901234567890; read x",
		  NULL);
	peer_enter(&peer, &world, &attach);
	peer_expect(&peer, "30\r\n0123456789012345678901234567890");
	peer_frame(&peer, FRAME_RESIZE, size, sizeof size);
	peer_type(&peer, "\n");
	peer_expect(&peer, "890\r\n0123456789012345678901234567890");

	attach = observer_attach(2);
	peer_enter(&second, &world, &attach);
	peer_expect(&second, "90");
	peer_type(&peer, "<end>");
	peer_expect(&peer, "<end>");
	peer_expect(&second, "<end>");
	cleanup_term struct term *whole = term_new(24, 80, 100), *joined = term_new(10, 20, 100);
	const char *cut = memmem(peer.out.data, peer.out.length, "890\r\n", 5);
	size_t before = (size_t)(cut - peer.out.data) + 3;
	term_feed(whole, peer.out.data, before);
	term_resize(whole, 10, 20);
	term_feed(whole, cut + 3, peer.out.length - before);
	term_feed(joined, second.out.data, second.out.length);
	for (int row = -10; row < 10; row++) {
		cleanup_str struct str a = {0}, b = {0};
		assert_int_equal(term_row_text(whole, row, &a), term_row_text(joined, row, &b));
		assert_int_equal(a.length, b.length);
		if (a.length > 0)
			assert_memory_equal(a.data, b.data, a.length);
	}
	peer_close(&peer);
	peer_close(&second);
	world_stop(&world);
}

/* Asks for what it is and where it stands, and says what it got. */
#define ASKS                                                     \
	"stty raw -echo; printf '\\033[5;7Hxy\\033[6n\\033[c'; " \
	"dd bs=1 count=6 2>/dev/null | od -An -c | tr -d ' '; echo '|asked'; "

/* Until somebody has read from the agent, by what the session counts. */
static void wait_for_output(struct world *world, uint64_t bytes)
{
	while (link_status(world).output_bytes < bytes)
		poll(NULL, 0, 5);
}

static void an_agent_that_asks_while_alone_is_answered(void **state)
{
	struct session_attach attach = observer_attach(2);
	struct world world;
	struct peer watcher;

	(void)state;
	world_run(&world, "sh", "-c", ASKS "stty sane; read x", NULL);
	link_expect(&world, SESSION_MSG_STARTED);
	/* One that may not type does not count. */
	peer_enter(&watcher, &world, &attach);
	peer_expect(&watcher, "|asked");
	peer_expect(&watcher, "033[5;9R");
	wait_for_output(&world, 10);
	json_t *lines = record_lines(&world);
	assert_int_equal(record_count(lines, "input"), 0);
	struct str replies = {0};
	record_content(lines, "reply", &replies);
	assert_true(replies.length > 8);
	assert_memory_equal(replies.data, "\033[5;9R\033[?", 9);
	assert_string_equal(
		json_string_value(json_object_get(record_line(lines, "reply", 0), "source")),
		"system");
	str_free(&replies);
	json_decref(lines);
	assert_int_equal(link_status(&world).input_bytes, 0);
	peer_close(&watcher);
	world_stop(&world);
}

static void where_somebody_can_answer_nobody_else_does(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_run(&world, "sh", "-c", "read x; " ASKS "cat", NULL);
	peer_enter(&peer, &world, &attach);
	peer_type(&peer, "\n");
	peer_expect(&peer, "xy");
	peer_type(&peer, "\033[1;1R");
	peer_expect(&peer, "033[1;1R");
	peer_type(&peer, "<end>");
	peer_expect(&peer, "<end>");
	json_t *lines = record_lines(&world);
	assert_int_equal(record_count(lines, "reply"), 0);
	json_decref(lines);
	peer_close(&peer);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joiners_at_every_byte),
		cmocka_unit_test(a_resize_is_where_it_was),
		cmocka_unit_test(an_agent_that_asks_while_alone_is_answered),
		cmocka_unit_test(where_somebody_can_answer_nobody_else_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
