/* How our own processes write structs to each other: fixed-width little-endian integers and
 * length-prefixed strings, in one SOCK_SEQPACKET message or one sealed memory file.
 *
 * The reader is strict: it fails on a short field, on a string with a NUL inside, and wire_end()
 * fails if anything is left. The first failure sticks, later reads give zeros and empty strings,
 * so a decoder reads everything and asks once.
 */
#ifndef AAAU_IPC_WIRE_H
#define AAAU_IPC_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"
#include "util/uuid.h"

void wire_put_u8(struct str *out, uint8_t value);
void wire_put_u16(struct str *out, uint16_t value);
void wire_put_u32(struct str *out, uint32_t value);
void wire_put_u64(struct str *out, uint64_t value);
void wire_put_uuid(struct str *out, const struct uuid *id);
void wire_put_bytes(struct str *out, const void *data, size_t n); /* u32 length, bytes */
void wire_put_text(struct str *out, const char *text);            /* u32 length, bytes, one NUL */

struct wire_reader {
	const char *data;
	size_t length;
	size_t at;
	bool failed;
};

void wire_start(struct wire_reader *reader, const void *data, size_t length);
uint8_t wire_u8(struct wire_reader *reader);
uint16_t wire_u16(struct wire_reader *reader);
uint32_t wire_u32(struct wire_reader *reader);
uint64_t wire_u64(struct wire_reader *reader);
void wire_uuid(struct wire_reader *reader, struct uuid *ret);
const char *wire_bytes(struct wire_reader *reader,
		       size_t *ret_length);        /* points into the message */
const char *wire_text(struct wire_reader *reader); /* points into the message; "" on failure */
/* 0, or -EBADMSG if any read failed or bytes are left. */
int wire_end(const struct wire_reader *reader);

#endif
