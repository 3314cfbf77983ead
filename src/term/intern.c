/* What a cell names by a number: clusters, and extras (underline colour, hyperlink).
 *
 * Equal things have equal numbers, found by a hash table. Nobody counts the cells that use one: when
 * the table is full, those that no cell, pen or saved cursor uses are freed, and it grows only if
 * that frees less than half. Lines of the scrollback spell clusters out and count the extras they
 * hold. At INTERN_MAX new ones are refused, and so that a stream of them does not search all cells
 * each time, a number of them before room is looked for again: the character then stands without
 * its marks, the text without its link.
 */
#include <stdlib.h>
#include <string.h>

#include "term/internal.h"

static uint32_t hash(const void *data, size_t n)
{
	const uint8_t *byte = data;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ byte[i]) * 16777619u;
	return h ^ h >> 15;
}

static uint8_t *entry(const struct intern *in, uint32_t number)
{
	return in->entries + (size_t)number * in->entry_size;
}

static uint32_t *find(const struct intern *in, const void *key)
{
	uint32_t mask = in->capacity * 2 - 1;
	uint32_t at = hash(key, in->key_size) & mask;

	while (in->slots[at] && memcmp(entry(in, in->slots[at]), key, in->key_size) != 0)
		at = (at + 1) & mask;
	return &in->slots[at];
}

/* Marks what the screens, pens and saved cursors use. */
static void mark_used(struct term *t)
{
	uint8_t *clusters = t->clusters.marks, *extras = t->extras.marks;

	for (unsigned s = 0; s < 2; s++) {
		const struct screen *screen = &t->screens[s];
		for (unsigned r = 0; r < t->rows; r++) {
			const struct cell *cells = row_cells(t, screen, r);
			if (screen->rows[r].plain)
				continue;
			for (unsigned c = 0; c < screen->rows[r].used; c++) {
				if (clusters && (cells[c].attr & CELL_CLUSTER))
					clusters[cells[c].text] = 1;
				if (extras)
					extras[cells[c].attr >> ATTR_EXTRA_SHIFT] = 1;
			}
		}
		if (extras)
			extras[screen->saved.pen.attr >> ATTR_EXTRA_SHIFT] = 1;
	}
	for (unsigned c = 0; c < t->columns; c++) {
		if (clusters && (t->unpacked[c].attr & CELL_CLUSTER))
			clusters[t->unpacked[c].text] = 1;
	}
	if (extras) {
		extras[t->pen.attr >> ATTR_EXTRA_SHIFT] = 1;
		for (uint32_t i = 1; i <= t->extras.count; i++) {
			if (((const struct extra *)(const void *)entry(&t->extras, i))->held)
				extras[i] = 1;
		}
	}
}

/* Frees what is not used; how many are free then. Numbers in use do not change. */
static uint32_t collect(struct term *t, struct intern *in)
{
	uint32_t free_number = 0, freed = 0;

	memset(in->marks, 0, in->capacity + 1);
	mark_used(t);
	memset(in->slots, 0, (size_t)in->capacity * 2 * sizeof *in->slots);
	for (uint32_t i = in->count; i > 0; i--) {
		if (in->marks[i]) {
			*find(in, entry(in, i)) = i;
			continue;
		}
		/* The free ones are a list through their first word. */
		memset(entry(in, i), 0, in->entry_size);
		memcpy(entry(in, i), &free_number, sizeof free_number);
		free_number = i;
		freed++;
	}
	in->free_first = free_number;
	in->free_count = freed;
	return freed;
}

static bool enlarge(struct intern *in)
{
	uint32_t capacity = in->capacity ? in->capacity * 2 : 32;
	uint32_t *slots = calloc((size_t)capacity * 2, sizeof *slots);
	uint8_t *marks = calloc(capacity + 1, 1);
	uint8_t *entries = slots && marks
				   ? realloc(in->entries, (capacity + 1) * (size_t)in->entry_size)
				   : NULL;

	if (!entries) {
		free(slots);
		free(marks);
		return false;
	}
	if (!in->entries)
		memset(entries, 0, in->entry_size);
	/* Marked are those in use: all, or those that collect() found. */
	if (in->marks)
		memcpy(marks, in->marks, in->capacity + 1);
	free(in->slots);
	free(in->marks);
	in->entries = entries;
	in->slots = slots;
	in->marks = marks;
	in->capacity = capacity;
	for (uint32_t i = 1; i <= in->count; i++) {
		if (marks[i])
			*find(in, entry(in, i)) = i;
	}
	return true;
}

static uint32_t intern(struct term *t, struct intern *in, const void *key)
{
	uint32_t number;

	if (in->capacity > 0) {
		number = *find(in, key);
		if (number)
			return number;
	}
	if (in->refuse > 0) {
		in->refuse--;
		return 0;
	}
	if (in->free_count == 0 && in->count == in->capacity) {
		uint32_t freed = in->capacity ? collect(t, in) : 0;
		if (freed < in->capacity / 2 || in->capacity == 0) {
			if (in->capacity < INTERN_MAX)
				(void)enlarge(in);
			if (freed < in->capacity / 8 && in->count == in->capacity)
				in->refuse = INTERN_MAX;
		}
	}
	if (in->free_count > 0) {
		number = in->free_first;
		memcpy(&in->free_first, entry(in, number), sizeof in->free_first);
		in->free_count--;
	} else if (in->count < in->capacity) {
		number = ++in->count;
	} else {
		return 0;
	}
	memset(entry(in, number), 0, in->entry_size);
	memcpy(entry(in, number), key, in->key_size);
	in->marks[number] = 1;
	*find(in, key) = number;
	return number;
}

uint32_t cluster_intern(struct term *t, const uint32_t *cp, size_t n)
{
	struct cluster key = {.n = (uint32_t)n};

	memcpy(key.cp, cp, n * sizeof *cp);
	return intern(t, &t->clusters, &key);
}

const uint32_t *cell_text(const struct term *t, const struct cell *cell, size_t *ret_n)
{
	if (cell->attr & CELL_CLUSTER) {
		const struct cluster *cluster = cluster_get(t, cell->text);
		*ret_n = cluster->n;
		return cluster->cp;
	}
	*ret_n = cell->text != 0;
	return &cell->text;
}

uint32_t extra_intern(struct term *t, uint32_t underline, uint32_t link)
{
	struct extra key = {.underline = underline, .link = link};

	return underline || link ? intern(t, &t->extras, &key) : 0;
}

struct extra *extra_get(const struct term *t, uint32_t attr)
{
	uint32_t number = attr >> ATTR_EXTRA_SHIFT;

	return number ? (struct extra *)(void *)entry(&t->extras, number) : NULL;
}

const struct link *link_get(const struct term *t, uint32_t attr)
{
	const struct extra *extra = extra_get(t, attr);

	return extra && extra->link ? &t->links[extra->link - 1] : NULL;
}

/* Frees the links that no extra names. */
static void collect_links(struct term *t)
{
	bool used[LINKS_MAX] = {false};

	if (t->extras.capacity > 0)
		(void)collect(t, &t->extras);
	for (uint32_t i = 1; i <= t->extras.count; i++) {
		const struct extra *extra = (const void *)entry(&t->extras, i);
		if (t->extras.marks[i] && extra->link)
			used[extra->link - 1] = true;
	}
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		if (used[i] || !t->links[i].id)
			continue;
		t->links_bytes -= t->links[i].bytes;
		free(t->links[i].id);
		t->links[i] = (struct link){0};
	}
}

/* A place for a link of that size: the number of one that is free, or LINKS_MAX. */
static unsigned link_room(struct term *t, size_t bytes)
{
	for (unsigned attempt = 0; attempt < 2; attempt++) {
		unsigned i = 0;
		while (i < LINKS_MAX && t->links[i].id)
			i++;
		if (i < LINKS_MAX && t->links_bytes + bytes <= LINKS_MAX_BYTES)
			return i;
		if (t->links_refuse > 0) {
			t->links_refuse--;
			return LINKS_MAX;
		}
		if (attempt == 0)
			collect_links(t);
	}
	t->links_refuse = LINKS_MAX;
	return LINKS_MAX;
}

uint32_t link_intern(struct term *t, const char *id, size_t id_length, const char *uri,
		     size_t uri_length)
{
	size_t bytes = id_length + uri_length + 2;

	if (id_length + uri_length > LINK_MAX)
		return 0;
	if (!t->links) {
		t->links = calloc(LINKS_MAX, sizeof *t->links);
		if (!t->links)
			return 0;
	}
	for (unsigned i = 0; i < LINKS_MAX; i++) {
		const struct link *link = &t->links[i];
		if (link->bytes == bytes && strlen(link->id) == id_length &&
		    memcmp(link->id, id, id_length) == 0 && memcmp(link->uri, uri, uri_length) == 0)
			return i + 1;
	}
	unsigned i = link_room(t, bytes);
	char *text = i < LINKS_MAX ? malloc(bytes) : NULL;
	if (!text)
		return 0;
	memcpy(text, id, id_length);
	text[id_length] = 0;
	memcpy(text + id_length + 1, uri, uri_length);
	text[bytes - 1] = 0;
	t->links[i] = (struct link){text, text + id_length + 1, (uint32_t)bytes};
	t->links_bytes += bytes;
	return i + 1;
}

void intern_init(struct term *t)
{
	t->clusters.entry_size = t->clusters.key_size = sizeof(struct cluster);
	t->extras.entry_size = sizeof(struct extra);
	t->extras.key_size = offsetof(struct extra, held);
}

static void tables_free(struct intern *in)
{
	free(in->entries);
	free(in->marks);
	free(in->slots);
}

void intern_free(struct term *t)
{
	tables_free(&t->clusters);
	tables_free(&t->extras);
	for (unsigned i = 0; t->links && i < LINKS_MAX; i++)
		free(t->links[i].id);
	free(t->links);
}
