/* What the parts of the client share: the options, the exit statuses, the commands. */
#ifndef AAAU_CLI_CLI_H
#define AAAU_CLI_CLI_H

#include <stdbool.h>

/* Beside the agent's own, 128 + N for a signal N, and what a refusal of the server says. */
enum cli_exit {
	CLI_EXIT_USAGE = 64,
	CLI_EXIT_LOST = 254,
	CLI_EXIT_NOT_STARTED = 255,
};

struct cli_options {
	const char *socket; /* never NULL */
	bool socket_given;  /* by an option */
	const char *program;
	const char *session;
	const char *name;
	const char *agent;
	const char *detach_keys; /* NULL: the environment's or the default ones */
	bool read_only, quiet, detached, json, all;
	const char *near; /* the verb that the alias is like, or NULL */
	/* What is left of the command line, NULL-terminated. */
	char **words;
	int word_count;
};

/* The commands' functions; each returns the client's exit status. */
int cmd_start(const struct cli_options *options); /* no verb: a session of a profile, -p, -n */
int cmd_run(const struct cli_options *options);
int cmd_attach(const struct cli_options *options);
int cmd_ls(const struct cli_options *options);
int cmd_status(const struct cli_options *options);
int cmd_kill(const struct cli_options *options);
int cmd_detach(const struct cli_options *options);
int cmd_freeze(const struct cli_options *options);
int cmd_thaw(const struct cli_options *options);
int cmd_panic(const struct cli_options *options);

#endif
