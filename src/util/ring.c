/* The ring of output.
 *
 * Owns one memory file's worth of memory, mapped twice in a row so that no stretch is ever cut at
 * the end. Only pages that output has reached cost anything. Trusts its caller with offsets. Fails
 * by negative errno with nothing left behind.
 */
#include "util/ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/fd.h"

static int round_up(size_t size, size_t *ret)
{
	size_t rounded = (size_t)sysconf(_SC_PAGESIZE);

	while (rounded < size) {
		if (rounded > SIZE_MAX / 4)
			return -EINVAL;
		rounded *= 2;
	}
	*ret = rounded;
	return 0;
}

int ring_init(struct ring *ret, size_t size)
{
	int r = round_up(size, &size);
	if (r < 0)
		return r;

	cleanup_fd int fd = memfd_create("aaau-ring", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size) < 0)
		return -errno;

	/* Take the address space first, so that the two maps have a place that is ours. */
	char *memory =
		mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return -errno;
	for (unsigned half = 0; half < 2; half++) {
		void *wanted = memory + half * size;
		if (mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
		    MAP_FAILED) {
			r = -errno;
			munmap(memory, 2 * size);
			return r;
		}
	}
	*ret = (struct ring){.memory = memory, .size = size};
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring || !ring->memory)
		return;
	munmap(ring->memory, 2 * ring->size);
	*ring = (struct ring){0};
}
