/* Reasons of failure.
 *
 * Owns nothing; trusts its callers to pass text without terminal control bytes except what they
 * quote from the command line or the configuration, both root's. Cannot fail: without memory the
 * reason is empty, and the caller's exit status still tells.
 */
#include "server/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int problem(struct str *why, const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	/* Formatted before why is cleared: the arguments may point into it. */
	int n = vasprintf(&text, format, arguments);
	va_end(arguments);
	str_clear(why);
	if (n >= 0) {
		str_append(why, text, (size_t)n);
		free(text);
	}
	return -1;
}
