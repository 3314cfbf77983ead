/* Names by their likeness to what a client typed. Pure; the names stay the caller's. */
#include "broker/similar.h"

#include "util/similar.h"

void similar_sort(const char *typed, const char **names, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const char *name = names[i];
		unsigned far = similar_distance(typed, name);
		size_t at = i;

		for (; at > 0 && similar_distance(typed, names[at - 1]) > far; at--)
			names[at] = names[at - 1];
		names[at] = name;
	}
}
