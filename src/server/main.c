/* aaau-server: root's command line.
 *
 * One table of commands; each parses its own options. Run by root for init, deinit and run. Exit
 * status 64 for a usage error, 1 for whatever else fails.
 */
#include <stdio.h>
#include <string.h>

#include "server/commands.h"

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help; /* NULL: not listed */
} commands[] = {
	{"init", cmd_init, "create the group, the users and the directories"},
	{"deinit", cmd_deinit, "undo what init made"},
	{"run", cmd_run, "run the server, in the foreground or as a daemon (-d)"},
	{"doctor", cmd_doctor, "check an installation and name each defect with its remedy"},
	{"help", cmd_help, "this text"},
	{"--help", cmd_help, NULL},
	{"--version", cmd_version, NULL},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static void print_usage(FILE *to)
{
	fputs("usage: aaau-server COMMAND [OPTION]...\n"
	      "       aaau-server --version\n\n"
	      "AaaU runs AI agents as users of their own; people join them with aaau(1).\n\n",
	      to);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (commands[i].help)
			fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].help);
	}
	fputs("\n`aaau-server COMMAND --help` tells a command's options; see aaau-server(8).\n",
	      to);
}

static int cmd_help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	print_usage(stdout);
	return 0;
}

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	puts("aaau-server " AAAU_VERSION);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (!strcmp(argv[1], commands[i].name))
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "aaau-server: unknown command \"%s\"\n", argv[1]);
	print_usage(stderr);
	return EXIT_USAGE;
}
