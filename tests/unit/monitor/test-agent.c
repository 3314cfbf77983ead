/* What a session and its agent are given, and what they are not. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "harness.h"
#include "ipc/sealed.h"

struct pair {
	struct stand_in broker, session;
	int link;
};

static struct pair start(struct harness *h, const struct monitor_request *request, int launch)
{
	struct pair pair;

	harness_start(h);
	broker_accept(h, &pair.broker);
	pair.link = session_start(h, &pair.broker, request, launch, &pair.session);
	return pair;
}

static void end(struct pair *pair)
{
	close(pair->link);
	stand_in_release(&pair->session);
	stand_in_release(&pair->broker);
}

static void assert_says(const char *seen, const char *line)
{
	if (!strstr(seen, line))
		fail_msg("no \"%s\" in: %s", line, seen);
}

static void test_the_agent(void **state)
{
	struct harness *h = *state;
	struct monitor_request request = spawn_request();
	char expected[160];
	struct pair pair;
	const char *seen;

	h->config.profiles[0].rlimit_set = 1u << RLIMIT_CORE | 1u << RLIMIT_FSIZE;
	h->config.profiles[0].rlimits[RLIMIT_CORE] = 0;
	h->config.profiles[0].rlimits[RLIMIT_FSIZE] = 512 * 1000;
	request.rows = 31;
	request.columns = 97;
	pair = start(
		h, &request,
		launch_script(
			"exec 2>&1; echo; echo ids $(id -u) $(id -g) $(id -G).;"
			"echo umask $(umask).;"
			"echo dir $PWD.; readlink /proc/self/cwd;"
			"echo tty $(tty).; echo pts $(ls /dev/pts).;"
			"echo size $(stty size).; stty -a;"
			"echo env $(env | sort | tr '\\n' ' ').;"
			"echo limits $(ulimit -c) $(ulimit -f).; echo files $(ulimit -Sn) $(ulimit -Hn).;"
			"echo fds; ls -1 /proc/$$/fd; echo .;"
			"echo stat $(cut -d' ' -f1,5,6,7 /proc/$$/stat) $$.;"
			"grep -E '^(Uid|Gid|Groups|NoNewPrivs|Sig|Cap)' /proc/self/status;"
			"cat /proc/self/cgroup; stat -c 'slave %u %g %a.' $(tty); echo the-end"));
	seen = pty_read_until(pair.session.fds[SESSION_FD_PTY], "the-end");

	snprintf(expected, sizeof(expected), "ids %u %u %u %u.", AGENT_ID, AGENT_ID, AGENT_ID,
		 AGENT_EXTRA_GID);
	assert_says(seen, expected);
	assert_says(seen, "umask 0027.");
	snprintf(expected, sizeof(expected), "dir %s/home0.", h->directory);
	assert_says(seen, expected);
	assert_says(seen, "tty /dev/pts/0.");
	assert_says(seen, "pts 0 ptmx.");
	assert_says(seen, "size 31 97.");
	assert_says(seen, " iutf8");
	/* The shell adds PWD; nothing else is there. */
	snprintf(expected, sizeof(expected), "env ONLY=this PATH=/usr/bin:/bin PWD=%s/home0 .",
		 h->directory);
	assert_says(seen, expected);
	assert_says(seen, "limits 0 1000.");
	assert_says(seen, "fds\r\n0\r\n1\r\n2\r\n.");
	snprintf(expected, sizeof(expected), "slave %u %u 620.", AGENT_ID, TTY_GID);
	assert_says(seen, expected);

	assert_says(seen, "NoNewPrivs:\t1");
	for (size_t i = 0; i < 5; i++) {
		static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapAmb",
						   "SigBlk"};
		snprintf(expected, sizeof(expected), "%s:\t0000000000000000", sets[i]);
		assert_says(seen, expected);
	}
	assert_says(seen, "SigIgn:\t0000000000000000");
	snprintf(expected, sizeof(expected), "Uid:\t%u\t%u\t%u\t%u", AGENT_ID, AGENT_ID, AGENT_ID,
		 AGENT_ID);
	assert_says(seen, expected);
	snprintf(expected, sizeof(expected), "Gid:\t%u\t%u\t%u\t%u", AGENT_ID, AGENT_ID, AGENT_ID,
		 AGENT_ID);
	assert_says(seen, expected);
	snprintf(expected, sizeof(expected), "Groups:\t%u ", AGENT_EXTRA_GID);
	assert_says(seen, expected);
	assert_says(seen, "/agent");
	end(&pair);
}

/* pid, process group, session, tty: the agent leads its session and has a terminal. */
static void test_session_leader(void **state)
{
	const struct monitor_request request = spawn_request();
	struct pair pair = start(*state, &request,
				 launch_script("read a </proc/self/stat; set -- $(cut -d' ' "
					       "-f1,5,6,7,8 /proc/$$/stat); echo \"$@\" the-end"));
	int pid, group, session, tty, foreground;
	const char *seen = pty_read_until(pair.session.fds[SESSION_FD_PTY], "the-end");

	assert_int_equal(sscanf(seen, "%d %d %d %d %d", &pid, &group, &session, &tty, &foreground),
			 5);
	assert_int_equal(group, pid);
	assert_int_equal(session, pid);
	assert_int_equal(foreground, pid);
	assert_int_not_equal(tty, 0);
	end(&pair);
}

static void test_files_limit_is_the_servers_own(void **state)
{
	const struct monitor_request request = spawn_request();
	struct rlimit before, low;
	struct pair pair;
	char expected[64];

	getrlimit(RLIMIT_NOFILE, &before);
	low = (struct rlimit){200, before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &low);
	pair = start(*state, &request, launch_script("echo $(ulimit -Sn) $(ulimit -Hn) the-end"));
	setrlimit(RLIMIT_NOFILE, &before);
	snprintf(expected, sizeof(expected), "200 %lu the-end", (unsigned long)before.rlim_max);
	pty_read_until(pair.session.fds[SESSION_FD_PTY], expected);
	end(&pair);
}

static void test_the_session_and_the_broker(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct pair pair = start(h, &request, launch_script("read x"));
	char id[UUID_TEXT_SIZE], expected[200];
	struct stat status;
	int type;
	socklen_t size = sizeof(type);

	snprintf(expected, sizeof(expected),
		 "aaau-session %s\nids %u %u %u %u %u %u\ngroups 0\numask 77\nno_new_privs 1\n"
		 "env none\nfds 0 1 2 3 4 5 6 7 8 9 10 11",
		 uuid_format(&request.session, id), SERVICE_ID, SERVICE_ID, SERVICE_ID, SERVICE_ID,
		 SERVICE_ID, SERVICE_ID);
	assert_string_equal(pair.session.facts, expected);
	snprintf(expected, sizeof(expected),
		 "aaau-broker\nids %u %u %u %u %u %u\ngroups 0\numask 77\nno_new_privs 1\n"
		 "env none\nfds 0 1 2 3 4 5 6 7",
		 SERVICE_ID, SERVICE_ID, SERVICE_ID, SERVICE_ID, SERVICE_ID, SERVICE_ID);
	assert_string_equal(pair.broker.facts, expected);

	assert_true(fcntl(pair.session.fds[SESSION_FD_PTY], F_GETFL) & O_NONBLOCK);
	assert_int_equal(
		getsockopt(pair.session.fds[SESSION_FD_LINK], SOL_SOCKET, SO_TYPE, &type, &size),
		0);
	assert_int_equal(type, SOCK_SEQPACKET);

	/* The record: made by root, appended to, read by the log group. */
	assert_int_equal(fcntl(pair.session.fds[SESSION_FD_AUDIT], F_GETFL) &
				 (O_APPEND | O_ACCMODE),
			 O_APPEND | O_WRONLY);
	for (int i = 0; i < 2; i++) {
		int fd = i ? pair.session.fds[SESSION_FD_AUDIT] : pair.broker.fds[BROKER_FD_AUDIT];

		assert_int_equal(fstat(fd, &status), 0);
		assert_int_equal(status.st_mode, S_IFREG | 0640);
		assert_int_equal(status.st_uid, 0);
		assert_int_equal(status.st_gid, LOG_GID);
	}
	snprintf(expected, sizeof(expected), "%s.jsonl", id);
	assert_int_equal(faccessat(h->fds[MONITOR_FD_LOG_DIR], expected, F_OK, 0), 0);
	assert_int_equal(faccessat(h->fds[MONITOR_FD_LOG_DIR], "server.jsonl", F_OK, 0), 0);
	end(&pair);
}

/* Through the descriptors that root opened for it, and no others. */
static void test_the_session_can_end_its_agent(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct pair pair =
		start(h, &request,
		      launch_script("trap '' HUP TERM INT; setsid sh -c 'trap \"\" HUP TERM; "
				    "while :; do sleep 100; done' & echo ready; while :; do "
				    "wait; done"));
	char text[128];
	ssize_t n;

	pty_read_until(pair.session.fds[SESSION_FD_PTY], "ready");
	assert_int_equal(write(pair.session.fds[SESSION_FD_CGROUP_KILL], "1", 1), 1);
	wait_readable(pair.session.fds[SESSION_FD_AGENT], POLLIN); /* a pidfd: the agent exited */
	for (;;) {
		n = pread(pair.session.fds[SESSION_FD_CGROUP_EVENTS], text, sizeof(text) - 1, 0);
		assert_true(n > 0);
		text[n] = 0;
		if (strstr(text, "populated 0"))
			break;
		wait_readable(pair.session.fds[SESSION_FD_CGROUP_EVENTS], POLLPRI);
	}
	end(&pair);
}

/* Reads the exec status to its end. Step 0: the agent was execed. */
static struct exec_failure exec_status(struct stand_in *session)
{
	struct exec_failure failure = {0};
	char rest;

	for (;;) {
		ssize_t n;

		wait_readable(session->fds[SESSION_FD_EXEC_STATUS], POLLIN);
		n = read(session->fds[SESSION_FD_EXEC_STATUS], &failure, sizeof(failure));
		if (n == 0)
			return failure;
		assert_int_equal(n, sizeof(failure));
		wait_readable(session->fds[SESSION_FD_EXEC_STATUS], POLLIN);
		assert_int_equal(read(session->fds[SESSION_FD_EXEC_STATUS], &rest, 1), 0);
		return failure;
	}
}

static char scripts[96]; /* a directory with programs that are broken in different ways */

static void write_program(const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", scripts, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void test_exec_failures(void **state)
{
	struct harness *h = *state;
	char path[200], home_path[300];
	const struct {
		const char *program, *path, *shell;
		int step, error;
	} cases[] = {
		{"no-such-program", "/usr/bin:/bin", "", EXEC_STEP_FIND, ENOENT},
		{"no-such-program", "", "", EXEC_STEP_FIND, ENOENT},
		{"", "/usr/bin:/bin", "", EXEC_STEP_FIND, ENOENT},
		{"/no/such/program", "", "", EXEC_STEP_FIND, ENOENT},
		{"/etc/passwd/x", "", "", EXEC_STEP_FIND, ENOTDIR},
		{"/etc/passwd", "", "", EXEC_STEP_FIND, EACCES},
		{"/etc", "", "", EXEC_STEP_FIND, EACCES},
		{"plain", path, "", EXEC_STEP_FIND, EACCES},
		{"no-interpreter", path, "", EXEC_STEP_EXEC, ENOENT},
		{"no-format", path, "", EXEC_STEP_EXEC, ENOEXEC},
		{"true", path, "", 0, 0}, /* a directory first, then what is meant */
		{"true", "/bin", "", 0, 0},
		{"./in-home", "", "", 0, 0},
		{"in-home", ":", "", 0, 0},
		{"true", "", "/bin/bash", 0, 0},
		{"true", "", "/no/such/shell", EXEC_STEP_FIND, ENOENT},
	};
	struct stand_in broker;

	snprintf(scripts, sizeof(scripts), "%s/scripts", h->directory);
	assert_int_equal(mkdir(scripts, 0755), 0);
	assert_int_equal(chmod(scripts, 0755), 0);
	snprintf(path, sizeof(path), "/no/such/directory:%s:/bin", scripts);
	write_program("plain", "#!/bin/sh\n", 0644);
	write_program("no-interpreter", "#!/no/such/interpreter\n", 0755);
	write_program("no-format", "echo never\n", 0755);
	snprintf(home_path, sizeof(home_path), "%s/true", scripts);
	assert_int_equal(mkdir(home_path, 0755), 0);
	snprintf(scripts, sizeof(scripts), "%s/home0", h->directory);
	write_program("in-home", "#!/bin/sh\n", 0755);

	harness_start(h);
	broker_accept(h, &broker);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *arguments[] = {(char *)(uintptr_t)cases[i].program, NULL};
		const struct launch_program program = {
			.arguments = arguments,
			.argument_count = 1,
			.path = cases[i].path,
			.login_shell = cases[i].shell,
		};
		const struct monitor_request request = spawn_request();
		struct stand_in session;
		int link = session_start(h, &broker, &request, launch_program(&program), &session);
		const struct exec_failure failure = exec_status(&session);

		if ((int)failure.step != cases[i].step || failure.error != cases[i].error)
			fail_msg("\"%s\" in \"%s\": step %u, %s", cases[i].program, cases[i].path,
				 failure.step, strerror(failure.error));
		close(link);
		stand_in_release(&session);
	}
	stand_in_release(&broker);
}

static void test_login_shell(void **state)
{
	struct harness *h = *state;
	char *arguments[] = {(char[]){"printf"},      (char[]){"<%s>"},     (char[]){"a b"},
			     (char[]){"$HOME; `id`"}, (char[]){" the-end"}, NULL};
	char home[80];
	char *environment[] = {home, (char[]){"PATH=/usr/bin:/bin"}, NULL};
	const struct launch_program program = {arguments, 5, environment, 2, "", "/bin/bash"};
	const struct monitor_request request = spawn_request();
	struct pair pair;
	const char *seen;

	snprintf(home, sizeof(home), "HOME=%s/home0", h->directory);
	snprintf(scripts, sizeof(scripts), "%s/home0", h->directory);
	write_program(".profile", "echo profile was read\n", 0644);
	pair = start(h, &request, launch_program(&program));
	seen = pty_read_until(pair.session.fds[SESSION_FD_PTY], "the-end");
	assert_says(seen, "profile was read");
	assert_says(seen, "<a b><$HOME; `id`>");
	end(&pair);
}

static void test_no_home(void **state)
{
	struct harness *h = *state;
	const struct monitor_request request = spawn_request();
	struct exec_failure failure;
	struct pair pair;

	strcpy(h->config.profiles[0].home, "/no/such/home");
	pair = start(h, &request, launch_script("true"));
	failure = exec_status(&pair.session);
	assert_int_equal(failure.step, EXEC_STEP_HOME);
	assert_int_equal(failure.error, ENOENT);
	end(&pair);
}

static void test_a_malformed_launch_record_hurts_the_agent_alone(void **state)
{
	const struct monitor_request request = spawn_request();
	int launch = sealed_write("launch", "\xff\xff\xff\xff\xff", 5);
	struct pair pair = start(*state, &request, launch);
	struct exec_failure failure = exec_status(&pair.session);

	assert_int_equal(failure.step, EXEC_STEP_RECORD);
	assert_int_equal(failure.error, EBADMSG);
	end(&pair);
}

/* Landlock's ABI 6, Linux 6.12. */
static bool kernel_keeps_sessions_apart(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 6;
}

/* Two sessions of one agent user have a /dev/pts each, in which there is their own terminal and no
 * other: what one writes to every terminal it can name does not reach the other. */
static void test_another_sessions_terminal(void **state)
{
	struct harness *h = *state;
	struct monitor_request request = spawn_request();
	struct stand_in broker, first, second;
	int links[2];
	const char *seen;
	char script[1024];
	int pid;

	harness_start(h);
	broker_accept(h, &broker);
	links[0] = session_start(
		h, &broker, &request,
		launch_script("stty -echo; echo pid $$.; read line; echo got $line."), &first);
	seen = pty_read_until(first.fds[SESSION_FD_PTY], ".\r\n");
	assert_int_equal(sscanf(seen, "pid %d", &pid), 1);

	snprintf(script, sizeof(script),
		 "echo pts $(ls /dev/pts).;"
		 "for t in /dev/pts/[0-9]*; do echo INTRUDER >$t; done;"
		 "for n in 0 1 2; do"
		 " (echo INTRUDER >/proc/%d/fd/$n) 2>/dev/null && echo opened;"
		 " done;"
		 "(echo INTRUDER >/proc/%d/root/dev/pts/0) 2>/dev/null && echo opened;"
		 "cat /proc/%d/environ >/dev/null 2>&1 && echo opened;"
		 "kill -TERM %d 2>/dev/null && echo signalled;"
		 "script -qc 'tty; ls /dev/pts' /dev/null; echo the-end",
		 pid, pid, pid, pid);
	request = spawn_request();
	links[1] = session_start(h, &broker, &request, launch_script(script), &second);
	seen = pty_read_until(second.fds[SESSION_FD_PTY], "the-end");
	assert_says(seen, "pts 0 ptmx.");
	assert_says(seen, "INTRUDER"); /* its own */
	/* A terminal that it makes itself is in its own /dev/pts too. */
	assert_says(seen, "/dev/pts/1");
	if (kernel_keeps_sessions_apart()) {
		assert_null(strstr(seen, "opened"));
		assert_null(strstr(seen, "signalled"));
	}

	if (kernel_keeps_sessions_apart()) {
		assert_int_equal(write(first.fds[SESSION_FD_PTY], "friend\n", 7), 7);
		seen = pty_read_until(first.fds[SESSION_FD_PTY], "got ");
		if (strstr(seen, "INTRUDER"))
			fail_msg("one session wrote to the other's terminal: %s", seen);
	}
	for (int i = 0; i < 2; i++)
		close(links[i]);
	stand_in_release(&first);
	stand_in_release(&second);
	stand_in_release(&broker);
}

/* The machine's terminals are everybody's. */
static void test_an_agent_does_not_take_all_terminals(void **state)
{
	const struct monitor_request request = spawn_request();
	struct pair pair = start(
		*state, &request,
		launch_script("exec bash -c 'n=0; while ((n < 300)) && exec {fd}<>/dev/ptmx; do "
			      "((++n)); done 2>/dev/null; echo opened $n.; echo the-end'"));

	assert_says(pty_read_until(pair.session.fds[SESSION_FD_PTY], "the-end"), "opened 255.");
	end(&pair);
}

/* Agents bring sandboxes of their own, of namespaces and mounts: ours is not in their way. */
static void test_an_agent_may_sandbox_itself(void **state)
{
	static const char sandbox[] =
		"unshare -Urm sh -c 'mount -t tmpfs none /mnt && echo mounted'";
	const struct monitor_request request = spawn_request();
	char command[256];
	struct pair pair;

	/* A chroot, a container or the kernel's settings may refuse it to everybody. */
	snprintf(command, sizeof(command), "setpriv --reuid %u --clear-groups %s >/dev/null 2>&1",
		 AGENT_ID, sandbox);
	if (system(command) != 0)
		skip();
	snprintf(command, sizeof(command), "%s; echo the-end", sandbox);
	pair = start(*state, &request, launch_script(command));
	assert_says(pty_read_until(pair.session.fds[SESSION_FD_PTY], "the-end"), "mounted");
	end(&pair);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_set_up, harness_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_agent),
		TEST(test_session_leader),
		TEST(test_files_limit_is_the_servers_own),
		TEST(test_the_session_and_the_broker),
		TEST(test_the_session_can_end_its_agent),
		TEST(test_exec_failures),
		TEST(test_login_shell),
		TEST(test_no_home),
		TEST(test_a_malformed_launch_record_hurts_the_agent_alone),
		TEST(test_another_sessions_terminal),
		TEST(test_an_agent_does_not_take_all_terminals),
		TEST(test_an_agent_may_sandbox_itself),
	};

	harness_require();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
