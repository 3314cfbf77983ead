/* Which of some names was probably meant. */
#ifndef AAAU_BROKER_SIMILAR_H
#define AAAU_BROKER_SIMILAR_H

#include <stddef.h>

/* Sorts the names by their likeness to what was typed, the most alike first; equals keep their
 * order. */
void similar_sort(const char *typed, const char **names, size_t count);

#endif
