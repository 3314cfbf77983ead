/* Columns and grapheme clusters.
 *
 * Two ways of counting live side by side, because programs and terminals do. By default every code
 * point stands for itself, as wcwidth(3) has it: zero columns for marks and formats, which join the
 * cell before them, two for East Asian wide and fullwidth and for emoji with emoji presentation,
 * one for the rest, ambiguous ones included. Under mode 2027 a grapheme cluster (UAX #29) is one
 * cell of the width of its widest member. Rule GB11 needs no look beyond the cell: what precedes a
 * cluster cannot be part of it. Owns nothing, trusts nothing: any 32-bit number is answered.
 */
#include "term/width.h"

#include "term/width-table.h"

#define PICTOGRAPHIC 0x40
#define NARROW 1
#define WIDE 2

width_properties width_lookup(uint32_t cp)
{
	if (cp >= WIDTH_TABLE_END) {
		if ((cp >= 0x20000 && cp <= 0x2fffd) || (cp >= 0x30000 && cp <= 0x3fffd))
			return WIDE;
		/* Variation selectors and tags; the unassigned between them are to be ignored too. */
		if (cp >= 0xe0000 && cp <= 0xe0fff)
			return (cp >= 0xe0020 && cp <= 0xe007f) || (cp >= 0xe0100 && cp <= 0xe01ef)
				       ? GRAPHEME_EXTEND << 2
				       : GRAPHEME_CONTROL << 2;
		return NARROW;
	}
	/* The CJK ideographs and line drawing are one run each: no search. */
	if (cp >= 0x4e00 && cp <= 0x9fff)
		return WIDE;
	if (cp >= 0x2500 && cp <= 0x259f)
		return NARROW;
	unsigned low = width_pages[cp >> 8], high = width_pages[(cp >> 8) + 1];
	unsigned key = (cp & 0xff) << 8 | 0xff;
	while (high - low > 1) {
		unsigned middle = (low + high) / 2;
		if (width_runs[middle] <= key)
			low = middle;
		else
			high = middle;
	}
	return (width_properties)width_runs[low];
}

static enum grapheme_class class_of(width_properties p)
{
	return (enum grapheme_class)(p >> 2 & 0xf);
}

/* GB9, GB9a, GB9b, GB6-GB8, GB11, GB12-13. */
bool width_joins(const uint32_t *cluster, size_t n, uint32_t cp)
{
	width_properties next = width_lookup(cp), last = width_lookup(cluster[n - 1]);
	enum grapheme_class after = class_of(next), before = class_of(last);

	switch (after) {
	case GRAPHEME_EXTEND:
	case GRAPHEME_ZWJ:
	case GRAPHEME_SPACING: return true;
	case GRAPHEME_CONTROL: return false;
	case GRAPHEME_L:
	case GRAPHEME_LV:
	case GRAPHEME_LVT:
		if (before == GRAPHEME_L)
			return true;
		break;
	case GRAPHEME_V:
		if (before == GRAPHEME_L || before == GRAPHEME_V || before == GRAPHEME_LV)
			return true;
		break;
	case GRAPHEME_T:
		if (before == GRAPHEME_V || before == GRAPHEME_T || before == GRAPHEME_LV ||
		    before == GRAPHEME_LVT)
			return true;
		break;
	case GRAPHEME_RI:
		/* The second of a pair, never the third. */
		return n == 1 && before == GRAPHEME_RI;
	default: break;
	}
	if (before == GRAPHEME_PREPEND)
		return true;
	if (before != GRAPHEME_ZWJ || !(next & PICTOGRAPHIC))
		return false;
	size_t i = n - 1;
	while (i > 0 && class_of(width_lookup(cluster[i - 1])) == GRAPHEME_EXTEND)
		i--;
	return i > 0 && (width_lookup(cluster[i - 1]) & PICTOGRAPHIC);
}

unsigned width_of_cluster(const uint32_t *cluster, size_t n)
{
	unsigned columns = 0;

	for (size_t i = 0; i < n; i++) {
		width_properties p = width_lookup(cluster[i]);
		if (width_columns(p) > columns)
			columns = width_columns(p);
		if (i == 0)
			continue;
		if (class_of(p) == GRAPHEME_RI)
			columns = 2;
		/* VS16 asks for the emoji form of what has one. */
		uint32_t base = cluster[i - 1];
		if (cluster[i] == 0xfe0f && ((width_lookup(base) & PICTOGRAPHIC) || base == '#' ||
					     base == '*' || (base >= '0' && base <= '9')))
			columns = 2;
	}
	return columns;
}
