/* OSC sequences: titles, hyperlinks, colours. Everything else (clipboard, notifications, working
 * directory, shell integration, text sizes, images) has no effect on the screen and is ignored.
 *
 * The payload is NUL-terminated by the parser, at most STRING_MAX bytes, any bytes from 0x20 on.
 */
#include <string.h>

#include "term/internal.h"

/* OSC 8 ; key=value:… ; URI */
static void hyperlink(struct term *t, const char *text)
{
	const char *uri = strchr(text, ';');
	uint32_t link = 0;

	if (!uri)
		return;
	if (uri[1]) {
		const char *id = text;
		size_t length = 0;
		while (id < uri) {
			size_t n = strcspn(id, ":;");
			if (n >= 3 && memcmp(id, "id=", 3) == 0) {
				id += 3;
				length = n - 3;
				break;
			}
			id += n + (id[n] == ':');
		}
		link = link_intern(t, id, length, uri + 1, strlen(uri + 1));
	}
	const struct extra *extra = extra_get(t, t->pen.attr);
	uint32_t number = extra_intern(t, extra ? extra->underline : 0, link);
	t->pen.attr = (t->pen.attr & 0xffff) | number << ATTR_EXTRA_SHIFT;
}

void osc_dispatch(struct term *t)
{
	const char *text = t->parser.string.data;
	unsigned number = 0;
	size_t digits = 0;

	while (text[digits] >= '0' && text[digits] <= '9' && digits < 5)
		number = number * 10 + (unsigned)(text[digits++] - '0');
	if (digits == 0 || (text[digits] && text[digits] != ';'))
		return;
	text += digits;
	if (*text)
		text++;
	switch (number) {
	case 0:
	case 2: title_set(t, text, strlen(text)); break;
	case 8: hyperlink(t, text); break;
	case 4:
	case 10:
	case 11:
	case 12:
	case 104:
	case 110:
	case 111:
	case 112: palette_osc(t, number, text); break;
	default: break;
	}
}

/* DCS: XTGETTCAP and DECRQSS. Sixel and the rest are swallowed. */
void dcs_dispatch(struct term *t)
{
	const char *text = t->parser.string.data;

	if (strncmp(text, "+q", 2) == 0)
		reply_capabilities(t, text + 2);
	else if (strncmp(text, "$q", 2) == 0)
		reply_setting(t, text + 2);
}
