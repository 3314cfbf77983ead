/* See harness.h. Owns the processes, directories and cgroups of a world; world_stop() removes them
 * whatever state they are in. */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/launch.h"
#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "protocol/frame.h"
#include "util/fd.h"

#define AGENT_UID 65533
#define MAX_ARGUMENTS 15
#define CGROUP2_MAGIC 0x63677270

static char link_buffer[SEQPACKET_MAX_MESSAGE];

bool is_root(void)
{
	return geteuid() == 0;
}

static void must(int r, const char *what)
{
	if (r < 0)
		fail_msg("%s: %s", what, strerror(errno));
}

/* In the processes between us and the session there is no cmocka. */
static void child_must(int r, const char *what)
{
	if (r < 0) {
		perror(what);
		_exit(99);
	}
}

/* --- the spawner's part --- */

static const char *cgroup_mount(void)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct statfs fs;

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (statfs(places[i], &fs) == 0 && fs.f_type == CGROUP2_MAGIC)
			return places[i];
	return NULL;
}

static int open_in(const char *dir, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	int fd = open(path, flags | O_CLOEXEC, 0644);
	child_must(fd, path);
	return fd;
}

static void write_pid(const char *cgroup)
{
	int fd = open_in(cgroup, "cgroup.procs", O_WRONLY);

	child_must((int)write(fd, "0", 1), "cgroup.procs");
	close(fd);
}

_Noreturn static void be_agent(const struct world_options *options, const char *cgroup, int slave,
			       int status)
{
	struct exec_failure failure = {.step = EXEC_STEP_FIND};
	/* execvp() takes them for historical reasons as not const. */
	char **argv = (char **)(uintptr_t)options->argv;

	if (cgroup[0])
		write_pid(cgroup);
	setsid();
	child_must(ioctl(slave, TIOCSCTTY, 0), "TIOCSCTTY");
	for (int fd = 0; fd < 3; fd++)
		dup2(slave, fd);
	status = fcntl(status, F_DUPFD_CLOEXEC, 3);
	for (int fd = 3; fd < 64; fd++)
		if (fd != status)
			close(fd);
	if (is_root()) {
		child_must(setgroups(0, NULL), "setgroups");
		child_must(setresgid(AGENT_UID, AGENT_UID, AGENT_UID), "setresgid");
		child_must(setresuid(AGENT_UID, AGENT_UID, AGENT_UID), "setresuid");
	}
	signal(SIGPIPE, SIG_DFL);
	setenv("PATH", "/usr/bin:/bin", 1);
	if (options->no_such_home) {
		failure.step = EXEC_STEP_HOME;
		errno = ENOENT;
	} else {
		execvp(argv[0], argv);
	}
	failure.error = errno;
	ssize_t n = write(status, &failure, sizeof failure);
	_exit(n == (ssize_t)sizeof failure ? 127 : 98);
}

/* In place of a cgroup: kills the agent's process group when told. Returns the writing end. */
static int fake_cgroup_kill(pid_t agent)
{
	int ends[2];

	child_must(pipe2(ends, O_CLOEXEC), "pipe");
	pid_t helper = fork();
	child_must(helper, "fork");
	if (helper == 0) {
		char byte;

		for (int fd = 3; fd < 64; fd++)
			if (fd != ends[0])
				close(fd);
		if (read(ends[0], &byte, 1) == 1)
			kill(-agent, SIGKILL);
		_exit(0);
	}
	close(ends[0]);
	return ends[1];
}

_Noreturn static void be_spawner(const struct world *world, const struct world_options *options,
				 int link, int launch, int record, int program)
{
	static char name[] = "aaau-session";
	char *const argv[] = {name, NULL};
	char *const environment[] = {NULL};
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	int status[2];

	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	child_must(master, "posix_openpt");
	child_must(unlockpt(master), "unlockpt");
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	child_must(slave, "TIOCGPTPEER");
	child_must(ioctl(master, TIOCSWINSZ, &size), "TIOCSWINSZ");
	child_must(pipe2(status, O_CLOEXEC), "pipe");
	if (is_root())
		child_must(fchown(slave, AGENT_UID, AGENT_UID), "fchown");
	pid_t agent = fork();
	child_must(agent, "fork");
	if (agent == 0)
		be_agent(options, world->cgroup, slave, status[1]);
	close(slave);
	close(status[1]);

	int pidfd = (int)syscall(SYS_pidfd_open, agent, 0);
	child_must(pidfd, "pidfd_open");
	int kill_fd, freeze, events;
	if (world->cgroup[0]) {
		kill_fd = open_in(world->cgroup, "cgroup.kill", O_WRONLY);
		freeze = open_in(world->cgroup, "cgroup.freeze", O_WRONLY);
		events = open_in(world->cgroup, "cgroup.events", O_RDONLY);
	} else {
		kill_fd = fake_cgroup_kill(agent);
		freeze = open_in(world->dir, "freeze", O_WRONLY | O_CREAT);
		events = open_in(world->dir, "events", O_RDWR | O_CREAT);
		child_must((int)write(events, "populated 0\n", 12), "events");
	}
	int directory = open(world->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	child_must(directory, world->dir);

	const int fds[] = {link,    launch, master, record,    status[0], pidfd,
			   kill_fd, freeze, events, directory, program};
	child_must(fd_lay_out(SESSION_FD_LINK, fds, sizeof fds / sizeof fds[0]), "fd_lay_out");
	child_must(fd_set_cloexec(SESSION_FD_END, true), "fd_set_cloexec");
	if (is_root()) {
		child_must(setgroups(0, NULL), "setgroups");
		child_must(setresgid(SESSION_UID, SESSION_UID, SESSION_UID), "setresgid");
		child_must(setresuid(SESSION_UID, SESSION_UID, SESSION_UID), "setresuid");
	}
	execveat(SESSION_FD_END, "", argv, environment, AT_EMPTY_PATH);
	child_must(-1, "execveat");
	_exit(97);
}

static int make_launch(const struct world *world, const struct world_options *options)
{
	char *argv[MAX_ARGUMENTS + 1] = {NULL};
	char *environment[] = {NULL};
	cleanup_str struct str data = {0};
	struct launch launch = {
		.program = {.arguments = argv,
			    .environment = environment,
			    .path = "/usr/bin:/bin",
			    .login_shell = ""},
		.name = "a-name",
		.profile = "default",
		.agent_user = "agent",
		.agent_home = "/",
		.creator_uid = CREATOR_UID,
		.creator = "alice",
		.rows = 24,
		.columns = 80,
		.ring_size = options->ring_size ? options->ring_size : 1 << 20,
		.operator_patience_ms =
			options->operator_patience_ms ? options->operator_patience_ms : 2000,
		.created_us = 1700000000123456,
	};

	for (uint32_t i = 0; i < MAX_ARGUMENTS && options->argv[i]; i++) {
		argv[i] = (char *)(uintptr_t)options->argv[i];
		launch.program.argument_count++;
	}
	assert_true(uuid_parse(world->id, &launch.id));
	launch_encode(&data, &launch);
	assert_int_equal(str_error(&data), 0);
	int fd = sealed_write("launch", data.data, data.length);
	assert_true(fd >= 0);
	return fd;
}

static void make_cgroup(struct world *world)
{
	const char *mount = cgroup_mount();

	if (!is_root() || !mount)
		return;
	snprintf(world->cgroup, sizeof world->cgroup, "%s/aaau-test-%d", mount, (int)getpid());
	if (mkdir(world->cgroup, 0755) < 0 && errno != EEXIST)
		world->cgroup[0] = '\0';
}

void world_prepare(struct world *world)
{
	struct uuid id;
	int link[2];

	*world = (struct world){.exit_status = -1};
	assert_int_equal(uuid_generate(&id), 0);
	uuid_format(&id, world->id);
	snprintf(world->dir, sizeof world->dir, "/tmp/aaau-session-XXXXXX");
	assert_non_null(mkdtemp(world->dir));
	must(chmod(world->dir, 0777), "chmod");
	make_cgroup(world);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link), "socketpair");
	world->link = link[0];
	world->session_link = link[1];
}

void world_spawn(struct world *world, const struct world_options *options)
{
	int launch = make_launch(world, options);
	const char *path = getenv("AAAU_SESSION_PROGRAM");

	snprintf(world->record, sizeof world->record, "%s/record.jsonl",
		 options->record_dir ? options->record_dir : world->dir);
	int record = open(world->record, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0640);
	must(record, world->record);
	assert_non_null(path);
	int program = open(path, O_PATH | O_CLOEXEC);
	must(program, path);
	world->session = fork();
	must(world->session, "fork");
	if (world->session == 0)
		be_spawner(world, options, world->session_link, launch, record, program);
	world->session_link = fd_close(world->session_link);
	close(launch);
	close(record);
	close(program);
}

void world_start(struct world *world, const struct world_options *options)
{
	world_prepare(world);
	world_spawn(world, options);
}

void world_run(struct world *world, ...)
{
	const char *argv[MAX_ARGUMENTS + 1] = {NULL};
	va_list arguments;

	va_start(arguments, world);
	for (size_t i = 0; i < MAX_ARGUMENTS; i++) {
		argv[i] = va_arg(arguments, const char *);
		if (!argv[i])
			break;
	}
	va_end(arguments);
	world_start(world, &(struct world_options){.argv = argv});
}

static bool wait_for(int fd, short events)
{
	struct pollfd one = {.fd = fd, .events = events};
	int r;

	do
		r = poll(&one, 1, PATIENCE_MS);
	while (r < 0 && errno == EINTR);
	return r == 1;
}

void world_wait(struct world *world)
{
	int status = 0;
	int pidfd = (int)syscall(SYS_pidfd_open, world->session, 0);

	must(pidfd, "pidfd_open");
	if (!wait_for(pidfd, POLLIN))
		fail_msg("the session does not end");
	close(pidfd);
	must(waitpid(world->session, &status, 0), "waitpid");
	world->session = 0;
	world->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void remove_dir(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	rmdir(path);
}

static void remove_cgroup(const char *path)
{
	char file[256];
	int fd;

	snprintf(file, sizeof file, "%s/cgroup.kill", path);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) < 0)
		perror(file);
	fd_close(fd);
	/* A killed process leaves the cgroup a moment after the kill. */
	snprintf(file, sizeof file, "%s/cgroup.events", path);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	for (int i = 0; fd >= 0 && i < 100 && rmdir(path) < 0 && errno == EBUSY; i++) {
		struct pollfd one = {.fd = fd, .events = POLLPRI};
		char text[128];

		if (pread(fd, text, sizeof text, 0) > 0)
			poll(&one, 1, 100);
	}
	fd_close(fd);
}

void world_stop(struct world *world)
{
	if (world->session > 0) {
		kill(world->session, SIGKILL);
		waitpid(world->session, NULL, 0);
	}
	if (world->cgroup[0])
		remove_cgroup(world->cgroup);
	world->link = fd_close(world->link);
	unlink(world->record);
	remove_dir(world->dir);
}

/* --- the broker's part --- */

int link_receive(struct world *world, const char **ret_data, size_t *ret_length)
{
	int fds[SEQPACKET_MAX_FDS];
	unsigned count;

	if (!wait_for(world->link, POLLIN))
		fail_msg("nothing comes on the link");
	ssize_t n = seqpacket_receive(world->link, link_buffer, sizeof link_buffer, fds, &count);
	assert_int_equal(count, 0);
	if (n == 0 || n == -ECONNRESET)
		return 0;
	assert_true(n > 0);
	if (ret_data) {
		*ret_data = link_buffer + 1;
		*ret_length = (size_t)n - 1;
	}
	return (unsigned char)link_buffer[0];
}

void link_expect(struct world *world, enum session_msg_type type)
{
	assert_int_equal(link_receive(world, NULL, NULL), type);
}

void link_ask(struct world *world, struct str *message)
{
	assert_int_equal(str_error(message), 0);
	assert_int_equal(seqpacket_send(world->link, message->data, message->length, NULL, 0), 0);
	str_free(message);
}

void link_order(struct world *world, enum session_msg_type type, uid_t uid, const char *user,
		bool everyone)
{
	struct str message = {0};

	session_msg_put_order(
		&message, type,
		&(struct session_order){.tag = 7, .uid = uid, .user = user, .everyone = everyone});
	link_ask(world, &message);
}

struct session_status link_status(struct world *world)
{
	struct session_status status;
	struct str message = {0};
	const char *data;
	size_t n;
	int type;

	session_msg_put_query(&message, &(struct session_query){.tag = 42});
	link_ask(world, &message);
	do
		type = link_receive(world, &data, &n);
	while (type == SESSION_MSG_STARTED);
	assert_int_equal(type, SESSION_MSG_STATUS);
	assert_int_equal(session_msg_get_status(data, n, &status), 0);
	assert_int_equal(status.tag, 42);
	return status;
}

struct session_ended link_ended(struct world *world)
{
	struct session_ended ended;
	const char *data;
	size_t n;
	int type;

	do {
		type = link_receive(world, &data, &n);
		assert_int_not_equal(type, 0);
	} while (type != SESSION_MSG_ENDED);
	assert_int_equal(session_msg_get_ended(data, n, &ended), 0);
	return ended;
}

void link_rejoin(struct world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	world->link = fd_close(world->link);
	snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", world->dir, world->id);
	world->link = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	must(world->link, "socket");
	must(connect(world->link, (struct sockaddr *)&address, sizeof address), address.sun_path);
}

/* --- the clients' part --- */

struct session_attach operator_attach(int version)
{
	static uint32_t number;

	return (struct session_attach){
		.client = ++number,
		.protocol = (uint8_t)version,
		.level = LEVEL_INTERACTIVE,
		.uid = 1001,
		.pid = 4321,
		.user = "bob",
		.early = "",
	};
}

struct session_attach observer_attach(int version)
{
	struct session_attach attach = operator_attach(version);

	attach.observer = true;
	attach.uid = 1002;
	attach.user = "carol";
	return attach;
}

void peer_join(struct peer *peer, struct world *world, const struct session_attach *attach,
	       int type)
{
	cleanup_str struct str message = {0};
	int ends[2];

	*peer = (struct peer){.version = attach->protocol};
	must(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends), "socketpair");
	session_msg_put_attach(&message, attach);
	assert_int_equal(str_error(&message), 0);
	assert_int_equal(seqpacket_send(world->link, message.data, message.length, &ends[1], 1), 0);
	close(ends[1]);
	peer->fd = ends[0];
}

void peer_create(struct peer *peer, struct world *world, const struct session_attach *attach,
		 const struct world_options *options)
{
	world_prepare(world);
	peer_join(peer, world, attach, SOCK_STREAM);
	world_spawn(world, options);
}

void peer_expect_welcome(struct peer *peer)
{
	char *line = peer_line(peer);

	assert_non_null(line);
	if (peer->version == 1)
		assert_memory_equal(line, "SESSION:", 8);
	else
		assert_non_null(strstr(line, "\"ok\":true"));
	free(line);
}

void peer_enter(struct peer *peer, struct world *world, const struct session_attach *attach)
{
	peer_join(peer, world, attach, SOCK_STREAM);
	peer_expect_welcome(peer);
}

void peer_close(struct peer *peer)
{
	peer->fd = fd_close(peer->fd);
	str_free(&peer->in);
	str_free(&peer->out);
	str_free(&peer->pong);
	json_decref(peer->end);
	json_decref(peer->error);
	json_decref(peer->status);
	peer->end = peer->error = peer->status = NULL;
}

/* Adds to in. False at the end. */
static bool receive_raw(struct peer *peer)
{
	char buffer[65536];

	if (peer->closed)
		return false;
	if (!wait_for(peer->fd, POLLIN))
		fail_msg("nothing comes from the session; so far: %.200s",
			 peer->version == 1 ? peer->in.data : peer->out.data);
	ssize_t n = recv(peer->fd, buffer, sizeof buffer, 0);
	if (n <= 0) {
		assert_true(n == 0 || errno == ECONNRESET);
		peer->closed = true;
		return false;
	}
	str_append(&peer->in, buffer, (size_t)n);
	return true;
}

char *peer_line(struct peer *peer)
{
	for (;;) {
		const char *start = peer->in.data ? peer->in.data + peer->at : NULL;
		const char *newline =
			start ? memchr(start, '\n', peer->in.length - peer->at) : NULL;

		if (newline) {
			peer->at += (size_t)(newline - start) + 1;
			return strndup(start, (size_t)(newline - start));
		}
		if (!receive_raw(peer))
			return NULL;
	}
}

static json_t *parse(const char *data, size_t n)
{
	json_error_t error;
	json_t *value = json_loadb(data, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);

	if (!value)
		fail_msg("not JSON: %s: %.*s", error.text, (int)n, data);
	return value;
}

static void replace(json_t **place, json_t *value)
{
	json_decref(*place);
	*place = value;
}

static void take_notice(struct peer *peer, json_t *notice)
{
	const char *event = json_string_value(json_object_get(notice, "event"));

	assert_non_null(event);
	if (strcmp(event, "skipped") == 0)
		peer->skipped = (uint64_t)json_integer_value(json_object_get(notice, "bytes"));
	json_decref(notice);
	peer->notices++;
}

/* Takes whole frames off in. */
static void take_frames(struct peer *peer)
{
	while (peer->in.length - peer->at >= FRAME_HEADER_SIZE) {
		const unsigned char *h = (const unsigned char *)peer->in.data + peer->at;
		size_t n = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
		const char *payload = (const char *)h + FRAME_HEADER_SIZE;

		assert_null(peer->end); /* nothing comes after END */
		assert_true(n <= (h[4] == FRAME_OUTPUT ? FRAME_MAX_PAYLOAD : FRAME_MAX_CONTROL));
		if (peer->in.length - peer->at < FRAME_HEADER_SIZE + n)
			break;
		switch (h[4]) {
		case FRAME_OUTPUT: str_append(&peer->out, payload, n); break;
		case FRAME_PONG:
			str_clear(&peer->pong);
			str_append(&peer->pong, payload, n);
			break;
		case FRAME_STATUS: replace(&peer->status, parse(payload, n)); break;
		case FRAME_ERROR: replace(&peer->error, parse(payload, n)); break;
		case FRAME_NOTICE: take_notice(peer, parse(payload, n)); break;
		case FRAME_END: peer->end = parse(payload, n); break;
		default: fail_msg("a frame of type %d", h[4]);
		}
		peer->at += FRAME_HEADER_SIZE + n;
	}
	memmove(peer->in.data, peer->in.data + peer->at, peer->in.length - peer->at);
	str_truncate(&peer->in, peer->in.length - peer->at);
	peer->at = 0;
}

bool peer_receive(struct peer *peer)
{
	if (peer->version == 2 && peer->in.length > peer->at) {
		size_t before = peer->in.length - peer->at;

		take_frames(peer);
		if (peer->in.length < before)
			return true;
	}
	if (!receive_raw(peer))
		return false;
	if (peer->version == 2)
		take_frames(peer);
	return true;
}

static bool contains(const struct peer *peer, const char *text)
{
	const struct str *seen = peer->version == 1 ? &peer->in : &peer->out;

	return seen->data && memmem(seen->data, seen->length, text, strlen(text)) != NULL;
}

void peer_expect(struct peer *peer, const char *text)
{
	peer_until(peer, contains(peer, text));
}

void peer_finish(struct peer *peer)
{
	while (peer_receive(peer))
		;
}

static void send_all(int fd, const void *data, size_t n)
{
	const char *at = data;

	while (n > 0) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
		must((int)sent, "send");
		at += sent;
		n -= (size_t)sent;
	}
}

void peer_frame(struct peer *peer, uint8_t type, const void *data, size_t n)
{
	unsigned char header[FRAME_HEADER_SIZE];

	frame_put_header(header, type, (uint32_t)n);
	send_all(peer->fd, header, sizeof header);
	send_all(peer->fd, data, n);
}

void peer_type(struct peer *peer, const char *text)
{
	size_t n = strlen(text);

	if (peer->version == 2) {
		peer_frame(peer, FRAME_INPUT, text, n);
		return;
	}
	unsigned char length[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
				   (unsigned char)(n >> 8), (unsigned char)n};
	send_all(peer->fd, length, sizeof length);
	send_all(peer->fd, text, n);
}

/* --- the record --- */

json_t *record_lines(const struct world *world)
{
	FILE *file = fopen(world->record, "re");
	json_t *lines = json_array();
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	assert_non_null(file);
	while ((n = getline(&line, &size, file)) > 0) {
		assert_int_equal(line[n - 1], '\n');
		json_array_append_new(lines, parse(line, (size_t)n - 1));
	}
	free(line);
	fclose(file);
	return lines;
}

static const char *text_of(const json_t *line, const char *key)
{
	return json_string_value(json_object_get(line, key));
}

static void append_base64(struct str *out, const char *text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	unsigned have = 0;

	for (; *text && *text != '='; text++) {
		bits = bits << 6 | (uint32_t)(strchr(digits, *text) - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			str_append_byte(out, (char)(bits >> have));
		}
	}
}

void record_content(const json_t *lines, const char *type, struct str *ret)
{
	const json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		const json_t *content = json_object_get(line, "content");
		const char *raw = text_of(line, "raw");

		if (strcmp(text_of(line, "command_type"), type) != 0)
			continue;
		if (raw)
			append_base64(ret, raw);
		else
			str_append(ret, json_string_value(content), json_string_length(content));
	}
}

json_t *record_line(const json_t *lines, const char *type, size_t n)
{
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
	{
		if (strcmp(text_of(line, "command_type"), type) == 0 && n-- == 0)
			return line;
	}
	return NULL;
}

const char *record_metadata(const json_t *line, const char *key)
{
	return text_of(json_object_get(line, "metadata"), key);
}

size_t record_count(const json_t *lines, const char *type)
{
	size_t n = 0;

	while (record_line(lines, type, n))
		n++;
	return n;
}
