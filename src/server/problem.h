/* Why something cannot be done, in words for the administrator: one sentence, and the remedy.
 *
 * Functions of this folder that can fail for a reason worth telling take `struct str *why` and
 * return 0, or -1 with the reason in it. Only main.c and the commands print.
 */
#ifndef AAAU_SERVER_PROBLEM_H
#define AAAU_SERVER_PROBLEM_H

#include "util/str.h"

/* Replaces what why holds. Returns -1, so that a caller can say `return problem(why, …)`. */
int problem(struct str *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
