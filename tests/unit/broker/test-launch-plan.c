/* What a session runs: profile, program, arguments, environment. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "broker/launch-plan.h"
#include "broker/similar.h"

#define ID "0b9d1f0a-5a5c-4a6e-9b38-6f3a2a1f7c11"

static char *texts_claude[] = {"--dangerously-skip-permissions", NULL};
static char *env_claude[] = {"EDITOR=vi", "LANG=C.UTF-8", NULL};
static char *keep[] = {"TERM", "LANG", "LC_*", "EDITOR", NULL};
static char *none[] = {NULL};

static struct broker_profile profiles[] = {
	{.name = "default",
	 .user = "agent",
	 .home = "/home/agent",
	 .shell = "/bin/sh",
	 .program = "bash",
	 .args = none,
	 .env = none,
	 .path = "/usr/bin:/bin"},
	{.name = "claude",
	 .user = "claude",
	 .home = "/home/claude",
	 .shell = "/bin/bash",
	 .program = "claude",
	 .args = texts_claude,
	 .env = env_claude,
	 .path = "/opt/bin:/bin",
	 .login_shell = true,
	 .alias = true},
	{.name = "codex",
	 .user = "agent",
	 .home = "/",
	 .shell = "/bin/sh",
	 .program = "codex",
	 .args = none,
	 .env = none,
	 .path = "/bin",
	 .alias = true},
	{.name = "hidden",
	 .user = "agent",
	 .home = "/",
	 .shell = "/bin/sh",
	 .program = "",
	 .args = none,
	 .env = none,
	 .path = "/bin"},
};

static struct broker_config config = {.env_keep = keep, .profiles = profiles, .profile_count = 4};

static struct launch_plan plan;
static char *message, *remedy;

static enum protocol_error make(const struct request *request)
{
	return launch_plan_make(&config, request, ID, &plan, &message, &remedy);
}

static int clear(void **state)
{
	(void)state;
	launch_plan_free(&plan);
	free(message);
	free(remedy);
	message = remedy = NULL;
	return 0;
}

static const char *variable(const char *name)
{
	const char *found = NULL;
	size_t length = strlen(name);

	for (uint32_t i = 0; i < plan.program.environment_count; i++) {
		const char *entry = plan.program.environment[i];

		if (!strncmp(entry, name, length) && entry[length] == '=') {
			assert_null(found); /* once only */
			found = entry + length + 1;
		}
	}
	return found;
}

static void default_profile(void **state)
{
	(void)state;
	assert_int_equal(make(&(struct request){0}), PROTOCOL_OK);
	assert_int_equal(plan.profile, 0);
	assert_int_equal(plan.program.argument_count, 1);
	assert_string_equal(plan.program.arguments[0], "bash");
	assert_null(plan.program.arguments[1]);
	assert_string_equal(plan.program.path, "/usr/bin:/bin");
	assert_string_equal(plan.program.login_shell, "");
	assert_string_equal(variable("HOME"), "/home/agent");
	assert_string_equal(variable("USER"), "agent");
	assert_string_equal(variable("LOGNAME"), "agent");
	assert_string_equal(variable("SHELL"), "/bin/sh");
	assert_string_equal(variable("PATH"), "/usr/bin:/bin");
	assert_string_equal(variable("TERM"), "xterm-256color");
	assert_string_equal(variable("TERM_PROGRAM"), "aaau");
	assert_string_equal(variable("AAAU_SESSION"), ID);
	assert_string_equal(variable("SESSION_ID"), ID);
	assert_int_equal(plan.program.environment_count, 9);
	assert_null(plan.program.environment[9]);
}

static void client_program(void **state)
{
	char *args[] = {"-c", "echo 'x y'", NULL};

	(void)state;
	assert_int_equal(make(&(struct request){.program = "sh", .args = args}), PROTOCOL_OK);
	assert_int_equal(plan.profile, 0);
	assert_int_equal(plan.program.argument_count, 3);
	assert_string_equal(plan.program.arguments[2], "echo 'x y'");
	assert_string_equal(plan.command, "sh -c 'echo '\\''x y'\\'''");
}

/* The profile's user, home and environment; none of its arguments. */
static void client_program_in_a_profile(void **state)
{
	(void)state;
	assert_int_equal(make(&(struct request){.agent = "claude", .program = "sh"}), PROTOCOL_OK);
	assert_int_equal(plan.profile, 1);
	assert_int_equal(plan.program.argument_count, 1);
	assert_string_equal(plan.program.arguments[0], "sh");
	assert_string_equal(variable("HOME"), "/home/claude");
	assert_string_equal(variable("EDITOR"), "vi");
}

static void agent_profile(void **state)
{
	char *args[] = {"--resume", NULL};

	(void)state;
	assert_int_equal(make(&(struct request){.agent = "claude", .args = args}), PROTOCOL_OK);
	assert_int_equal(plan.profile, 1);
	assert_int_equal(plan.program.argument_count, 3);
	assert_string_equal(plan.program.arguments[0], "claude");
	assert_string_equal(plan.program.arguments[1], "--dangerously-skip-permissions");
	assert_string_equal(plan.program.arguments[2], "--resume");
	assert_string_equal(plan.program.login_shell, "/bin/bash");
	assert_string_equal(variable("EDITOR"), "vi");
	assert_string_equal(variable("LANG"), "C.UTF-8");
}

static void client_environment_is_filtered(void **state)
{
	char *offered[] = {"TERM=xterm-kitty",
			   "LC_ALL=de_DE.UTF-8",
			   "LC_=odd",
			   "LANGUAGE=de",
			   "LD_PRELOAD=/tmp/x",
			   "PATH=/tmp",
			   "HOME=/root",
			   "TERM_PROGRAM=evil",
			   "AAAU_SESSION=other",
			   "SESSION_ID=other",
			   "SSH_AUTH_SOCK=/s",
			   "LANG=de_DE.UTF-8",
			   "EDITOR=emacs",
			   "LD_LIBRARY_PATH=.",
			   "XLC_CTYPE=nothing",
			   NULL};

	(void)state;
	assert_int_equal(make(&(struct request){.environment = offered}), PROTOCOL_OK);
	assert_string_equal(variable("TERM"), "xterm-kitty");
	assert_string_equal(variable("LC_ALL"), "de_DE.UTF-8");
	assert_string_equal(variable("LC_"), "odd");
	assert_string_equal(variable("LANG"), "de_DE.UTF-8");
	assert_string_equal(variable("EDITOR"), "emacs");
	assert_string_equal(variable("PATH"), "/usr/bin:/bin");
	assert_string_equal(variable("HOME"), "/home/agent");
	assert_string_equal(variable("TERM_PROGRAM"), "aaau");
	assert_string_equal(variable("AAAU_SESSION"), ID);
	assert_string_equal(variable("SESSION_ID"), ID);
	assert_null(variable("LANGUAGE"));
	assert_null(variable("LD_PRELOAD"));
	assert_null(variable("LD_LIBRARY_PATH"));
	assert_null(variable("SSH_AUTH_SOCK"));
	assert_null(variable("XLC_CTYPE"));
}

static void the_servers_values_win(void **state)
{
	char *offered[] = {"EDITOR=emacs", "LANG=de_DE.UTF-8", "TERM=dumb", NULL};
	char *env[] = {"PATH=/special", "TERM=vt220", "AAAU_SESSION=no", NULL};

	(void)state;
	assert_int_equal(make(&(struct request){.agent = "claude", .environment = offered}),
			 PROTOCOL_OK);
	assert_string_equal(variable("EDITOR"), "vi");
	assert_string_equal(variable("LANG"), "C.UTF-8");
	assert_string_equal(variable("TERM"), "dumb");
	clear(NULL);

	profiles[0].env = env;
	assert_int_equal(make(&(struct request){.environment = offered}), PROTOCOL_OK);
	profiles[0].env = none;
	assert_string_equal(variable("PATH"), "/special");
	assert_string_equal(plan.program.path, "/usr/bin:/bin");
	assert_string_equal(variable("TERM"), "vt220");
	assert_string_equal(variable("AAAU_SESSION"), ID);
}

static void an_empty_term_is_none(void **state)
{
	char *offered[] = {"TERM=", NULL};

	(void)state;
	assert_int_equal(make(&(struct request){.environment = offered}), PROTOCOL_OK);
	assert_string_equal(variable("TERM"), "xterm-256color");
}

static void unknown_agents_are_guessed(void **state)
{
	(void)state;
	assert_int_equal(make(&(struct request){.agent = "coedx"}), PROTOCOL_UNKNOWN_AGENT);
	assert_string_equal(remedy, "known agents: codex, claude");
	assert_non_null(strstr(message, "coedx"));
	clear(NULL);
	assert_int_equal(make(&(struct request){.agent = "cluade"}), PROTOCOL_UNKNOWN_AGENT);
	assert_string_equal(remedy, "known agents: claude, codex");
	clear(NULL);
	/* Profiles that are no aliases cannot be named. */
	assert_int_equal(make(&(struct request){.agent = "hidden"}), PROTOCOL_UNKNOWN_AGENT);
	clear(NULL);
	/* But for the default, which is no secret. */
	assert_int_equal(make(&(struct request){.agent = "default"}), PROTOCOL_OK);
	assert_int_equal(plan.profile, 0);
}

static void refusals(void **state)
{
	char *many[LAUNCH_MAX_ARGUMENTS + 2];

	(void)state;
	profiles[0].program = "";
	assert_int_equal(make(&(struct request){0}), PROTOCOL_NO_PROGRAM);
	profiles[0].program = "bash";
	clear(NULL);
	for (size_t i = 0; i <= LAUNCH_MAX_ARGUMENTS; i++)
		many[i] = "x";
	many[LAUNCH_MAX_ARGUMENTS + 1] = NULL;
	assert_int_equal(make(&(struct request){.args = many}), PROTOCOL_MALFORMED);
	assert_non_null(message);
}

static void likeness(void **state)
{
	const char *names[] = {"default", "gemini", "opencode", "codex", "claude"};

	(void)state;
	similar_sort("code", names, 5);
	assert_string_equal(names[0], "codex");
	similar_sort("gemni", names, 5);
	assert_string_equal(names[0], "gemini");
	similar_sort("", names, 5); /* the shortest, whatever came before it */
	assert_string_equal(names[0], "codex");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(default_profile, clear),
		cmocka_unit_test_teardown(client_program, clear),
		cmocka_unit_test_teardown(client_program_in_a_profile, clear),
		cmocka_unit_test_teardown(agent_profile, clear),
		cmocka_unit_test_teardown(client_environment_is_filtered, clear),
		cmocka_unit_test_teardown(the_servers_values_win, clear),
		cmocka_unit_test_teardown(an_empty_term_is_none, clear),
		cmocka_unit_test_teardown(unknown_agents_are_guessed, clear),
		cmocka_unit_test_teardown(refusals, clear),
		cmocka_unit_test(likeness),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
