/* What the client says to its user, on standard error. */
#ifndef AAAU_CLI_SAY_H
#define AAAU_CLI_SAY_H

#include "util/str.h"

/* "aaau: " and the text and a newline, in one write. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As say(), with a hint at the help; returns CLI_EXIT_USAGE. */
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "aaau: message; remedy", of texts that a server made. */
void say_error(const char *message, const char *remedy);

/* Appends text that others chose, so that it cannot drive the terminal: control characters (C0,
 * DEL, C1) and bytes that are not UTF-8 become '?'. */
void say_printable(struct str *out, const char *text);

#endif
