/* How unlike two names are, for "did you mean". */
#ifndef AAAU_UTIL_SIMILAR_H
#define AAAU_UTIL_SIMILAR_H

/* The least number of insertions, deletions, replacements and swaps of neighbours that make one of
 * the other. Only the first 64 bytes of each count. */
unsigned similar_distance(const char *a, const char *b);

#endif
