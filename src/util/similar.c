/* Likeness of names: optimal string alignment distance.
 *
 * Pure, owns nothing, cannot fail. Long words are compared by their first bytes only: what was
 * typed may be a stranger's, and the table is on the stack.
 */
#include "util/similar.h"

#include <string.h>

#define MOST 64

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned similar_distance(const char *a, const char *b)
{
	unsigned rows[MOST + 1][MOST + 1];
	size_t n = strnlen(a, MOST), m = strnlen(b, MOST);

	for (size_t i = 0; i <= n; i++)
		rows[i][0] = (unsigned)i;
	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			unsigned cost = a[i - 1] != b[j - 1];
			unsigned best = least(rows[i - 1][j] + 1, rows[i][j - 1] + 1);

			best = least(best, rows[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = least(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	}
	return rows[n][m];
}
