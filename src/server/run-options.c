/* The command line of `aaau-server run`, there and back.
 *
 * A running server is reloaded by executing `run` again, so the options are also written out, as
 * absolute as they were understood. Owns the strings; trusts root, who typed them.
 */
#include "server/run-options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/paths.h"
#include "server/problem.h"

const enum config_key_id run_pinned[] = {KEY_SOCKET, KEY_RUNTIME_DIR, KEY_CGROUP, KEY_SERVICE_USER};
const size_t run_pinned_count = sizeof run_pinned / sizeof *run_pinned;

enum {
	OPTION_CONFIG = 512,
	OPTION_LOCK_FILE,
	OPTION_RELOAD,
	OPTION_RELOAD_CHECK,
	OPTION_ACTIVATED,
	OPTION_PIN,
	OPTION_HELP,
	OPTION_KEY, /* + enum config_key_id */
};

static const struct option long_options[] = {
	{"socket", required_argument, NULL, OPTION_KEY + KEY_SOCKET},
	{"group", required_argument, NULL, OPTION_KEY + KEY_GROUP},
	{"user", required_argument, NULL, OPTION_KEY + KEY_USER},
	{"log-dir", required_argument, NULL, OPTION_KEY + KEY_LOG_DIR},
	{"program", required_argument, NULL, OPTION_KEY + KEY_PROGRAM},
	{"service-user", required_argument, NULL, OPTION_KEY + KEY_SERVICE_USER},
	{"log-group", required_argument, NULL, OPTION_KEY + KEY_LOG_GROUP},
	{"runtime-dir", required_argument, NULL, OPTION_KEY + KEY_RUNTIME_DIR},
	{"cgroup", required_argument, NULL, OPTION_KEY + KEY_CGROUP},
	{"daemon", no_argument, NULL, 'd'},
	{"config", required_argument, NULL, OPTION_CONFIG},
	{"lock-file", required_argument, NULL, OPTION_LOCK_FILE},
	{"reload", no_argument, NULL, OPTION_RELOAD},
	{"reload-check", no_argument, NULL, OPTION_RELOAD_CHECK},
	{"activated", no_argument, NULL, OPTION_ACTIVATED},
	{"pin", required_argument, NULL, OPTION_PIN},
	{"help", no_argument, NULL, OPTION_HELP},
	{0},
};

static int set_text(char **place, char *copy, struct str *why)
{
	if (!copy)
		return problem(why, "out of memory");
	free(*place);
	*place = copy;
	return 0;
}

static int set_key(struct run_options *options, enum config_key_id key, const char *text,
		   struct str *why)
{
	bool path = config_keys[key].type == CONFIG_FILE;

	return set_text(&options->given[key], path ? paths_absolute(text) : strdup(text), why);
}

/* "KEY=VALUE" */
static int set_pin(struct run_options *options, const char *text, struct str *why)
{
	for (size_t i = 0; i < run_pinned_count; i++) {
		const char *name = config_keys[run_pinned[i]].name;
		size_t n = strlen(name);
		if (!strncmp(text, name, n) && text[n] == '=')
			return set_text(&options->pinned[run_pinned[i]], strdup(text + n + 1), why);
	}
	return problem(why, "--pin: unknown key in \"%s\"", text);
}

static int set_option(struct run_options *options, int option, struct str *why)
{
	switch (option) {
	case 's': return set_key(options, KEY_SOCKET, optarg, why);
	case 'g': return set_key(options, KEY_GROUP, optarg, why);
	case 'u': return set_key(options, KEY_USER, optarg, why);
	case 'l': return set_key(options, KEY_LOG_DIR, optarg, why);
	case 'p': return set_key(options, KEY_PROGRAM, optarg, why);
	case 'd': options->daemon = true; return 0;
	case OPTION_CONFIG: return set_text(&options->config_file, paths_absolute(optarg), why);
	case OPTION_LOCK_FILE: return set_text(&options->lock_file, paths_absolute(optarg), why);
	case OPTION_RELOAD: options->reload = true; return 0;
	case OPTION_RELOAD_CHECK: options->check = true; return 0;
	case OPTION_ACTIVATED: options->activated = true; return 0;
	case OPTION_PIN: return set_pin(options, optarg, why);
	case OPTION_HELP: options->help = true; return 0;
	default: break;
	}
	if (option >= OPTION_KEY && option < OPTION_KEY + KEY_COUNT)
		return set_key(options, (enum config_key_id)(option - OPTION_KEY), optarg, why);
	return problem(why, "see aaau-server run --help"); /* getopt has said what */
}

int run_options_parse(struct run_options *ret, int argc, char **argv, struct str *why)
{
	struct run_options options = {0};
	int option;

	optind = 0; /* a fresh start, for glibc */
	while ((option = getopt_long(argc, argv, "s:g:u:l:p:d", long_options, NULL)) != -1) {
		if (set_option(&options, option, why) < 0) {
			run_options_free(&options);
			return -1;
		}
	}
	if (optind < argc) {
		problem(why, "run: \"%s\" is not expected; see aaau-server run --help",
			argv[optind]);
		run_options_free(&options);
		return -1;
	}
	*ret = options;
	return 0;
}

void run_options_free(struct run_options *options)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		free(options->given[i]);
		free(options->pinned[i]);
	}
	free(options->config_file);
	free(options->lock_file);
	*options = (struct run_options){0};
}

static const char *option_name(enum config_key_id key)
{
	for (const struct option *o = long_options; o->name; o++) {
		if (o->val == OPTION_KEY + (int)key)
			return o->name;
	}
	return config_keys[key].name;
}

static int apply_pin(const struct run_options *options, struct config *config,
		     enum config_key_id key, struct str *notes, struct str *why)
{
	const char *now = config_text(config, NULL, key);
	const char *pinned = options->pinned[key];

	if (!pinned)
		return 0;
	if (strcmp(now, pinned) != 0 && !(key == KEY_CGROUP && !strcmp(now, "auto")))
		str_append_format(notes,
				  "%s stays \"%s\" until the server is stopped and started again\n",
				  config_keys[key].name, pinned);
	return config_override(config, key, "--pin", pinned, why);
}

int run_options_configure(const struct run_options *options, struct config *ret, struct str *notes,
			  struct str *why)
{
	if (config_init(ret, why) < 0)
		return -1;

	int result = config_load(ret, options->config_file, why);
	for (size_t i = 0; i < KEY_COUNT && result == 0; i++) {
		enum config_key_id key = (enum config_key_id)i;
		char name[64];
		snprintf(name, sizeof name, "--%s", option_name(key));
		if (options->given[key])
			result = config_override(ret, key, name, options->given[key], why);
		else
			result = apply_pin(options, ret, key, notes, why);
	}
	if (result < 0)
		config_free(ret);
	return result;
}

static void put_option(struct str *out, const char *name, const char *value)
{
	str_append_format(out, "--%s=%s", name, value);
	str_append_byte(out, '\0');
}

void run_options_encode(struct str *out, const struct run_options *options,
			const struct config *config, const char *cgroup, bool activated)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		enum config_key_id key = (enum config_key_id)i;
		if (options->given[key])
			put_option(out, option_name(key), options->given[key]);
	}
	for (size_t i = 0; i < run_pinned_count; i++) {
		enum config_key_id key = run_pinned[i];
		cleanup_str struct str pin = {0};
		str_append_format(&pin, "%s=%s", config_keys[key].name,
				  key == KEY_CGROUP ? cgroup : config_text(config, NULL, key));
		if (!options->given[key] && !str_error(&pin))
			put_option(out, "pin", pin.data);
	}
	if (options->config_file)
		put_option(out, "config", options->config_file);
	if (options->lock_file)
		put_option(out, "lock-file", options->lock_file);
	if (activated) {
		str_append_text(out, "--activated");
		str_append_byte(out, '\0');
	}
}
