/* Sealed memory files.
 *
 * sealed_write() owns the file until it is handed on; sealed_map() trusts the kernel's word on the
 * seals and the size and nothing else about who made the file. Failures are negative errnos.
 */
#include "ipc/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/io.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int sealed_write(const char *name, const void *data, size_t n)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	cleanup_fd int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
	int error;

	/* Linux before 6.3 does not know MFD_NOEXEC_SEAL. */
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	if (fd < 0)
		return -errno;
	error = io_write_all(fd, data, n);
	if (error)
		return error;
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return -errno;
	return fd_steal(&fd);
}

int sealed_check(int fd, size_t limit, size_t *ret_length)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;

	if (seals < 0 || (seals & ALL_SEALS) != ALL_SEALS)
		return -EPERM;
	if (fstat(fd, &status) < 0)
		return -errno;
	if ((size_t)status.st_size > limit)
		return -EFBIG;
	*ret_length = (size_t)status.st_size;
	return 0;
}

int sealed_map(int fd, size_t limit, const void **ret_data, size_t *ret_length)
{
	size_t length;
	void *data;
	int error = sealed_check(fd, limit, &length);

	if (error)
		return error;
	data = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	*ret_data = data;
	*ret_length = length;
	return 0;
}
