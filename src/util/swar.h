/* Eight bytes at a time in one register: where the runs of ordinary characters end. */
#ifndef AAAU_UTIL_SWAR_H
#define AAAU_UTIL_SWAR_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SWAR_ONES UINT64_C(0x0101010101010101)
#define SWAR_HIGHS UINT64_C(0x8080808080808080)

/* The byte at data is the lowest one. */
static inline uint64_t swar_load(const char *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof word);
	return le64toh(word);
}

/* The next two set the high bit of each byte that is meant. Bytes above the lowest one meant may be
 * set wrongly (a borrow runs upwards), so only the lowest set bit of any union tells the truth. */
static inline uint64_t swar_below(uint64_t word, uint8_t limit) /* limit <= 128 */
{
	return (word - SWAR_ONES * limit) & ~word & SWAR_HIGHS;
}

static inline uint64_t swar_equal(uint64_t word, uint8_t byte)
{
	return swar_below(word ^ (SWAR_ONES * byte), 1);
}

/* Index of the byte with the lowest set high bit; mask is not 0. */
static inline size_t swar_first(uint64_t mask)
{
	return (size_t)__builtin_ctzll(mask) / 8;
}

#endif
