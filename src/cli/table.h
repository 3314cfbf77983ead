/* Text in columns, and the short forms of numbers that stand in them. */
#ifndef AAAU_CLI_TABLE_H
#define AAAU_CLI_TABLE_H

#include <stdint.h>

#include "util/str.h"

#define TABLE_MAX_COLUMNS 16

/* How many columns of a terminal the text takes; valid UTF-8 without control characters. */
unsigned table_width(const char *text);

/* cells is rows * columns strings, the first row the header. Columns are as wide as their widest
 * cell and two blanks apart; the last is cut, with an ellipsis where that is, so that no line
 * passes max_width (0: no limit). */
void table_put(struct str *out, const char *const *cells, unsigned rows, unsigned columns,
	       unsigned max_width);

/* "0s", "59s", "3m", "7h", "12d": the largest unit alone. */
void table_put_duration(struct str *out, uint64_t seconds);

/* "0 B", "999 B", "1.2 MiB". */
void table_put_bytes(struct str *out, uint64_t bytes);

#endif
