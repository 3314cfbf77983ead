/* Running one of the system's own administration tools. */
#ifndef AAAU_SERVER_SPAWN_TOOL_H
#define AAAU_SERVER_SPAWN_TOOL_H

#include "util/str.h"

/* Runs arguments[0], found in the system's directories and nowhere else, with an environment of our
 * own and nothing on its standard input, to its end. What it prints is appended to words. Its exit
 * status (128 + N for a signal), or a negative errno (-ENOENT: not installed). */
int spawn_tool(const char *const *arguments, struct str *words);

#endif
