/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef AAAU_UTIL_UTF8_H
#define AAAU_UTIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Length (1 to 4) of the valid sequence that data begins with, or 0 if it begins with none. */
size_t utf8_sequence(const char *data, size_t n);

/* Length of the longest valid prefix of data. */
size_t utf8_valid_prefix(const char *data, size_t n);

/* How many bytes at the end of data (0 to 3) are a sequence that is valid so far and not complete:
 * what a reader should hold back until more comes. */
size_t utf8_incomplete_tail(const char *data, size_t n);

/* Whether all of text is valid, and none of it a control character (C0, DEL, C1). */
bool utf8_is_printable(const char *text);

#endif
