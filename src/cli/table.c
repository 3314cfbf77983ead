/* Text in columns.
 *
 * Widths are counted without a locale (the client loads none): wide and combining characters by
 * the ranges that matter, everything else as one column.
 */
#include "cli/table.h"

#include <inttypes.h>
#include <string.h>

/* The code point at *text, which moves on; valid UTF-8. */
static uint32_t next_character(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	unsigned more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : *at >= 0xc0 ? 1 : 0;
	uint32_t c = more ? *at & (0x3fU >> more) : *at;

	at++;
	for (; more && (*at & 0xc0) == 0x80; more--)
		c = c << 6 | (*at++ & 0x3f);
	*text = (const char *)at;
	return c;
}

/* Unicode's East Asian Width W and F, and what takes no column, by blocks. */
static unsigned character_width(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		unsigned width;
	} ranges[] = {
		{0x300, 0x36f, 0},     {0x1100, 0x115f, 2},   {0x200b, 0x200f, 0},
		{0x20d0, 0x20ff, 0},   {0x2e80, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},
		{0xf900, 0xfaff, 2},   {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2},
		{0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1f64f, 2},
		{0x1f900, 0x1f9ff, 2}, {0x20000, 0x3fffd, 2},
	};

	for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return ranges[i].width;
	return 1;
}

unsigned table_width(const char *text)
{
	unsigned width = 0;

	while (*text)
		width += character_width(next_character(&text));
	return width;
}

/* The text, or as much of it as leaves room for an ellipsis. */
static void put_cut(struct str *out, const char *text, unsigned room)
{
	const char *at = text;
	unsigned width = 0;

	if (table_width(text) <= room) {
		str_append_text(out, text);
		return;
	}
	if (!room)
		return;
	for (;;) {
		const char *next = at;
		width += character_width(next_character(&next));
		if (width + 1 > room)
			break;
		at = next;
	}
	str_append(out, text, (size_t)(at - text));
	str_append_text(out, "\342\200\246");
}

static void measure(const char *const *cells, unsigned rows, unsigned columns, unsigned *ret)
{
	memset(ret, 0, columns * sizeof(*ret));
	for (unsigned i = 0; i < rows * columns; i++) {
		unsigned width = table_width(cells[i]);
		if (width > ret[i % columns])
			ret[i % columns] = width;
	}
}

void table_put(struct str *out, const char *const *cells, unsigned rows, unsigned columns,
	       unsigned max_width)
{
	unsigned widths[TABLE_MAX_COLUMNS];

	measure(cells, rows, columns, widths);
	for (unsigned row = 0; row < rows; row++, cells += columns) {
		unsigned at = 0;
		for (unsigned column = 0; column + 1 < columns; column++) {
			str_append_text(out, cells[column]);
			for (unsigned w = table_width(cells[column]); w < widths[column] + 2; w++)
				str_append_byte(out, ' ');
			at += widths[column] + 2;
		}
		if (max_width)
			put_cut(out, cells[columns - 1], max_width > at ? max_width - at : 0);
		else
			str_append_text(out, cells[columns - 1]);
		while (out->length && out->data[out->length - 1] == ' ')
			out->length--;
		str_append_byte(out, '\n');
	}
}

void table_put_duration(struct str *out, uint64_t seconds)
{
	if (seconds < 60)
		str_append_format(out, "%" PRIu64 "s", seconds);
	else if (seconds < 3600)
		str_append_format(out, "%" PRIu64 "m", seconds / 60);
	else if (seconds < 86400)
		str_append_format(out, "%" PRIu64 "h", seconds / 3600);
	else
		str_append_format(out, "%" PRIu64 "d", seconds / 86400);
}

void table_put_bytes(struct str *out, uint64_t bytes)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	unsigned unit = 0;

	if (bytes < 1024) {
		str_append_format(out, "%" PRIu64 " B", bytes);
		return;
	}
	while (value >= 1023.95 && unit < 5) {
		value /= 1024;
		unit++;
	}
	str_append_format(out, "%.1f %s", value, units[unit]);
}
