/* Likeness of names: optimal string alignment distance (insert, delete, replace, swap neighbours).
 *
 * Pure. Long words are compared by their first bytes only: what was typed is a client's, and the
 * table is on the stack.
 */
#include "broker/similar.h"

#include <string.h>

#define MOST 64

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned distance(const char *a, const char *b)
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

void similar_sort(const char *typed, const char **names, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const char *name = names[i];
		unsigned far = distance(typed, name);
		size_t at = i;

		for (; at > 0 && distance(typed, names[at - 1]) > far; at--)
			names[at] = names[at - 1];
		names[at] = name;
	}
}
