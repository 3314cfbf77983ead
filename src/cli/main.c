/* aaau, the client: which command, and its help.
 *
 * It runs as the human, holds no privilege, and trusts the server it connects to with the human's
 * keystrokes, not with the human's terminal. What it links and does before the request is sent is
 * most of its start, so there is no locale, no name service and no shared library but libc here.
 */
#include <fcntl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/say.h"
#include "util/io.h"

/* clang-format off */
static const struct command commands[] = {
	{NULL, "[-s SOCKET] [-p 'PROGRAM ARGS'] [-n SESSION] [-r] [ALIAS]",
	 "Start the default agent, or that of ALIAS (claude, codex, …), and operate its terminal.",
	 OPTION_PROGRAM | OPTION_SESSION | OPTION_READ_ONLY | OPTION_NAME | OPTION_DETACH_KEYS |
		OPTION_VERSION, 1, cmd_start},
	{"run", "run [--name NAME] [-d] [--agent PROFILE] [--] [PROGRAM ARGS…]",
	 "Start a session with a program, or with the profile's own.",
	 OPTION_NAME | OPTION_DETACHED | OPTION_AGENT | OPTION_DETACH_KEYS, -1, cmd_run},
	{"attach", "attach [SESSION] [-r]",
	 "Come back to a session, or join another's; without SESSION the newest that nobody is in.",
	 OPTION_READ_ONLY | OPTION_DETACH_KEYS, 1, cmd_attach},
	{"ls", "ls [--json]", "List the sessions.", OPTION_JSON, 0, cmd_ls},
	{"status", "status [SESSION] [--json]", "Tell all about a session, or about each.",
	 OPTION_JSON, 1, cmd_status},
	{"kill", "kill SESSION", "End a session: its creator may, and an Admin.", 0, 1, cmd_kill},
	{"detach", "detach [SESSION] [--all]",
	 "Disconnect one's own clients from a session, which goes on.", OPTION_ALL, 1, cmd_detach},
	{"freeze", "freeze SESSION", "Make an agent stand still, with everything it started.", 0, 1,
	 cmd_freeze},
	{"thaw", "thaw SESSION | --all", "Let what was frozen go on.", OPTION_ALL, 1, cmd_thaw},
	{"panic", "panic [--all]", "Freeze all sessions that one started, at once.", OPTION_ALL, 0,
	 cmd_panic},
};
/* clang-format on */
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int print(struct str *text)
{
	if (str_error(text) || io_write_all(STDOUT_FILENO, text->data, text->length) < 0)
		return 1;
	return 0;
}

static int help(const struct command *command)
{
	cleanup_str struct str text = {0};

	options_put_help(command ? command : &commands[0], &text);
	if (!command) {
		str_append_text(&text, "\nCommands:\n");
		for (unsigned i = 1; i < COMMANDS; i++)
			str_append_format(&text, "  aaau %s\n      %s\n", commands[i].usage,
					  commands[i].summary);
		str_append_text(&text, "\nMore: aaau help COMMAND, man aaau\n");
	}
	return print(&text);
}

/* A closed standard descriptor would become the connection, and be written to. */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", O_RDWR);
}

int main(int argc, char **argv)
{
	cleanup_str struct str text = {0};
	struct cli_options options;
	const struct command *command;

	fill_standard_descriptors();
	switch (options_parse(argc, argv, commands, COMMANDS, &options, &command, &text)) {
	case OPTIONS_HELP: return help(command);
	case OPTIONS_VERSION:
		str_append_text(&text, "aaau " AAAU_VERSION "\n");
		return print(&text);
	case OPTIONS_BAD: return say_usage("%s", text.data);
	case OPTIONS_RUN: break;
	}
	return command->run(&options);
}
