/* The command line of `aaau-server run`. */
#ifndef AAAU_SERVER_RUN_OPTIONS_H
#define AAAU_SERVER_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "server/config.h"
#include "util/str.h"

/* What a running server keeps over a reload, whatever the file says by then. */
extern const enum config_key_id run_pinned[];
extern const size_t run_pinned_count;

struct run_options {
	char *given[KEY_COUNT];  /* by option, else NULL */
	char *pinned[KEY_COUNT]; /* by --pin: what the running server has; else NULL */
	char *config_file;
	char *lock_file;
	bool daemon;
	bool reload;    /* execed by a monitor, with the socket and the lock open */
	bool check;     /* only see whether a reload would work */
	bool activated; /* the socket came from the service manager */
	bool help;
};

/* 0, -1 with the reason: a usage error, or no memory. */
int run_options_parse(struct run_options *ret, int argc, char **argv, struct str *why);
void run_options_free(struct run_options *options);

/* Reads the file and lays the options over it. Notes get a line for each pinned key that the file
 * has changed. 0, or -1 with the reason. */
int run_options_configure(const struct run_options *options, struct config *ret, struct str *notes,
			  struct str *why);

/* Appends the arguments for the next reload, each ended by a NUL; cgroup is the base in use. */
void run_options_encode(struct str *out, const struct run_options *options,
			const struct config *config, const char *cgroup, bool activated);

#endif
