/* What a session runs.
 *
 * Pure: no I/O, no state. The configuration is trusted; the request is a client's, already parsed,
 * and everything in it is only ever an argument or the value of an admitted variable. The launch is
 * in the agent's name, so nothing here guards a privilege: the allow-list keeps an operator's
 * environment from leaking to the agent and from changing what the administrator set.
 *
 * The environment, later ones not overriding earlier ones:
 *   1. ours: TERM_PROGRAM, AAAU_SESSION, SESSION_ID
 *   2. the profile's env
 *   3. HOME USER LOGNAME SHELL PATH of the profile
 *   4. the client's variables that env_keep admits
 *   5. TERM=xterm-256color
 */
#include "broker/launch-plan.h"

#include <stdlib.h>
#include <string.h>

#include "broker/similar.h"
#include "ipc/monitor-config.h"
#include "util/shell-words.h"

#define DEFAULT_TERM "xterm-256color"

/* A growing NULL-terminated array of owned strings. */
struct texts {
	char **items;
	uint32_t count;
	uint32_t room;
	bool failed;
};

static void texts_take(struct texts *texts, char *text)
{
	if (text && texts->count + 1 >= texts->room) {
		uint32_t room = texts->room ? texts->room * 2 : 16;
		char **grown = reallocarray(texts->items, room, sizeof(*grown));

		if (grown) {
			texts->items = grown;
			texts->room = room;
		} else {
			free(text);
			text = NULL;
		}
	}
	if (!text) {
		texts->failed = true;
		return;
	}
	texts->items[texts->count++] = text;
	texts->items[texts->count] = NULL;
}

static void texts_add(struct texts *texts, const char *text)
{
	texts_take(texts, strdup(text));
}

static void texts_add_all(struct texts *texts, char *const *items)
{
	for (; items && *items; items++)
		texts_add(texts, *items);
}

/* Length of NAME in NAME=VALUE, or 0 if it has none that a program could read. */
static size_t variable_name(const char *variable)
{
	size_t length = strcspn(variable, "=");

	return variable[length] == '=' ? length : 0;
}

static bool texts_has_variable(const struct texts *texts, const char *name, size_t length)
{
	for (uint32_t i = 0; i < texts->count; i++)
		if (!strncmp(texts->items[i], name, length) && texts->items[i][length] == '=')
			return true;
	return false;
}

/* Unless there is one of this name already. */
static void add_variable(struct texts *environment, const char *variable)
{
	size_t length = variable_name(variable);

	if (length && !texts_has_variable(environment, variable, length))
		texts_add(environment, variable);
}

static void add_pair(struct texts *environment, const char *name, const char *value)
{
	struct str pair = {0};

	str_append_text(&pair, name);
	str_append_byte(&pair, '=');
	str_append_text(&pair, value);
	if (str_error(&pair) < 0)
		environment->failed = true;
	else
		add_variable(environment, pair.data);
	str_free(&pair);
}

static bool admitted(char *const *keep, const char *name, size_t length)
{
	for (; keep && *keep; keep++) {
		size_t wanted = strlen(*keep);

		if (wanted && (*keep)[wanted - 1] == '*') {
			if (length >= wanted - 1 && !strncmp(name, *keep, wanted - 1))
				return true;
		} else if (length == wanted && !strncmp(name, *keep, length)) {
			return true;
		}
	}
	return false;
}

static void make_environment(const struct broker_config *config,
			     const struct broker_profile *profile, char *const *offered,
			     const char *session_id, struct texts *out)
{
	add_pair(out, "TERM_PROGRAM", "aaau");
	add_pair(out, "AAAU_SESSION", session_id);
	add_pair(out, "SESSION_ID", session_id);
	for (char *const *variable = profile->env; variable && *variable; variable++)
		add_variable(out, *variable);
	add_pair(out, "HOME", profile->home);
	add_pair(out, "USER", profile->user);
	add_pair(out, "LOGNAME", profile->user);
	add_pair(out, "SHELL", profile->shell);
	add_pair(out, "PATH", profile->path);
	for (char *const *variable = offered; variable && *variable; variable++) {
		size_t length = variable_name(*variable);

		/* An empty TERM is what cron and the like have: as good as none. */
		if (admitted(config->env_keep, *variable, length) &&
		    strcmp(*variable, "TERM=") != 0)
			add_variable(out, *variable);
	}
	add_pair(out, "TERM", DEFAULT_TERM);
}

static enum protocol_error unknown_agent(const struct broker_config *config, const char *agent,
					 char **ret_message, char **ret_remedy)
{
	const char *names[MONITOR_CONFIG_MAX_PROFILES];
	size_t count = 0;
	struct str message = {0}, remedy = {0};

	for (uint32_t i = 0; i < config->profile_count; i++)
		if (config->profiles[i].alias)
			names[count++] = config->profiles[i].name;
	similar_sort(agent, names, count);

	str_append_text(&message, "there is no agent ");
	shell_words_quote(&message, agent);
	if (count == 0) {
		str_append_text(&remedy, "name a program: aaau -p 'PROGRAM ARGS'");
	} else {
		str_append_text(&remedy, "known agents: ");
		for (size_t i = 0; i < count; i++)
			str_append_format(&remedy, "%s%s", i ? ", " : "", names[i]);
	}
	*ret_message = message.data;
	*ret_remedy = remedy.data;
	return PROTOCOL_UNKNOWN_AGENT;
}

static enum protocol_error choose_profile(const struct broker_config *config,
					  const struct request *request, uint32_t *ret,
					  char **ret_message, char **ret_remedy)
{
	if (!request->agent) {
		*ret = 0;
		return PROTOCOL_OK;
	}
	for (uint32_t i = 0; i < config->profile_count; i++) {
		/* The default may always be named: it is what comes without a name. */
		if ((i == 0 || config->profiles[i].alias) &&
		    !strcmp(config->profiles[i].name, request->agent)) {
			*ret = i;
			return PROTOCOL_OK;
		}
	}
	return unknown_agent(config, request->agent, ret_message, ret_remedy);
}

static char *quote_command(char *const *arguments)
{
	struct str command = {0};

	shell_words_quote_command(&command, arguments);
	if (str_error(&command) < 0)
		str_free(&command);
	return command.data;
}

enum protocol_error launch_plan_make(const struct broker_config *config,
				     const struct request *request, const char *session_id,
				     struct launch_plan *ret, char **ret_message, char **ret_remedy)
{
	const struct broker_profile *profile;
	struct texts arguments = {0}, environment = {0};
	struct launch_plan plan = {0};
	enum protocol_error error;

	error = choose_profile(config, request, &plan.profile, ret_message, ret_remedy);
	if (error)
		return error;
	profile = &config->profiles[plan.profile];

	if (request->program) {
		texts_add(&arguments, request->program);
	} else if (*profile->program) {
		texts_add(&arguments, profile->program);
		texts_add_all(&arguments, profile->args);
	} else {
		return PROTOCOL_NO_PROGRAM;
	}
	texts_add_all(&arguments, request->args);
	make_environment(config, profile, request->environment, session_id, &environment);

	plan.program = (struct launch_program){
		.arguments = arguments.items,
		.argument_count = arguments.count,
		.environment = environment.items,
		.environment_count = environment.count,
		.path = profile->path,
		.login_shell = profile->login_shell ? profile->shell : "",
	};
	if (!arguments.failed && !environment.failed)
		plan.command = quote_command(arguments.items);
	if (!plan.command) {
		launch_plan_free(&plan);
		return PROTOCOL_INTERNAL;
	}
	if (arguments.count > LAUNCH_MAX_ARGUMENTS || environment.count > LAUNCH_MAX_ENVIRONMENT) {
		launch_plan_free(&plan);
		*ret_message = strdup("too many arguments or environment variables");
		return PROTOCOL_MALFORMED;
	}
	*ret = plan;
	return PROTOCOL_OK;
}

static void free_texts(char **texts)
{
	for (char **text = texts; text && *text; text++)
		free(*text);
	free(texts);
}

void launch_plan_free(struct launch_plan *plan)
{
	if (!plan)
		return;
	free_texts(plan->program.arguments);
	free_texts(plan->program.environment);
	free(plan->command);
	*plan = (struct launch_plan){0};
}
