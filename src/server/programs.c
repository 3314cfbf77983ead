/* Finding the other programs by place: ../libexec/aaau beside our own file.
 *
 * Owns nothing; trusts /proc/self/exe and that root installed what stands there (aaau-server doctor
 * looks at the modes). Fails with the path it looked at.
 */
#include "server/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "server/problem.h"
#include "util/fd.h"

static const char *const places[PROGRAM_COUNT] = {
	[PROGRAM_SERVER] = "aaau-server",
	[PROGRAM_MONITOR] = "../libexec/aaau/aaau-monitor",
	[PROGRAM_BROKER] = "../libexec/aaau/aaau-broker",
	[PROGRAM_SESSION] = "../libexec/aaau/aaau-session",
};

int programs_path(enum program program, struct str *ret, struct str *why)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return problem(why, "cannot tell where aaau-server is (/proc/self/exe): %s",
			       strerror(errno));
	self[n] = '\0';
	/* Only the directory is used: after an upgrade our own file is a deleted one. */
	str_append(ret, self, (size_t)(strrchr(self, '/') - self) + 1);
	str_append_text(ret, places[program]);
	return str_error(ret) ? problem(why, "out of memory") : 0;
}

int programs_open(enum program program, struct str *why)
{
	cleanup_str struct str path = {0};

	if (programs_path(program, &path, why) < 0)
		return -1;
	cleanup_fd int fd = open(path.data, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return problem(why,
			       "cannot find %s: %s (the server runs from an installed tree; "
			       "make stage makes one in build/stage)",
			       path.data, strerror(errno));
	if (faccessat(AT_FDCWD, path.data, X_OK, AT_EACCESS) < 0)
		return problem(why, "%s is not executable", path.data);
	return fd_steal(&fd);
}
