/* POSIX shell quoting without a shell: splitting `-p 'PROGRAM ARGS'`, and quoting for display.
 *
 * Quoting rules of XCU 2.2 (backslash, single quotes, double quotes); nothing is expanded: `$`,
 * backquote, `*`, `~`, `|`, `;`, `#` are ordinary characters.
 */
#ifndef AAAU_UTIL_SHELL_WORDS_H
#define AAAU_UTIL_SHELL_WORDS_H

#include "util/str.h"

/* The words as a NULL-terminated array, one allocation freed with free(3). 0, -EINVAL with
 * *ret_problem a static text ("unclosed single quote") or -ENOMEM. */
int shell_words_split(const char *text, char ***ret, const char **ret_problem);

/* Appends the word quoted so that a shell reads it back; plain words stay plain. */
void shell_words_quote(struct str *out, const char *word);

#define SHELL_WORDS_COMMAND_MAX 4096 /* bytes, without the ellipsis */

/* Appends a NULL-terminated array's words, quoted and with a space in between, for people to read:
 * what is beyond SHELL_WORDS_COMMAND_MAX is left out and an ellipsis stands for it. */
void shell_words_quote_command(struct str *out, char *const *words);

#endif
