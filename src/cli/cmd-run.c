/* A new session: `aaau`, `aaau ALIAS`, `aaau -p`, `aaau run`; and `aaau -n`, which is attach.
 *
 * Of the environment only what concerns the terminal and the language is offered; the server picks
 * from that again. Nothing of the human's own goes along.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/attach.h"
#include "cli/connect.h"
#include "cli/say.h"
#include "cli/session-loop.h"
#include "util/io.h"
#include "util/shell-words.h"
#include "util/utf8.h"

#define MAX_VARIABLES 32

extern char **environ;

static bool is_offered(const char *variable)
{
	static const char *const names[] = {"TERM=", "COLORTERM=", "LANG=",       "LC_",
					    "TZ=",   "NO_COLOR=",  "FORCE_COLOR="};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strncmp(variable, names[i], strlen(names[i])) != 0)
			continue;
		size_t n = strlen(variable);
		return utf8_valid_prefix(variable, n) == n;
	}
	return false;
}

static void offer_environment(const char *ret[MAX_VARIABLES + 1])
{
	unsigned n = 0;

	for (char **variable = environ; *variable && n < MAX_VARIABLES; variable++)
		if (is_offered(*variable))
			ret[n++] = *variable;
	ret[n] = NULL;
}

/* Detached: the answer is all there is. */
static int print_session(struct aaau_client *client, int requested)
{
	struct aaau_event event;
	cleanup_str struct str line = {0};
	int status = cli_await_answer(client, requested, &event);

	if (status != 0)
		return status;
	say_printable(&line, event.as.started.session);
	str_append_byte(&line, '\n');
	if (str_error(&line) || io_write_all(STDOUT_FILENO, line.data, line.length) < 0)
		return CLI_EXIT_LOST;
	return 0;
}

static int start(const struct cli_options *options, struct aaau_new *request)
{
	const char *environment[MAX_VARIABLES + 1];
	struct session_wishes wishes;
	struct detach_keys keys;
	int status = session_detach_keys(options, &keys);

	if (status != 0)
		return status;
	session_wishes(options, &wishes);
	offer_environment(environment);
	request->environment = environment;
	request->name = options->name;
	request->rows = wishes.rows;
	request->columns = wishes.columns;
	request->detached = options->detached;
	if (!options->detached)
		request->features = wishes.features;

	struct aaau_client *client = cli_connect(options);
	if (!client)
		return CLI_EXIT_NOT_STARTED;
	int r = aaau_request_new(client, request);
	if (options->detached) {
		status = print_session(client, r);
	} else if (r != 0) {
		cli_say_request_failed(r);
		status = CLI_EXIT_NOT_STARTED;
	} else {
		status = session_loop(client, options, &keys, true);
	}
	aaau_close(client);
	return status;
}

static int start_words(const struct cli_options *options)
{
	const char *problem = NULL;
	char **words = NULL;
	int r = shell_words_split(options->program, &words, &problem);

	if (r == -EINVAL)
		return say_usage("-p '%s': %s", options->program, problem);
	if (r < 0) {
		say("%s", strerror(-r));
		return CLI_EXIT_NOT_STARTED;
	}
	if (!words[0]) {
		free(words);
		return say_usage("-p: no program in '%s'", options->program);
	}

	struct aaau_new request = {.program = words[0], .args = (const char *const *)(words + 1)};
	r = start(options, &request);
	free(words);
	return r;
}

int cmd_start(const struct cli_options *options)
{
	const char *alias = options->words[0];

	if (alias && options->program)
		return say_usage("an alias (%s) is a program already: leave out -p, or the alias",
				 alias);
	if (options->session && (options->program || alias || options->name))
		return say_usage(
			"-n joins a session that is there: it goes with none of -p, --name "
			"and an alias");
	if (options->read_only && !options->session)
		return say_usage("-r watches a session that is there: say which one with -n");
	if (options->session)
		return attach(options, options->session);
	if (options->program)
		return start_words(options);

	struct aaau_new request = {.agent = alias};
	return start(options, &request);
}

int cmd_run(const struct cli_options *options)
{
	struct aaau_new request = {.agent = options->agent, .program = options->words[0]};

	if (options->word_count > 1)
		request.args = (const char *const *)(options->words + 1);
	return start(options, &request);
}
