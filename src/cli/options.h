/* The command line, from one table of options and one of commands. */
#ifndef AAAU_CLI_OPTIONS_H
#define AAAU_CLI_OPTIONS_H

#include "cli/cli.h"
#include "util/str.h"

/* Which options a command takes. */
enum option_bit {
	OPTION_SOCKET = 1 << 0,
	OPTION_QUIET = 1 << 1,
	OPTION_PROGRAM = 1 << 2,
	OPTION_SESSION = 1 << 3,
	OPTION_READ_ONLY = 1 << 4,
	OPTION_NAME = 1 << 5,
	OPTION_DETACHED = 1 << 6,
	OPTION_AGENT = 1 << 7,
	OPTION_DETACH_KEYS = 1 << 8,
	OPTION_JSON = 1 << 9,
	OPTION_ALL = 1 << 10,
	OPTION_HELP = 1 << 11,
	OPTION_VERSION = 1 << 12,
};

struct command {
	const char *verb;  /* NULL: the command without one */
	const char *usage; /* behind "aaau " */
	const char *summary;
	unsigned accepts; /* option bits; --help and --socket always */
	int max_words;    /* -1: any number, and the first one ends the options */
	int (*run)(const struct cli_options *options);
};

enum options_outcome {
	OPTIONS_RUN = 0, /* run ret_command with the options */
	OPTIONS_HELP,    /* print the help of ret_command, or of all if NULL */
	OPTIONS_VERSION,
	OPTIONS_BAD, /* a usage error; *ret_problem says which */
};

/* Reads the command line. commands[0] is the one without a verb. argv is reordered, and the
 * options point into it. */
enum options_outcome options_parse(int argc, char **argv, const struct command *commands,
				   unsigned count, struct cli_options *ret,
				   const struct command **ret_command, struct str *ret_problem);

/* Appends the help of one command. */
void options_put_help(const struct command *command, struct str *out);

#endif
