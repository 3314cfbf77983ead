/* One list of fields a struct, for both directions.
 *
 * A struct's function names its fields once, in the order of the wire; the direction decides
 * whether each is appended to `out` or read from `in`. So encoder and decoder cannot differ.
 */
#ifndef AAAU_IPC_FIELDS_H
#define AAAU_IPC_FIELDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/wire.h"
#include "util/str.h"

struct fields {
	struct str *out; /* encoding, if set */
	struct wire_reader in;
	int error; /* decoding: -ENOMEM; malformed bytes are in `in` */
};

void fields_encode(struct fields *f, struct str *out);
void fields_decode(struct fields *f, const void *data, size_t length);
/* Decoding: 0, -EBADMSG or -ENOMEM. Encoding: 0; the str has its own error. */
int fields_end(const struct fields *f);

void field_u8(struct fields *f, uint8_t *value);
void field_u16(struct fields *f, uint16_t *value);
void field_u32(struct fields *f, uint32_t *value);
void field_u64(struct fields *f, uint64_t *value);
void field_i32(struct fields *f, int32_t *value); /* pid_t too */
void field_bool(struct fields *f, bool *value);   /* 0 or 1, nothing else */
/* An enum in a byte: decoding refuses values outside [first, last]. */
void field_enum(struct fields *f, uint8_t *value, uint8_t first, uint8_t last);
void field_uuid(struct fields *f, struct uuid *value);
void field_text(struct fields *f, const char **value);
void field_bytes(struct fields *f, const char **value, size_t *length);

/* A number of things that follow. When decoding it is refused above max, and where the rest of the
 * message could not hold so many of at least min_size bytes each: so nothing is allocated on a
 * sender's bare word. */
void field_count(struct fields *f, uint32_t *count, uint32_t max, size_t min_size);

/* A NULL-terminated array of strings, NULL counting as empty. When decoding, the array is
 * allocated (free(3)), its strings point into the message. ret_count may be NULL. */
void field_texts(struct fields *f, char ***values, uint32_t max, uint32_t *ret_count);

#endif
