/* A growing byte string with a cap.
 *
 * Owns its memory. Lengths may come from anybody: sums are checked, and `limit` says how much a
 * peer can make us hold. Fails by an error that sticks in the string (str.h).
 */
#include "util/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 128

void str_free(struct str *s)
{
	if (!s)
		return;
	free(s->data);
	s->data = NULL;
	s->length = 0;
	s->capacity = 0;
	s->error = 0;
}

void str_clear(struct str *s)
{
	str_truncate(s, 0);
}

void str_truncate(struct str *s, size_t length)
{
	if (length < s->length)
		s->length = length;
	if (s->data)
		s->data[s->length] = '\0';
	s->error = 0;
}

char *str_reserve(struct str *s, size_t n)
{
	if (s->error)
		return NULL;
	if (s->limit && (n > s->limit || s->length > s->limit - n)) {
		s->error = -E2BIG;
		return NULL;
	}
	if (n < s->capacity - s->length) /* one byte more is the NUL's */
		return s->data + s->length;
	if (n >= SIZE_MAX / 2 - s->length) {
		s->error = -ENOMEM;
		return NULL;
	}
	size_t needed = s->length + n + 1;
	size_t capacity = s->capacity ? s->capacity : FIRST_CAPACITY;
	while (capacity < needed)
		capacity *= 2;
	char *data = realloc(s->data, capacity);
	if (!data) {
		s->error = -ENOMEM;
		return NULL;
	}
	s->data = data;
	s->capacity = capacity;
	return data + s->length;
}

void str_append(struct str *s, const void *data, size_t n)
{
	char *at = str_reserve(s, n);
	if (!at)
		return;
	if (n > 0)
		memcpy(at, data, n);
	at[n] = '\0';
	s->length += n;
}

void str_append_text(struct str *s, const char *text)
{
	str_append(s, text, strlen(text));
}

void str_append_byte(struct str *s, char byte)
{
	str_append(s, &byte, 1);
}

void str_append_format(struct str *s, const char *format, ...)
{
	char small[256];
	va_list list, again;

	va_start(list, format);
	va_copy(again, list);
	int n = vsnprintf(small, sizeof small, format, list);
	va_end(list);
	if (n < 0) {
		s->error = s->error ? s->error : -ENOMEM;
	} else if ((size_t)n < sizeof small) {
		str_append(s, small, (size_t)n);
	} else {
		char *at = str_reserve(s, (size_t)n);
		if (at) {
			vsnprintf(at, (size_t)n + 1, format, again);
			s->length += (size_t)n;
		}
	}
	va_end(again);
}

void str_append_u64(struct str *s, uint64_t value)
{
	char digits[20];
	char *at = digits + sizeof digits;

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	str_append(s, at, (size_t)(digits + sizeof digits - at));
}
