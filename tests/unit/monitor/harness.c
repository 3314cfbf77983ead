/* A real aaau-monitor and everything around it. */
#include "harness.h"

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "util/clock.h"
#include "util/fd.h"

#define CHECK(condition)                                                          \
	do {                                                                      \
		if (!(condition))                                                 \
			fail_msg("%s:%d: %s: %s", __FILE__, __LINE__, #condition, \
				 strerror(errno));                                \
	} while (0)

static const char *cgroup_mount(void)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct statfs status;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (statfs(places[i], &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC)
			return places[i];
	return NULL;
}

void harness_require(void)
{
	if (getuid() != 0) {
		printf("skipped: needs root\n");
		exit(77);
	}
	if (!cgroup_mount() || access(cgroup_mount(), W_OK) < 0) {
		printf("skipped: needs a writable cgroup v2\n");
		exit(77);
	}
	if (!getenv("AAAU_MONITOR") || !getenv("AAAU_STAND_IN")) {
		printf("skipped: AAAU_MONITOR and AAAU_STAND_IN do not name the programs\n");
		exit(77);
	}
	signal(SIGPIPE, SIG_IGN);
}

static int make_directory(struct harness *h, const char *name, uid_t owner, mode_t mode)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", h->directory, name);
	CHECK(mkdir(path, mode) == 0);
	CHECK(chown(path, owner, owner) == 0);
	CHECK(chmod(path, mode) == 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	return fd;
}

static int bind_at(int type, int directory, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory,
		 name);
	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(fchmodat(directory, name, 0666, 0) == 0);
	CHECK(listen(fd, 16) == 0);
	return fd;
}

static void make_config(struct harness *h)
{
	struct monitor_config *config = &h->config;

	*config = (struct monitor_config){
		.magic = MONITOR_CONFIG_MAGIC,
		.profile_count = 2,
		.service_uid = SERVICE_ID,
		.service_gid = SERVICE_ID,
		.authorized_gid = AUTHORIZED_GID,
		.tty_gid = TTY_GID,
		.log_gid = LOG_GID,
		.instance_name = "instance",
		.socket_name = "public",
		.profiles =
			{
				{.uid = AGENT_ID,
				 .gid = AGENT_ID,
				 .groups = {AGENT_EXTRA_GID},
				 .group_count = 1,
				 .umask = 027},
				{.uid = OTHER_AGENT_ID, .gid = OTHER_AGENT_ID, .umask = 022},
			},
	};
	for (unsigned i = 0; i < config->profile_count; i++) {
		char home[sizeof(h->directory) + 16];

		snprintf(home, sizeof(home), "%s/home%u", h->directory, i);
		strcpy(config->profiles[i].home, home);
	}
}

static void make_descriptors(struct harness *h)
{
	const char *stand_in = getenv("AAAU_STAND_IN");
	char arguments[PATH_MAX];
	struct stat status;
	int top, *fds = h->fds, n;

	top = open(h->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(top >= 0 && fchmod(top, 0755) == 0);
	fds[MONITOR_FD_SOCKET_DIR] = top;
	fds[MONITOR_FD_LISTEN] = bind_at(SOCK_STREAM, top, "public");
	CHECK(fstatat(top, "public", &status, 0) == 0);
	h->config.socket_device = status.st_dev;
	h->config.socket_inode = status.st_ino;

	fds[MONITOR_FD_INSTANCE_DIR] = make_directory(h, "instance", 0, 0755);
	fds[MONITOR_FD_SESSIONS_DIR] = make_directory(h, "instance/sessions", SERVICE_ID, 0700);
	fds[MONITOR_FD_LOG_DIR] = make_directory(h, "log", 0, 0750);
	close(make_directory(h, "home0", AGENT_ID, 0700));
	close(make_directory(h, "home1", OTHER_AGENT_ID, 0700));
	fds[MONITOR_FD_LOCK] =
		openat(fds[MONITOR_FD_INSTANCE_DIR], "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	h->control = bind_at(SOCK_SEQPACKET, fds[MONITOR_FD_SESSIONS_DIR], CONTROL_SOCKET);

	fds[MONITOR_FD_BROKER_PROGRAM] = open(stand_in, O_PATH | O_CLOEXEC);
	fds[MONITOR_FD_SESSION_PROGRAM] = open(stand_in, O_PATH | O_CLOEXEC);
	fds[MONITOR_FD_SERVER_PROGRAM] = open(stand_in, O_PATH | O_CLOEXEC);
	CHECK(fds[MONITOR_FD_SERVER_PROGRAM] >= 0);
	fds[MONITOR_FD_BROKER_CONFIG] = sealed_write("broker-config", "unread", 6);
	n = snprintf(arguments, sizeof(arguments), "%s/instance/sessions%cb c%c", h->directory, 0,
		     0);
	fds[MONITOR_FD_ARGUMENTS] = sealed_write("arguments", arguments, (size_t)n);
}

static void make_cgroup(struct harness *h)
{
	char *end;

	snprintf(h->cgroup_path, sizeof(h->cgroup_path), "%s/aaau-test-%d/instance", cgroup_mount(),
		 getpid());
	end = strrchr(h->cgroup_path, '/');
	*end = 0;
	CHECK(mkdir(h->cgroup_path, 0755) == 0);
	*end = '/';
	CHECK(mkdir(h->cgroup_path, 0755) == 0);
	h->fds[MONITOR_FD_CGROUP] = open(h->cgroup_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(h->fds[MONITOR_FD_CGROUP] >= 0);
}

int harness_set_up(void **state)
{
	struct harness *h = calloc(1, sizeof(*h));

	CHECK(h);
	*state = h;
	snprintf(h->directory, sizeof(h->directory), "/tmp/aaau-monitor-XXXXXX");
	CHECK(mkdtemp(h->directory));
	for (int i = 0; i < MONITOR_FD_END; i++)
		h->fds[i] = -1;
	h->ready = -1;
	make_config(h);
	make_descriptors(h);
	make_cgroup(h);
	h->log = memfd_create("log", MFD_CLOEXEC);
	CHECK(h->log >= 0);
	return 0;
}

static void kill_cgroup(struct harness *h)
{
	cleanup_fd int fd = openat(h->fds[MONITOR_FD_CGROUP], "cgroup.kill", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		CHECK(write(fd, "1", 1) == 1);
}

static void wait_for_no_process(struct harness *h)
{
	cleanup_fd int fd =
		openat(h->fds[MONITOR_FD_CGROUP], "cgroup.events", O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t n;

	for (;;) {
		if (fd < 0 || (n = pread(fd, text, sizeof(text) - 1, 0)) < 0)
			return; /* the cgroup is gone */
		text[n] = 0;
		if (strstr(text, "populated 0"))
			return;
		wait_readable(fd, POLLPRI);
	}
}

static void remove_cgroups(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char below[PATH_MAX];

	if (!directory)
		return;
	while ((entry = readdir(directory)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
			remove_cgroups(below);
		}
	closedir(directory);
	rmdir(path);
}

int harness_tear_down(void **state)
{
	struct harness *h = *state;
	char command[128], text[65536];
	ssize_t n;

	if (h->monitor) {
		kill(h->monitor, SIGKILL);
		waitpid(h->monitor, NULL, 0);
	}
	kill_cgroup(h);
	wait_for_no_process(h);
	*strrchr(h->cgroup_path, '/') = 0;
	remove_cgroups(h->cgroup_path);
	if (access(h->cgroup_path, F_OK) == 0)
		fail_msg("left behind: %s", h->cgroup_path);
	n = pread(h->log, text, sizeof(text), 0);
	if (getenv("AAAU_TEST_VERBOSE") && n > 0 && write(STDERR_FILENO, text, (size_t)n) < 0)
		return -1;
	for (int i = 0; i < MONITOR_FD_END; i++)
		fd_close(h->fds[i]);
	fd_close(h->ready);
	fd_close(h->control);
	fd_close(h->log);
	snprintf(command, sizeof(command), "rm -rf '%s'", h->directory);
	CHECK(system(command) == 0);
	free(h);
	return 0;
}

void harness_make_config(struct harness *h)
{
	fd_close(h->fds[MONITOR_FD_CONFIG]);
	h->fds[MONITOR_FD_CONFIG] = sealed_write("monitor-config", &h->config, sizeof(h->config));
	h->configured = true;
}

void harness_start(struct harness *h)
{
	char *argv[] = {(char[]){"aaau-monitor"}, NULL};
	int ready[2], laid[MONITOR_FD_END - MONITOR_FD_CONFIG];

	CHECK(pipe2(ready, O_CLOEXEC) == 0);
	fd_close(h->ready);
	h->ready = ready[0];
	if (!h->configured)
		harness_make_config(h);
	memcpy(laid, &h->fds[MONITOR_FD_CONFIG], sizeof(laid));
	laid[MONITOR_FD_READY - MONITOR_FD_CONFIG] = h->no_ready ? -1 : ready[1];

	h->monitor = fork();
	CHECK(h->monitor >= 0);
	if (h->monitor == 0) {
		if (dup2(open("/dev/null", O_RDWR), 0) < 0 || dup2(0, 1) < 0 || dup2(h->log, 2) < 0)
			_exit(98);
		/* What a careless starter could leave behind. */
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
		if (fd_lay_out(MONITOR_FD_CONFIG, laid, MONITOR_FD_END - MONITOR_FD_CONFIG) < 0)
			_exit(99);
		execv(getenv("AAAU_MONITOR"), argv);
		_exit(97);
	}
	close(ready[1]);
}

int harness_wait_for_end(struct harness *h)
{
	int status;

	CHECK(waitpid(h->monitor, &status, 0) == h->monitor);
	h->monitor = 0;
	return status;
}

bool harness_has_logged(struct harness *h, const char *text)
{
	char log[65536];
	ssize_t n = pread(h->log, log, sizeof(log) - 1, 0);

	CHECK(n >= 0);
	log[n] = 0;
	return strstr(log, text) != NULL;
}

void wait_readable(int fd, short events)
{
	struct pollfd polled = {.fd = fd, .events = events};

	if (poll(&polled, 1, DEADLINE_MS) != 1)
		fail_msg("nothing came in time");
}

static ssize_t receive(int socket, char *text, size_t size, int fds[SEQPACKET_MAX_FDS],
		       unsigned *count)
{
	wait_readable(socket, POLLIN);
	return seqpacket_receive(socket, text, size, fds, count);
}

void stand_in_accept(struct harness *h, struct stand_in *ret, const char *name)
{
	int fds[SEQPACKET_MAX_FDS], at = 3, last = 3;
	unsigned count;
	char text[64];
	ssize_t n;

	wait_readable(h->control, POLLIN);
	ret->control = accept4(h->control, NULL, NULL, SOCK_CLOEXEC);
	CHECK(ret->control >= 0);
	n = receive(ret->control, ret->facts, sizeof(ret->facts) - 1, fds, &count);
	CHECK(n > 0);
	ret->facts[n] = 0;
	if (strncmp(ret->facts, name, strlen(name)) != 0)
		fail_msg("expected %s, got %s", name, ret->facts);
	for (int i = 0; i < 16; i++)
		ret->fds[i] = -1;
	if (strcmp(name, "aaau-broker") == 0)
		last = BROKER_FD_END;
	else if (strcmp(name, "aaau-session") == 0)
		last = SESSION_FD_END;
	while (at < last) {
		CHECK(receive(ret->control, text, sizeof(text), fds, &count) > 0);
		for (unsigned i = 0; i < count; i++)
			ret->fds[at++] = fds[i];
	}
}

void stand_in_release(struct stand_in *who)
{
	for (int i = 0; i < 16; i++)
		who->fds[i] = fd_close(who->fds[i]);
	who->control = fd_close(who->control);
}

void stand_in_kill(struct stand_in *who)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	CHECK(getsockopt(who->control, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0);
	CHECK(kill(peer.pid, SIGKILL) == 0);
	stand_in_release(who);
}

void broker_accept(struct harness *h, struct stand_in *ret)
{
	stand_in_accept(h, ret, "aaau-broker");
	broker_send(ret, &(struct monitor_request){.type = MONITOR_REQUEST_READY}, NULL, 0);
}

void broker_send(struct stand_in *broker, const struct monitor_request *request, const int *fds,
		 unsigned fd_count)
{
	CHECK(seqpacket_send(broker->fds[BROKER_FD_MONITOR], request, sizeof(*request), fds,
			     fd_count) == 0);
}

void broker_wait_for_end(struct stand_in *broker)
{
	int fds[SEQPACKET_MAX_FDS];
	unsigned count;
	char text[64];

	CHECK(receive(broker->fds[BROKER_FD_MONITOR], text, sizeof(text), fds, &count) == 0);
	/* And its process is gone: it was killed, for the test has not hung up. */
	wait_readable(broker->control, POLLIN);
	CHECK(recv(broker->control, text, sizeof(text), 0) <= 0);
}

int launch_program(const struct launch_program *program)
{
	const struct launch launch = {.program = *program,
				      .name = "",
				      .profile = "",
				      .agent_user = "",
				      .agent_home = "",
				      .creator = ""};
	cleanup_str struct str out = {0};
	int fd;

	launch_encode(&out, &launch);
	fd = sealed_write("launch", out.data, out.length);
	CHECK(fd >= 0);
	return fd;
}

int launch_script(const char *script)
{
	char *arguments[] = {(char[]){"/bin/sh"}, (char[]){"-c"}, (char *)(uintptr_t)script, NULL};
	char *environment[] = {(char[]){"PATH=/usr/bin:/bin"}, (char[]){"ONLY=this"}, NULL};

	return launch_program(&(struct launch_program){arguments, 3, environment, 2, "", ""});
}

struct monitor_request spawn_request(void)
{
	struct monitor_request request = {.type = MONITOR_REQUEST_SPAWN, .rows = 24, .columns = 80};

	CHECK(uuid_generate(&request.session) == 0);
	return request;
}

int session_start(struct harness *h, struct stand_in *broker, const struct monitor_request *request,
		  int launch, struct stand_in *ret)
{
	int link[2];

	CHECK(seqpacket_pair(link) == 0);
	broker_send(broker, request, (int[]){launch, link[1]}, 2);
	close(link[1]);
	close(launch);
	stand_in_accept(h, ret, "aaau-session");
	return link[0];
}

struct session_spawn_failed link_wait_for_failure(int link)
{
	int fds[SEQPACKET_MAX_FDS];
	struct session_spawn_failed failed;
	unsigned count;
	char text[64];
	ssize_t n = receive(link, text, sizeof(text), fds, &count);

	CHECK(n > 1 && text[0] == SESSION_MSG_SPAWN_FAILED);
	CHECK(session_msg_get_spawn_failed(text + 1, (size_t)n - 1, &failed) == 0);
	return failed;
}

const char *pty_read_until(int master, const char *text)
{
	static char seen[65536];
	size_t length = 0;

	for (;;) {
		ssize_t n;

		seen[length] = 0;
		if (strstr(seen, text))
			return seen;
		wait_readable(master, POLLIN);
		n = read(master, seen + length, sizeof(seen) - 1 - length);
		if (n <= 0)
			fail_msg("the terminal ended before \"%s\": %s", text, seen);
		length += (size_t)n;
	}
}

bool session_has_cgroup(struct harness *h, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	return faccessat(h->fds[MONITOR_FD_CGROUP], uuid_format(id, text), F_OK, 0) == 0;
}

void session_wait_for_no_cgroup(struct harness *h, const struct uuid *id)
{
	const uint64_t deadline = clock_monotonic_us() + DEADLINE_MS * 1000u;

	/* A directory's removal below a cgroup is told to nobody: look until it is gone. */
	while (session_has_cgroup(h, id)) {
		if (clock_monotonic_us() > deadline)
			fail_msg("the session's cgroup stays");
		poll(NULL, 0, 1);
	}
}

unsigned session_count(struct harness *h)
{
	DIR *directory = opendir(h->cgroup_path);
	struct dirent *entry;
	struct uuid id;
	unsigned count = 0;

	CHECK(directory);
	while ((entry = readdir(directory)))
		count += uuid_parse(entry->d_name, &id);
	closedir(directory);
	return count;
}

unsigned process_count(struct harness *h, const struct uuid *id, const char *part)
{
	char path[PATH_MAX], text[UUID_TEXT_SIZE], line[32];
	unsigned count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s/cgroup.procs", h->cgroup_path, uuid_format(id, text),
		 part);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		count++;
	fclose(file);
	return count;
}

unsigned monitor_fd_count(struct harness *h)
{
	char path[64];
	unsigned count = 0;
	DIR *directory;

	snprintf(path, sizeof(path), "/proc/%d/fd", h->monitor);
	directory = opendir(path);
	CHECK(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}
