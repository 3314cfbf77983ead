/* The text of a configuration file, made ready for libconfuse. */
#ifndef AAAU_SERVER_CONFIG_TEXT_H
#define AAAU_SERVER_CONFIG_TEXT_H

#include <stddef.h>

/* Blanks out comments in place, so that what follows keeps its line number. NULL, or a static text
 * that says what is wrong with *ret_line set. */
const char *config_text_prepare(char *text, size_t n, unsigned *ret_line);

#endif
