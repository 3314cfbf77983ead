/* Values of the configuration, one at a time.
 *
 * Pure functions over text; nothing here touches the system. A value that is not what its key wants
 * is told with what the key wants.
 */
#include "server/config-value.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "server/problem.h"
#include "util/shell-words.h"
#include "util/similar.h"

static const struct {
	const char *name;
	unsigned resource;
} rlimit_names[] = {
	{"as", RLIMIT_AS},
	{"core", RLIMIT_CORE},
	{"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},
	{"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},
	{"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE},
	{"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},
	{"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},
	{"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

/* What `aaau WORD` means already; an agent of that name could never be started by it. */
static const char *const verbs[] = {"attach", "detach", "doctor",  "freeze", "help",   "kill",
				    "log",    "ls",     "replay",  "run",    "screen", "send",
				    "status", "thaw",   "version", "wait"};

static bool parse_digits(const char *text, int base, const char **ret_end, uint64_t *ret)
{
	if (!isdigit((unsigned char)text[0]))
		return false; /* strtoull(3) would take a sign and blanks */

	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, base);
	if (errno)
		return false;
	*ret_end = end;
	*ret = value;
	return true;
}

static bool parse_size(const char *text, uint64_t *ret)
{
	uint64_t value;
	const char *end;
	unsigned shift = 0;

	if (!parse_digits(text, 10, &end, &value))
		return false;
	switch (*end) {
	case 'K': shift = 10; break;
	case 'M': shift = 20; break;
	case 'G': shift = 30; break;
	default: break;
	}
	if (shift)
		end++;
	if (*end || value > UINT64_MAX >> shift)
		return false;
	*ret = value << shift;
	return true;
}

static bool parse_boolean(const char *text, uint64_t *ret)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!strcasecmp(text, words[i])) {
			*ret = i & 1;
			return true;
		}
	}
	return false;
}

bool config_value_number(enum config_type type, const char *item, uint64_t *ret)
{
	const char *end;

	switch (type) {
	case CONFIG_SIZE: return parse_size(item, ret);
	case CONFIG_BOOLEAN: return parse_boolean(item, ret);
	default: break;
	}

	uint64_t value;
	if (!parse_digits(item, type == CONFIG_MODE ? 8 : 10, &end, &value) || *end)
		return false;
	*ret = value;
	return true;
}

bool config_value_rlimit(const char *item, unsigned *ret_resource, uint64_t *ret_limit)
{
	const char *equals = strchr(item, '=');
	if (!equals)
		return false;

	for (size_t i = 0; i < sizeof rlimit_names / sizeof *rlimit_names; i++) {
		const char *name = rlimit_names[i].name;
		if (strlen(name) != (size_t)(equals - item) ||
		    strncmp(name, item, (size_t)(equals - item)) != 0)
			continue;

		uint64_t limit = RLIM_INFINITY;
		if (strcmp(equals + 1, "unlimited") != 0 && !parse_size(equals + 1, &limit))
			return false;
		*ret_resource = rlimit_names[i].resource;
		*ret_limit = limit;
		return true;
	}
	return false;
}

bool config_name_is_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 32)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];
		bool first_ok = islower(c) || isupper(c) || c == '_';
		if (!first_ok && (i == 0 || (!isdigit(c) && c != '-' && c != '.')) &&
		    !(c == '$' && i + 1 == n && i > 0))
			return false;
	}
	return true;
}

static bool is_variable_name(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (!isalpha(c) && c != '_' && (i == 0 || !isdigit(c)))
			return false;
	}
	return n > 0;
}

/* "/a" and "/a/b" with no "..", no control bytes. */
static bool is_absolute_path(const char *text)
{
	if (text[0] != '/' || strlen(text) >= 4096)
		return false;
	for (const char *at = text; *at; at++) {
		if (iscntrl((unsigned char)*at))
			return false;
		if (at[0] == '/' && at[1] == '.' && at[2] == '.' && (at[3] == '/' || !at[3]))
			return false;
	}
	return true;
}

static bool is_search_path(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, ":");
		bool home = !strncmp(text, "$HOME", 5) && (n == 5 || text[5] == '/');
		if (text[0] != '/' && !home)
			return false;
		text += n;
		if (*text == ':' && !*++text)
			return false; /* an empty directory would be the current one */
	}
	return true;
}

static int check_number(const struct config_key *key, const char *item, struct str *why)
{
	const char *unit = key->unit ? key->unit : "";
	const char *space = key->unit ? " " : "";
	uint64_t value;

	if (key->type == CONFIG_BOOLEAN) {
		if (!config_value_number(key->type, item, &value))
			return problem(why, "%s: \"%s\" is neither true nor false", key->name,
				       item);
		return 0;
	}
	if (key->type == CONFIG_MODE) {
		if (!config_value_number(key->type, item, &value) || value > key->maximum)
			return problem(why, "%s: \"%s\" is no octal number from 0 to %04" PRIo64,
				       key->name, item, key->maximum);
		return 0;
	}
	if (!config_value_number(key->type, item, &value))
		return problem(why, "%s: \"%s\" is no number%s%s%s", key->name, item,
			       key->unit ? " of " : "", unit,
			       key->type == CONFIG_SIZE ? " (K, M and G are understood)" : "");
	if (value < key->minimum || value > key->maximum)
		return problem(why, "%s: %s is out of range (%" PRIu64 " to %" PRIu64 "%s%s)",
			       key->name, item, key->minimum, key->maximum, space, unit);
	return 0;
}

static int check_command(const struct config_key *key, const char *item, struct str *why)
{
	const char *trouble;
	char **words;

	int error = shell_words_split(item, &words, &trouble);
	if (error)
		return problem(why, "%s: %s in \"%s\"", key->name,
			       error == -EINVAL ? trouble : strerror(-error), item);

	bool empty = !words[0] || !words[0][0];
	free(words);
	return empty ? problem(why, "%s: is empty", key->name) : 0;
}

int config_value_check(const struct config_key *key, const char *item, struct str *why)
{
	unsigned resource;
	uint64_t limit;
	size_t n;

	switch (key->type) {
	case CONFIG_NAME:
	case CONFIG_NAMES:
		if (!config_name_is_valid(item))
			return problem(why, "%s: \"%s\" is no valid name of a user or group",
				       key->name, item);
		return 0;
	case CONFIG_CGROUP:
		if (!strcmp(item, "auto"))
			return 0;
		/* fall through */
	case CONFIG_FILE:
		if (!is_absolute_path(item))
			return problem(why, "%s: \"%s\" is no absolute path without \"..\"",
				       key->name, item);
		return 0;
	case CONFIG_COMMAND: return check_command(key, item, why);
	case CONFIG_NUMBER:
	case CONFIG_SIZE:
	case CONFIG_MODE:
	case CONFIG_BOOLEAN: return check_number(key, item, why);
	case CONFIG_SEARCH_PATH:
		if (!is_search_path(item))
			return problem(why,
				       "%s: \"%s\": each directory must be absolute or start with "
				       "$HOME",
				       key->name, item);
		return 0;
	case CONFIG_TEXTS: return 0;
	case CONFIG_PATTERNS:
		n = strlen(item);
		if (n > 1 && item[n - 1] == '*')
			n--;
		if (!is_variable_name(item, n))
			return problem(why, "%s: \"%s\" is no name of an environment variable",
				       key->name, item);
		return 0;
	case CONFIG_ENVIRONMENT:
		if (!strchr(item, '=') || !is_variable_name(item, strcspn(item, "=")))
			return problem(why, "%s: \"%s\" is not NAME=VALUE", key->name, item);
		return 0;
	case CONFIG_RLIMITS:
		if (!config_value_rlimit(item, &resource, &limit))
			return problem(why,
				       "%s: \"%s\" is not NAME=LIMIT with a name of "
				       "prlimit(1), as in \"nofile=4096\"",
				       key->name, item);
		return 0;
	}
	return 0;
}

int config_agent_name_check(const char *name, struct str *why)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (!strcmp(name, verbs[i]))
			return problem(why,
				       "agent \"%s\": `aaau %s` is a command already; choose "
				       "another name",
				       name, name);
	}

	bool valid = n > 0 && n <= 63 && isalnum((unsigned char)name[0]);
	for (size_t i = 0; valid && i < n; i++)
		valid = isalnum((unsigned char)name[i]) || strchr("._-", name[i]);
	if (!valid)
		return problem(why,
			       "agent \"%s\": a name is up to 63 letters, digits, dots, dashes and "
			       "underscores, and starts with a letter or digit",
			       name);
	return 0;
}

const char *config_nearest_key(const char *wrong, unsigned scope)
{
	const char *nearest = NULL;
	unsigned best = 3; /* a third difference is another word */

	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (!(config_keys[i].scope & scope))
			continue;
		unsigned distance = similar_distance(wrong, config_keys[i].name);
		if (distance < best) {
			best = distance;
			nearest = config_keys[i].name;
		}
	}
	return nearest;
}
