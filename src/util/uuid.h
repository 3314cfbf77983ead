/* Session ids: random UUIDs (RFC 9562, version 4), and their canonical text. */
#ifndef AAAU_UTIL_UUID_H
#define AAAU_UTIL_UUID_H

#include <stdbool.h>
#include <stdint.h>

#define UUID_TEXT_SIZE 37 /* 36 characters and a NUL */

struct uuid {
	uint8_t bytes[16];
};

/* A fresh version 4 UUID from getrandom(2). 0, or a negative errno. */
int uuid_generate(struct uuid *ret);

/* Lower-case canonical form. Returns out. */
char *uuid_format(const struct uuid *id, char out[UUID_TEXT_SIZE]);

/* Accepts exactly 36 characters, either case. */
bool uuid_parse(const char *text, struct uuid *ret);

bool uuid_equal(const struct uuid *a, const struct uuid *b);

/* Version 4 and the RFC's variant. */
bool uuid_is_v4(const struct uuid *id);

#endif
