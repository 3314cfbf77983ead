/* The commands of aaau-server. Each gets its own argv ([0] is the command) and gives the exit
 * status. */
#ifndef AAAU_SERVER_COMMANDS_H
#define AAAU_SERVER_COMMANDS_H

#include "util/str.h"

#define EXIT_USAGE 64 /* EX_USAGE */

int cmd_init(int argc, char **argv);
int cmd_deinit(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* "aaau-server: TEXT" on standard error. */
void say(const char *text);
/* Each line of notes by say(). */
void say_lines(const struct str *notes);

#endif
