/* What the commands share: how they speak.
 *
 * Owns nothing, cannot fail: standard error that cannot be written has nobody to be told.
 */
#include "server/commands.h"

#include <stdio.h>
#include <string.h>

void say(const char *text)
{
	fprintf(stderr, "aaau-server: %s\n", text ? text : "out of memory");
}

void say_lines(const struct str *notes)
{
	const char *at = notes->data;

	while (at && *at) {
		size_t n = strcspn(at, "\n");
		fprintf(stderr, "aaau-server: %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
}
