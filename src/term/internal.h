/* The model's own structures, shared by the files of this folder. Nobody else includes this.
 *
 * A cell is 16 bytes and holds its colours and attributes itself. What seldom occurs is interned and
 * named by a number: clusters of several code points (text), underline colour and hyperlink (the
 * upper half of attr). Rows are numbers into one block of cells, so that scrolling moves eight bytes
 * a row.
 */
#ifndef AAAU_TERM_INTERNAL_H
#define AAAU_TERM_INTERNAL_H

#include "term/term.h"
#include "term/width.h"

/* attr: the bits of enum term_attribute, then these. */
#define ATTR_UNDERLINE_SHIFT 9
#define ATTR_UNDERLINE (7u << ATTR_UNDERLINE_SHIFT)
#define CELL_WIDE (1u << 12)    /* left half of two columns */
#define CELL_TAIL (1u << 13)    /* right half; text 0 */
#define CELL_CLUSTER (1u << 14) /* text is a number of term->clusters */
#define CELL_SHAPE (CELL_WIDE | CELL_TAIL | CELL_CLUSTER)
#define ATTR_EXTRA_SHIFT 16 /* a number of term->extras, 0 none */

struct cell {
	uint32_t text; /* a code point; 0: erased, only background is set then */
	uint32_t foreground, background;
	uint32_t attr;
} __attribute__((aligned(16)));

/* What SGR, OSC 8 and DECSCA set up for characters to come. */
struct style {
	uint32_t foreground, background, attr;
};

struct row {
	uint32_t index; /* of the row's cells, in rows of the screen's block */
	uint16_t used;  /* cells from here on are all zero */
	bool wrapped;   /* goes on in the next row */
	bool plain;     /* ASCII in the default style: no cell has anything but text below 0x80 */
};

struct saved_cursor {
	struct style pen;
	uint16_t row, column;
	uint8_t charsets[4], gl;
	bool origin, pending;
};

#define KITTY_STACK 16

struct screen {
	struct cell *cells;
	struct row *rows;
	struct saved_cursor saved;
	uint8_t kitty[KITTY_STACK]; /* kitty[kitty_depth] is in force */
	uint8_t kitty_depth;
};

/* Things named by a number from 1 on, equal things by the same (intern.c). */
struct intern {
	uint8_t *entries, *marks;
	uint32_t *slots;
	uint32_t entry_size, key_size;
	uint32_t count, capacity; /* entries 1 to count were given out; marks: still in use */
	uint32_t free_first, free_count;
	uint32_t refuse; /* so many new ones are refused before room is looked for again */
};
#define INTERN_MAX 16384

struct cluster {
	uint32_t n;
	uint32_t cp[TERM_CLUSTER_MAX];
};

struct extra {
	uint32_t underline;
	uint32_t link; /* 1 + index into term->links, 0 none */
	uint32_t held; /* by lines of the scrollback; not part of the key */
};

#define LINKS_MAX 1024
#define LINKS_MAX_BYTES (256u * 1024)
#define LINK_MAX 2048
struct link {
	char *id, *uri; /* one allocation, at id */
	uint32_t bytes;
};

struct line; /* scrollback.c */
struct scrollback {
	struct line **lines; /* a ring; grows as it fills */
	uint32_t limit, capacity, first, count;
	size_t bytes, max_bytes;
	uint8_t *packed; /* room for one line of the terminal's width */
	unsigned packed_columns;
};

enum charset { CHARSET_ASCII, CHARSET_GRAPHICS, CHARSET_UK };

enum parser_state {
	STATE_GROUND,
	STATE_UTF8, /* ground, within a character */
	STATE_ESCAPE,
	STATE_ESCAPE_INTERMEDIATE,
	STATE_CSI_ENTRY,
	STATE_CSI_PARAMETER,
	STATE_CSI_INTERMEDIATE,
	STATE_CSI_IGNORE,
	STATE_OSC,
	STATE_DCS,
	STATE_STRING /* APC, PM, SOS */
};

#define PARAMETERS 32
#define STRING_MAX 8192 /* of an OSC or DCS that is looked at */

struct parser {
	enum parser_state state;
	uint8_t prefix, intermediate; /* 0 none, 0xff more than one intermediate */
	uint8_t utf8_length;
	uint8_t utf8[4];
	bool bell_ended;      /* the OSC, by BEL */
	bool string_overflow; /* beyond STRING_MAX: not looked at */
	bool string_c2;       /* the byte before was C2: 9C makes it ST */
	uint8_t n;            /* parameters */
	uint16_t parameters[PARAMETERS];
	uint32_t colons; /* bit i: parameter i was separated from the one before by ':' */
	struct str string;
	/* The bytes of a sequence that the last feed left unfinished; for the snapshot. */
	struct str unfinished;
	const uint8_t *begin; /* of the sequence, while feeding; NULL: in an earlier feed */
};

/* Modes that are one bit; modes.c has the table. */
enum mode {
	MODE_INSERT,
	MODE_NEWLINE,
	MODE_APP_CURSOR,
	MODE_REVERSE,
	MODE_ORIGIN,
	MODE_AUTOWRAP,
	MODE_REPEAT,
	MODE_BLINK,
	MODE_CURSOR,
	MODE_REVERSE_WRAP,
	MODE_APP_KEYPAD,
	MODE_BACKARROW,
	MODE_MARGINS,
	MODE_FOCUS,
	MODE_ALTERNATE_SCROLL,
	MODE_META_ESCAPE,
	MODE_ALT_ESCAPE,
	MODE_PASTE,
	MODE_SYNCHRONIZED,
	MODE_GRAPHEMES,
	MODE_COLOUR_SCHEME,
	MODE_SIZE_REPORTS,
};

#define TITLE_MAX 1024
#define TITLE_STACK 10
#define PALETTE 256

struct term {
	unsigned rows, columns;
	struct screen screens[2]; /* main, alternate */
	struct screen *screen;    /* the active one */

	/* The cursor: one for both screens. */
	unsigned row, column;
	bool pending;  /* the next character wraps first */
	bool joinable; /* the last thing that happened was a character; it is before the cursor */
	struct style pen;
	uint8_t charsets[4], gl, single_shift; /* 0, or 2 or 3 for the next character */
	unsigned top, bottom, left, right;     /* margins, inclusive */
	uint32_t modes;
	uint8_t cursor_style, modify_other_keys;
	enum term_mouse mouse;
	enum term_mouse_encoding mouse_encoding;
	uint8_t tabs[(TERM_MAX_COLUMNS + 7) / 8];

	char *title, *titles[TITLE_STACK]; /* NULL: "" */
	unsigned n_titles;
	uint32_t palette[PALETTE]; /* 0: unchanged, else TERM_COLOUR_RGB | … */
	uint32_t dynamic[3];       /* OSC 10, 11, 12, likewise */
	uint32_t dynamic_default[3];
	unsigned cell_width, cell_height;

	struct intern clusters, extras;
	struct link *links; /* LINKS_MAX of them, from the first link on */
	size_t links_bytes;
	uint32_t links_refuse;
	struct scrollback scrollback;
	struct str replies;
	struct parser parser;
	uint64_t bells, serial;

	/* A line of the scrollback unpacked, for reading cells. */
	struct cell *unpacked;
	int unpacked_row; /* 0: none */
	unsigned unpacked_used;
	bool unpacked_wrapped;
	uint64_t unpacked_serial;
};

static inline bool mode_on(const struct term *t, enum mode mode)
{
	return t->modes >> mode & 1;
}

static inline struct cell *row_cells(const struct term *t, const struct screen *s, unsigned row)
{
	return s->cells + (size_t)s->rows[row].index * t->columns;
}

static inline bool is_alternate(const struct term *t)
{
	return t->screen == &t->screens[1];
}

/* parser.c */
void parser_free(struct parser *p);
static inline unsigned parameter(const struct term *t, unsigned i, unsigned otherwise)
{
	const struct parser *p = &t->parser;
	return i < p->n && p->parameters[i] ? p->parameters[i] : otherwise;
}

/* A scalar value as UTF-8, at most 4 bytes; how many. */
static inline size_t utf8_put(char *to, uint32_t cp)
{
	if (cp < 0x80) {
		to[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = (char)(0xc0 | cp >> 6);
		to[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = (char)(0xe0 | cp >> 12);
		to[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		to[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | cp >> 18);
	to[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	to[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	to[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* print.c */
void print_ascii(struct term *t, const uint8_t *text, size_t n);
void print_code_point(struct term *t, uint32_t cp);
void print_repeat(struct term *t, unsigned n);
/* Column of the cell that a combining mark would join, or -1. */
int print_previous(const struct term *t);

/* screen.c: the active screen unless one is given */
void row_clear(struct term *t, struct screen *s, unsigned number, uint32_t background);
/* Erases columns [from, to) and the halves of wide characters that this cuts; keep_protected: not
 * those (DECSCA). */
void erase_cells(struct term *t, unsigned number, unsigned from, unsigned to, bool keep_protected);
void split_wide_slowly(struct term *t, unsigned row, unsigned column);
/* If column is the right half of a wide character, blanks both halves. */
static inline void split_wide(struct term *t, unsigned row, unsigned column)
{
	if (column > 0 && column < t->columns &&
	    (row_cells(t, t->screen, row)[column].attr & CELL_TAIL))
		split_wide_slowly(t, row, column);
}
void row_touch(struct row *row, unsigned end, bool plain);
void scroll_up(struct term *t, unsigned top, unsigned bottom, unsigned n);
void scroll_down(struct term *t, unsigned top, unsigned bottom, unsigned n);
/* Within [column, right margin]. */
void insert_cells(struct term *t, unsigned number, unsigned column, unsigned n);
void delete_cells(struct term *t, unsigned number, unsigned column, unsigned n);
void screen_fill(struct term *t, struct screen *s, uint32_t text);
bool screen_blank(const struct term *t, const struct screen *s);

/* cursor.c */
void cursor_set(struct term *t, unsigned row, unsigned column);
void cursor_address(struct term *t, unsigned row, unsigned column); /* from 0, origin mode */
bool cursor_index(struct term *t); /* down, scrolling; false if nothing moved */
void cursor_reverse_index(struct term *t);
void cursor_wrap(struct term *t);
void cursor_return(struct term *t);
void cursor_backspace(struct term *t);
void cursor_tab(struct term *t, unsigned n);
void cursor_back_tab(struct term *t, unsigned n);
void cursor_save(struct term *t);
void cursor_restore(struct term *t);
void saved_cursor_reset(struct saved_cursor *saved);
bool saved_cursor_is_default(const struct saved_cursor *saved);
void tabs_reset(struct term *t, unsigned from);

/* scrollback.c */
void scrollback_push(struct term *t, const struct row *row, const struct cell *cells);
bool scrollback_pop(struct term *t, struct cell *cells, struct row *row); /* the newest */
void scrollback_clear(struct term *t);
void scrollback_init(struct term *t, unsigned limit);
/* age 0 is the newest. Cells used, at most columns; to t->unpacked, whose clusters are kept. */
unsigned scrollback_unpack(struct term *t, unsigned age, struct cell *cells, unsigned columns,
			   bool *ret_wrapped);
/* ASCII in the default style: its bytes (0: erased), else NULL. */
const char *scrollback_plain(const struct term *t, unsigned age, unsigned *ret_n,
			     bool *ret_wrapped);

/* intern.c */
uint32_t cluster_intern(struct term *t, const uint32_t *cp, size_t n); /* 0: no room */
static inline const struct cluster *cluster_get(const struct term *t, uint32_t number)
{
	return (const struct cluster *)(const void *)(t->clusters.entries +
						      (size_t)number * t->clusters.entry_size);
}
/* The cell's code points; n is 0 for an erased one. */
const uint32_t *cell_text(const struct term *t, const struct cell *cell, size_t *ret_n);
uint32_t extra_intern(struct term *t, uint32_t underline, uint32_t link); /* 0: none, or no room */
struct extra *extra_get(const struct term *t, uint32_t attr);             /* NULL: none */
uint32_t link_intern(struct term *t, const char *id, size_t id_length, const char *uri,
		     size_t uri_length);
const struct link *link_get(const struct term *t, uint32_t attr); /* NULL: none */
void intern_init(struct term *t);
void intern_free(struct term *t);

/* sgr.c */
void sgr_apply(struct term *t);
/* The parameters that make exactly this style out of any: "0;1;38:2::1:2:3". */
void sgr_format(const struct term *t, struct str *out, const struct style *style);

/* modes.c */
void modes_reset(struct term *t);
void modes_change(struct term *t, bool private, bool on);
unsigned modes_query(const struct term *t, bool private, unsigned number); /* DECRQM's answer */
/* What sets the modes that differ from a fresh terminal's; and the opposite. Not the screen,
 * DECOM, IRM, DECLRMM and 2026, whose order matters. */
void modes_write(const struct term *t, struct str *out, bool input_modes);
void modes_leave(const struct term *t, struct str *out);
void screen_switch(struct term *t, bool alternate, bool clear);
void kitty_keyboard(struct term *t, uint8_t prefix);
void term_soft_reset(struct term *t);
void term_hard_reset(struct term *t);

/* csi.c, esc.c, osc.c, dcs.c */
void execute(struct term *t, uint8_t byte);
void csi_dispatch(struct term *t, uint8_t final);
void esc_dispatch(struct term *t, uint8_t final);
void osc_dispatch(struct term *t);
void dcs_dispatch(struct term *t);

/* title.c */
void title_set(struct term *t, const char *text, size_t n);
void title_push(struct term *t);
void title_pop(struct term *t);
void titles_free(struct term *t);

/* palette.c */
void palette_osc(struct term *t, unsigned number, const char *text);
void palette_write(const struct term *t, struct str *out);
void palette_leave(const struct term *t, struct str *out);

/* replies.c */
void reply(struct term *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reply_device_attributes(struct term *t, uint8_t prefix);
void reply_status(struct term *t, bool private);
void reply_mode(struct term *t, bool private);
void reply_window(struct term *t, unsigned what);
void reply_colour(struct term *t, const char *which, uint32_t colour);
void reply_capabilities(struct term *t, const char *names);
void reply_setting(struct term *t, const char *what);

/* snapshot-rows.c */
struct writer {
	struct term *term; /* lines of the scrollback are unpacked in it */
	struct str *out;
	struct style style; /* what the receiver has */
	bool graphemes;     /* mode 2027 is on there */
};
void write_style(struct writer *w, const struct style *style);
/* The cell's characters, no style; graphemes: mode 2027 is on in the receiver. */
void write_text(struct writer *w, const struct cell *cell, bool graphemes);
void write_row(struct writer *w, const struct cell *cells, unsigned used, unsigned limit);
/* The newest lines of the scrollback and then all rows of the screen, from the top left corner on. */
void write_screen(struct writer *w, const struct screen *s, unsigned scrollback);
void write_goto(struct writer *w, unsigned row, unsigned column);

#endif
