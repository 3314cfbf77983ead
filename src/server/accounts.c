/* Adding and deleting users and groups.
 *
 * The tools of the shadow suite do it, found in the system's own directories and run with an
 * environment of our own, whatever the caller's PATH and locale say. Trusts what they say by their
 * exit status; their words are passed on when they fail.
 */
#include "server/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/problem.h"
#include "util/fd.h"

static int find_tool(const char *name, char path[64])
{
	static const char *const directories[] = {"/usr/sbin", "/sbin", "/usr/bin"};

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		snprintf(path, 64, "%s/%s", directories[i], name);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

/* What the tool prints goes into a pipe and, cut to a page, into words. */
static void collect(int pipe, struct str *words)
{
	char chunk[1024];
	ssize_t n;

	while ((n = read(pipe, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0 && words->length < 4096)
			str_append(words, chunk, (size_t)n);
	}
	while (words->length > 0 && words->data[words->length - 1] == '\n')
		words->data[--words->length] = '\0';
}

static int spawn_tool(const char *path, const char *const *arguments, int output, pid_t *ret)
{
	static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
						  NULL};
	posix_spawn_file_actions_t actions;
	union {
		const char *const *in;
		char *const *out; /* what posix_spawn(3) takes and does not change */
	} argv = {arguments}, envp = {environment};

	int error = posix_spawn_file_actions_init(&actions);
	if (error)
		return -error;
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	if (!error)
		error = posix_spawn(ret, path, &actions, NULL, argv.out, envp.out);
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

static int run_tool(const char *const *arguments, struct str *why)
{
	cleanup_str struct str words = {0};
	char path[64];
	int ends[2];
	pid_t child;
	int status;

	if (find_tool(arguments[0], path) < 0)
		return problem(why, "%s is not installed (package passwd or shadow)", arguments[0]);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return problem(why, "cannot make a pipe: %s", strerror(errno));
	cleanup_fd int reading = ends[0];
	int error = spawn_tool(path, arguments, ends[1], &child);
	fd_close(ends[1]);
	if (error)
		return problem(why, "cannot run %s: %s", path, strerror(-error));

	collect(reading, &words);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return problem(why, "cannot wait for %s: %s", path, strerror(errno));
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return problem(why, "%s failed: %s", path, words.length ? words.data : "no reason given");
}

int accounts_add_group(const char *name, struct str *why)
{
	const char *const arguments[] = {"groupadd", "--system", "--", name, NULL};

	return run_tool(arguments, why);
}

int accounts_add_user(const struct new_user *user, struct str *why)
{
	const char *const arguments[] = {"useradd",   "--system",   "--no-create-home", "--gid",
					 user->group, "--home-dir", user->home,         "--shell",
					 user->shell, "--comment",  user->comment,      "--",
					 user->name,  NULL};

	return run_tool(arguments, why);
}

int accounts_delete_user(const char *name, struct str *why)
{
	const char *const arguments[] = {"userdel", "--", name, NULL};

	return run_tool(arguments, why);
}

int accounts_delete_group(const char *name, struct str *why)
{
	const char *const arguments[] = {"groupdel", "--", name, NULL};

	return run_tool(arguments, why);
}
