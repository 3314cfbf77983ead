/* Sealed memory files: how configuration and launch records travel between our processes.
 * Whoever holds one can read it, and nobody can change it any more (memfd_create(2), F_SEAL_*). */
#ifndef AAAU_IPC_SEALED_H
#define AAAU_IPC_SEALED_H

#include <stddef.h>

/* A sealed memory file with these bytes, close-on-exec. Descriptor, or a negative errno. */
int sealed_write(const char *name, const void *data, size_t n);

/* Whether fd is a fully sealed memory file (else -EPERM) of at most limit bytes (else -EFBIG),
 * without a look at its content. 0, or a negative errno. */
int sealed_check(int fd, size_t limit, size_t *ret_length);

/* Maps a sealed file read-only, after sealed_check(). On success the mapping is the caller's to
 * munmap(2). 0, or a negative errno; an empty file is -EINVAL. */
int sealed_map(int fd, size_t limit, const void **ret_data, size_t *ret_length);

#endif
