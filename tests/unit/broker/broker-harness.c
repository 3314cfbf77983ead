/* The stage for test-broker.c. Everything waits with a limit, nothing sleeps. */
#include "broker-harness.h"

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "util/fd.h"
#include "util/io.h"

#define PATIENCE_MS 20000
#define NOBODY 65534

static char *no_texts[] = {NULL};
static char *keep[] = {"TERM", NULL};
static struct broker_profile profiles[] = {
	{.name = "default",
	 .uid = AGENT_UID,
	 .user = "agent",
	 .home = "/",
	 .shell = "/bin/sh",
	 .program = "sh",
	 .args = no_texts,
	 .env = no_texts,
	 .path = "/usr/bin:/bin"},
	{.name = "claude",
	 .uid = AGENT_UID,
	 .user = "agent",
	 .home = "/",
	 .shell = "/bin/sh",
	 .program = "claude",
	 .args = no_texts,
	 .env = no_texts,
	 .path = "/usr/bin:/bin",
	 .alias = true},
};

static void await(int fd, short events)
{
	struct pollfd item = {.fd = fd, .events = events};

	assert_int_equal(poll(&item, 1, PATIENCE_MS), 1);
}

static int listen_at(const char *path, int type, int backlog)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

void harness_prepare(struct harness *h)
{
	*h = (struct harness){.broker = -1, .monitor = -1};
	strcpy(h->directory, "/tmp/aaau-broker-test-XXXXXX");
	assert_non_null(mkdtemp(h->directory));
	chmod(h->directory, 0755);
	snprintf(h->socket_path, sizeof(h->socket_path), "%s/socket", h->directory);
	snprintf(h->audit_path, sizeof(h->audit_path), "%s/server.jsonl", h->directory);
	snprintf(h->sessions_path, sizeof(h->sessions_path), "%s/sessions", h->directory);
	assert_int_equal(mkdir(h->sessions_path, 0700), 0);
	h->listener = listen_at(h->socket_path, SOCK_STREAM, 4096);
	chmod(h->socket_path, 0666);
	h->audit = open(h->audit_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (getuid() == 0)
		assert_int_equal(chown(h->sessions_path, NOBODY, NOBODY), 0);
	h->config = (struct broker_config){
		.socket_path = h->socket_path,
		.authorized_gid = getuid() == 0 ? GROUP_GID : getgid(),
		.authorized_group = "team",
		.admin_gid = (gid_t)-1,
		.readonly_gid = (gid_t)-1,
		.service_uid = SERVICE_UID,
		.handshake_timeout_ms = 10000,
		.ring_size = 65536,
		.operator_patience_ms = 2000,
		.env_keep = keep,
		.profiles = profiles,
		.profile_count = 2,
	};
}

void harness_start(struct harness *h)
{
	const char *program = getenv("AAAU_BROKER");
	struct str encoded = {0};
	int pair[2], config;

	assert_non_null(program);
	broker_config_encode(&encoded, &h->config);
	config = sealed_write("config", encoded.data, encoded.length);
	assert_true(config >= 0);
	str_free(&encoded);
	assert_int_equal(seqpacket_pair(pair), 0);
	fd_close(h->monitor);
	h->monitor = pair[0];

	h->broker = fork();
	assert_true(h->broker >= 0);
	if (h->broker == 0) {
		char *const argv[] = {"aaau-broker", NULL};
		int sessions = open(h->sessions_path, O_RDONLY | O_DIRECTORY);
		/* Opened while we are root: nobody else may reach a build in somebody's home. */
		int executable = open(program, O_PATH);
		const int fds[] = {pair[1], config, h->listener, h->audit, sessions, executable};

		struct rlimit limit = {.rlim_cur = h->fd_limit, .rlim_max = h->fd_limit};

		if (fd_lay_out(BROKER_FD_MONITOR, fds, BROKER_FD_END + 1 - BROKER_FD_MONITOR) < 0 ||
		    fd_set_cloexec(BROKER_FD_END, true) < 0)
			_exit(99);
		if (getuid() == 0 &&
		    (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
			_exit(99);
		if (h->fd_limit && setrlimit(RLIMIT_NOFILE, &limit) < 0)
			_exit(99);
		execveat(BROKER_FD_END, "", argv, environ, AT_EMPTY_PATH);
		_exit(99);
	}
	fd_close(pair[1]);
	fd_close(config);
}

int harness_wait(struct harness *h)
{
	int status = 0;

	assert_int_equal(waitpid(h->broker, &status, 0), h->broker);
	h->broker = -1;
	return status;
}

void harness_kill(struct harness *h)
{
	kill(h->broker, SIGKILL);
	harness_wait(h);
}

void harness_clean(struct harness *h)
{
	char command[128];

	if (h->broker > 0)
		harness_kill(h);
	fd_close(h->monitor);
	fd_close(h->listener);
	fd_close(h->audit);
	snprintf(command, sizeof(command), "rm -rf %s", h->directory);
	assert_int_equal(system(command), 0);
}

char *harness_record(const struct harness *h)
{
	struct stat status;
	char *text;

	assert_int_equal(fstat(h->audit, &status), 0);
	text = malloc((size_t)status.st_size + 1);
	assert_int_equal(pread(h->audit, text, (size_t)status.st_size, 0), status.st_size);
	text[status.st_size] = '\0';
	return text;
}

void monitor_expect(struct harness *h, enum monitor_request_type type, struct monitor_request *ret,
		    int fds[2])
{
	struct monitor_request request;
	int received[SEQPACKET_MAX_FDS];
	unsigned count;

	await(h->monitor, POLLIN);
	assert_int_equal(seqpacket_receive(h->monitor, &request, sizeof(request), received, &count),
			 sizeof(request));
	assert_int_equal(request.type, type);
	assert_int_equal(request.reserved, 0);
	assert_int_equal(count, type == MONITOR_REQUEST_SPAWN ? 2 : 0);
	for (unsigned i = 0; i < count; i++)
		fds[i] = received[i];
	if (ret)
		*ret = request;
}

enum session_msg_type session_receive(int link, char *data, size_t size, size_t *ret_length,
				      int *ret_fd)
{
	static char buffer[SEQPACKET_MAX_MESSAGE];
	int fds[SEQPACKET_MAX_FDS];
	unsigned count;
	ssize_t n;

	await(link, POLLIN);
	n = seqpacket_receive(link, buffer, sizeof(buffer), fds, &count);
	assert_true(n > 0 && (size_t)n <= size);
	assert_true(count <= 1);
	memcpy(data, buffer + 1, (size_t)n - 1);
	*ret_length = (size_t)n - 1;
	*ret_fd = count ? fds[0] : -1;
	return (unsigned char)buffer[0];
}

void session_send(int link, struct str *message)
{
	assert_int_equal(seqpacket_send(link, message->data, message->length, NULL, 0), 0);
	str_free(message);
}

int session_listen(struct harness *h, const char *id)
{
	char hidden[192], path[192];
	int fd;

	snprintf(hidden, sizeof(hidden), "%s/%s.new", h->sessions_path, id);
	snprintf(path, sizeof(path), "%s/%s", h->sessions_path, id);
	/* The listener's credentials are those at listen(2). */
	if (getuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
	fd = listen_at(hidden, SOCK_SEQPACKET, 4);
	assert_int_equal(rename(hidden, path), 0);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	return fd;
}

int session_accept(int listener)
{
	int fd;

	await(listener, POLLIN);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(fd >= 0);
	return fd;
}

void session_greet(int link, const char *id, const char *name)
{
	struct session_hello hello = {
		.name = name,
		.profile = "default",
		.agent_user = "agent",
		.command = "sh",
		.creator_uid = 12345,
		.creator = "carol",
		.created_us = 1700000000123456,
	};
	struct str message = {0};

	assert_true(uuid_parse(id, &hello.id));
	session_msg_put_hello(&message, &hello);
	session_send(link, &message);
}

int client_connect(const struct harness *h)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, h->socket_path, strlen(h->socket_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

int client_connect_as(const struct harness *h, uid_t uid, gid_t gid, gid_t group)
{
	int pair[2], fds[SEQPACKET_MAX_FDS], status;
	unsigned count;
	char byte;
	pid_t child;

	assert_int_equal(seqpacket_pair(pair), 0);
	child = fork();
	if (child == 0) {
		int fd;

		if (setgroups(group ? 1 : 0, &group) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
			_exit(1);
		fd = client_connect(h);
		_exit(seqpacket_send(pair[1], "x", 1, &fd, 1) < 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(seqpacket_receive(pair[0], &byte, 1, fds, &count), 1);
	fd_close(pair[0]);
	fd_close(pair[1]);
	return fds[0];
}

void client_say(int fd, const char *text)
{
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
}

char *client_line(int fd)
{
	char *line = malloc(1 << 20);
	size_t n = 0;

	for (;;) {
		ssize_t got;

		await(fd, POLLIN);
		got = recv(fd, line + n, 1, MSG_DONTWAIT);
		if (got <= 0)
			break;
		if (line[n] == '\n') {
			line[n] = '\0';
			return line;
		}
		assert_true(++n < 1 << 20);
	}
	free(line);
	return NULL;
}

void client_expect_end(int fd)
{
	char byte;
	ssize_t n;

	await(fd, POLLIN);
	n = recv(fd, &byte, 1, MSG_DONTWAIT);
	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	fd_close(fd);
}

char *client_ask(const struct harness *h, const char *line)
{
	int fd = client_connect(h);
	char *answer;

	client_say(fd, line);
	answer = client_line(fd);
	assert_non_null(answer);
	client_expect_end(fd);
	return answer;
}
