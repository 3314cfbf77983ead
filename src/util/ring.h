/* The ring of output: one copy of the agent's bytes, read by everybody.
 *
 * Offsets are absolute and count from the session's first byte; they never wrap (64 bits). The
 * memory is mapped twice in a row, so every readable stretch and all free room are contiguous.
 * The ring knows no readers: whoever writes asks the readers' cursors how far it may go.
 */
#ifndef AAAU_UTIL_RING_H
#define AAAU_UTIL_RING_H

#include <stddef.h>
#include <stdint.h>

struct ring {
	char *memory;  /* 2 * size bytes of address space over size bytes of memory */
	size_t size;   /* a power of two, a multiple of the page size */
	uint64_t head; /* offset of the next byte to be written */
};

/* size is rounded up to a power of two of at least one page. 0, or a negative errno. */
int ring_init(struct ring *ret, size_t size);
void ring_free(struct ring *ring); /* NULL and zeroed rings are fine */

/* The oldest offset that is still there. */
static inline uint64_t ring_tail(const struct ring *ring)
{
	return ring->head > ring->size ? ring->head - ring->size : 0;
}

/* Where the byte of that offset stands; valid for reading up to head, contiguous. The offset must
 * be in [ring_tail, head]. */
static inline char *ring_at(const struct ring *ring, uint64_t offset)
{
	return ring->memory + (offset & (ring->size - 1));
}

/* n bytes, n <= size, were written at ring_at(head). */
static inline void ring_advance(struct ring *ring, size_t n)
{
	ring->head += n;
}

#endif
