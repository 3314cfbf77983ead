/* A growing byte string with a cap, for building text and messages.
 *
 * Zero-initialised is empty and valid. The first failure (no memory, over the cap) sticks: later
 * appends do nothing, and str_error() tells it once at the end, so builders need no check a line.
 * data is always NUL-terminated once anything was appended.
 */
#ifndef AAAU_UTIL_STR_H
#define AAAU_UTIL_STR_H

#include <stddef.h>
#include <stdint.h>

struct str {
	char *data;
	size_t length;
	size_t capacity;
	size_t limit; /* 0: no cap */
	int error;    /* 0, -ENOMEM or -E2BIG */
};

void str_free(struct str *s); /* NULL is fine; leaves s empty, its limit in place */
static inline void str_cleanup(struct str *s)
{
	str_free(s);
}
#define cleanup_str __attribute__((cleanup(str_cleanup)))

void str_clear(struct str *s); /* length 0, error 0, memory kept */
/* Back to an earlier, shorter length; the error is forgotten, memory kept. */
void str_truncate(struct str *s, size_t length);
void str_append(struct str *s, const void *data, size_t n);
void str_append_text(struct str *s, const char *text);
void str_append_byte(struct str *s, char byte);
void str_append_format(struct str *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void str_append_u64(struct str *s, uint64_t value); /* decimal, without printf */
/* Room for n more bytes to be written at data + length by the caller, who then adds to length
 * (and writes the NUL behind it, for which there is room, if nothing more is appended).
 * NULL after an error. */
char *str_reserve(struct str *s, size_t n);
static inline int str_error(const struct str *s)
{
	return s->error;
}

#endif
