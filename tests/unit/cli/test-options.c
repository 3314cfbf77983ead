/* The command line: which command, which options, which mistakes. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

static int nothing(const struct cli_options *options)
{
	(void)options;
	return 0;
}

static const struct command commands[] = {
	{NULL, "", "", OPTION_PROGRAM | OPTION_SESSION | OPTION_READ_ONLY | OPTION_VERSION, 1,
	 nothing},
	{"run", "", "", OPTION_NAME | OPTION_DETACHED, -1, nothing},
	{"ls", "", "", OPTION_JSON, 0, nothing},
	{"attach", "", "", OPTION_READ_ONLY, 1, nothing},
};

static struct cli_options options;
static const struct command *command;
static struct str problem;

static enum options_outcome parse(const char *first, ...)
{
	static char *words[32];
	unsigned count = 1;
	va_list list;

	words[0] = (char *)(uintptr_t) "aaau";
	va_start(list, first);
	for (const char *word = first; word; word = va_arg(list, const char *))
		words[count++] = (char *)(uintptr_t)word;
	va_end(list);
	words[count] = NULL;
	str_free(&problem);
	return options_parse((int)count, words, commands, 4, &options, &command, &problem);
}

static void test_commands(void **state)
{
	(void)state;
	unsetenv("AAAU_SOCKET");
	assert_int_equal(parse(NULL), OPTIONS_RUN);
	assert_ptr_equal(command, &commands[0]);
	assert_int_equal(options.word_count, 0);
	assert_string_equal(options.socket, "/var/run/aaau.sock");
	assert_false(options.socket_given);

	assert_int_equal(parse("sl", NULL), OPTIONS_RUN);
	assert_string_equal(options.near, "ls");
	assert_int_equal(parse("claude", NULL), OPTIONS_RUN);
	assert_null(options.near);
	assert_ptr_equal(command, &commands[0]);
	assert_string_equal(options.words[0], "claude");
	assert_null(options.words[1]);

	assert_int_equal(parse("-q", "claude", "-s", "/x", NULL), OPTIONS_RUN);
	assert_string_equal(options.words[0], "claude");
	assert_string_equal(options.socket, "/x");
	assert_true(options.socket_given);
	assert_true(options.quiet);

	assert_int_equal(parse("-s/y", "attach", "-r", "3f", NULL), OPTIONS_RUN);
	assert_ptr_equal(command, &commands[3]);
	assert_string_equal(options.words[0], "3f");
	assert_true(options.read_only);
	assert_int_equal(parse("attach", "3f", "-r", NULL), OPTIONS_RUN);
	assert_true(options.read_only);
	assert_int_equal(parse("-r", "attach", NULL), OPTIONS_RUN);
	assert_true(options.read_only);
	assert_int_equal(parse("-n", "run", NULL), OPTIONS_RUN); /* a session of this name */
	assert_string_equal(options.session, "run");
}

static void test_run(void **state)
{
	(void)state;
	assert_int_equal(parse("run", "-d", "--name=a", "--", "make", "-j2", "-d", NULL),
			 OPTIONS_RUN);
	assert_ptr_equal(command, &commands[1]);
	assert_true(options.detached);
	assert_string_equal(options.name, "a");
	assert_int_equal(options.word_count, 3);
	assert_string_equal(options.words[0], "make");
	assert_string_equal(options.words[2], "-d");
	assert_int_equal(parse("run", "make", "--name", "x", NULL), OPTIONS_RUN);
	assert_null(options.name);
	assert_int_equal(options.word_count, 3);
	assert_int_equal(parse("run", "--", "--", NULL), OPTIONS_RUN);
	assert_int_equal(options.word_count, 1);
	assert_int_equal(parse("run", "--detached", NULL), OPTIONS_RUN);
	assert_int_equal(options.word_count, 0);
	assert_null(options.words[0]);
}

static void test_environment(void **state)
{
	(void)state;
	setenv("AAAU_SOCKET", "/from/env", 1);
	assert_int_equal(parse("ls", NULL), OPTIONS_RUN);
	assert_string_equal(options.socket, "/from/env");
	assert_false(options.socket_given);
	assert_int_equal(parse("ls", "-s", "/given", NULL), OPTIONS_RUN);
	assert_string_equal(options.socket, "/given");
	setenv("AAAU_SOCKET", "", 1);
	assert_int_equal(parse("ls", NULL), OPTIONS_RUN);
	assert_string_equal(options.socket, "/var/run/aaau.sock");
	unsetenv("AAAU_SOCKET");
}

static void test_help(void **state)
{
	(void)state;
	assert_int_equal(parse("--help", NULL), OPTIONS_HELP);
	assert_null(command);
	assert_int_equal(parse("ls", "-h", NULL), OPTIONS_HELP);
	assert_ptr_equal(command, &commands[2]);
	assert_int_equal(parse("help", "ls", NULL), OPTIONS_HELP);
	assert_ptr_equal(command, &commands[2]);
	assert_int_equal(parse("help", NULL), OPTIONS_HELP);
	assert_null(command);
	assert_int_equal(parse("-V", NULL), OPTIONS_VERSION);
	for (unsigned i = 0; i < 4; i++) {
		cleanup_str struct str text = {0};
		options_put_help(&commands[i], &text);
		assert_non_null(strstr(text.data, "--socket SOCKET"));
	}
}

static void bad(enum options_outcome outcome, const char *text)
{
	assert_int_equal(outcome, OPTIONS_BAD);
	assert_string_equal(problem.data, text);
	str_free(&problem);
}

static void test_mistakes(void **state)
{
	(void)state;
	bad(parse("-x", NULL), "unknown option -x");
	bad(parse("ls", "-qx", NULL), "unknown option -x");
	bad(parse("--bogus", NULL), "unknown option, or one with a wrong argument: --bogus");
	bad(parse("ls", "--json=1", NULL),
	    "unknown option, or one with a wrong argument: --json=1");
	bad(parse("-p", NULL), "--program needs an argument: 'PROGRAM ARGS'");
	bad(parse("run", "--name", NULL), "--name needs an argument: NAME");
	bad(parse("-p", "x", "ls", NULL), "--program does not go with ls");
	bad(parse("ls", "x", NULL), "one word too many: x");
	bad(parse("attach", "a", "b", NULL), "one word too many: b");
	bad(parse("claude", "b", NULL), "one word too many: b");
	bad(parse("atach", "b", NULL), "one word too many: b; did you mean: aaau attach");
	bad(parse("help", "me", NULL), "there is no command me");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),    cmocka_unit_test(test_run),
		cmocka_unit_test(test_environment), cmocka_unit_test(test_help),
		cmocka_unit_test(test_mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
