/* Running a tool, whatever the caller's PATH, locale and terminal.
 *
 * Owns the child until it has ended. Trusts what root installed in the system's directories; what a
 * tool says is only passed on, cut to a page.
 */
#include "server/spawn-tool.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/fd.h"

#define MAX_WORDS 4096

static int find_tool(const char *name, char path[64])
{
	static const char *const directories[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin"};

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		snprintf(path, 64, "%s/%s", directories[i], name);
		if (access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static void collect(int pipe, struct str *words)
{
	char chunk[1024];
	ssize_t n;

	while ((n = read(pipe, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0 && words->length < MAX_WORDS)
			str_append(words, chunk, (size_t)n);
	}
	while (words->length > 0 && words->data[words->length - 1] == '\n')
		words->data[--words->length] = '\0';
}

static int start(const char *path, const char *const *arguments, int output, pid_t *ret)
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
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (!error)
		error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	if (!error)
		error = posix_spawn(ret, path, &actions, NULL, argv.out, envp.out);
	posix_spawn_file_actions_destroy(&actions);
	return -error;
}

int spawn_tool(const char *const *arguments, struct str *words)
{
	char path[64];
	int ends[2];
	pid_t child;
	int status;

	if (find_tool(arguments[0], path) < 0)
		return -ENOENT;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	cleanup_fd int reading = ends[0];
	int error = start(path, arguments, ends[1], &child);
	fd_close(ends[1]);
	if (error)
		return error;

	collect(reading, words);
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
