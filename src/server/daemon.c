/* Becoming a daemon.
 *
 * The child tells the parent on one pipe: first a line "OFFSET PATH" when its standard error moves
 * from the caller's to LOGDIR/server.log, then the monitor's byte that says "accepting". The parent
 * owns nothing else and believes its child. What is said before the move stands on the caller's
 * terminal anyway; what is said after it and before a failure, the parent copies from the log.
 */
#include "server/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/commands.h"
#include "server/problem.h"
#include "util/fd.h"
#include "util/io.h"

#define LOG_NAME "server.log"

static void copy_log(const char *path, off_t from)
{
	char chunk[4096];
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	for (;;) {
		ssize_t n = fd < 0 ? -1 : pread(fd, chunk, sizeof chunk, from);
		if (n <= 0 || io_write_all(STDERR_FILENO, chunk, (size_t)n) < 0)
			return;
		from += n;
	}
}

/* The exit status of the parent. */
static int wait_for_child(int pipe)
{
	char text[PATH_MAX + 64];
	size_t length = 0;

	for (;;) {
		ssize_t n = read(pipe, text + length, sizeof text - 1 - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		length += (size_t)n;
		text[length] = '\0';
		const char *line_end = strchr(text, '\n');
		if (line_end && line_end + 1 < text + length)
			return 0; /* the byte after the line, whatever it is */
	}

	char *path;
	if (length > 0 && strchr(text, '\n')) {
		*strchr(text, '\n') = '\0';
		long long offset = strtoll(text, &path, 10);
		copy_log(path + 1, (off_t)offset);
		fprintf(stderr, "aaau-server: the server ended before it accepted (%s)\n",
			path + 1);
	}
	return 1; /* else the child has said it itself */
}

int daemon_start(int *ret_ready, struct str *why)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return problem(why, "cannot make a pipe: %s", strerror(errno));
	pid_t child = fork();
	if (child < 0) {
		fd_close(ends[0]);
		fd_close(ends[1]);
		return problem(why, "cannot fork: %s", strerror(errno));
	}
	if (child > 0) {
		fd_close(ends[1]);
		_exit(wait_for_child(ends[0]));
	}
	fd_close(ends[0]);
	setsid();
	*ret_ready = ends[1];
	return 0;
}

int daemon_hand_over(int ready, const char *log_dir_path, int log_dir, gid_t gid, struct str *why)
{
	cleanup_str struct str line = {0};
	struct stat st;

	cleanup_fd int fd = openat(log_dir, LOG_NAME,
				   O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0 || fchown(fd, 0, gid) < 0 || fchmod(fd, 0640) < 0 || fstat(fd, &st) < 0)
		return problem(why, "cannot open %s/%s: %s", log_dir_path, LOG_NAME,
			       strerror(errno));
	str_append_format(&line, "%lld %s/%s\n", (long long)st.st_size, log_dir_path, LOG_NAME);
	if (str_error(&line))
		return problem(why, "out of memory");

	int error = io_write_all(ready, line.data, line.length);
	if (!error && dup2(fd, STDERR_FILENO) < 0)
		error = -errno;
	return error ? problem(why, "cannot write to the daemon's parent: %s", strerror(-error))
		     : 0;
}
