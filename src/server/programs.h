/* The programs that stand beside aaau-server. */
#ifndef AAAU_SERVER_PROGRAMS_H
#define AAAU_SERVER_PROGRAMS_H

#include "util/str.h"

enum program { PROGRAM_SERVER, PROGRAM_MONITOR, PROGRAM_BROKER, PROGRAM_SESSION, PROGRAM_COUNT };

/* Appends the program's path as it is looked up. 0, or -1 with the reason. */
int programs_path(enum program program, struct str *ret, struct str *why);

/* An O_PATH descriptor for execveat(2), or -1 with the reason. */
int programs_open(enum program program, struct str *why);

#endif
