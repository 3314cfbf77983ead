#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "util/ring.h"

static char expected(uint64_t offset)
{
	return (char)(offset * 131 + offset / 4099);
}

static void write_bytes(struct ring *ring, size_t n)
{
	char *at = ring_at(ring, ring->head);

	for (size_t i = 0; i < n; i++)
		at[i] = expected(ring->head + i);
	ring_advance(ring, n);
}

static void check_all(const struct ring *ring)
{
	uint64_t tail = ring_tail(ring);
	const char *at = ring_at(ring, tail);

	for (uint64_t offset = tail; offset < ring->head; offset++)
		if (at[offset - tail] != expected(offset))
			fail_msg("offset %llu", (unsigned long long)offset);
}

static void test_sizes(void **state)
{
	(void)state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t asked[] = {0, 1, page, page + 1, 5 * page, 1 << 20};
	const size_t given[] = {page, page, page, 2 * page, 8 * page, 1 << 20};

	for (unsigned i = 0; i < 6; i++) {
		struct ring ring;
		assert_int_equal(ring_init(&ring, asked[i]), 0);
		assert_int_equal(ring.size, given[i]);
		assert_int_equal(ring.head, 0);
		assert_int_equal(ring_tail(&ring), 0);
		ring_free(&ring);
		assert_null(ring.memory);
		ring_free(&ring);
	}
	struct ring ring = {.size = 7};
	assert_int_equal(ring_init(&ring, SIZE_MAX), -EINVAL);
	assert_true(ring_init(&ring, SIZE_MAX / 4) < 0);
	assert_int_equal(ring.size, 7);
	ring_free(NULL);
}

/* Every stretch is contiguous, whichever way the writes fall across the seam. */
static void test_contiguous_across_the_seam(void **state)
{
	(void)state;
	struct ring ring;
	assert_int_equal(ring_init(&ring, 4096), 0);
	const size_t sizes[] = {1, 7, ring.size - 1, 100, ring.size, 3, ring.size / 2 + 1};

	for (unsigned i = 0; i < 300; i++) {
		write_bytes(&ring, sizes[i % 7]);
		check_all(&ring);
	}
	assert_int_equal(ring.head - ring_tail(&ring), ring.size);
	/* One byte of memory behind two addresses. */
	ring.memory[5] = 'x';
	assert_int_equal(ring.memory[ring.size + 5], 'x');
	ring_free(&ring);
}

static void test_offsets_beyond_32_bits(void **state)
{
	(void)state;
	struct ring ring;
	assert_int_equal(ring_init(&ring, 8192), 0);

	ring.head = (UINT64_C(1) << 40) - 5000;
	for (unsigned i = 0; i < 10; i++)
		write_bytes(&ring, 1777);
	check_all(&ring);
	ring_free(&ring);
}

static size_t resident_pages(void *memory, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
	unsigned char *in_core = malloc(size / page);

	assert_non_null(in_core);
	assert_int_equal(mincore(memory, size, in_core), 0);
	for (size_t i = 0; i < size / page; i++)
		count += in_core[i] & 1;
	free(in_core);
	return count;
}

static void test_untouched_memory_costs_nothing(void **state)
{
	(void)state;
	struct ring ring;
	assert_int_equal(ring_init(&ring, 64 << 20), 0);

	assert_int_equal(resident_pages(ring.memory, ring.size), 0);
	write_bytes(&ring, 10000);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	assert_int_equal(resident_pages(ring.memory, ring.size), (10000 + page - 1) / page);
	ring_free(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_contiguous_across_the_seam),
		cmocka_unit_test(test_offsets_beyond_32_bits),
		cmocka_unit_test(test_untouched_memory_costs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
