/* What people do after `aaau-server init`. */
#ifndef AAAU_SERVER_NEXT_STEPS_H
#define AAAU_SERVER_NEXT_STEPS_H

#include <stdbool.h>
#include <stdio.h>

#include "server/config.h"

/* Prints it as commands to copy. file is --config's argument, or NULL; systemd: it runs here. */
void next_steps_tell(FILE *out, const struct config *config, const char *file, bool systemd);

#endif
