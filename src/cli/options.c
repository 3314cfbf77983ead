/* The command line.
 *
 * One table says what each option is called, takes and means; the commands' table (main.c) says
 * which of them go with which verb. getopt_long(3)'s tables, the usage errors and the help all
 * follow from the two. Options before the verb are read as those of the command without one and
 * then checked against the verb.
 */
#include "cli/options.h"

#include <aaau/aaau.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/similar.h"

struct option_entry {
	enum option_bit bit;
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;
	size_t field; /* of struct cli_options: const char * with an argument, bool without */
};

#define FIELD(name) offsetof(struct cli_options, name)
static const struct option_entry entries[] = {
	{OPTION_SOCKET, 's', "socket", "SOCKET", "where the server listens (AAAU_SOCKET)",
	 FIELD(socket)},
	{OPTION_PROGRAM, 'p', "program", "'PROGRAM ARGS'",
	 "run this, split by the shell's quoting rules; no shell is run", FIELD(program)},
	{OPTION_SESSION, 'n', "session", "SESSION", "join a session: its id, a prefix, or its name",
	 FIELD(session)},
	{OPTION_READ_ONLY, 'r', "read-only", NULL, "only watch", FIELD(read_only)},
	{OPTION_NAME, 0, "name", "NAME", "give the new session a name", FIELD(name)},
	{OPTION_DETACHED, 'd', "detached", NULL, "start it, print its id, and do not attach",
	 FIELD(detached)},
	{OPTION_AGENT, 0, "agent", "PROFILE", "run under this profile of aaau.conf(5)",
	 FIELD(agent)},
	{OPTION_DETACH_KEYS, 0, "detach-keys", "KEYS",
	 "one or two keys that leave the session, or none (AAAU_DETACH_KEYS; ctrl-],d)",
	 FIELD(detach_keys)},
	{OPTION_JSON, 0, "json", NULL, "print JSON", FIELD(json)},
	{OPTION_ALL, 'a', "all", NULL,
	 "everybody's, not only one's own; thaw: all that one may thaw", FIELD(all)},
	{OPTION_QUIET, 'q', "quiet", NULL, "say nothing but errors", FIELD(quiet)},
	{OPTION_HELP, 'h', "help", NULL, "print this", 0},
	{OPTION_VERSION, 'V', "version", NULL, "print the version", 0},
};
#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

static const struct option_entry *entry_of(int value)
{
	/* Long options are numbered from 256, letters are themselves. */
	for (unsigned i = 0; i < ENTRIES; i++)
		if (value == 256 + (int)i || (value && value == entries[i].letter))
			return &entries[i];
	return NULL;
}

static unsigned accepted(const struct command *command)
{
	return command->accepts | OPTION_HELP | OPTION_SOCKET | OPTION_QUIET;
}

static void store(struct cli_options *options, const struct option_entry *entry, char *argument)
{
	char *field = (char *)options + entry->field;

	if (entry->argument)
		*(const char **)(void *)field = argument;
	else if (entry->field)
		*(bool *)field = true;
	if (entry->bit == OPTION_SOCKET)
		options->socket_given = true;
}

static void complain(struct str *out, int value, const struct option_entry *entry, char **argv)
{
	/* A letter is in optopt; a long one is the word before the next. */
	if (value == ':' && entry)
		str_append_format(out, "--%s needs an argument: %s", entry->name, entry->argument);
	else if (optopt > 0 && optopt < 256)
		str_append_format(out, "unknown option -%c", optopt);
	else
		str_append_format(out, "unknown option, or one with a wrong argument: %s",
				  argv[optind - 1]);
}

/* Reads the options of argv[1..), up to the first word or everywhere. The bits of those that were
 * there go to *given. */
static bool read_options(int argc, char **argv, unsigned accepts, bool everywhere,
			 struct cli_options *options, unsigned *given, struct str *problem)
{
	struct option long_options[ENTRIES + 1] = {0};
	char letters[2 * ENTRIES + 3];
	unsigned n = 0, m = 0;
	int value;

	if (!everywhere)
		letters[m++] = '+';
	letters[m++] = ':';
	for (unsigned i = 0; i < ENTRIES; i++) {
		if (!(accepts & entries[i].bit))
			continue;
		long_options[n++] = (struct option){.name = entries[i].name,
						    .has_arg = entries[i].argument != NULL,
						    .val = 256 + (int)i};
		if (!entries[i].letter)
			continue;
		letters[m++] = entries[i].letter;
		if (entries[i].argument)
			letters[m++] = ':';
	}
	letters[m] = '\0';

	opterr = 0;
	optind = 0; /* glibc: start anew */
	while ((value = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		const struct option_entry *entry =
			entry_of(value == ':' || value == '?' ? optopt : value);
		if (value == ':' || value == '?' || !entry) {
			complain(problem, value, entry, argv);
			return false;
		}
		store(options, entry, optarg);
		*given |= entry->bit;
	}
	return true;
}

static const struct command *command_of(const char *verb, const struct command *commands,
					unsigned count)
{
	for (unsigned i = 1; i < count; i++)
		if (strcmp(commands[i].verb, verb) == 0)
			return &commands[i];
	return NULL;
}

static enum options_outcome bad(struct str *problem, const char *text, const char *detail)
{
	str_append_text(problem, text);
	str_append_text(problem, detail);
	return OPTIONS_BAD;
}

static enum options_outcome parse_help(int argc, char **argv, const struct command *commands,
				       unsigned count, const struct command **ret,
				       struct str *problem)
{
	*ret = NULL;
	if (argc < 2)
		return OPTIONS_HELP;
	*ret = command_of(argv[1], commands, count);
	return *ret ? OPTIONS_HELP : bad(problem, "there is no command ", argv[1]);
}

/* NULL if none is near: a swap, or two wrong letters of a longer one. */
static const char *verb_like(const char *word, const struct command *commands, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		unsigned far = similar_distance(word, commands[i].verb);
		if (far == 1 || (far == 2 && strlen(commands[i].verb) > 3))
			return commands[i].verb;
	}
	return NULL;
}

enum options_outcome options_parse(int argc, char **argv, const struct command *commands,
				   unsigned count, struct cli_options *ret,
				   const struct command **ret_command, struct str *ret_problem)
{
	const struct command *command = &commands[0];
	unsigned given = 0;

	memset(ret, 0, sizeof(*ret));
	*ret_command = NULL;
	if (!read_options(argc, argv, accepted(command), false, ret, &given, ret_problem))
		return OPTIONS_BAD;
	argc -= optind;
	argv += optind;

	if (argc > 0 && strcmp(argv[0], "help") == 0)
		return parse_help(argc, argv, commands, count, ret_command, ret_problem);
	if (argc > 0) {
		const struct command *verb = command_of(argv[0], commands, count);
		if (verb)
			command = verb;
		else /* an alias: a word of the command without a verb, so options may follow */
			ret->words = argv;
		if (!read_options(argc, argv, accepted(command), command->max_words >= 0, ret,
				  &given, ret_problem))
			return OPTIONS_BAD;
		argc -= optind;
		argv += optind;
		if (!verb) {
			/* The alias itself, which getopt took for the program's name. */
			argc++;
			argv--;
			argv[0] = ret->words[0];
		}
	}

	if (given & OPTION_HELP) {
		*ret_command = command->verb ? command : NULL;
		return OPTIONS_HELP;
	}
	if (given & OPTION_VERSION)
		return OPTIONS_VERSION;
	for (unsigned i = 0; i < ENTRIES; i++) {
		if (!(given & entries[i].bit & ~accepted(command)))
			continue;
		str_append_format(ret_problem, "--%s does not go with %s", entries[i].name,
				  command->verb);
		return OPTIONS_BAD;
	}
	if (!command->verb && argc > 0)
		ret->near = verb_like(argv[0], commands, count);
	if (command->max_words >= 0 && argc > command->max_words) {
		bad(ret_problem, "one word too many: ", argv[command->max_words]);
		if (ret->near)
			str_append_format(ret_problem, "; did you mean: aaau %s", ret->near);
		return OPTIONS_BAD;
	}

	ret->words = argv;
	ret->word_count = argc;
	if (!ret->socket)
		ret->socket = getenv("AAAU_SOCKET");
	if (!ret->socket || !*ret->socket)
		ret->socket = AAAU_DEFAULT_SOCKET;
	*ret_command = command;
	return OPTIONS_RUN;
}

void options_put_help(const struct command *command, struct str *out)
{
	str_append_format(out, "usage: aaau %s\n\n%s\n\n", command->usage, command->summary);
	for (unsigned i = 0; i < ENTRIES; i++) {
		const struct option_entry *entry = &entries[i];
		cleanup_str struct str left = {0};

		if (!(accepted(command) & entry->bit))
			continue;
		if (entry->letter)
			str_append_format(&left, "-%c, ", entry->letter);
		else
			str_append_text(&left, "    ");
		str_append_format(&left, "--%s", entry->name);
		if (entry->argument)
			str_append_format(&left, " %s", entry->argument);
		str_append_format(out, "  %-30s  %s\n", left.data, entry->help);
	}
}
