/* The configuration: every key with good and bad values, and where an error is said to be. */
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config-text.h"
#include "server/config-value.h"
#include "server/config.h"

struct parsed {
	struct config config;
	struct str why;
	int result;
};

static struct parsed parse(const char *text)
{
	struct parsed parsed = {0};

	assert_int_equal(config_init(&parsed.config, &parsed.why), 0);
	parsed.result = config_parse(&parsed.config, "F", text, strlen(text), &parsed.why);
	return parsed;
}

static void drop(struct parsed *parsed)
{
	config_free(&parsed->config);
	str_free(&parsed->why);
}

static void expect_good(const char *text)
{
	struct parsed parsed = parse(text);

	if (parsed.result != 0)
		fail_msg("%s\nwas refused: %s", text, parsed.why.data);
	drop(&parsed);
}

static void expect_bad(const char *text, const char *wanted)
{
	struct parsed parsed = parse(text);

	if (parsed.result != -1)
		fail_msg("%s\nwas taken", text);
	if (!strstr(parsed.why.data, wanted))
		fail_msg("%s\ngave \"%s\", which has no \"%s\"", text, parsed.why.data, wanted);
	drop(&parsed);
}

static void test_defaults(void **state)
{
	struct config config;
	struct str why = {0};

	(void)state;
	assert_int_equal(config_init(&config, &why), 0);
	assert_string_equal(config_text(&config, NULL, KEY_SOCKET), "/var/run/aaau.sock");
	assert_string_equal(config_text(&config, NULL, KEY_GROUP), "agent");
	assert_null(config_text(&config, NULL, KEY_ADMIN_GROUP));
	assert_int_equal(config_number(&config, NULL, KEY_RING_SIZE), 1048576);
	assert_int_equal(config_number(&config, NULL, KEY_UMASK), 027);
	assert_int_equal(config_value(&config, NULL, KEY_ENV_KEEP)->count, 7);
	assert_string_equal(config_value(&config, NULL, KEY_ENV_KEEP)->items[3], "LC_*");
	assert_int_equal(config_value(&config, NULL, KEY_GROUPS)->count, 0);
	config_free(&config);
}

/* The table's own defaults obey the table's own limits. */
static void test_defaults_are_valid(void **state)
{
	struct config config;
	struct str why = {0};

	(void)state;
	assert_int_equal(config_init(&config, &why), 0);
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct config_value *value = &config.defaults[i];
		assert_non_null(config_keys[i].name);
		assert_non_null(config_keys[i].help);
		for (size_t k = 0; k < value->count; k++)
			assert_int_equal(config_value_check(&config_keys[i], value->items[k], &why),
					 0);
	}
	config_free(&config);
}

static const struct {
	enum config_type type;
	const char *good[6], *bad[8];
} values[] = {
	{CONFIG_NAME,
	 {"agent", "_aaau", "a.b-c", "A1", "x$", NULL},
	 {"", "1a", "-a", "a b", "a:b", "a\nb", "abcdefghijklmnopqrstuvwxyz1234567", NULL}},
	{CONFIG_FILE,
	 {"/a", "/a/b c", "/", "/a/..b", NULL},
	 {"", "a", "./a", "/a/../b", "/..", "/a\nb", NULL}},
	{CONFIG_CGROUP, {"auto", "/sys/fs/cgroup", NULL}, {"", "Auto", "x/y", NULL}},
	{CONFIG_COMMAND,
	 {"bash", "claude --x", "'a b' c", "a \"b\"", NULL},
	 {"", "  ", "'a", "\"a", "a\\", "''", NULL}},
	{CONFIG_BOOLEAN, {"true", "False", "on", "OFF", "yes", NULL}, {"", "1", "ja", NULL}},
	{CONFIG_SEARCH_PATH,
	 {"/bin", "$HOME/bin:/bin", "$HOME", "/a:/b:/c", NULL},
	 {"bin", "/a::/b", "/a:", ":/a", "~/bin", "$HOMEX", NULL}},
	{CONFIG_TEXTS, {"", "any thing", NULL}, {NULL}},
	{CONFIG_NAMES, {"video", NULL}, {"", "a b", NULL}},
	{CONFIG_PATTERNS, {"TERM", "LC_*", "_a1", NULL}, {"", "*", "1A", "A*B", "A=B", NULL}},
	{CONFIG_ENVIRONMENT, {"A=", "A=b=c", "_x=1", NULL}, {"", "A", "=b", "1A=b", "A B=c", NULL}},
	{CONFIG_RLIMITS,
	 {"nofile=4096", "as=2G", "core=0", "cpu=unlimited", NULL},
	 {"nofile", "nofile=", "nofle=3", "nofile=-1", "nofile=1x", "=3", NULL}},
};

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct config_key key = {.name = "key", .type = values[i].type};
		struct str why = {0};
		for (const char *const *item = values[i].good; *item; item++) {
			if (config_value_check(&key, *item, &why) != 0)
				fail_msg("%s", why.data);
		}
		for (const char *const *item = values[i].bad; *item; item++) {
			if (config_value_check(&key, *item, &why) == 0)
				fail_msg("type %u took \"%s\"", values[i].type, *item);
			assert_int_equal(strncmp(why.data, "key: ", 5), 0);
		}
		str_free(&why);
	}
}

/* Each number at its limits and beyond them. */
static void test_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct config_key *key = &config_keys[i];
		bool octal = key->type == CONFIG_MODE;
		char text[32];
		struct str why = {0};
		if (key->type != CONFIG_NUMBER && key->type != CONFIG_SIZE && !octal)
			continue;
		snprintf(text, sizeof text, octal ? "%" PRIo64 : "%" PRIu64, key->minimum);
		assert_int_equal(config_value_check(key, text, &why), 0);
		snprintf(text, sizeof text, octal ? "%" PRIo64 : "%" PRIu64, key->maximum);
		assert_int_equal(config_value_check(key, text, &why), 0);
		snprintf(text, sizeof text, octal ? "%" PRIo64 : "%" PRIu64, key->maximum + 1);
		assert_int_equal(config_value_check(key, text, &why), -1);
		if (key->minimum > 0) {
			snprintf(text, sizeof text, "%" PRIu64, key->minimum - 1);
			assert_int_equal(config_value_check(key, text, &why), -1);
			assert_non_null(strstr(why.data, "out of range"));
		}
		static const char *const none[] = {
			"", "-1", "+1", " 1", "1 ", "0x10", "1.5", "x", "99999999999999999999999"};
		for (size_t k = 0; k < sizeof none / sizeof *none; k++)
			assert_int_equal(config_value_check(key, none[k], &why), -1);
		str_free(&why);
	}
}

static void test_sizes(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(config_value_number(CONFIG_SIZE, "4K", &value));
	assert_int_equal(value, 4096);
	assert_true(config_value_number(CONFIG_SIZE, "3M", &value));
	assert_int_equal(value, 3 << 20);
	assert_true(config_value_number(CONFIG_SIZE, "1G", &value));
	assert_int_equal(value, 1 << 30);
	assert_false(config_value_number(CONFIG_SIZE, "1k", &value));
	assert_false(config_value_number(CONFIG_SIZE, "1KB", &value));
	assert_false(config_value_number(CONFIG_SIZE, "18446744073709551615K", &value));
	/* 27 is octal with or without the zero that C wants. */
	assert_true(config_value_number(CONFIG_MODE, "27", &value));
	assert_int_equal(value, 027);
	assert_false(config_value_number(CONFIG_MODE, "28", &value));
}

static void test_rlimits(void **state)
{
	unsigned resource;
	uint64_t limit;

	(void)state;
	assert_true(config_value_rlimit("nofile=4096", &resource, &limit));
	assert_int_equal(resource, RLIMIT_NOFILE);
	assert_int_equal(limit, 4096);
	assert_true(config_value_rlimit("stack=8M", &resource, &limit));
	assert_int_equal(resource, RLIMIT_STACK);
	assert_int_equal(limit, 8 << 20);
	assert_true(config_value_rlimit("core=unlimited", &resource, &limit));
	assert_true(limit == RLIM_INFINITY);
}

static const char whole[] = "# A comment with a \" quote and { brace\n"
			    "socket = /run/x.sock   # after a value\n"
			    "group = people\n"
			    "/* two\n"
			    "   lines */ user = bot\n"
			    "umask = 22\n"
			    "ring_size = 2M\n"
			    "path = \"$HOME/bin:/usr/bin\"\n"
			    "env_keep = {\"LANG\", \"LC_*\"}\n"
			    "rlimits = {\"nofile=64\"}\n"
			    "groups = {}\n"
			    "agent \"claude\" {\n"
			    "  user = claude-bot\n"
			    "  args = {\"--x\", \"a b\", \"#no comment\"}\n"
			    "  env = {\"URL=http://x/y\", \"E=\"}\n"
			    "  login_shell = yes\n"
			    "  rlimits = {}\n"
			    "}\n"
			    "agent empty {}\n";

static void test_whole_file(void **state)
{
	struct parsed parsed = parse(whole);
	const struct config *config = &parsed.config;

	(void)state;
	if (parsed.result != 0)
		fail_msg("%s", parsed.why.data);
	assert_string_equal(config_text(config, NULL, KEY_SOCKET), "/run/x.sock");
	assert_string_equal(config_text(config, NULL, KEY_USER), "bot");
	assert_int_equal(config_value(config, NULL, KEY_USER)->line, 5);
	assert_int_equal(config_number(config, NULL, KEY_UMASK), 022);
	assert_int_equal(config_number(config, NULL, KEY_RING_SIZE), 2 << 20);
	assert_int_equal(config_value(config, NULL, KEY_ENV_KEEP)->count, 2);
	assert_true(config_value(config, NULL, KEY_GROUPS)->set);
	assert_int_equal(config_value(config, NULL, KEY_GROUPS)->count, 0);

	const struct config_agent *agent = config_agent(config, "claude");
	assert_non_null(agent);
	assert_string_equal(config_text(config, agent, KEY_USER), "claude-bot");
	assert_int_equal(config_value(config, agent, KEY_USER)->line, 13);
	assert_int_equal(config_value(config, agent, KEY_ARGS)->count, 3);
	assert_string_equal(config_value(config, agent, KEY_ARGS)->items[1], "a b");
	assert_string_equal(config_value(config, agent, KEY_ARGS)->items[2], "#no comment");
	assert_string_equal(config_value(config, agent, KEY_ENV)->items[0], "URL=http://x/y");
	assert_int_equal(config_number(config, agent, KEY_LOGIN_SHELL), 1);
	/* Inherited, and an empty list is a value. */
	assert_int_equal(config_number(config, agent, KEY_UMASK), 022);
	assert_int_equal(config_value(config, agent, KEY_RLIMITS)->count, 0);
	/* Not inherited: what `aaau` starts is not what `aaau claude` starts. */
	assert_false(agent->values[KEY_PROGRAM].set);

	const struct config_agent *empty = config_agent(config, "empty");
	assert_non_null(empty);
	assert_string_equal(config_text(config, empty, KEY_USER), "bot");
	assert_int_equal(config_value(config, empty, KEY_RLIMITS)->count, 1);
	assert_null(config_agent(config, "none"));
	drop(&parsed);
}

static void test_every_key_can_be_written(void **state)
{
	static const char *const samples[] = {
		[CONFIG_NAME] = "x",
		[CONFIG_FILE] = "/x",
		[CONFIG_CGROUP] = "auto",
		[CONFIG_COMMAND] = "\"x y\"",
		[CONFIG_NUMBER] = "10",
		[CONFIG_SIZE] = "8192",
		[CONFIG_MODE] = "077",
		[CONFIG_BOOLEAN] = "yes",
		[CONFIG_SEARCH_PATH] = "/x",
		[CONFIG_TEXTS] = "{\"x\"}",
		[CONFIG_NAMES] = "{\"x\"}",
		[CONFIG_PATTERNS] = "{\"X*\"}",
		[CONFIG_ENVIRONMENT] = "{\"X=y\"}",
		[CONFIG_RLIMITS] = "{\"nofile=9\"}",
	};

	(void)state;
	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct config_key *key = &config_keys[i];
		char text[256];
		snprintf(text, sizeof text, "%s = %s\n", key->name, samples[key->type]);
		if (key->scope & CONFIG_TOP)
			expect_good(text);
		else
			expect_bad(text, "F:1: ");
		snprintf(text, sizeof text, "agent a {\n%s = %s\n}\n", key->name,
			 samples[key->type]);
		if (key->scope & CONFIG_AGENT)
			expect_good(text);
		else
			expect_bad(text, "F:2: ");
	}
}

static void test_errors_name_the_line(void **state)
{
	(void)state;
	expect_bad("sokcet = /x\n", "F:1: unknown key \"sokcet\"; did you mean \"socket\"?");
	expect_bad("\n# one\n/* two\n */\n\nzzz = 1\n", "F:6: unknown key \"zzz\"");
	expect_bad("agent x {\n user = a\n usr = b\n}\n",
		   "F:3: unknown key \"usr\"; did you mean \"user\"?");
	expect_bad("agent x {\n socket = /x\n}\n",
		   "F:2: unknown key \"socket\"; it belongs outside of agent sections");
	expect_bad("alias = no\n", "F:1: unknown key \"alias\"; it belongs into an agent section");
	expect_bad("group = a\nmax_sessions = many\n", "F:2: max_sessions: \"many\"");
	expect_bad("env_keep = {\"A\",\n\"1\"}\n", "F:2: env_keep: ");
	expect_bad("agent x {\n rlimits = {\"a=1\"}\n}\n", "F:2: rlimits: ");
	expect_bad("agent ls { user = a }\n", "F:1: agent \"ls\": `aaau ls` is a command");
	expect_bad("agent run {}\n", "F:1: agent \"run\"");
	expect_bad("agent \"a b\" {}\n", "F:1: agent \"a b\"");
	expect_bad("agent \"\" {}\n", "F:1: agent \"\"");
	expect_bad("agent {}\n", "F:1: ");
	expect_bad("agent x {}\nagent x {}\n", "F:2: ");
	expect_bad("socket /x\n", "F:1: ");
	expect_bad("socket = {/x}\n", "F:1: ");
	expect_bad("}\n", "F:1: ");
}

static void test_unfinished_files(void **state)
{
	(void)state;
	expect_bad("agent x {\n user = a\n", "F:2: the file ends too early");
	expect_bad("agent x {", "F:1: the file ends too early");
	expect_bad("socket =", "F:1: the file ends too early");
	expect_bad("groups = {a,", "F:1: ");
	expect_bad("group = a\nsocket = \"/x\n", "F:2: a quoted text is not closed");
	expect_bad("\n/* never\nclosed", "F:2: a comment is not closed by */");
}

static void test_nothing_is_expanded(void **state)
{
	(void)state;
	setenv("AAAU_TEST_SECRET", "/secret", 1);
	expect_bad("\nsocket = \"${AAAU_TEST_SECRET}\"\n", "F:2: ${...} is not expanded");
	expect_bad("socket = ${AAAU_TEST_SECRET}\n", "F:1: ${...} is not expanded");
	expect_good("program = 'echo ${HOME}'\n");
	expect_good("# ${HOME}\n");
}

static void test_nul_byte(void **state)
{
	struct config config;
	struct str why = {0};

	(void)state;
	assert_int_equal(config_init(&config, &why), 0);
	assert_int_equal(config_parse(&config, "F", "\na\0b", 4, &why), -1);
	assert_string_equal(why.data, "F:2: a NUL byte");
	config_free(&config);
	str_free(&why);
}

static void test_override(void **state)
{
	struct parsed parsed = parse("socket = /a\n");

	(void)state;
	assert_int_equal(config_override(&parsed.config, KEY_SOCKET, "-s", "b", &parsed.why), -1);
	assert_int_equal(strncmp(parsed.why.data, "-s: ", 4), 0);
	assert_string_equal(config_text(&parsed.config, NULL, KEY_SOCKET), "/a");
	assert_int_equal(config_override(&parsed.config, KEY_SOCKET, "-s", "/b", &parsed.why), 0);
	assert_string_equal(config_text(&parsed.config, NULL, KEY_SOCKET), "/b");
	assert_int_equal(config_value(&parsed.config, NULL, KEY_SOCKET)->line, 0);
	drop(&parsed);
}

static int load(const char *path, struct str *why)
{
	struct config config;

	assert_int_equal(config_init(&config, why), 0);
	int result = config_load(&config, path, why);
	config_free(&config);
	return result;
}

static void test_file_must_be_roots(void **state)
{
	char directory[] = "/tmp/aaau-test-config-XXXXXX";
	char path[64];
	struct str why = {0};

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/aaau.conf", directory);
	assert_int_equal(load(path, &why), -1);
	assert_non_null(strstr(why.data, "No such file"));

	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("group = x\n", file);
	fclose(file);
	if (geteuid() != 0) {
		assert_int_equal(load(path, &why), -1);
		assert_non_null(strstr(why.data, "chown root"));
	} else {
		assert_int_equal(chmod(path, 0644), 0);
		assert_int_equal(load(path, &why), 0);
		static const mode_t modes[] = {0664, 0646, 0666};
		for (size_t i = 0; i < 3; i++) {
			assert_int_equal(chmod(path, modes[i]), 0);
			assert_int_equal(load(path, &why), -1);
			assert_non_null(strstr(why.data, "chmod go-w"));
		}
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(chown(path, 65534, 0), 0);
		assert_int_equal(load(path, &why), -1);
		assert_non_null(strstr(why.data, "chown root"));
		assert_int_equal(load(directory, &why), -1);
		assert_non_null(strstr(why.data, "regular file"));
	}
	unlink(path);
	rmdir(directory);
	str_free(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_defaults_are_valid),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_rlimits),
		cmocka_unit_test(test_whole_file),
		cmocka_unit_test(test_every_key_can_be_written),
		cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_unfinished_files),
		cmocka_unit_test(test_nothing_is_expanded),
		cmocka_unit_test(test_nul_byte),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_file_must_be_roots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
