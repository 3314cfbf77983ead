/* The window's title and its stack (CSI 22 t, CSI 23 t). The icon's name is not kept.
 *
 * A title is what a program says, so it is made harmless when it is set: valid UTF-8, no control
 * characters of either kind, at most TITLE_MAX bytes. NULL is "". Without memory it becomes that.
 */
#include <stdlib.h>
#include <string.h>

#include "term/internal.h"
#include "util/utf8.h"

void title_set(struct term *t, const char *text, size_t n)
{
	char *title = n ? malloc((n < TITLE_MAX ? n : TITLE_MAX) + 1) : NULL;
	size_t length = 0;

	for (size_t i = 0; title && i < n;) {
		size_t sequence = utf8_sequence(text + i, n - i);
		const uint8_t *byte = (const uint8_t *)text + i;
		bool control = sequence == 0 || byte[0] < 0x20 || byte[0] == 0x7f ||
			       (byte[0] == 0xc2 && byte[1] < 0xa0);
		if (!control) {
			if (length + sequence > TITLE_MAX)
				break;
			memcpy(title + length, text + i, sequence);
			length += sequence;
		}
		i += sequence ? sequence : 1;
	}
	if (title && length == 0) {
		free(title);
		title = NULL;
	}
	if (title)
		title[length] = 0;
	free(t->title);
	t->title = title;
}

void title_push(struct term *t)
{
	if (t->n_titles == TITLE_STACK) {
		free(t->titles[0]);
		memmove(t->titles, t->titles + 1, (TITLE_STACK - 1) * sizeof *t->titles);
		t->n_titles--;
	}
	t->titles[t->n_titles++] = t->title ? strdup(t->title) : NULL;
}

void title_pop(struct term *t)
{
	if (t->n_titles == 0)
		return;
	free(t->title);
	t->title = t->titles[--t->n_titles];
}

void titles_free(struct term *t)
{
	free(t->title);
	while (t->n_titles > 0)
		free(t->titles[--t->n_titles]);
}
