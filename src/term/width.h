/* How many columns a code point takes, and whether it continues the grapheme cluster before it
 * (UAX #11, UAX #29; the Unicode version is that of width-table.h). */
#ifndef AAAU_TERM_WIDTH_H
#define AAAU_TERM_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum grapheme_class {
	GRAPHEME_OTHER,
	GRAPHEME_EXTEND,
	GRAPHEME_ZWJ,
	GRAPHEME_PREPEND,
	GRAPHEME_SPACING,
	GRAPHEME_L,
	GRAPHEME_V,
	GRAPHEME_T,
	GRAPHEME_LV,
	GRAPHEME_LVT,
	GRAPHEME_RI,
	GRAPHEME_CONTROL,
};

/* Bits 0-1 columns, bits 2-5 the class, bit 6 Extended_Pictographic. */
typedef uint8_t width_properties;

width_properties width_lookup(uint32_t cp);
static inline unsigned width_columns(width_properties p)
{
	return p & 3;
}

/* Does cp belong to the cluster that already holds these code points? Legacy rule of mode 2027:
 * extended grapheme clusters. */
bool width_joins(const uint32_t *cluster, size_t n, uint32_t cp);

/* Columns of a cluster under mode 2027: the widest of its code points, a pair of regional
 * indicators or an emoji presentation selector make two. */
unsigned width_of_cluster(const uint32_t *cluster, size_t n);

#endif
