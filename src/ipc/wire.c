/* The encoding of everything our own processes tell each other.
 *
 * Owns nothing: the writer appends to the caller's str, the reader points into the caller's bytes.
 * The reader trusts no length: each is checked against what is left before it is used. The first
 * failure sticks in the reader and is told once, by wire_end().
 */
#include "ipc/wire.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

void wire_put_u8(struct str *out, uint8_t value)
{
	str_append(out, &value, sizeof(value));
}

void wire_put_u16(struct str *out, uint16_t value)
{
	value = htole16(value);
	str_append(out, &value, sizeof(value));
}

void wire_put_u32(struct str *out, uint32_t value)
{
	value = htole32(value);
	str_append(out, &value, sizeof(value));
}

void wire_put_u64(struct str *out, uint64_t value)
{
	value = htole64(value);
	str_append(out, &value, sizeof(value));
}

void wire_put_uuid(struct str *out, const struct uuid *id)
{
	str_append(out, id->bytes, sizeof(id->bytes));
}

void wire_put_bytes(struct str *out, const void *data, size_t n)
{
	/* A length that the field cannot hold is far above every cap: say so instead of cutting it. */
	if (n > UINT32_MAX) {
		if (!out->error)
			out->error = -E2BIG;
		return;
	}
	wire_put_u32(out, (uint32_t)n);
	if (n) /* data may be NULL then */
		str_append(out, data, n);
}

void wire_put_text(struct str *out, const char *text)
{
	wire_put_bytes(out, text, strlen(text));
	wire_put_u8(out, 0);
}

void wire_start(struct wire_reader *reader, const void *data, size_t length)
{
	*reader = (struct wire_reader){.data = data, .length = length};
}

/* The next n bytes, or NULL for good. */
static const char *take(struct wire_reader *reader, size_t n)
{
	const char *data = reader->data + reader->at;

	if (reader->failed || n > reader->length - reader->at) {
		reader->failed = true;
		return NULL;
	}
	reader->at += n;
	return data;
}

static void read_fixed(struct wire_reader *reader, void *ret, size_t n)
{
	const char *data = take(reader, n);

	if (data)
		memcpy(ret, data, n);
	else
		memset(ret, 0, n);
}

uint8_t wire_u8(struct wire_reader *reader)
{
	uint8_t value;

	read_fixed(reader, &value, sizeof(value));
	return value;
}

uint16_t wire_u16(struct wire_reader *reader)
{
	uint16_t value;

	read_fixed(reader, &value, sizeof(value));
	return le16toh(value);
}

uint32_t wire_u32(struct wire_reader *reader)
{
	uint32_t value;

	read_fixed(reader, &value, sizeof(value));
	return le32toh(value);
}

uint64_t wire_u64(struct wire_reader *reader)
{
	uint64_t value;

	read_fixed(reader, &value, sizeof(value));
	return le64toh(value);
}

void wire_uuid(struct wire_reader *reader, struct uuid *ret)
{
	read_fixed(reader, ret->bytes, sizeof(ret->bytes));
}

const char *wire_bytes(struct wire_reader *reader, size_t *ret_length)
{
	size_t n = wire_u32(reader);
	const char *data = take(reader, n);

	*ret_length = data ? n : 0;
	return data ? data : "";
}

const char *wire_text(struct wire_reader *reader)
{
	size_t n;
	const char *text = wire_bytes(reader, &n);
	const char *end = take(reader, 1);

	if (!end || *end || memchr(text, 0, n)) {
		reader->failed = true;
		return "";
	}
	return text;
}

int wire_end(const struct wire_reader *reader)
{
	return reader->failed || reader->at != reader->length ? -EBADMSG : 0;
}
