/* The broker as a process: new, attach, list, kill, detach, refusals, restarts, the end. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker-harness.h"
#include "ipc/launch.h"
#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "protocol/request.h"
#include "util/fd.h"

#define A "aaaa0000-0000-4000-8000-000000000001"
#define B "aaaa1111-0000-4000-8000-000000000002"

static struct harness h;
static char data[SEQPACKET_MAX_MESSAGE];
static size_t length;

static int set_up(void **state)
{
	(void)state;
	harness_prepare(&h);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	harness_clean(&h);
	return 0;
}

static void begin(void)
{
	harness_start(&h);
	monitor_expect(&h, MONITOR_REQUEST_READY, NULL, NULL);
}

static void expect_in(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "(nothing)");
}

static void expect_answer(const char *request, const char *part)
{
	char *answer = client_ask(&h, request);

	expect_in(answer, part);
	free(answer);
}

static void expect_recorded(const char *part)
{
	char *record = harness_record(&h);

	expect_in(record, part);
	free(record);
}

/* What the monitor and the session make of "new": the link, the launch record. */
static int expect_spawn(struct launch *ret_launch, struct monitor_request *ret_request)
{
	int fds[2];
	const void *bytes;
	size_t size;

	monitor_expect(&h, MONITOR_REQUEST_SPAWN, ret_request, fds);
	assert_int_equal(sealed_map(fds[0], LAUNCH_MAX_SIZE, &bytes, &size), 0);
	assert_int_equal(launch_decode(bytes, size, ret_launch), 0);
	assert_true(uuid_equal(&ret_launch->id, &ret_request->session));
	fd_close(fds[0]);
	return fds[1];
}

static int expect_attach(int link, struct session_attach *ret)
{
	int fd;

	assert_int_equal(session_receive(link, data, sizeof(data), &length, &fd),
			 SESSION_MSG_ATTACH);
	assert_int_equal(session_msg_get_attach(data, length, ret), 0);
	assert_true(fd >= 0);
	return fd;
}

static uint32_t expect_query(int link)
{
	struct session_query query;
	int fd;

	assert_int_equal(session_receive(link, data, sizeof(data), &length, &fd),
			 SESSION_MSG_QUERY);
	assert_int_equal(session_msg_get_query(data, length, &query), 0);
	return query.tag;
}

static struct session_order expect_order(int link, enum session_msg_type type)
{
	struct session_order order;
	int fd;

	assert_int_equal(session_receive(link, data, sizeof(data), &length, &fd), type);
	assert_int_equal(session_msg_get_order(data, length, &order), 0);
	return order;
}

static void answer_status(int link, uint32_t tag, uint32_t operators)
{
	struct session_status status = {
		.tag = tag,
		.rows = 24,
		.columns = 80,
		.operators = operators,
		.idle_us = 5000,
		.output_bytes = 100,
		.agent_alive = true,
		.state = "running",
	};
	struct str message = {0};

	session_msg_put_status(&message, &status);
	session_send(link, &message);
}

static void send_started(int link)
{
	struct str message = {0};

	session_msg_put_started(&message);
	session_send(link, &message);
}

static void send_ended(int link, enum end_reason reason, uint8_t exit_code, const char *by)
{
	struct session_ended ended = {.reason = (uint8_t)reason, .exit_code = exit_code, .by = by};
	struct str message = {0};

	session_msg_put_ended(&message, &ended);
	session_send(link, &message);
}

/* A session of one's own, started; the client's connection is closed. The link. */
static int start_session(const char *name, char id[UUID_TEXT_SIZE])
{
	struct monitor_request request;
	struct launch launch;
	struct session_attach attach;
	char line[128];
	int client = client_connect(&h), link;

	snprintf(line, sizeof(line), "AAAU/2 {\"op\":\"new\",\"name\":\"%s\"}\n", name);
	client_say(client, line);
	link = expect_spawn(&launch, &request);
	uuid_format(&launch.id, id);
	launch_free(&launch);
	fd_close(expect_attach(link, &attach));
	send_started(link);
	client_expect_end(client);
	return link;
}

/* ---- new ---- */

static void new_session(void **state)
{
	int client, theirs, link, joiner;
	struct monitor_request request;
	struct session_attach attach;
	char id[UUID_TEXT_SIZE], line[128];
	struct launch launch;
	char *text;

	(void)state;
	begin();
	client = client_connect(&h);
	/* Byte by byte, and with input right behind the line. */
	text = strdup("NEW:cat:-u:30:100\n....early");
	for (char *at = text; *at != '.'; at++)
		assert_int_equal(write(client, at, 1), 1);
	free(text);

	link = expect_spawn(&launch, &request);
	assert_int_equal(request.profile, 0);
	assert_int_equal(request.rows, 30);
	assert_int_equal(request.columns, 100);
	assert_true(uuid_is_v4(&request.session));
	assert_string_equal(launch.program.arguments[0], "cat");
	assert_string_equal(launch.program.arguments[1], "-u");
	assert_string_equal(launch.agent_user, "agent");
	assert_int_equal(launch.creator_uid, getuid());
	assert_int_equal(launch.ring_size, 65536);
	uuid_format(&launch.id, id);
	launch_free(&launch);

	theirs = expect_attach(link, &attach);
	assert_int_equal(attach.protocol, 1);
	assert_true(attach.creator);
	assert_false(attach.observer);
	assert_int_equal(attach.uid, getuid());
	assert_int_equal(attach.pid, getpid());
	assert_int_equal(attach.level, getuid() < 1000 ? LEVEL_ADMIN : LEVEL_INTERACTIVE);

	/* Who joins before it has started waits. */
	joiner = client_connect(&h);
	snprintf(line, sizeof(line), "SESSION:%.8s\n", id);
	client_say(joiner, line);
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "\"state\":\"starting\"");
	send_started(link);
	fd_close(expect_attach(link, &attach));
	assert_false(attach.creator);
	client_expect_end(joiner);

	/* The session speaks to the client, and closes. */
	client_say(theirs, "from the session\n");
	text = client_line(client);
	assert_string_equal(text, "from the session");
	free(text);
	fd_close(theirs);
	client_expect_end(client);

	send_ended(link, END_EXITED, 3, "");
	fd_close(link);
	snprintf(line, sizeof(line), "SESSION:%s\n", id);
	expect_answer(line, "exited with status 3");
}

static void early_bytes_and_features(void **state)
{
	struct monitor_request request;
	struct session_attach attach;
	struct launch launch;
	int client, link;

	(void)state;
	begin();
	client = client_connect(&h);
	client_say(client,
		   "AAAU/2 {\"op\":\"new\",\"agent\":\"claude\",\"args\":[\"-c\"],\"name\":\"x.1\","
		   "\"role\":\"observer\",\"features\":[\"notices\",\"?\"]}\nearly");
	link = expect_spawn(&launch, &request);
	assert_int_equal(request.profile, 1);
	assert_string_equal(launch.name, "x.1");
	assert_string_equal(launch.profile, "claude");
	assert_int_equal(launch.rows, 24);
	launch_free(&launch);
	fd_close(expect_attach(link, &attach));
	assert_int_equal(attach.protocol, 2);
	assert_true(attach.observer);
	assert_int_equal(attach.features, FEATURE_NOTICES);
	assert_int_equal(attach.early_length, 5);
	assert_memory_equal(attach.early, "early", 5);

	expect_answer("AAAU/2 {\"op\":\"new\",\"name\":\"x.1\"}\n", "\"code\":\"name-taken\"");
	fd_close(client);
	fd_close(link);
}

static void new_detached(void **state)
{
	static const char line[] = "AAAU/2 {\"op\":\"new\",\"detached\":true,\"name\":\"bg\"}\n";
	int client = -1, link;
	struct monitor_request request;
	struct launch launch;
	char *answer;

	(void)state;
	begin();
	client = client_connect(&h);
	client_say(client, line);
	link = expect_spawn(&launch, &request);
	launch_free(&launch);
	send_started(link);
	answer = client_line(client);
	expect_in(answer, "{\"ok\":true,\"session\":\"");
	expect_in(answer, "\"name\":\"bg\"");
	free(answer);
	client_expect_end(client);
	send_ended(link, END_EXITED, 0, "");
	fd_close(link);

	client = client_connect(&h);
	client_say(client, line);
	link = expect_spawn(&launch, &request);
	launch_free(&launch);
	send_ended(link, END_EXEC_FAILED, 127, "no sh in /usr/bin:/bin");
	answer = client_line(client);
	expect_in(answer, "\"code\":\"program-not-found\"");
	expect_in(answer, "no sh in /usr/bin:/bin");
	expect_in(answer, "\"exit_status\":127");
	free(answer);
	client_expect_end(client);
	fd_close(link);
}

static void failed_starts(void **state)
{
	struct session_spawn_failed failed = {.step = SPAWN_STEP_PTY, .error = ENOSPC};
	struct str message = {0};
	struct monitor_request request;
	struct launch launch;
	char id[UUID_TEXT_SIZE], line[128], *answer;
	int client, joiner, link;

	(void)state;
	begin();
	client = client_connect(&h);
	client_say(client, "NEW\n");
	link = expect_spawn(&launch, &request);
	uuid_format(&launch.id, id);
	launch_free(&launch);
	joiner = client_connect(&h);
	snprintf(line, sizeof(line), "AAAU/2 {\"op\":\"attach\",\"session\":\"%s\"}\n", id);
	client_say(joiner, line);
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", id); /* the joiner's line was read before */
	session_msg_put_spawn_failed(&message, &failed);
	session_send(link, &message);
	answer = client_line(client);
	expect_in(answer, "Error: the session could not be started: its terminal");
	expect_in(answer, "No space left on device");
	expect_in(answer, "kernel.pty.max");
	free(answer);
	answer = client_line(joiner);
	expect_in(answer, "\"code\":\"start-failed\"");
	free(answer);
	fd_close(joiner);
	fd_close(link);
	client_expect_end(client);
	expect_recorded("\"command_type\":\"start_failed\"");

	/* The link ends without a word. */
	client = client_connect(&h);
	client_say(client, "NEW\n");
	link = expect_spawn(&launch, &request);
	launch_free(&launch);
	fd_close(link);
	answer = client_line(client);
	expect_in(answer, "ended before it started");
	free(answer);
	client_expect_end(client);
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "\"sessions\":[]");
}

static void too_many(void **state)
{
	char id[UUID_TEXT_SIZE];
	int link;

	(void)state;
	h.config.max_sessions = 1;
	begin();
	link = start_session("one", id);
	expect_answer("NEW\n", "as many sessions as it may");
	send_ended(link, END_SIGNALED, 0, "");
	fd_close(link);
	expect_answer("AAAU/2 {\"op\":\"attach\",\"session\":\"one\"}\n", "ended by signal");
	fd_close(start_session("two", id));
}

/* ---- list, status, kill, detach ---- */

static void list_and_status(void **state)
{
	char first[UUID_TEXT_SIZE], second[UUID_TEXT_SIZE], *answer;
	int one, two, client;
	struct session_attach attach;

	(void)state;
	begin();
	one = start_session("one", first);
	two = start_session("two", second);
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"list\"}\n");
	answer_status(one, expect_query(one), 0);
	answer_status(two, expect_query(two), 1);
	answer = client_line(client);
	expect_in(answer, "{\"ok\":true,\"sessions\":[{\"id\":\"");
	expect_in(answer, "\"idle_ms\":5,\"operators\":1,\"observers\":0,\"rows\":24,\"cols\":80,"
			  "\"state\":\"running\",\"output_bytes\":100,\"input_bytes\":0}");
	assert_true(strstr(answer, first) < strstr(answer, second));
	free(answer);
	client_expect_end(client);

	/* One that does not answer costs a second, and is listed. */
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"list\"}\n");
	answer_status(one, expect_query(one), 0);
	expect_query(two);
	answer = client_line(client);
	expect_in(answer, "\"state\":\"unresponsive\"");
	expect_in(answer, "\"state\":\"running\"");
	free(answer);
	client_expect_end(client);

	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"status\",\"session\":\"two\"}\n");
	answer_status(two, expect_query(two), 7);
	answer = client_line(client);
	expect_in(answer, "{\"ok\":true,\"session\":{\"id\":\"");
	expect_in(answer, "\"operators\":7");
	free(answer);
	client_expect_end(client);

	/* The newest: who watches disturbs nobody, */
	client = client_connect(&h);
	client_say(client,
		   "AAAU/2 {\"op\":\"attach\",\"rows\":9,\"cols\":8,\"role\":\"observer\"}\nZ");
	answer_status(one, expect_query(one), 0);
	answer_status(two, expect_query(two), 1);
	fd_close(expect_attach(two, &attach));
	assert_int_equal(attach.rows, 9);
	assert_true(attach.observer);
	assert_int_equal(attach.early_length, 1);
	client_expect_end(client);

	/* and who types gets one to himself. */
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"attach\"}\n");
	answer_status(one, expect_query(one), 0);
	answer_status(two, expect_query(two), 1);
	fd_close(expect_attach(one, &attach));
	assert_false(attach.observer);
	client_expect_end(client);

	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"attach\"}\n");
	answer_status(one, expect_query(one), 1);
	answer_status(two, expect_query(two), 1);
	answer = client_line(client);
	expect_in(answer, "there is no session that nobody is in");
	free(answer);
	client_expect_end(client);

	/* One that ends meanwhile is not listed. */
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"list\"}\n");
	answer_status(one, expect_query(one), 0);
	expect_query(two);
	send_ended(two, END_EXITED, 0, "");
	answer = client_line(client);
	assert_null(strstr(answer, second));
	free(answer);
	client_expect_end(client);
	expect_answer("AAAU/2 {\"op\":\"status\",\"session\":\"zzz\"}\n", "aaau ls");
	fd_close(one);
	fd_close(two);
}

static void kill_and_detach(void **state)
{
	struct session_done done = {0};
	struct session_order order;
	struct str message = {0};
	struct monitor_request request;
	char id[UUID_TEXT_SIZE], *answer;
	int link, client;

	(void)state;
	begin();
	link = start_session("job", id);

	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"detach\",\"session\":\"job\"}\n");
	order = expect_order(link, SESSION_MSG_DETACH);
	assert_int_equal(order.uid, getuid());
	assert_false(order.everyone);
	done = (struct session_done){.tag = order.tag, .count = 2, .outcome = ORDER_DONE};
	session_msg_put_done(&message, &done);
	session_send(link, &message);
	answer = client_line(client);
	expect_in(answer, "\"ok\":true");
	expect_in(answer, "\"detached\":2");
	expect_in(answer, id);
	free(answer);
	client_expect_end(client);

	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"kill\",\"session\":\"job\"}\n");
	order = expect_order(link, SESSION_MSG_KILL);
	done = (struct session_done){.tag = order.tag, .outcome = ORDER_DONE};
	session_msg_put_done(&message, &done);
	session_send(link, &message);
	answer = client_line(client);
	expect_in(answer, "{\"ok\":true,\"session\":\"");
	assert_null(strstr(answer, "forced"));
	free(answer);
	client_expect_end(client);

	/* A session that does not answer is the monitor's to kill. */
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"kill\",\"session\":\"job\"}\n");
	expect_order(link, SESSION_MSG_KILL);
	monitor_expect(&h, MONITOR_REQUEST_KILL, &request, NULL);
	answer = client_line(client);
	expect_in(answer, "\"forced\":true");
	free(answer);
	client_expect_end(client);
	expect_recorded("\"command_type\":\"control\"");

	/* It ends instead of answering. */
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"kill\",\"session\":\"job\"}\n");
	expect_order(link, SESSION_MSG_KILL);
	send_ended(link, END_KILLED, 0, "alice");
	answer = client_line(client);
	expect_in(answer, "\"ok\":true");
	assert_null(strstr(answer, "forced"));
	free(answer);
	client_expect_end(client);
	expect_answer("AAAU/2 {\"op\":\"kill\",\"session\":\"job\"}\n", "killed by alice");
	fd_close(link);
}

static void send_done(int link, uint32_t tag, enum order_outcome outcome)
{
	struct session_done done = {.tag = tag, .outcome = (uint8_t)outcome};
	struct str message = {0};

	session_msg_put_done(&message, &done);
	session_send(link, &message);
}

static void freeze_and_thaw(void **state)
{
	static const struct {
		enum order_outcome outcome;
		const char *answer;
	} cases[] = {
		{ORDER_DONE, "{\"ok\":true,\"session\":\""},
		{ORDER_NOT_YET, "\"code\":\"not-frozen\""},
		{ORDER_OVERTAKEN, "somebody thawed the session"},
		{ORDER_ENDING, "\"code\":\"no-such-session\""},
		{ORDER_FAILED, "the session could not be frozen"},
	};
	struct session_order order;
	char id[UUID_TEXT_SIZE], *answer;
	int link, client;

	(void)state;
	begin();
	link = start_session("job", id);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		client = client_connect(&h);
		client_say(client, "AAAU/2 {\"op\":\"freeze\",\"session\":\"job\"}\n");
		order = expect_order(link, SESSION_MSG_FREEZE);
		assert_int_equal(order.uid, getuid());
		send_done(link, order.tag, cases[i].outcome);
		answer = client_line(client);
		expect_in(answer, cases[i].answer);
		free(answer);
		client_expect_end(client);
	}
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"thaw\",\"session\":\"job\"}\n");
	send_done(link, expect_order(link, SESSION_MSG_THAW).tag, ORDER_DONE);
	answer = client_line(client);
	expect_in(answer, id);
	free(answer);
	client_expect_end(client);

	/* It does not answer; it ends instead. */
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"freeze\",\"session\":\"job\"}\n");
	expect_order(link, SESSION_MSG_FREEZE);
	answer = client_line(client);
	expect_in(answer, "\"code\":\"busy\"");
	expect_in(answer, "aaau kill");
	free(answer);
	client_expect_end(client);
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"freeze\",\"session\":\"job\"}\n");
	expect_order(link, SESSION_MSG_FREEZE);
	send_ended(link, END_EXITED, 0, "");
	answer = client_line(client);
	expect_in(answer, "\"code\":\"no-such-session\"");
	free(answer);
	client_expect_end(client);
	fd_close(link);
}

/* All are asked before one has answered. */
static void freeze_many(void **state)
{
	char ids[5][UUID_TEXT_SIZE], name[2] = "v", *answer;
	struct session_order orders[5];
	int links[5], client;

	(void)state;
	begin();
	expect_answer("AAAU/2 {\"op\":\"freeze\"}\n", "{\"ok\":true,\"failed\":[],\"done\":0}");
	for (int i = 0; i < 5; i++, name[0]++)
		links[i] = start_session(name, ids[i]);
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"freeze\"}\n");
	for (int i = 0; i < 5; i++)
		orders[i] = expect_order(links[i], SESSION_MSG_FREEZE);
	/* Another's tag is nobody's answer. */
	send_done(links[0], orders[1].tag, ORDER_DONE);
	send_done(links[0], orders[0].tag, ORDER_DONE);
	send_done(links[1], orders[1].tag, ORDER_NOT_YET);
	send_done(links[2], orders[2].tag, ORDER_ENDING);
	send_ended(links[3], END_EXITED, 0, "");
	answer = client_line(client);
	expect_in(answer, "{\"ok\":true,\"failed\":[{\"id\":\"");
	expect_in(answer, "\"name\":\"w\"");
	expect_in(answer, "\"state\":\"freezing\"}");
	expect_in(answer, "\"name\":\"z\"");
	expect_in(answer, "\"state\":\"unresponsive\"}],\"done\":1}");
	assert_null(strstr(answer, ids[0]));
	assert_null(strstr(answer, ids[2]));
	assert_null(strstr(answer, ids[3]));
	free(answer);
	client_expect_end(client);
	for (int i = 0; i < 5; i++)
		fd_close(links[i]);
}

/* ---- bad input, refusals ---- */

static void bad_requests(void **state)
{
	char *line = malloc(80 * 1024 + 1);
	char *answer;
	int client;

	(void)state;
	begin();
	expect_answer("HELLO\n", "Error: ");
	expect_answer("AAAU/2 {\"op\":\"fly\"}\n", "\"code\":\"unknown-op\"");
	expect_answer("AAAU/2 {\"op\":\"new\",\"agent\":\"cluade\"}\n",
		      "\"remedy\":\"known agents: claude\"");
	expect_answer("SESSION:nope\n", "there is no session nope");
	expect_recorded("\"reason\":\"malformed-request\"");

	memset(line, 'x', 80 * 1024);
	line[80 * 1024] = '\0';
	client = client_connect(&h);
	client_say(client, line);
	answer = client_line(client);
	expect_in(answer, "longer than 65536 bytes");
	free(answer);
	client_expect_end(client);
	expect_recorded("\"reason\":\"request-too-long\"");

	client = client_connect(&h);
	memcpy(line, "AAAU/2 ", 7);
	client_say(client, line);
	answer = client_line(client);
	expect_in(answer, "\"code\":\"request-too-long\"");
	free(answer);
	client_expect_end(client);
	free(line);

	/* Closed at once, in numbers. */
	for (int i = 0; i < 100; i++)
		fd_close(client_connect(&h));
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "\"sessions\":[]");
}

static void timeouts(void **state)
{
	int silent, half;
	char *answer;

	(void)state;
	h.config.handshake_timeout_ms = 200;
	begin();
	silent = client_connect(&h);
	half = client_connect(&h);
	client_say(half, "AAAU/2 {\"op\"");
	answer = client_line(silent);
	expect_in(answer, "Error: no whole request arrived in time");
	free(answer);
	answer = client_line(half);
	expect_in(answer, "\"code\":\"handshake-timeout\"");
	free(answer);
	client_expect_end(silent);
	client_expect_end(half);
	expect_recorded("\"reason\":\"handshake-timeout\"");
}

static void refused_users(void **state)
{
	char id[UUID_TEXT_SIZE], *answer;
	int client, link;

	(void)state;
	if (getuid() != 0)
		skip();
	h.config.readonly_gid = GROUP_GID + 1;
	begin();
	link = start_session("boss", id);

	client = client_connect_as(&h, 5000, 5000, 0);
	client_say(client, "AAAU/2 {\"op\":\"list\"}\n");
	answer = client_line(client);
	expect_in(answer, "\"code\":\"not-authorized\"");
	expect_in(answer, "group team");
	free(answer);
	client_expect_end(client);
	expect_recorded("\"reason\":\"not-in-group\",\"uid\":\"5000\"");

	client = client_connect_as(&h, AGENT_UID, 0, GROUP_GID);
	client_say(client, "N");
	answer = client_line(client);
	expect_in(answer, "Error: agent users may not connect");
	free(answer);
	client_expect_end(client);
	expect_recorded("\"reason\":\"agent-user\"");

	client = client_connect_as(&h, SERVICE_UID, 1, GROUP_GID);
	fd_close(client);
	client = client_connect_as(&h, 5001, 5001, GROUP_GID);
	client_say(client, "AAAU/2 {\"op\":\"kill\",\"session\":\"boss\"}\n");
	answer = client_line(client);
	expect_in(answer, "\"code\":\"permission-denied\"");
	free(answer);
	client_expect_end(client);
	/* Connections are taken in order. */
	expect_recorded("\"reason\":\"service-user\"");
	expect_recorded("\"reason\":\"permission-denied\",\"uid\":\"5001\"");

	client = client_connect_as(&h, 5001, 5001, GROUP_GID);
	client_say(client, "AAAU/2 {\"op\":\"detach\",\"session\":\"boss\",\"everyone\":true}\n");
	answer = client_line(client);
	expect_in(answer, "\"code\":\"permission-denied\"");
	free(answer);
	client_expect_end(client);

	static const char *const refused[] = {
		"AAAU/2 {\"op\":\"freeze\",\"session\":\"boss\"}\n",
		"AAAU/2 {\"op\":\"thaw\",\"session\":\"boss\"}\n",
		"AAAU/2 {\"op\":\"freeze\",\"everyone\":true}\n",
	};
	for (size_t i = 0; i < 3; i++) {
		client = client_connect_as(&h, 5001, 5001, GROUP_GID);
		client_say(client, refused[i]);
		answer = client_line(client);
		expect_in(answer, "\"code\":\"permission-denied\"");
		free(answer);
		client_expect_end(client);
	}
	/* Its own, and those that it may: none. */
	client = client_connect_as(&h, 5001, 5001, GROUP_GID);
	client_say(client, "AAAU/2 {\"op\":\"thaw\",\"everyone\":true}\n");
	answer = client_line(client);
	expect_in(answer, "\"done\":0");
	free(answer);
	client_expect_end(client);

	client = client_connect_as(&h, 5002, GROUP_GID, GROUP_GID + 1);
	client_say(client, "NEW\n");
	answer = client_line(client);
	expect_in(answer, "read-only users may not create sessions");
	free(answer);
	client_expect_end(client);
	{
		struct session_attach attach;

		client = client_connect_as(&h, 5002, GROUP_GID, GROUP_GID + 1);
		client_say(client, "SESSION:boss\n");
		fd_close(expect_attach(link, &attach));
		assert_int_equal(attach.level, LEVEL_READ_ONLY);
		assert_true(attach.observer);
		client_expect_end(client);
	}
	fd_close(link);
}

static void the_record_cannot_be_written(void **state)
{
	(void)state;
	fd_close(h.audit);
	h.audit = open("/dev/full", O_RDWR | O_CLOEXEC);
	begin();
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "\"code\":\"record-stalled\"");
	expect_answer("nonsense\n", "record cannot be written");
}

static void a_full_record_recovers(void **state)
{
	static char buffer[65536];
	int pipe_fds[2];
	ssize_t n;

	(void)state;
	/* A pipe that nobody reads is a disk without room. */
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK), 0);
	fd_close(h.audit);
	h.audit = pipe_fds[1];
	begin();
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "\"sessions\":[]");
	while (write(pipe_fds[1], buffer, sizeof(buffer)) > 0 || write(pipe_fds[1], buffer, 1) > 0)
		;
	expect_answer("nonsense\n", "Error: ");
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "\"code\":\"record-stalled\"");
	/* What is refused for want of a record does not fill memory. */
	expect_answer("nonsense\n", "record cannot be written");
	do
		n = read(pipe_fds[0], buffer, sizeof(buffer));
	while (n > 0);
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "\"sessions\":[]");
	n = read(pipe_fds[0], buffer, sizeof(buffer) - 1);
	assert_true(n > 0);
	buffer[n] = '\0';
	expect_in(buffer, "\"reason\":\"malformed-request\"");
	fd_close(pipe_fds[0]);
}

/* ---- lives and deaths ---- */

/* A session's greeting and a client's request race: asks until the request reaches the link. */
static int ask_until_known(int link, const char *request)
{
	for (;;) {
		int client = client_connect(&h);
		struct pollfd either[] = {{.fd = link, .events = POLLIN},
					  {.fd = client, .events = POLLIN}};

		client_say(client, request);
		assert_true(poll(either, 2, 20000) > 0);
		if (either[0].revents)
			return client;
		fd_close(client);
	}
}

static void relearning(void **state)
{
	int first, second, late, link_a, link_b, link_c, client;
	struct session_attach attach;
	char path[256], *answer;

	(void)state;
	first = session_listen(&h, A);
	second = session_listen(&h, B);
	/* Nobody listens here any more. */
	fd_close(session_listen(&h, "dead0000-0000-4000-8000-000000000004"));
	harness_start(&h);
	link_a = session_accept(first);
	session_greet(link_a, A, "one");
	/* READY is not sent before the second has presented itself. */
	link_b = session_accept(second);
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"attach\",\"session\":\"two\"}\n");
	session_greet(link_b, B, "two");
	monitor_expect(&h, MONITOR_REQUEST_READY, NULL, NULL);
	fd_close(expect_attach(link_b, &attach));
	client_expect_end(client);
	snprintf(path, sizeof(path), "%s/dead0000-0000-4000-8000-000000000004", h.sessions_path);
	assert_int_equal(access(path, F_OK), -1);
	expect_recorded("\"session_id\":\"dead0000-0000-4000-8000-000000000004\","
			"\"command_type\":\"session_lost\"");
	expect_recorded("\"sessions\":\"2\"");
	expect_answer("SESSION:aaaa\n",
		      "more than one session's id begins with aaaa: " A " (one), " B " (two)");

	/* One that the old broker had asked for comes later. */
	late = session_listen(&h, "cccc0000-0000-4000-8000-000000000003");
	link_c = session_accept(late);
	session_greet(link_c, "cccc0000-0000-4000-8000-000000000003", "late");
	client = ask_until_known(link_c, "AAAU/2 {\"op\":\"status\",\"session\":\"late\"}\n");
	answer_status(link_c, expect_query(link_c), 0);
	answer = client_line(client);
	expect_in(answer, "\"creator\":\"carol\"");
	expect_in(answer, "\"created\":1700000000.123456");
	free(answer);
	client_expect_end(client);

	/* A link that breaks is made again; a session that died is lost. */
	fd_close(link_a);
	link_a = session_accept(first);
	session_greet(link_a, A, "one");
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"attach\",\"session\":\"one\"}\n");
	fd_close(expect_attach(link_a, &attach));
	client_expect_end(client);
	fd_close(second);
	fd_close(link_b);
	for (;;) {
		answer = client_ask(&h, "SESSION:two\n");
		if (strstr(answer, "was lost"))
			break;
		free(answer);
	}
	free(answer);
	expect_recorded("\"command_type\":\"session_lost\"");

	/* The same again for the next broker. */
	harness_kill(&h);
	fd_close(link_a);
	fd_close(link_c);
	harness_start(&h);
	link_a = session_accept(first);
	link_c = session_accept(late);
	session_greet(link_c, "cccc0000-0000-4000-8000-000000000003", "late");
	/* A session that says nothing holds the others up for two seconds at most. */
	monitor_expect(&h, MONITOR_REQUEST_READY, NULL, NULL);
	fd_close(link_a);
	fd_close(link_c);
	fd_close(first);
	fd_close(late);
}

static void a_session_that_dies_before_its_hello(void **state)
{
	int listener;
	char *answer;

	(void)state;
	listener = session_listen(&h, A);
	harness_start(&h);
	/* Its process dies: first the link ends, then nobody listens. */
	fd_close(session_accept(listener));
	fd_close(session_accept(listener));
	fd_close(listener);
	monitor_expect(&h, MONITOR_REQUEST_READY, NULL, NULL);
	answer = harness_record(&h);
	expect_in(answer, "\"command_type\":\"session_lost\"");
	expect_in(answer, "\"sessions\":\"0\"");
	free(answer);
}

static void garbage_from_a_session_ends_its_link(void **state)
{
	struct str message = {0};
	char id[UUID_TEXT_SIZE];
	int listener, link, other;

	(void)state;
	begin();
	other = start_session("other", id);
	link = start_session("wrong", id);
	listener = session_listen(&h, id);
	str_append(&message, "\377garbage", 8);
	session_send(link, &message);
	fd_close(link);
	link = session_accept(listener);
	session_greet(link, id, "wrong");
	{
		int client = client_connect(&h);
		char *answer;

		client_say(client, "AAAU/2 {\"op\":\"list\"}\n");
		answer_status(link, expect_query(link), 0);
		answer_status(other, expect_query(other), 0);
		answer = client_line(client);
		expect_in(answer, id);
		free(answer);
		client_expect_end(client);
	}
	expect_recorded("\"command_type\":\"link_malformed\"");
	fd_close(listener);
	fd_close(link);
	fd_close(other);
}

static void shutdown_in_order(void **state)
{
	struct monitor_event event = {.type = MONITOR_EVENT_SHUTDOWN};
	int link, client, status;
	char id[UUID_TEXT_SIZE], *answer;

	(void)state;
	begin();
	link = start_session("last", id);
	client = client_connect(&h);
	client_say(client, "AAAU/2 {\"op\":\"ne");
	expect_answer("AAAU/2 {\"op\":\"attach\",\"session\":\"zz\"}\n", "no-such-session");
	assert_int_equal(seqpacket_send(h.monitor, &event, sizeof(event), NULL, 0), 0);
	expect_order(link, SESSION_MSG_SHUTDOWN);
	answer = client_line(client);
	expect_in(answer, "\"code\":\"shutting-down\"");
	free(answer);
	fd_close(client);
	expect_answer("NEW\n", "shutting down");
	expect_recorded("\"command_type\":\"server_stop\"");
	send_ended(link, END_SHUTDOWN, 0, "");
	status = harness_wait(&h);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fd_close(link);
}

static void the_monitors_end_is_ours(void **state)
{
	int status, link;
	char id[UUID_TEXT_SIZE];

	(void)state;
	begin();
	link = start_session("lives", id);
	h.monitor = fd_close(h.monitor);
	status = harness_wait(&h);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fd_close(link);
}

/* ---- numbers ---- */

static void a_thousand_observers(void **state)
{
	enum { MANY = 1000 };
	static int clients[MANY];
	char id[UUID_TEXT_SIZE];
	int link;

	(void)state;
	begin();
	link = start_session("show", id);
	/* All connect, then all speak, while the session reads nothing. */
	for (int i = 0; i < MANY; i++)
		clients[i] = client_connect(&h);
	for (int i = 0; i < MANY; i++)
		client_say(
			clients[i],
			"AAAU/2 {\"op\":\"attach\",\"session\":\"show\",\"role\":\"observer\"}\n");
	for (int i = 0; i < MANY; i++) {
		struct session_attach attach;

		fd_close(expect_attach(link, &attach));
		assert_true(attach.observer);
	}
	for (int i = 0; i < MANY; i++)
		client_expect_end(clients[i]);
	fd_close(link);
}

/* The fewest of a few looks: a connection that has been answered may not be closed yet. */
static unsigned count_fds(void)
{
	unsigned fewest = UINT_MAX;
	char command[64];

	snprintf(command, sizeof(command), "ls /proc/%d/fd | wc -l", h.broker);
	for (int i = 0; i < 5; i++) {
		FILE *out = popen(command, "r");
		unsigned count = 0;

		assert_int_equal(fscanf(out, "%u", &count), 1);
		pclose(out);
		if (count < fewest)
			fewest = count;
	}
	return fewest;
}

static void nothing_leaks(void **state)
{
	char id[UUID_TEXT_SIZE];
	unsigned before;

	(void)state;
	if (getuid() != 0)
		skip(); /* a process that hides itself hides its descriptors */
	begin();
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "[]");
	before = count_fds();
	for (int i = 0; i < 300; i++) {
		int link = start_session("again", id);

		send_ended(link, END_EXITED, 0, "");
		fd_close(link);
		expect_answer("nonsense\n", "Error");
		fd_close(client_connect(&h));
	}
	expect_answer("AAAU/2 {\"op\":\"list\"}\n", "[]");
	assert_int_equal(count_fds(), before);
}

/* A list is longer than a socket holds, and is asked for by many who do not read it. */
static void answers_that_nobody_reads(void **state)
{
	static const char *const ids[] = {A, B, "cccc0000-0000-4000-8000-000000000003"};
	static char command[120000];
	int links[3], clients[400];
	unsigned let_go = 0;
	char *answer;

	(void)state;
	memset(command, 'x', sizeof(command) - 1);
	for (unsigned i = 0; i < 3; i++)
		links[i] = session_listen(&h, ids[i]);
	harness_start(&h);
	for (unsigned i = 0; i < 3; i++) {
		struct session_hello hello = {.name = "",
					      .profile = "default",
					      .agent_user = "agent",
					      .command = command,
					      .creator = "carol"};
		struct str message = {0};

		links[i] = session_accept(links[i]);
		assert_true(uuid_parse(ids[i], &hello.id));
		session_msg_put_hello(&message, &hello);
		session_send(links[i], &message);
	}
	monitor_expect(&h, MONITOR_REQUEST_READY, NULL, NULL);
	for (unsigned i = 0; i < 400; i++) {
		clients[i] = client_connect(&h);
		client_say(clients[i], "AAAU/2 {\"op\":\"list\"}\n");
	}
	/* It is answered after them. */
	answer = client_ask(&h, "AAAU/2 {\"op\":\"list\"}\n");
	expect_in(answer, "unresponsive");
	assert_true(strlen(answer) > 3 * (sizeof(command) - 1));
	free(answer);
	for (unsigned i = 0; i < 400; i++) {
		struct pollfd one = {.fd = clients[i], .events = POLLIN};

		poll(&one, 1, 0);
		let_go += (one.revents & POLLHUP) != 0;
		fd_close(clients[i]);
	}
	/* 16 MiB of answers may wait. */
	assert_in_range(let_go, 400 - 47, 400 - 40);
}

static void descriptors_run_out(void **state)
{
	int clients[40], fd;
	char *answer;

	(void)state;
	h.fd_limit = 24;
	begin();
	for (int i = 0; i < 40; i++)
		clients[i] = client_connect(&h);
	fd = client_connect(&h);
	client_say(fd, "AAAU/2 {\"op\":\"list\"}\n");
	for (int i = 0; i < 40; i++)
		fd_close(clients[i]);
	answer = client_line(fd);
	expect_in(answer, "[]");
	free(answer);
	client_expect_end(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(new_session),
		TEST(early_bytes_and_features),
		TEST(new_detached),
		TEST(failed_starts),
		TEST(too_many),
		TEST(list_and_status),
		TEST(kill_and_detach),
		TEST(freeze_and_thaw),
		TEST(freeze_many),
		TEST(bad_requests),
		TEST(timeouts),
		TEST(refused_users),
		TEST(the_record_cannot_be_written),
		TEST(a_full_record_recovers),
		TEST(relearning),
		TEST(a_session_that_dies_before_its_hello),
		TEST(garbage_from_a_session_ends_its_link),
		TEST(shutdown_in_order),
		TEST(the_monitors_end_is_ours),
		TEST(a_thousand_observers),
		TEST(nothing_leaks),
		TEST(answers_that_nobody_reads),
		TEST(descriptors_run_out),
	};
	struct rlimit limit;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	signal(SIGPIPE, SIG_IGN);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
