/* The agent's side of the fork: from root to the agent, one way.
 *
 * The order is the point. As root: session, mounts, terminal, limits, and every descriptor closed
 * but two. Then the agent user's ids for good. Only after that the launch record is opened, which
 * is the broker's word: what could be wrong with it can hurt nobody but the agent user. The process
 * is not dumpable from the change of ids to the exec, so no other process of the same user can look
 * into it before.
 *
 * Trusts the sealed configuration. Whatever fails is written to `status` as a struct exec_failure,
 * which the session tells the client, and the process exits.
 */
#include "monitor/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/launch.h"
#include "ipc/sealed.h"
#include "monitor/mounts.h"
#include "monitor/process.h"
#include "monitor/scope.h"

static _Noreturn void fail(int status, enum exec_step step, int error)
{
	const struct exec_failure failure = {.step = step, .error = -error};

	/* A pipe takes a few bytes whole or not at all; with its reader gone nobody is left to care. */
	if (write(status, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

/* Closes everything from 3 up but those two, which are different and not below 3. */
static int close_but(int a, int b)
{
	const unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if ((low > 3 && close_range(3, low - 1, 0) < 0) ||
	    (high > low + 1 && close_range(low + 1, high - 1, 0) < 0) ||
	    close_range(high + 1, UINT_MAX, 0) < 0)
		return -errno;
	return 0;
}

static int take_terminal(const struct agent *agent)
{
	/* It leads a session already: process_fork(). */
	if (ioctl(agent->slave, TIOCSCTTY, 0) < 0)
		return -errno;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(agent->slave, fd) < 0)
			return -errno;
	return close_but(agent->status, agent->launch);
}

static int set_limits(const struct agent *agent)
{
	const struct monitor_profile *profile = agent->profile;

	if (setrlimit(RLIMIT_NOFILE, &agent->nofile) < 0)
		return -errno;
	for (unsigned r = 0; r < MONITOR_CONFIG_MAX_RLIMITS; r++) {
		const struct rlimit limit = {profile->rlimits[r], profile->rlimits[r]};

		if ((profile->rlimit_set & (1u << r)) &&
		    setrlimit((__rlimit_resource_t)r, &limit) < 0)
			return -errno;
	}
	return 0;
}

/* What execve(2) says of a file. "Not there" and "not for us" are what a search steps over; but a
 * program that is there and lacks its interpreter is found, and broken. */
static int try_exec(const char *path, char *const argv[], char *const envp[], bool *ret_found)
{
	int error;

	execve(path, argv, envp);
	error = -errno;
	*ret_found = error != -ENOENT && error != -ENOTDIR && error != -EACCES;
	if (error == -ENOENT && faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0)
		*ret_found = true;
	return error;
}

/* As execvp(3) searches, but for one thing: a file without a known format is an error, not a
 * script for sh. Returns only on failure. */
static int search_and_exec(const char *search, char *const argv[], char *const envp[],
			   bool *ret_found)
{
	const char *name = argv[0];
	const size_t name_length = strlen(name);
	int result = -ENOENT;

	*ret_found = false;
	if (!name_length)
		return -ENOENT;
	if (strchr(name, '/'))
		return try_exec(name, argv, envp, ret_found);

	for (const char *end;; search = end + 1) {
		char path[PATH_MAX];
		size_t n;
		int error;

		end = strchrnul(search, ':');
		n = (size_t)(end - search);
		if (n + 1 + name_length < sizeof(path)) {
			/* An empty element is the working directory. */
			memcpy(path, search, n);
			if (n)
				path[n++] = '/';
			memcpy(path + n, name, name_length + 1);
			error = try_exec(path, argv, envp, ret_found);
			if (*ret_found)
				return error;
			if (error == -EACCES)
				result = -EACCES;
		}
		if (!*end)
			return result;
	}
}

/* SHELL -l -c 'exec "$@"' SHELL PROGRAM ARGUMENTS: the shell reads its profile files and never the
 * program's name or arguments as text. */
static int exec_by_login_shell(const struct launch_program *program, bool *ret_found)
{
	static char login[] = "-l", command[] = "-c", script[] = "exec \"$@\"";
	char *argv[LAUNCH_MAX_ARGUMENTS + 6];
	char *shell = (char *)(uintptr_t)program->login_shell;
	unsigned n = 0;

	argv[n++] = shell;
	argv[n++] = login;
	argv[n++] = command;
	argv[n++] = script;
	argv[n++] = shell;
	memcpy(&argv[n], program->arguments,
	       (program->argument_count + 1) * sizeof(program->arguments[0]));
	return try_exec(shell, argv, program->environment, ret_found);
}

/* Runs as the agent user. */
static _Noreturn void run_program(const struct agent *agent)
{
	const void *data;
	size_t length;
	struct launch launch;
	const struct launch_program *program = &launch.program;
	bool found;
	int error = sealed_map(agent->launch, LAUNCH_MAX_SIZE, &data, &length);

	if (!error)
		error = launch_decode(data, length, &launch);
	if (error)
		fail(agent->status, EXEC_STEP_RECORD, error);
	error = program->login_shell[0] ? exec_by_login_shell(program, &found)
					: search_and_exec(program->path, program->arguments,
							  program->environment, &found);
	fail(agent->status, found ? EXEC_STEP_EXEC : EXEC_STEP_FIND, error);
}

_Noreturn void agent_run(const struct agent *agent)
{
	const struct monitor_profile *profile = agent->profile;
	int error = mounts_enter(agent->devpts);

	if (error)
		fail(agent->status, EXEC_STEP_MOUNTS, error);
	error = take_terminal(agent);
	if (error)
		fail(agent->status, EXEC_STEP_TERMINAL, error);
	error = set_limits(agent);
	if (!error)
		error = process_become(profile->uid, profile->gid, profile->groups,
				       profile->group_count);
	if (!error)
		error = scope_enter();
	if (error)
		fail(agent->status, EXEC_STEP_IDENTITY, error);
	umask((mode_t)profile->umask);
	if (chdir(profile->home) < 0)
		fail(agent->status, EXEC_STEP_HOME, -errno);
	run_program(agent);
}
