/* Much output, slow readers, a record that cannot be written. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "protocol/frame.h"
#include "protocol/request.h"
#include "term/term.h"
#include "util/fd.h"

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	assert_non_null(value);
	return value;
}

static long long missed(const struct peer *peer)
{
	return json_integer_value(json_object_get(peer->end, "missed_bytes"));
}

static void expect_record_equals(const struct world *world, const struct str *seen)
{
	struct str content = {0};
	json_t *lines = record_lines(world);

	record_content(lines, "output", &content);
	assert_int_equal(content.length, seen->length);
	assert_memory_equal(content.data, seen->data, seen->length);
	str_free(&content);
	json_decref(lines);
}

/* seq's lines, with the terminal's CR. */
static void expect_numbers(const struct str *seen, unsigned last)
{
	const char *at = seen->data;
	char line[16];

	for (unsigned i = 1; i <= last; i++) {
		int n = snprintf(line, sizeof line, "%u\r\n", i);

		if (at + n > seen->data + seen->length || memcmp(at, line, (size_t)n) != 0)
			fail_msg("line %u is missing", i);
		at += n;
	}
	assert_ptr_equal(at, seen->data + seen->length);
}

static void twenty_megabytes_arrive_whole(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer, old;
	struct str raw = {0};

	(void)state;
	world_run(&world, "sh", "-c", "read x; seq 2400000", NULL);
	peer_enter(&peer, &world, &attach);
	attach = observer_attach(2);
	attach.protocol = 1;
	peer_enter(&old, &world, &attach);
	peer_type(&peer, "\n");
	peer_expect(&peer, "\r\n");
	while (peer_receive(&peer))
		;
	str_append(&raw, peer.out.data + 2, peer.out.length - 2); /* the echo of the newline */
	expect_numbers(&raw, 2400000);
	assert_true(raw.length > 20000000);
	world_wait(&world);
	expect_record_equals(&world, &peer.out);
	str_free(&raw);
	peer_close(&old);
	peer_close(&peer);
	world_stop(&world);
}

/* Every byte value, escape sequences, broken UTF-8: the record gives the same bytes back. */
static void arbitrary_bytes_are_kept(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_run(&world, "sh", "-c", "stty raw; head -c 1000000 /dev/urandom", NULL);
	peer_enter(&peer, &world, &attach);
	peer_finish(&peer);
	assert_int_equal(peer.out.length, 1000000);
	world_wait(&world);
	expect_record_equals(&world, &peer.out);
	peer_close(&peer);
	world_stop(&world);
}

/* A character whose bytes come in two writes is in one line; one that never ends comes out. */
static void characters_are_kept_whole(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_run(
		&world, "sh", "-c",
		"stty raw -echo; printf '\\342'; printf '\\202'; printf '\\254|'; printf 'x\\303';"
		"read y; printf '\\251'",
		NULL);
	peer_enter(&peer, &world, &attach);
	peer_expect(&peer, "\xe2\x82\xac|");
	peer_expect(&peer, "x\xc3"); /* after 20 ms */
	peer_type(&peer, "\n");
	peer_finish(&peer);
	world_wait(&world);
	expect_record_equals(&world, &peer.out);
	json_t *lines = record_lines(&world);
	const json_t *line;
	size_t i, raw = 0;
	json_array_foreach(lines, i, line) raw += json_object_get(line, "raw") != NULL;
	assert_int_equal(raw, 2); /* c3 and a9, each alone */
	json_decref(lines);
	peer_close(&peer);
	world_stop(&world);
}

static void expect_same_screen(const struct str *one, const struct str *other)
{
	static const struct term_snapshot all = {0};
	cleanup_term struct term *first = term_new(24, 80, 0), *second = term_new(24, 80, 0);
	cleanup_str struct str a = {0}, b = {0};

	term_feed(first, one->data, one->length);
	term_feed(second, other->data, other->length);
	term_snapshot(first, &a, &all);
	term_snapshot(second, &b, &all);
	assert_string_equal(a.data, b.data);
}

/* What fitted, in whole frames, then what is on the screen; the rest is read by another while they
 * stand still. */
static void observers_that_stop_go_on_from_the_screen(void **state)
{
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer, stopped, old;
	long long unsent;

	(void)state;
	world_run(&world, "sh", "-c", "read x; seq 1000000; read x; echo goes on; read x", NULL);
	peer_enter(&peer, &world, &attach);
	attach = observer_attach(2);
	attach.features = FEATURE_NOTICES;
	peer_enter(&stopped, &world, &attach);
	attach = observer_attach(1);
	peer_enter(&old, &world, &attach);
	peer_type(&peer, "\n");
	peer_expect(&peer, "\r\n1000000\r\n");
	/* Live again, and told how much was skipped. */
	peer_expect(&stopped, "1000000");
	peer_expect(&old, "1000000");
	assert_true(stopped.skipped > 500000);
	assert_true(stopped.out.length < 2000000);
	peer_type(&peer, "\n");
	peer_expect(&peer, "goes on");
	peer_expect(&stopped, "goes on");
	peer_expect(&old, "goes on");
	expect_same_screen(&peer.out, &stopped.out);
	str_truncate(&old.in, old.in.length);
	struct str raw = {.data = old.in.data + old.at, .length = old.in.length - old.at};
	expect_same_screen(&peer.out, &raw);
	peer_type(&peer, "\n");
	peer_finish(&peer);
	peer_finish(&stopped);
	peer_finish(&old);
	assert_string_equal(text(stopped.end, "reason"), "exited");
	world_wait(&world);
	expect_record_equals(&world, &peer.out);
	json_t *lines = record_lines(&world);
	json_t *line = record_line(lines, "session_end", 0);
	assert_string_equal(record_metadata(line, "clients_dropped"), "0");
	assert_string_equal(record_metadata(line, "resyncs"), "2");
	unsent = 0;
	for (size_t i = 0; (line = record_line(lines, "detach", i)); i++)
		unsent += atoll(record_metadata(line, "skipped_bytes"));
	assert_true(unsent >= (long long)stopped.skipped + 500000);
	json_decref(lines);
	peer_close(&peer);
	peer_close(&stopped);
	peer_close(&old);
	world_stop(&world);
}

static bool contains_at_end(const struct str *seen, const char *words)
{
	size_t n = seen->length < 4096 ? seen->length : 4096;

	return memmem(seen->data + seen->length - n, n, words, strlen(words)) != NULL;
}

/* It holds the agent back for its patience, then the agent goes on alone. */
static void an_operator_that_stops_has_its_patience(void **state)
{
	static const char *const argv[] = {"sh", "-c", "seq 600000", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer stopped;

	(void)state;
	world_start(&world, &(struct world_options){.argv = argv, .operator_patience_ms = 300});
	peer_enter(&stopped, &world, &attach);
	struct session_ended ended = link_ended(&world);
	assert_int_equal(ended.reason, END_EXITED);
	assert_true(ended.duration_us > 300000);
	peer_finish(&stopped);
	assert_string_equal(text(stopped.end, "reason"), "exited");
	assert_true(contains_at_end(&stopped.out, "599999"));
	world_wait(&world);
	struct str content = {0};
	json_t *lines = record_lines(&world);
	record_content(lines, "output", &content);
	expect_numbers(&content, 600000);
	str_free(&content);
	json_decref(lines);
	peer_close(&stopped);
	world_stop(&world);
}

/* Slower than the agent by far, and never stopped: nothing is lost. */
static void an_operator_that_reads_slowly_loses_nothing(void **state)
{
	static const char *const argv[] = {"sh", "-c", "seq 500000", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer slow;
	char buffer[16384];

	(void)state;
	world_start(&world, &(struct world_options){.argv = argv, .operator_patience_ms = 600});
	peer_enter(&slow, &world, &attach);
	/* 160 KB a second, for longer than its patience: far below what would wake up a poll for writing. */
	for (int i = 0; i < 60; i++) {
		ssize_t n = recv(slow.fd, buffer, 4096, 0);

		assert_true(n > 0);
		str_append(&slow.in, buffer, (size_t)n);
		poll(NULL, 0, 25);
	}
	peer_finish(&slow);
	assert_string_equal(text(slow.end, "reason"), "exited");
	expect_numbers(&slow.out, 500000);
	peer_close(&slow);
	world_wait(&world);
	world_stop(&world);
}

/* It got what fitted; when it wakes up after the end it still learns how that was. */
static void a_client_that_sleeps_through_the_end(void **state)
{
	static const char *const argv[] = {"sh", "-c", "seq 100000; exit 5", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_start(&world, &(struct world_options){.argv = argv});
	peer_enter(&peer, &world, &attach);
	world_wait(&world); /* 5 s */
	peer_finish(&peer);
	assert_string_equal(text(peer.end, "reason"), "exited");
	assert_int_equal(json_integer_value(json_object_get(peer.end, "exit_status")), 5);
	assert_int_equal((long long)peer.out.length + missed(&peer), 688895);
	peer_close(&peer);
	world_stop(&world);
}

static void a_joiner_gets_the_screen(void **state)
{
	static const char *const argv[] = {"sh", "-c", "seq 300000; read x", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer first, second;

	(void)state;
	world_start(&world, &(struct world_options){.argv = argv, .ring_size = 262144});
	peer_enter(&first, &world, &attach);
	peer_expect(&first, "\r\n300000\r\n");
	peer_enter(&second, &world, &attach);
	peer_expect(&second, "\r\n300000\r\n");
	expect_same_screen(&first.out, &second.out);
	/* With what scrolled off, and no more. */
	assert_non_null(memmem(second.out.data, second.out.length, "298100\r\n", 8));
	assert_null(memmem(second.out.data, second.out.length, "297900\r\n", 8));
	peer_type(&second, "\n");
	peer_finish(&first);
	peer_finish(&second);
	peer_close(&first);
	peer_close(&second);
	world_stop(&world);
}

/* --- a record that cannot be written --- */

static void expect_a_stall_that_ends(struct world *world, void (*make_room)(struct world *))
{
	struct session_attach attach = operator_attach(2);
	struct peer peer, late;

	attach.features = FEATURE_NOTICES;
	peer_enter(&peer, world, &attach);
	peer_type(&peer, "\n");
	peer_until(&peer, peer.error);
	assert_string_equal(text(peer.error, "code"), "record-stalled");
	assert_string_equal(link_status(world).state, "stalled");
	size_t seen = peer.out.length;
	/* Control still works, nobody is let in, nothing more is shown. */
	peer_frame(&peer, FRAME_PING, "x", 1);
	peer_until(&peer, peer.pong.length == 1);
	attach = observer_attach(2);
	peer_join(&late, world, &attach, SOCK_STREAM);
	char *line = peer_line(&late);
	assert_non_null(strstr(line, "record-stalled"));
	free(line);
	peer_close(&late);
	assert_int_equal(peer.out.length, seen);

	make_room(world);
	peer_finish(&peer);
	assert_string_equal(text(peer.end, "reason"), "exited");
	assert_true(peer.notices >= 2);
	world_wait(world);
	struct str numbers = {0};
	str_append(&numbers, peer.out.data + 2, peer.out.length - 2);
	expect_numbers(&numbers, 300000);
	expect_record_equals(world, &peer.out);
	str_free(&numbers);
	peer_close(&peer);
	world_stop(world);
}

static void limit_record(struct world *world, rlim_t most)
{
	struct rlimit limit = {most, RLIM_INFINITY};
	pid_t child = fork();
	int status;

	/* One's own processes' limits may be set without further rights. */
	if (child == 0) {
		if (is_root() && (setresgid(SESSION_UID, SESSION_UID, SESSION_UID) < 0 ||
				  setresuid(SESSION_UID, SESSION_UID, SESSION_UID) < 0))
			_exit(1);
		_exit(prlimit(world->session, RLIMIT_FSIZE, &limit, NULL) < 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void raise_limit(struct world *world)
{
	limit_record(world, RLIM_INFINITY);
}

static void a_record_at_its_limit(void **state)
{
	static const char *const argv[] = {"sh", "-c", "read x; seq 300000", NULL};
	struct world world;

	(void)state;
	world_start(&world, &(struct world_options){.argv = argv});
	link_expect(&world, SESSION_MSG_STARTED);
	limit_record(&world, 500000);
	expect_a_stall_that_ends(&world, raise_limit);
}

static const char full_disk[] = "/tmp/aaau-session-full";

static void remove_filler(struct world *world)
{
	(void)world;
	assert_int_equal(unlink("/tmp/aaau-session-full/filler"), 0);
}

static void a_full_disk(void **state)
{
	static const char *const argv[] = {"sh", "-c", "read x; seq 300000", NULL};
	static char zeros[65536];
	struct world world;

	(void)state;
	if (!is_root() || unshare(CLONE_NEWNS) < 0)
		skip();
	mkdir(full_disk, 0755);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", full_disk, "tmpfs", 0, "size=8m") < 0)
		skip();
	int fd = open("/tmp/aaau-session-full/filler", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (size_t n = 0; n < 7 * 1024 * 1024 + 512 * 1024; n += sizeof zeros)
		assert_int_equal(write(fd, zeros, sizeof zeros), sizeof zeros);
	close(fd);
	world_start(&world, &(struct world_options){.argv = argv, .record_dir = full_disk});
	expect_a_stall_that_ends(&world, remove_filler);
	umount(full_disk);
	rmdir(full_disk);
}

/* The order is carried out; its line waits. */
static void a_kill_while_the_record_is_stalled(void **state)
{
	static const char *const argv[] = {"sh", "-c", "read x; seq 300000; sleep 1000", NULL};
	struct session_attach attach = operator_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_start(&world, &(struct world_options){.argv = argv});
	peer_enter(&peer, &world, &attach);
	limit_record(&world, 500000);
	peer_type(&peer, "\n");
	peer_until(&peer, peer.error);
	link_order(&world, SESSION_MSG_KILL, 0, "root", false);
	int type;
	do
		type = link_receive(&world, NULL, NULL);
	while (type == SESSION_MSG_STARTED);
	assert_int_equal(type, SESSION_MSG_DONE);
	while (link_status(&world).agent_alive)
		;
	assert_string_equal(link_status(&world).state, "stalled");
	raise_limit(&world);
	peer_finish(&peer);
	assert_string_equal(text(peer.end, "reason"), "killed");
	world_wait(&world);
	expect_record_equals(&world, &peer.out);
	json_t *lines = record_lines(&world);
	assert_string_equal(text(record_line(lines, "control", 0), "content"), "kill");
	json_decref(lines);
	peer_close(&peer);
	world_stop(&world);
}

/* A version 1 payload that may be a control message is held back until it is whole, and then comes
 * on top of what is read in one go. */
static void input_that_was_held_back_has_its_room(void **state)
{
	static const char *const argv[] = {"sleep", "1000", NULL};
	const size_t queue = 65536, left = 8192; /* less than one read takes */
	struct session_attach attach = operator_attach(1);
	static char many[65536], held[68];
	struct world world;
	struct peer peer;
	int unread;

	(void)state;
	memset(many, 'x', sizeof many);
	memcpy(held, "\0\0\0\x40\x01", 5);
	memset(held + 5, 'y', sizeof held - 5);
	world_start(&world, &(struct world_options){.argv = argv});
	peer_enter(&peer, &world, &attach);
	/* While the record stands still, nothing leaves the queue. */
	limit_record(&world, 1);
	many[queue - left] = '\0';
	peer_type(&peer, many);
	while (link_status(&world).input_bytes < queue - left)
		;
	assert_string_equal(link_status(&world).state, "stalled");
	assert_int_equal(send(peer.fd, held, sizeof held - 1, 0), sizeof held - 1);
	do
		assert_int_equal(ioctl(peer.fd, SIOCOUTQ, &unread), 0);
	while (unread > 0);

	many[0] = 'y'; /* the last of what is held, and a long payload behind it */
	memcpy(many + 1, "\0\0\xff\0", 4);
	assert_true(send(peer.fd, many, 2 * left, 0) == (ssize_t)(2 * left));
	while (link_status(&world).input_bytes == queue - left)
		;
	assert_true(link_status(&world).input_bytes > queue - left + 4096);
	assert_true(link_status(&world).input_bytes <= queue);
	raise_limit(&world);
	link_order(&world, SESSION_MSG_KILL, 0, "root", false);
	peer_finish(&peer);
	world_wait(&world);
	assert_int_equal(world.exit_status, 0);
	peer_close(&peer);
	world_stop(&world);
}

/* What anybody may ask for again and again has no line each time: nobody fills the disk with it,
 * and while the disk is full nobody fills the memory. */
static void refusals_do_not_fill_the_record(void **state)
{
	static const char *const argv[] = {"sleep", "1000", NULL};
	const unsigned times = 30000;
	struct session_attach attach = observer_attach(2);
	struct world world;
	struct peer peer;

	(void)state;
	world_start(&world, &(struct world_options){.argv = argv});
	peer_enter(&peer, &world, &attach);
	link_expect(&world, SESSION_MSG_STARTED);
	limit_record(&world, 1);
	for (unsigned i = 0; i < times; i++) {
		peer_frame(&peer, FRAME_KILL, "", 0);
		peer_until(&peer, peer.error);
		json_decref(peer.error);
		peer.error = NULL;
		link_order(&world, SESSION_MSG_DETACH, 4242, "mallory", false);
		link_expect(&world, SESSION_MSG_DONE);
	}
	assert_string_equal(link_status(&world).state, "stalled");
	raise_limit(&world);
	link_order(&world, SESSION_MSG_KILL, 0, "root", false);
	peer_finish(&peer);
	world_wait(&world);
	assert_int_equal(world.exit_status, 0);

	json_t *lines = record_lines(&world);
	assert_int_equal(record_count(lines, "denied"), 2);
	assert_string_equal(record_metadata(record_line(lines, "denied", 1), "count"), "30000");
	assert_int_equal(record_count(lines, "control"), 1);
	json_decref(lines);
	peer_close(&peer);
	world_stop(&world);
}

/* --- many --- */

#define MANY 1000

static void a_thousand_observers(void **state)
{
	static struct peer watchers[MANY];
	struct session_attach attach = operator_attach(2);
	struct rlimit limit;
	struct world world;
	struct peer peer;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < 2 * MANY)
		skip();
	world_run(&world, "sh", "-c", "read x; seq 30000", NULL);
	peer_enter(&peer, &world, &attach);
	for (int i = 0; i < MANY; i++) {
		attach = observer_attach(2);
		peer_enter(&watchers[i], &world, &attach);
	}
	assert_int_equal(link_status(&world).observers, MANY);
	peer_type(&peer, "\n");
	peer_finish(&peer);
	assert_string_equal(text(peer.end, "reason"), "exited");
	for (int i = 0; i < MANY; i++) {
		peer_finish(&watchers[i]);
		assert_string_equal(text(watchers[i].end, "reason"), "exited");
		assert_int_equal(watchers[i].out.length, peer.out.length);
		peer_close(&watchers[i]);
	}
	peer_close(&peer);
	world_wait(&world);
	world_stop(&world);
}

/* Nothing of ours wakes up for nothing. */
static void an_idle_session_sleeps(void **state)
{
	struct session_attach attach = operator_attach(2);
	unsigned long before = 0, after = 0;
	struct world world;
	struct peer peer;
	char path[64], line[256];

	(void)state;
	world_run(&world, "cat", NULL);
	peer_enter(&peer, &world, &attach);
	peer_type(&peer, "x\n");
	peer_expect(&peer, "x\r\nx\r\n");
	link_status(&world);
	snprintf(path, sizeof path, "/proc/%d/status", (int)world.session);
	for (int i = 0; i < 2; i++) {
		FILE *file = fopen(path, "re");

		poll(NULL, 0, i == 0 ? 100 : 1500);
		while (fgets(line, sizeof line, file))
			sscanf(line, "voluntary_ctxt_switches: %lu", i == 0 ? &before : &after);
		fclose(file);
	}
	assert_true(before > 0);
	assert_int_equal(after, before);
	peer_close(&peer);
	world_stop(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twenty_megabytes_arrive_whole),
		cmocka_unit_test(arbitrary_bytes_are_kept),
		cmocka_unit_test(characters_are_kept_whole),
		cmocka_unit_test(observers_that_stop_go_on_from_the_screen),
		cmocka_unit_test(an_operator_that_stops_has_its_patience),
		cmocka_unit_test(an_operator_that_reads_slowly_loses_nothing),
		cmocka_unit_test(a_client_that_sleeps_through_the_end),
		cmocka_unit_test(a_joiner_gets_the_screen),
		cmocka_unit_test(a_record_at_its_limit),
		cmocka_unit_test(a_full_disk),
		cmocka_unit_test(a_kill_while_the_record_is_stalled),
		cmocka_unit_test(input_that_was_held_back_has_its_room),
		cmocka_unit_test(refusals_do_not_fill_the_record),
		cmocka_unit_test(a_thousand_observers),
		cmocka_unit_test(an_idle_session_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
