/* Reading and asking the configuration.
 *
 * libconfuse knows the grammar; types and limits are ours (config-value.c), checked while it
 * parses, when the line is still known. Every key is a string or a list of strings to it.
 * The file is trusted as root is, which is why it must be root's alone. The first error ends the
 * reading, and nothing of a file with an error is used.
 */
#include "server/config.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config-text.h"
#include "server/config-value.h"
#include "server/problem.h"
#include "util/fd.h"
#include "util/io.h"

/* A list's default in libconfuse's eyes: no file can write it, so a list that holds it was not set. */
#define UNSET "\001"
/* Put after the text: an error at its line tells that something before it is not finished, which
 * libconfuse does not mind of a section. */
#define END_KEY "end_of_file_mark"

/* libconfuse's callbacks bring no pointer of ours. */
static struct {
	struct config *config;
	struct str *why;
	int last_line; /* of the file; the mark stands below it */
	bool failed;
} parse;

static void value_clear(struct config_value *value)
{
	for (size_t i = 0; i < value->count; i++)
		free(value->items[i]);
	free(value->items);
	*value = (struct config_value){0};
}

static int value_add(struct config_value *value, const char *item, size_t n)
{
	char **items = reallocarray(value->items, value->count + 2, sizeof *items);
	if (!items)
		return -ENOMEM;
	value->items = items;
	items[value->count] = strndup(item, n);
	if (!items[value->count])
		return -ENOMEM;
	items[++value->count] = NULL;
	return 0;
}

int config_init(struct config *ret, struct str *why)
{
	*ret = (struct config){0};
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const char *at = config_keys[i].fallback;
		bool list = config_type_is_list(config_keys[i].type);

		while (at && *at) {
			size_t n = list ? strcspn(at, " ") : strlen(at);
			if (value_add(&ret->defaults[i], at, n) < 0) {
				config_free(ret);
				return problem(why, "out of memory");
			}
			at += n;
			at += strspn(at, " ");
		}
	}
	return 0;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		value_clear(&config->defaults[i]);
		value_clear(&config->values[i]);
	}
	for (size_t a = 0; a < config->agent_count; a++) {
		for (size_t i = 0; i < KEY_COUNT; i++)
			value_clear(&config->agents[a].values[i]);
		free(config->agents[a].name);
	}
	free(config->agents);
	free(config->file);
	*config = (struct config){0};
}

/* Reports the first error, at the line where the parser is. */
static void parse_failed(const cfg_t *cfg, const char *text)
{
	bool at_end = cfg->line > parse.last_line;

	if (parse.failed)
		return;
	parse.failed = true;
	problem(parse.why, "%s:%d: %s", parse.config->file, at_end ? parse.last_line : cfg->line,
		at_end ? "the file ends too early; a value or a closing brace is missing" : text);
}

static void unknown_key(const cfg_t *cfg, const char *key, unsigned scope)
{
	cleanup_str struct str text = {0};
	const char *nearest = config_nearest_key(key, scope);
	unsigned elsewhere = scope ^ (CONFIG_TOP | CONFIG_AGENT);

	str_append_format(&text, "unknown key \"%s\"", key);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!strcmp(config_keys[i].name, key) && (config_keys[i].scope & elsewhere))
			nearest = NULL;
	}
	if (nearest)
		str_append_format(&text, "; did you mean \"%s\"?", nearest);
	else if (config_nearest_key(key, elsewhere) &&
		 !strcmp(config_nearest_key(key, elsewhere), key))
		str_append_text(&text, elsewhere == CONFIG_AGENT
					       ? "; it belongs into an agent section"
					       : "; it belongs outside of agent sections");
	parse_failed(cfg, text.data);
}

static void on_error(cfg_t *cfg, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
static void on_error(cfg_t *cfg, const char *format, va_list arguments)
{
	static const char no_such[] = "no such option '";
	unsigned scope = !strcmp(cfg->name, "agent") ? CONFIG_AGENT : CONFIG_TOP;
	char *text;

	if (vasprintf(&text, format, arguments) < 0)
		return;
	size_t n = strlen(text);
	if (!strncmp(text, no_such, sizeof no_such - 1) && n > sizeof no_such) {
		text[n - 1] = '\0';
		unknown_key(cfg, text + sizeof no_such - 1, scope);
	} else {
		parse_failed(cfg, text);
	}
	free(text);
}

static struct config_agent *agent_of(cfg_t *section)
{
	struct config *config = parse.config;
	const char *name = cfg_title(section);

	for (size_t i = 0; i < config->agent_count; i++) {
		if (!strcmp(config->agents[i].name, name))
			return &config->agents[i];
	}

	cleanup_str struct str why = {0};
	if (config_agent_name_check(name, &why) < 0) {
		parse_failed(section, why.data);
		return NULL;
	}
	struct config_agent *agents =
		reallocarray(config->agents, config->agent_count + 1, sizeof *agents);
	if (!agents)
		return NULL;
	config->agents = agents;
	agents += config->agent_count;
	*agents = (struct config_agent){.name = strdup(name), .line = (unsigned)section->line};
	if (!agents->name)
		return NULL;
	config->agent_count++;
	return agents;
}

static enum config_key_id key_of(const char *name)
{
	size_t i = 0;

	while (strcmp(config_keys[i].name, name) != 0)
		i++;
	return (enum config_key_id)i;
}

/* Called by libconfuse after each item, and once with the default of each list of a section. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	bool top = !strcmp(cfg->name, "root");
	const char *item = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
	enum config_key_id key = key_of(opt->name);
	cleanup_str struct str why = {0};

	if (!strcmp(item, UNSET))
		return 0;
	if (config_value_check(&config_keys[key], item, &why) < 0) {
		parse_failed(cfg, why.data);
		return -1;
	}

	struct config_agent *agent = top ? NULL : agent_of(cfg);
	if (!top && !agent)
		return -1;
	(top ? parse.config->values : agent->values)[key].line = (unsigned)cfg->line;
	return 0;
}

static int on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	(void)cfg;
	return agent_of(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1)) ? 0 : -1;
}

static int copy_values(cfg_t *cfg, unsigned scope, struct config_value *values)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!(config_keys[i].scope & scope))
			continue;

		cfg_opt_t *opt = cfg_getopt(cfg, config_keys[i].name);
		unsigned n = cfg_opt_size(opt);
		const char *first = n ? cfg_opt_getnstr(opt, 0) : NULL;
		bool list = config_type_is_list(config_keys[i].type);

		if (list ? n && !strcmp(first, UNSET) : !first)
			continue;
		values[i].set = true;
		for (unsigned k = 0; k < n; k++) {
			const char *item = cfg_opt_getnstr(opt, k);
			if (value_add(&values[i], item, strlen(item)) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

static size_t make_options(cfg_opt_t *options, unsigned scope)
{
	static char unset[] = "{\"" UNSET "\"}";
	size_t n = 0;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!(config_keys[i].scope & scope))
			continue;
		if (config_type_is_list(config_keys[i].type))
			options[n++] =
				(cfg_opt_t)CFG_STR_LIST(config_keys[i].name, unset, CFGF_NONE);
		else
			options[n++] = (cfg_opt_t)CFG_STR(config_keys[i].name, NULL, CFGF_NONE);
	}
	return n;
}

static void watch_values(cfg_t *cfg)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		char name[64];
		if (config_keys[i].scope & CONFIG_TOP)
			cfg_set_validate_func(cfg, config_keys[i].name, on_value);
		if (config_keys[i].scope & CONFIG_AGENT) {
			snprintf(name, sizeof name, "agent|%s", config_keys[i].name);
			cfg_set_validate_func(cfg, name, on_value);
		}
	}
	cfg_set_validate_func(cfg, "agent", on_section);
}

/* text has the mark at its end. */
static int parse_text(struct config *config, char *text, size_t n)
{
	cfg_opt_t agent_options[KEY_COUNT + 1] = {0};
	cfg_opt_t options[KEY_COUNT + 2] = {0};
	int result = -1;

	agent_options[make_options(agent_options, CONFIG_AGENT)] = (cfg_opt_t)CFG_END();
	size_t end = make_options(options, CONFIG_TOP);
	options[end++] = (cfg_opt_t)CFG_SEC("agent", agent_options,
					    CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
	options[end++] = (cfg_opt_t)CFG_STR(END_KEY, NULL, CFGF_NONE);
	options[end] = (cfg_opt_t)CFG_END();

	cfg_t *cfg = cfg_init(options, CFGF_NONE);
	FILE *stream = fmemopen(text, n, "r");
	if (!cfg || !stream)
		goto out;
	cfg_set_error_function(cfg, on_error);
	watch_values(cfg);
	cfg->filename = strdup(config->file);
	if (!cfg->filename || cfg_parse_fp(cfg, stream) != CFG_SUCCESS || parse.failed)
		goto out;
	if (copy_values(cfg, CONFIG_TOP, config->values) < 0)
		goto out;
	for (unsigned i = 0; i < cfg_size(cfg, "agent"); i++) {
		cfg_t *section = cfg_getnsec(cfg, "agent", i);
		struct config_agent *agent = agent_of(section);
		if (!agent || copy_values(section, CONFIG_AGENT, agent->values) < 0)
			goto out;
	}
	result = 0;
out:
	if (stream)
		fclose(stream);
	if (cfg)
		cfg_free(cfg);
	return result;
}

int config_parse(struct config *config, const char *name, const char *text, size_t n,
		 struct str *why)
{
	cleanup_str struct str copy = {0};
	unsigned line;

	config->file = strdup(name);
	str_append(&copy, text, n);
	if (!config->file || str_error(&copy))
		return problem(why, "out of memory");

	const char *trouble = config_text_prepare(copy.data, copy.length, &line);
	if (trouble)
		return problem(why, "%s:%u: %s", name, line, trouble);
	/* What is left open is told at the last line that has something. */
	while (copy.length > 0 && strchr(" \t\r\n", copy.data[copy.length - 1]))
		copy.length--;
	parse.last_line = 1;
	for (size_t i = 0; i < copy.length; i++)
		parse.last_line += copy.data[i] == '\n';
	str_append_text(&copy, "\n" END_KEY " = end\n");
	if (str_error(&copy))
		return problem(why, "out of memory");

	parse.config = config;
	parse.why = why;
	parse.failed = false;
	int result = parse_text(config, copy.data, copy.length);
	if (result < 0 && !parse.failed)
		problem(why, "%s: out of memory", name);
	return result;
}

static int check_file(const char *file, const struct stat *st, struct str *why)
{
	if (!S_ISREG(st->st_mode))
		return problem(why, "%s is not a regular file", file);
	if (st->st_uid != 0)
		return problem(why,
			       "%s belongs to uid %u: whoever writes it could become root; "
			       "run: chown root:root %s",
			       file, st->st_uid, file);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return problem(why,
			       "%s can be written by others than root (mode %04o); "
			       "run: chmod go-w %s",
			       file, st->st_mode & 07777, file);
	if (st->st_size > CONFIG_MAX_SIZE)
		return problem(why, "%s is larger than %d bytes", file, CONFIG_MAX_SIZE);
	return 0;
}

int config_load(struct config *config, const char *file, struct str *why)
{
	const char *path = file ? file : CONFIG_DEFAULT_FILE;
	struct stat st;

	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT && !file)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return problem(why, "cannot read the configuration %s: %s", path, strerror(errno));
	if (check_file(path, &st, why) < 0)
		return -1;

	cleanup_str struct str text = {0};
	/* One byte more, to see it grow. */
	char *room = str_reserve(&text, CONFIG_MAX_SIZE + 1);
	if (!room)
		return problem(why, "out of memory");
	ssize_t n = io_read_full(fd, room, CONFIG_MAX_SIZE + 1);
	if (n < 0)
		return problem(why, "cannot read the configuration %s: %s", path,
			       strerror((int)-n));
	if (n > CONFIG_MAX_SIZE)
		return problem(why, "%s is larger than %d bytes", path, CONFIG_MAX_SIZE);
	return config_parse(config, path, room, (size_t)n, why);
}

int config_override(struct config *config, enum config_key_id key, const char *option,
		    const char *value, struct str *why)
{
	cleanup_str struct str trouble = {0};

	if (config_value_check(&config_keys[key], value, &trouble) < 0)
		return problem(why, "%s: %s", option, trouble.data);
	value_clear(&config->values[key]);
	if (value_add(&config->values[key], value, strlen(value)) < 0)
		return problem(why, "out of memory");
	config->values[key].set = true;
	return 0;
}

const struct config_value *config_value(const struct config *config,
					const struct config_agent *agent, enum config_key_id key)
{
	unsigned scope = config_keys[key].scope;

	if (agent && agent->values[key].set)
		return &agent->values[key];
	if (agent ? (scope & CONFIG_INHERITED) && config->values[key].set : config->values[key].set)
		return &config->values[key];
	return &config->defaults[key];
}

const char *config_text(const struct config *config, const struct config_agent *agent,
			enum config_key_id key)
{
	const struct config_value *value = config_value(config, agent, key);

	return value->count ? value->items[0] : NULL;
}

uint64_t config_number(const struct config *config, const struct config_agent *agent,
		       enum config_key_id key)
{
	const char *text = config_text(config, agent, key);
	uint64_t number = 0;

	if (text)
		config_value_number(config_keys[key].type, text, &number);
	return number;
}

const struct config_agent *config_agent(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->agent_count; i++) {
		if (!strcmp(config->agents[i].name, name))
			return &config->agents[i];
	}
	return NULL;
}

void config_origin(struct str *out, const struct config *config, const struct config_value *value)
{
	if (config->file && value->line)
		str_append_format(out, "%s:%u: ", config->file, value->line);
}
