/* The record of the server's own events, as far as it is root's.
 *
 * The broker appends to it through a descriptor that cannot be read, so it cannot know whether its
 * predecessor died in the middle of a line. Root looks at the last byte, and at no other. The
 * directory is root's and trusted. Failures are negative errnos.
 */
#include "monitor/server-record.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"

static const char file_name[] = "server.jsonl";

int server_record_open(int directory, gid_t group)
{
	cleanup_fd int fd = openat(directory, file_name,
				   O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);

	if (fd < 0 || fchown(fd, 0, group) < 0)
		return -errno;
	return fd_steal(&fd);
}

int server_record_mend(int directory, int record)
{
	cleanup_fd int fd = openat(directory, file_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	char last;
	ssize_t n;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size == 0)
		return 0;
	n = pread(fd, &last, 1, status.st_size - 1);
	if (n < 0 || (n == 1 && last != '\n' && write(record, "\n", 1) < 0))
		return -errno;
	return 0;
}
