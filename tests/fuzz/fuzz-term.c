/* The terminal model: any bytes, cut anywhere, with resizes between, leave the same state; and a
 * snapshot of it, fed to a fresh model, gives an equal model with an equal snapshot, which stays equal
 * when both are fed what follows.
 *
 * The first four bytes are rows, columns, scrollback and a seed for the cuts. In the rest, FE FF with
 * two bytes after it is a resize; these never are UTF-8. */
#include <string.h>

#include "fuzz.h"
#include "term/term.h"

static const struct term_snapshot all = {.scrollback = TERM_MAX_SCROLLBACK};

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static unsigned size_of(uint8_t byte, unsigned most)
{
	return 2 + byte % most;
}

static void show(const char *name, const struct str *text)
{
	fprintf(stderr, "%s: ", name);
	for (size_t i = 0; i < text->length; i++) {
		unsigned char c = (unsigned char)text->data[i];
		fprintf(stderr, c < 0x20 || c > 0x7e ? "\\x%02x" : "%c", c);
	}
	fprintf(stderr, "\n");
}

static void check_same_text(const struct str *a, const struct str *b, const char *what)
{
	if (a->length == b->length && (a->length == 0 || memcmp(a->data, b->data, a->length) == 0))
		return;
	show("one", a);
	show("two", b);
	fprintf(stderr, "differ: %s\n", what);
	abort();
}

static void check_same(struct term *a, struct term *b, const char *what)
{
	cleanup_str struct str one = {0}, two = {0};
	struct term_cursor x = term_cursor(a), y = term_cursor(b);

	term_snapshot(a, &one, &all);
	term_snapshot(b, &two, &all);
	MUST(!str_error(&one) && !str_error(&two));
	check_same_text(&one, &two, what);
	MUST(x.row == y.row && x.column == y.column && x.pending_wrap == y.pending_wrap);
	MUST(term_scrollback(a) == term_scrollback(b));
	int oldest = -(int)term_scrollback(a);
	for (int row = oldest; row < (int)term_rows(a); row++) {
		for (unsigned column = 0; column < term_columns(a); column++) {
			struct term_cell cell, other;
			MUST(term_cell(a, row, column, &cell) && term_cell(b, row, column, &other));
			MUST((cell.link == NULL) == (other.link == NULL));
			MUST(!cell.link || strcmp(cell.link, other.link) == 0);
			cell.link = other.link = NULL;
			MUST(strcmp(cell.text, other.text) == 0 && cell.width == other.width);
			MUST(cell.attributes == other.attributes &&
			     cell.underline == other.underline &&
			     cell.foreground == other.foreground &&
			     cell.background == other.background &&
			     cell.underline_colour == other.underline_colour);
		}
	}
}

/* A copy of a model, by way of its snapshot. */
static struct term *copy(struct term *term, unsigned scrollback)
{
	cleanup_str struct str snapshot = {0};
	struct term *other = term_new(term_rows(term), term_columns(term), scrollback);

	MUST(other);
	term_snapshot(term, &snapshot, &all);
	MUST(!str_error(&snapshot));
	if (snapshot.length > 0)
		term_feed(other, snapshot.data, snapshot.length);
	return other;
}

static size_t resize_at(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 3 < size; i++) {
		if (data[i] == 0xfe && data[i + 1] == 0xff)
			return i;
	}
	return size;
}

static void check_view(struct term *term, uint32_t *seed)
{
	cleanup_str struct str view = {0};
	unsigned rows = 1 + next(seed) % 30, columns = 2 + next(seed) % 90;
	const struct term_snapshot options = {.rows = rows, .columns = columns};
	cleanup_term struct term *other = term_new(rows, columns, 10);

	term_snapshot(term, &view, &options);
	if (view.length > 0)
		term_feed(other, view.data, view.length);
	/* Nothing scrolls. */
	if (rows != term_rows(term) || columns != term_columns(term))
		MUST(term_scrollback(other) == 0);
	str_clear(&view);
	term_leave(term, &view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4)
		return 0;
	unsigned scrollback = data[2] % 32;
	uint32_t seed = data[3];
	cleanup_term struct term *whole =
		term_new(size_of(data[0], 12), size_of(data[1], 24), scrollback);
	cleanup_term struct term *cut =
		term_new(size_of(data[0], 12), size_of(data[1], 24), scrollback);

	MUST(whole && cut);
	data += 4;
	size -= 4;
	while (size > 0) {
		size_t n = resize_at(data, size);
		size_t half = n / 2;

		term_feed(whole, data, half);
		for (size_t at = 0; at < half;) {
			size_t piece = 1 + next(&seed) % 7;
			if (piece > half - at)
				piece = half - at;
			term_feed(cut, data + at, piece);
			at += piece;
		}
		check_same(whole, cut, "cut into pieces");
		cleanup_term struct term *joiner = copy(whole, scrollback);
		check_same(whole, joiner, "snapshot");
		term_feed(whole, data + half, n - half);
		term_feed(cut, data + half, n - half);
		term_feed(joiner, data + half, n - half);
		check_same(whole, cut, "cut once");
		check_same(whole, joiner, "snapshot, then live");
		check_view(whole, &seed);
		data += n;
		size -= n;
		if (size >= 4) {
			unsigned rows = size_of(data[2], 12), columns = size_of(data[3], 24);
			MUST(term_resize(whole, rows, columns) == 0);
			MUST(term_resize(cut, rows, columns) == 0);
			check_same(whole, cut, "resized");
			data += 4;
			size -= 4;
		}
		MUST(term_take_replies(whole, NULL) <= TERM_MAX_REPLIES);
		MUST(term_take_replies(cut, NULL) <= TERM_MAX_REPLIES);
	}
	return 0;
}
