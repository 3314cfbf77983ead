/* The last words of `aaau-server init`: commands that work as they stand.
 *
 * Names and paths that init got by option are no part of any configuration file yet, so each
 * command that needs them carries them; under systemd, whose unit has no options, they are shown as
 * the lines of the file. Owns nothing; trusts the configuration, whose values are checked. Cannot
 * fail but for memory, which is told by leaving the options out.
 */
#include "server/next-steps.h"

#include <stdlib.h>
#include <string.h>

#include "server/config-value.h"
#include "util/shell-words.h"
#include "util/str.h"

static const struct {
	enum config_key_id key;
	const char *option;
} carried[] = {
	{KEY_USER, "-u"},
	{KEY_GROUP, "-g"},
	{KEY_SOCKET, "-s"},
	{KEY_LOG_DIR, "-l"},
	{KEY_SERVICE_USER, "--service-user"},
	{KEY_LOG_GROUP, "--log-group"},
};

/* The value that an option gave, or NULL where a server without options has it too. */
static const char *given(const struct config *config, enum config_key_id key)
{
	const struct config_value *value = &config->values[key];

	if (!value->set || value->line > 0)
		return NULL;
	return config->file || strcmp(value->items[0], config_keys[key].fallback) != 0
		       ? value->items[0]
		       : NULL;
}

static void put_option(struct str *out, const char *option, const char *value)
{
	str_append_format(out, " %s ", option);
	shell_words_quote(out, value);
}

/* "KEY = "VALUE"", as the file wants it. */
static void put_line(struct str *out, const char *key, const char *value)
{
	str_append_format(out, "      %s = \"", key);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			str_append_byte(out, '\\');
		str_append_byte(out, *value);
	}
	str_append_text(out, "\"\n");
}

static const char *text(const struct str *str)
{
	return str->data && !str_error(str) ? str->data : "";
}

static void tell_start(FILE *out, const struct config *config, const char *file, bool systemd)
{
	cleanup_str struct str options = {0};
	cleanup_str struct str lines = {0};

	if (file)
		put_option(&options, "--config", file);
	for (size_t i = 0; i < sizeof carried / sizeof *carried; i++) {
		const char *value = given(config, carried[i].key);
		if (!value)
			continue;
		put_option(&options, carried[i].option, value);
		put_line(&lines, config_keys[carried[i].key].name, value);
	}
	if (systemd && !file) {
		if (lines.length)
			fprintf(out, "  keep these in " CONFIG_DEFAULT_FILE ":\n%s", text(&lines));
		fputs("  start the server:\n"
		      "      sudo systemctl enable --now aaau.service\n",
		      out);
	} else {
		fprintf(out,
			"  start the server:\n"
			"      sudo aaau-server run -d%s\n",
			text(&options));
	}
}

void next_steps_tell(FILE *out, const struct config *config, const char *file, bool systemd)
{
	const char *group = config_text(config, NULL, KEY_GROUP);
	const char *user = config_text(config, NULL, KEY_USER);
	const char *socket = config_text(config, NULL, KEY_SOCKET);
	const char *human = getenv("SUDO_USER");
	bool known = human && config_name_is_valid(human) && strcmp(human, "root") != 0;
	cleanup_str struct str options = {0};

	fprintf(out,
		"\nNext steps\n"
		"  let people in (they log in again, or run: newgrp %s):\n"
		"      sudo usermod -aG %s %s\n",
		group, group, known ? human : "NAME");
	tell_start(out, config, file, systemd);
	if (strcmp(socket, config_keys[KEY_SOCKET].fallback) != 0)
		put_option(&options, "-s", socket);
	fprintf(out,
		"  start an agent, as one of the people:\n"
		"      aaau%s\n"
		"  If people are to install programs and log in for the agents, let them act as "
		"their\n"
		"  user (visudo -f /etc/sudoers.d/aaau); never give sudo to %s itself:\n"
		"      %%%s ALL=(%s) ALL\n",
		text(&options), user, group, user);
}
