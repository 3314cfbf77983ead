/* JSON text.
 *
 * Owns nothing: it appends to the caller's string, and an error sticks there. Strings come from
 * agents and clients and are trusted in nothing; keys are our own constants.
 *
 * Text is escaped into a small buffer on the stack and appended from there: that copy stays in the
 * first-level cache, and the string grows by what is needed, not by the six bytes that any byte
 * might become. Runs of ordinary ASCII are found and moved sixteen bytes at a time.
 */
#include "util/json-write.h"

#include <endian.h>
#include <string.h>

#include "util/utf8.h"

#define CHUNK_SIZE 512
#define ESCAPE_MAX 6 /* "\u001b" */

/* What stands for each ASCII byte that is escaped; length 0 for those that stand for themselves. */
struct escape {
	char text[7];
	uint8_t length;
};

#define U(code)                 \
	{                       \
		"\\u00" code, 6 \
	}
#define S(letter)              \
	{                      \
		"\\" letter, 2 \
	}
static const struct escape escapes[128] = {
	U("00"), U("01"), U("02"), U("03"), U("04"),         U("05"),          U("06"),
	U("07"), S("b"),  S("t"),  S("n"),  U("0b"),         S("f"),           S("r"),
	U("0e"), U("0f"), U("10"), U("11"), U("12"),         U("13"),          U("14"),
	U("15"), U("16"), U("17"), U("18"), U("19"),         U("1a"),          U("1b"),
	U("1c"), U("1d"), U("1e"), U("1f"), ['"'] = S("\""), ['\\'] = S("\\"), [0x7f] = U("7f"),
};
#undef U
#undef S

/* The compiler's own vectors: one instruction or a few for sixteen bytes, wherever we run. */
#define BLOCK_SIZE 16
typedef signed char block __attribute__((vector_size(BLOCK_SIZE)));
typedef uint64_t pair __attribute__((vector_size(BLOCK_SIZE)));

/* How many of the sixteen bytes at `in` stand for themselves before one does not. */
static inline size_t plain_run(const char *in)
{
	block bytes;

	memcpy(&bytes, in, sizeof bytes);
	/* Signed: what is not ASCII is below a blank as well, and is looked at one by one. */
	block special = (bytes < ' ') | (bytes == '"') | (bytes == '\\') | (bytes == 0x7f);
	pair halves = (pair)special;
	if (halves[0])
		return (size_t)__builtin_ctzll(le64toh(halves[0])) / 8;
	if (halves[1])
		return 8 + (size_t)__builtin_ctzll(le64toh(halves[1])) / 8;
	return BLOCK_SIZE;
}

/* Writes what stands for the one character at `in` and says how many bytes that was, in *read.
 * Returns where the output ends. */
static inline char *escape_one(char *out, const char *in, size_t n, size_t *read, bool *replaced)
{
	uint8_t byte = (uint8_t)*in;

	*read = 1;
	if (byte < 0x80) {
		const struct escape *escape = &escapes[byte];
		if (escape->length == 0) {
			*out = (char)byte;
			return out + 1;
		}
		memcpy(out, escape->text, ESCAPE_MAX);
		return out + escape->length;
	}
	size_t length = utf8_sequence(in, n);
	if (length == 0) {
		memcpy(out, "\xef\xbf\xbd", 3); /* U+FFFD */
		*replaced = true;
		return out + 3;
	}
	for (size_t i = 0; i < length; i++)
		out[i] = in[i];
	*read = length;
	return out + length;
}

/* Escapes bytes of [*data, end) into out while it has room for any next step, and advances *data.
 * Returns where the output ends; sets *replaced if an invalid byte was met. This loop sees every
 * byte that any terminal shows. Not inlined: where the compiler knows the buffer's size,
 * _FORTIFY_SOURCE=3 calls a checking memcpy for each block, which takes 2.5 times as long. */
__attribute__((noinline)) static char *escape_chunk(char *out, const char *out_end,
						    const char **data, const char *end,
						    bool *replaced)
{
	const char *in = *data;
	const char *last_start = out_end - BLOCK_SIZE - ESCAPE_MAX - 1; /* and a closing quote */

	while (in < end && out <= last_start) {
		if (end - in >= BLOCK_SIZE) {
			size_t plain = plain_run(in);
			memcpy(out, in, BLOCK_SIZE);
			in += plain;
			out += plain;
			if (plain == BLOCK_SIZE)
				continue;
		}
		size_t read;
		/* What is special seldom comes alone, and the vectors do not help with it. */
		do {
			out = escape_one(out, in, (size_t)(end - in), &read, replaced);
			in += read;
		} while (in < end && (uint8_t)*in >= 0x80 && out <= last_start);
	}
	*data = in;
	return out;
}

bool json_append_lossy_string(struct str *out, const char *data, size_t n)
{
	char chunk[CHUNK_SIZE];
	char *at = chunk;
	const char *end = n > 0 ? data + n : data;
	bool replaced = false;

	*at++ = '"';
	while (data < end) {
		at = escape_chunk(at, chunk + sizeof chunk, &data, end, &replaced);
		if (data < end) {
			str_append(out, chunk, (size_t)(at - chunk));
			at = chunk;
		}
	}
	*at++ = '"';
	str_append(out, chunk, (size_t)(at - chunk));
	return replaced;
}

void json_append_string(struct str *out, const char *data, size_t n)
{
	/* Valid input comes out the same, at the same speed. */
	json_append_lossy_string(out, data, n);
}

void json_append_key(struct str *out, const char *key)
{
	if (out->length > 0 && out->data[out->length - 1] != '{')
		str_append_byte(out, ',');
	json_append_string(out, key, strlen(key));
	str_append_byte(out, ':');
}

void json_append_text_member(struct str *out, const char *key, const char *text)
{
	json_append_key(out, key);
	json_append_lossy_string(out, text, strlen(text));
}

void json_append_u64_member(struct str *out, const char *key, uint64_t value)
{
	json_append_key(out, key);
	str_append_u64(out, value);
}

void json_append_bool_member(struct str *out, const char *key, bool value)
{
	json_append_key(out, key);
	str_append_text(out, value ? "true" : "false");
}

void json_append_base64(struct str *out, const void *data, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *in = data;

	if (n > SIZE_MAX / 2) {
		/* No such object exists; the sum below must not wrap all the same. */
		str_reserve(out, SIZE_MAX);
		return;
	}
	size_t length = (n + 2) / 3 * 4 + 2;
	char *at = str_reserve(out, length);
	if (!at)
		return;
	*at++ = '"';
	for (; n >= 3; n -= 3, in += 3) {
		uint32_t three = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		*at++ = digits[three >> 18];
		*at++ = digits[three >> 12 & 63];
		*at++ = digits[three >> 6 & 63];
		*at++ = digits[three & 63];
	}
	if (n > 0) {
		uint32_t three = (uint32_t)in[0] << 16 | (n > 1 ? (uint32_t)in[1] << 8 : 0);
		*at++ = digits[three >> 18];
		*at++ = digits[three >> 12 & 63];
		*at++ = n > 1 ? digits[three >> 6 & 63] : '=';
		*at++ = '=';
	}
	*at++ = '"';
	*at = '\0';
	out->length += length;
}
