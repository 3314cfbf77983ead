/* The command line of run: what it takes, and that what it writes for a reload is taken again. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/run-options.h"

#define MAX_WORDS 32

/* text is split at blanks. */
static int parse(struct run_options *ret, const char *text, struct str *why)
{
	char *copy = strdup(text);
	char *argv[MAX_WORDS] = {NULL};
	int argc = 0;

	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	int result = run_options_parse(ret, argc, argv, why);
	free(copy);
	return result;
}

static void test_every_option(void **state)
{
	struct run_options options;
	struct str why = {0};

	(void)state;
	assert_int_equal(parse(&options,
			       "run -s /s -g g -u u -l /l -p prog -d --lock-file /k --config /c "
			       "--runtime-dir=/r --service-user su --cgroup auto --log-group lg",
			       &why),
			 0);
	assert_string_equal(options.given[KEY_SOCKET], "/s");
	assert_string_equal(options.given[KEY_GROUP], "g");
	assert_string_equal(options.given[KEY_USER], "u");
	assert_string_equal(options.given[KEY_LOG_DIR], "/l");
	assert_string_equal(options.given[KEY_PROGRAM], "prog");
	assert_string_equal(options.given[KEY_RUNTIME_DIR], "/r");
	assert_string_equal(options.given[KEY_SERVICE_USER], "su");
	assert_string_equal(options.given[KEY_CGROUP], "auto");
	assert_string_equal(options.given[KEY_LOG_GROUP], "lg");
	assert_string_equal(options.config_file, "/c");
	assert_string_equal(options.lock_file, "/k");
	assert_true(options.daemon);
	assert_false(options.reload);
	run_options_free(&options);
	str_free(&why);
}

static void test_paths_become_absolute(void **state)
{
	struct run_options options;
	struct str why = {0};
	char expected[4096];
	char *directory = getcwd(NULL, 0);

	(void)state;
	snprintf(expected, sizeof expected, "%s/x.sock", directory);
	assert_int_equal(parse(&options, "run -s x.sock", &why), 0);
	assert_string_equal(options.given[KEY_SOCKET], expected);
	run_options_free(&options);
	free(directory);
}

static void test_usage_errors(void **state)
{
	static const char *const bad[] = {"run --what", "run -s",        "run extra",   "run -x",
					  "run --pin",  "run --pin a=b", "run --socket"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct run_options options = {0};
		struct str why = {0};
		assert_int_equal(parse(&options, bad[i], &why), -1);
		assert_non_null(why.data);
		str_free(&why);
	}
}

/* A configuration file of ours; root's as run wants it. Skips where we are not root. */
static void write_config(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int again(struct run_options *ret, const struct str *encoded, struct str *why)
{
	char *argv[MAX_WORDS] = {strdup("run")};
	int argc = 1;

	for (size_t at = 0; at < encoded->length; at += strlen(encoded->data + at) + 1)
		argv[argc++] = encoded->data + at;
	int result = run_options_parse(ret, argc, argv, why);
	free(argv[0]);
	return result;
}

static void test_reload_keeps_what_cannot_change(void **state)
{
	char path[] = "/tmp/aaau-test-options-XXXXXX";
	int fd = mkstemp(path);
	char line[128];
	struct run_options options, reloaded;
	struct config config;
	struct str why = {0}, notes = {0}, encoded = {0};

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	if (geteuid() != 0) {
		unlink(path);
		skip();
	}
	write_config(path, "socket = /run/one.sock\nrlimits = {}\nprogram = one\n");
	snprintf(line, sizeof line, "run --config %s -u me --lock-file /k", path);
	assert_int_equal(parse(&options, line, &why), 0);
	assert_int_equal(run_options_configure(&options, &config, &notes, &why), 0);
	run_options_encode(&encoded, &options, &config, "/sys/fs/cgroup/here", true);
	config_free(&config);

	write_config(path, "socket = /run/two.sock\nprogram = two\nuser = other\n");
	assert_int_equal(again(&reloaded, &encoded, &why), 0);
	assert_true(reloaded.activated);
	assert_string_equal(reloaded.lock_file, "/k");
	assert_int_equal(run_options_configure(&reloaded, &config, &notes, &why), 0);
	assert_string_equal(config_text(&config, NULL, KEY_SOCKET), "/run/one.sock");
	assert_string_equal(config_text(&config, NULL, KEY_CGROUP), "/sys/fs/cgroup/here");
	assert_string_equal(config_text(&config, NULL, KEY_SERVICE_USER), "_aaau");
	assert_string_equal(config_text(&config, NULL, KEY_USER), "me");
	assert_string_equal(config_text(&config, NULL, KEY_PROGRAM), "two");
	assert_string_equal(notes.data,
			    "socket stays \"/run/one.sock\" until the server is stopped "
			    "and started again\n");

	/* And a second reload says the same as the first. */
	struct str second = {0};
	run_options_encode(&second, &reloaded, &config, "/sys/fs/cgroup/here", true);
	assert_int_equal(second.length, encoded.length);
	assert_memory_equal(second.data, encoded.data, encoded.length);

	config_free(&config);
	run_options_free(&options);
	run_options_free(&reloaded);
	str_free(&why);
	str_free(&notes);
	str_free(&encoded);
	str_free(&second);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_paths_become_absolute),
		cmocka_unit_test(test_usage_errors),
		cmocka_unit_test(test_reload_keeps_what_cannot_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
