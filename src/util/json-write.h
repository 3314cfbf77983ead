/* JSON text, written by hand because it is the hot path of the record (RFC 8259).
 *
 * json_append_string() writes the quotes and escapes what RFC 8259 section 7 demands, nothing
 * else: `"`, `\`, and U+0000..U+001F (\b \f \n \r \t by name, the rest and U+007F as \u00XX). Input must be
 * valid UTF-8; json_append_lossy_string() takes any bytes and writes U+FFFD for each invalid one.
 */
#ifndef AAAU_UTIL_JSON_WRITE_H
#define AAAU_UTIL_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

void json_append_string(struct str *out, const char *data, size_t n);
/* True if anything had to be replaced. */
bool json_append_lossy_string(struct str *out, const char *data, size_t n);

/* `"key":` with a comma before it unless it is the first since '{' (the last byte decides). */
void json_append_key(struct str *out, const char *key);
void json_append_text_member(struct str *out, const char *key, const char *text); /* lossy */
void json_append_u64_member(struct str *out, const char *key, uint64_t value);
void json_append_bool_member(struct str *out, const char *key, bool value);
void json_append_base64(struct str *out, const void *data,
			size_t n); /* quoted, RFC 4648 section 4 */

#endif
