/* The fields of our messages, in both directions.
 *
 * Owns nothing but the array that field_texts() allocates, which goes to the caller even after a
 * failure. Trusts no sender: ipc/wire.h checks lengths, this file checks counts and booleans.
 */
#include "ipc/fields.h"

#include <errno.h>
#include <stdlib.h>

/* The length and the NUL of an empty text. */
#define TEXT_MIN_SIZE 5

void fields_encode(struct fields *f, struct str *out)
{
	*f = (struct fields){.out = out};
}

void fields_decode(struct fields *f, const void *data, size_t length)
{
	*f = (struct fields){0};
	wire_start(&f->in, data, length);
}

int fields_end(const struct fields *f)
{
	if (f->out)
		return 0;
	return f->error ? f->error : wire_end(&f->in);
}

void field_u8(struct fields *f, uint8_t *value)
{
	if (f->out)
		wire_put_u8(f->out, *value);
	else
		*value = wire_u8(&f->in);
}

void field_u16(struct fields *f, uint16_t *value)
{
	if (f->out)
		wire_put_u16(f->out, *value);
	else
		*value = wire_u16(&f->in);
}

void field_u32(struct fields *f, uint32_t *value)
{
	if (f->out)
		wire_put_u32(f->out, *value);
	else
		*value = wire_u32(&f->in);
}

void field_u64(struct fields *f, uint64_t *value)
{
	if (f->out)
		wire_put_u64(f->out, *value);
	else
		*value = wire_u64(&f->in);
}

void field_i32(struct fields *f, int32_t *value)
{
	if (f->out)
		wire_put_u32(f->out, (uint32_t)*value);
	else
		*value = (int32_t)wire_u32(&f->in);
}

void field_enum(struct fields *f, uint8_t *value, uint8_t first, uint8_t last)
{
	field_u8(f, value);
	if (!f->out && (*value < first || *value > last))
		f->in.failed = true;
}

void field_bool(struct fields *f, bool *value)
{
	uint8_t byte = *value;

	field_enum(f, &byte, 0, 1);
	*value = byte == 1;
}

void field_uuid(struct fields *f, struct uuid *value)
{
	if (f->out)
		wire_put_uuid(f->out, value);
	else
		wire_uuid(&f->in, value);
}

void field_text(struct fields *f, const char **value)
{
	if (f->out)
		wire_put_text(f->out, *value);
	else
		*value = wire_text(&f->in);
}

void field_bytes(struct fields *f, const char **value, size_t *length)
{
	if (f->out)
		wire_put_bytes(f->out, *value, *length);
	else
		*value = wire_bytes(&f->in, length);
}

void field_count(struct fields *f, uint32_t *count, uint32_t max, size_t min_size)
{
	field_u32(f, count);
	if (f->out)
		return;
	if (*count > max || *count > (f->in.length - f->in.at) / min_size) {
		f->in.failed = true;
		*count = 0;
	}
}

void field_texts(struct fields *f, char ***values, uint32_t max, uint32_t *ret_count)
{
	uint32_t count = 0;

	if (f->out)
		while (*values && (*values)[count])
			count++;
	field_count(f, &count, max, TEXT_MIN_SIZE);
	if (!f->out) {
		*values = calloc((size_t)count + 1, sizeof(**values));
		if (!*values) {
			f->error = -ENOMEM;
			count = 0;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		const char *text = (*values)[i];

		field_text(f, &text);
		/* execve(2)'s type: nobody writes through these pointers. */
		if (!f->out)
			(*values)[i] = (char *)(uintptr_t)text;
	}
	if (ret_count && !f->out)
		*ret_count = count;
}
