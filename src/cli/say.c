/* What the client says to its user.
 *
 * Names, command lines and messages come from other people and from a server that may be nobody's
 * friend; what goes to a terminal passes say_printable() first.
 */
#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "util/utf8.h"

__attribute__((format(printf, 2, 0))) static void put(const char *hint, const char *format,
						      va_list arguments)
{
	char text[4096];

	/* Errors are what errors are told with: there is nowhere to report a failure to. */
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		return;
	dprintf(STDERR_FILENO, "aaau: %s\n%s", text, hint);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put("", format, arguments);
	va_end(arguments);
}

int say_usage(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put("aaau: how to use it: aaau --help\n", format, arguments);
	va_end(arguments);
	return CLI_EXIT_USAGE;
}

void say_error(const char *message, const char *remedy)
{
	cleanup_str struct str text = {0};

	say_printable(&text, message);
	if (*remedy) {
		str_append_text(&text, "; ");
		say_printable(&text, remedy);
	}
	if (!str_error(&text) && text.length)
		say("%s", text.data);
}

void say_printable(struct str *out, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n;) {
		size_t good = utf8_valid_prefix(text + i, n - i);
		for (size_t end = i + good; i < end; i++) {
			unsigned char c = (unsigned char)text[i];
			/* U+0080 to U+009F are C2 80 to C2 9F. */
			bool c1 = c == 0xc2 && (unsigned char)text[i + 1] < 0xa0;
			if (c < 0x20 || c == 0x7f || c1) {
				str_append_byte(out, '?');
				i += c1;
			} else {
				str_append_byte(out, text[i]);
			}
		}
		if (i < n) {
			str_append_byte(out, '?');
			i++;
		}
	}
}
