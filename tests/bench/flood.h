/* What the benchmark's agent floods its terminal with, known to the agent that writes it and to
 * the meter that checks it: a block, repeated. Deterministic, valid UTF-8, no control characters
 * that a line discipline would change in raw mode. */
#ifndef AAAU_BENCH_FLOOD_H
#define AAAU_BENCH_FLOOD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLOOD_BLOCK 1048576 /* bytes */
#define FLOOD_GO "<GO>"     /* the agent is up: its first output */
#define FLOOD_END "<END>"   /* after the flood, on a cleared screen */

static inline uint32_t flood_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* "plain": lines of text as a compiler or a test prints them. "escapes": what a full-screen
 * program draws: 24-bit colours, cursor movement, box drawing. The block is filled to the byte
 * with spaces. */
static inline void flood_fill(char block[FLOOD_BLOCK], const char *kind)
{
	size_t at = 0;
	uint32_t state = 7;

	for (uint32_t line = 0;; line++) {
		char text[256];
		uint32_t r[6];
		int n;

		for (unsigned i = 0; i < 6; i++)
			r[i] = flood_random(&state);
		if (strcmp(kind, "plain") == 0)
			n = snprintf(text, sizeof(text),
				     "%08x [%3u/%3u] compiling src/module_%u/file_%u.c -> "
				     "build/objects/%u.o\r\n",
				     line, line % 512, 512u, r[0] % 64, r[1] % 4096, r[2]);
		else
			n = snprintf(text, sizeof(text),
				     "\033[%u;%uH\033[38;2;%u;%u;%um\033[48;5;%um\xe2\x94\x82 %04x "
				     "\xe2\x94\x82\033[0m\033[K",
				     1 + r[0] % 24, 1 + r[1] % 80, r[2] % 256, r[3] % 256,
				     r[4] % 256, r[5] % 256, line & 0xffff);
		if (n < 0)
			abort();
		if (at + (size_t)n > FLOOD_BLOCK)
			break;
		memcpy(block + at, text, (size_t)n);
		at += (size_t)n;
	}
	memset(block + at, ' ', FLOOD_BLOCK - at);
}

#endif
