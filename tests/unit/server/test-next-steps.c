#include <cmocka.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "server/next-steps.h"

struct stage {
	struct config config;
	char *words;
};

static void set(struct stage *stage, enum config_key_id key, const char *value)
{
	cleanup_str struct str why = {0};

	assert_int_equal(config_override(&stage->config, key, "an option", value, &why), 0);
}

static void tell(struct stage *stage, const char *file, bool systemd)
{
	size_t size;

	free(stage->words);
	FILE *out = open_memstream(&stage->words, &size);
	assert_non_null(out);
	next_steps_tell(out, &stage->config, file, systemd);
	assert_int_equal(fclose(out), 0);
}

static void says(const struct stage *stage, const char *text)
{
	if (!strstr(stage->words, text))
		fail_msg("no \"%s\" in: %s", text, stage->words);
}

static void the_defaults_need_no_options(void **state)
{
	struct stage *stage = *state;

	set(stage, KEY_USER, "agent");
	tell(stage, NULL, false);
	says(stage, "      sudo usermod -aG agent NAME\n");
	says(stage, "      sudo aaau-server run -d\n");
	says(stage, "      aaau\n");
	tell(stage, NULL, true);
	says(stage, "      sudo systemctl enable --now aaau.service\n");
	assert_null(strstr(stage->words, CONFIG_DEFAULT_FILE));
}

static void commands_carry_what_init_was_given(void **state)
{
	struct stage *stage = *state;

	set(stage, KEY_USER, "ops-agent");
	set(stage, KEY_GROUP, "ops");
	set(stage, KEY_SOCKET, "/run/ops/the sock");
	set(stage, KEY_LOG_DIR, "/var/log/ops");
	set(stage, KEY_SERVICE_USER, "_ops");
	set(stage, KEY_LOG_GROUP, "staff");
	tell(stage, NULL, false);
	says(stage, "sudo aaau-server run -d -u ops-agent -g ops -s '/run/ops/the sock' "
		    "-l /var/log/ops --service-user _ops --log-group staff\n");
	says(stage, "      aaau -s '/run/ops/the sock'\n");
	says(stage, "      %ops ALL=(ops-agent) ALL\n");
	tell(stage, "my.conf", true);
	says(stage, "sudo aaau-server run -d --config my.conf -u ops-agent");
}

static void a_unit_reads_them_from_the_file(void **state)
{
	struct stage *stage = *state;

	set(stage, KEY_SOCKET, "/run/a\"b");
	tell(stage, NULL, true);
	says(stage, "keep these in " CONFIG_DEFAULT_FILE ":\n      socket = \"/run/a\\\"b\"\n");
	says(stage, "      sudo systemctl enable --now aaau.service\n");
}

/* What the file says needs no option; an option that takes it back to the default does. */
static void what_the_file_has(void **state)
{
	static const char file[] = "socket = \"/run/f.sock\"\nuser = bot\n";
	cleanup_str struct str why = {0};
	struct stage *stage = *state;

	assert_int_equal(config_parse(&stage->config, "a file", file, strlen(file), &why), 0);
	set(stage, KEY_USER, "agent");
	tell(stage, NULL, false);
	says(stage, "      sudo aaau-server run -d -u agent\n");
	says(stage, "      aaau -s /run/f.sock\n");
}

static int set_up(void **state)
{
	cleanup_str struct str why = {0};
	struct stage *stage = calloc(1, sizeof *stage);

	*state = stage;
	unsetenv("SUDO_USER");
	return stage ? config_init(&stage->config, &why) : -1;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	config_free(&stage->config);
	free(stage->words);
	free(stage);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_defaults_need_no_options),
		TEST(commands_carry_what_init_was_given),
		TEST(a_unit_reads_them_from_the_file),
		TEST(what_the_file_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
