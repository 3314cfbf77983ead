/* The terminal model: what an xterm-compatible terminal would show after the bytes it was fed.
 *
 * It reads no descriptor, knows no process and keeps no global state. Bytes go in by term_feed(),
 * in pieces of any size: the same bytes give the same state however they are cut. What it would
 * look like is asked cell by cell or taken as a snapshot: bytes that bring a freshly reset terminal
 * of the same size into the same state, so that whoever joins goes on with the live bytes as if it
 * had been there from the start. What the terminal would answer to queries is collected, for the
 * caller to deliver or to drop.
 *
 * Memory is bounded (docs/terminal-model.md has the sum). term_feed() cannot fail: when memory
 * cannot be had, what needed it (a line of scrollback, a combining mark, a title) is left out.
 */
#ifndef AAAU_TERM_TERM_H
#define AAAU_TERM_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

/* Sizes beyond these are taken as the nearest. */
#define TERM_MIN_COLUMNS 2
#define TERM_MAX_COLUMNS 2000
#define TERM_MAX_ROWS 1000
#define TERM_MAX_SCROLLBACK 1000000

struct term;

/* Both screens blank, the cursor at home, scrollback of so many lines. NULL: no memory. */
struct term *term_new(unsigned rows, unsigned columns, unsigned scrollback_lines);
void term_free(struct term *term); /* NULL is fine */
static inline void term_cleanup(struct term **term)
{
	term_free(*term);
}
#define cleanup_term __attribute__((cleanup(term_cleanup)))

void term_feed(struct term *term, const void *data, size_t n);

/* As xterm does it, without reflow: columns are cut or added at the right; rows that must go leave
 * blank rows below the cursor first, then the top goes into the scrollback, and comes back from
 * there when rows are added. Margins are reset. 0, or -ENOMEM and nothing has changed. */
int term_resize(struct term *term, unsigned rows, unsigned columns);

/* --- what is on it -------------------------------------------------------------------------- */

unsigned term_rows(const struct term *term);
unsigned term_columns(const struct term *term);
unsigned term_scrollback(const struct term *term); /* lines that are there now */

struct term_cursor {
	unsigned row, column; /* from 0 */
	bool visible;
	bool pending_wrap; /* the last column is written, the next character wraps */
	uint8_t style;     /* DECSCUSR's number, 0 to 6 */
};
struct term_cursor term_cursor(const struct term *term);

/* Valid UTF-8 without control characters, "" if none; until the next call with this term. */
const char *term_title(const struct term *term);

enum term_mouse {
	TERM_MOUSE_OFF,
	TERM_MOUSE_X10,
	TERM_MOUSE_NORMAL,
	TERM_MOUSE_BUTTON,
	TERM_MOUSE_ANY
};
enum term_mouse_encoding {
	TERM_MOUSE_DEFAULT,
	TERM_MOUSE_UTF8 = 5,
	TERM_MOUSE_SGR = 6,
	TERM_MOUSE_URXVT = 15,
	TERM_MOUSE_SGR_PIXELS = 16
};

struct term_modes {
	bool alternate_screen;
	bool application_cursor; /* DECCKM */
	bool application_keypad; /* DECKPAM */
	bool autowrap, origin, insert, newline, reverse_video;
	bool bracketed_paste;  /* 2004 */
	bool focus;            /* 1004 */
	bool alternate_scroll; /* 1007 */
	bool synchronized;     /* 2026 */
	bool graphemes;        /* 2027 */
	bool colour_scheme;    /* 2031 */
	bool size_reports;     /* 2048 */
	enum term_mouse mouse;
	enum term_mouse_encoding mouse_encoding;
	uint8_t kitty_keyboard;    /* flags of the active screen */
	uint8_t modify_other_keys; /* 0 to 2 */
};
struct term_modes term_modes(const struct term *term);
/* A DEC private mode by number: DECRQM's answer, 0 unknown, 1 set, 2 reset. */
unsigned term_private_mode(const struct term *term, unsigned mode);

enum term_attribute {
	TERM_BOLD = 1 << 0,
	TERM_DIM = 1 << 1,
	TERM_ITALIC = 1 << 2,
	TERM_BLINK = 1 << 3,
	TERM_INVERSE = 1 << 4,
	TERM_CONCEAL = 1 << 5,
	TERM_STRIKE = 1 << 6,
	TERM_OVERLINE = 1 << 7,
	TERM_PROTECTED = 1 << 8, /* DECSCA */
};

/* A colour: 0 the default, TERM_COLOUR_INDEXED | 0..255, TERM_COLOUR_RGB | 0xrrggbb. */
#define TERM_COLOUR_INDEXED 0x01000000u
#define TERM_COLOUR_RGB 0x02000000u
#define TERM_COLOUR_KIND 0x03000000u

#define TERM_CLUSTER_MAX 12 /* code points in a cell; marks beyond are dropped */

struct term_cell {
	char text[TERM_CLUSTER_MAX * 4 + 1]; /* "" where nothing was written since it was erased */
	uint8_t text_length;
	uint8_t width;     /* 1, 2, or 0 for the right half of the wide one before */
	uint8_t underline; /* 0 none, 1 single, 2 double, 3 curly, 4 dotted, 5 dashed */
	uint16_t attributes;
	uint32_t foreground, background, underline_colour;
	const char *link; /* OSC 8, or NULL; until the next call that feeds or frees */
};
/* Rows from 0 at the top of the screen; -1 is the newest line of the scrollback. False if there is
 * no such cell. */
bool term_cell(struct term *term, int row, unsigned column, struct term_cell *ret);

/* The row's characters without trailing blanks; UTF-8, erased cells as spaces. True if it goes on
 * in the next row (the terminal wrapped it). */
bool term_row_text(struct term *term, int row, struct str *out);

/* Bells since the beginning; and a number that changes whenever a feed may have changed anything
 * that is to be seen. */
uint64_t term_bells(const struct term *term);
uint64_t term_serial(const struct term *term);

/* --- snapshot ------------------------------------------------------------------------------- */

struct term_snapshot {
	unsigned scrollback; /* so many lines, the newest; more than there are is fine */
	/* The receiver's size; 0: the same as the model's. Where it differs, a view is written: the
	 * rows around the cursor and the columns from the left as far as they fit, the modes that
	 * concern the receiver's display, nothing of margins, tab stops, saved cursors and the other
	 * screen. It is right until the next byte, then another is due. */
	unsigned rows, columns;
	bool no_input_modes; /* leave out what changes what the receiver's keys and mouse send */
};
void term_snapshot(struct term *term, struct str *out, const struct term_snapshot *options);

/* What switches off, in a terminal that is in the model's state, whatever was switched on: keyboard,
 * mouse, paste, focus, screens, margins, character sets, colours. The cursor is left where the main
 * screen has it. */
void term_leave(const struct term *term, struct str *out);

/* --- answers -------------------------------------------------------------------------------- */

/* What the terminal would have written to the program since the last call: appended to out (NULL:
 * dropped) and forgotten. At most TERM_MAX_REPLIES bytes are kept; answers beyond are left out
 * whole. Number of bytes taken. */
#define TERM_MAX_REPLIES 4096
size_t term_take_replies(struct term *term, struct str *out);

/* What OSC 10, 11 and 12 say while the program has not set those, as 0xrrggbb, and a cell's size in
 * pixels, for window reports. Until then: white on black, 8 x 16. */
void term_set_colours(struct term *term, uint32_t foreground, uint32_t background, uint32_t cursor);
void term_set_cell_pixels(struct term *term, unsigned width, unsigned height);

#endif
