/* The session object, and that its command gives way to a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* Behind what it needs. */
#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "protocol/session-object.h"

static const struct session_object sample = {
	.id = "4b6c1f0e-6b0e-4b8a-9d0c-5a3f7d1e2c90",
	.name = "docs",
	.agent = "claude",
	.user = "agent",
	.creator = "alice",
	.command = "claude",
	.state = "running",
	.created_us = 1711523457012345,
	.idle_us = 850999,
	.operators = 1,
	.rows = 50,
	.columns = 160,
	.output_bytes = 73211,
};

static void all_members(void **state)
{
	cleanup_str struct str out = {0};

	(void)state;
	protocol_put_session(&out, &sample, 0);
	assert_string_equal(out.data,
			    "{\"id\":\"4b6c1f0e-6b0e-4b8a-9d0c-5a3f7d1e2c90\",\"name\":\"docs\","
			    "\"agent\":\"claude\",\"user\":\"agent\",\"creator\":\"alice\","
			    "\"command\":\"claude\",\"created\":1711523457.012345,\"idle_ms\":850,"
			    "\"operators\":1,\"observers\":0,\"rows\":50,\"cols\":160,"
			    "\"state\":\"running\",\"output_bytes\":73211,\"input_bytes\":0}");
}

/* Whatever a byte of it becomes in JSON, and never in the middle of a character. */
static void a_long_command_is_shortened(void **state)
{
	static const char *const units[] = {"x", "\"", "\x01", "é", "€", "\xf0\x9f\x90\xa7"};

	(void)state;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		cleanup_str struct str command = {0}, out = {0};
		struct session_object session = sample;

		while (command.length < 10000)
			str_append_text(&command, units[i]);
		session.command = command.data;
		protocol_put_session(&out, &session, 4096);
		assert_true(out.length <= 4096 && out.length > 1000);
		json_t *object = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(object);
		const char *shown = json_string_value(json_object_get(object, "command"));
		size_t length = strlen(shown);
		assert_string_equal(shown + length - 3, "…");
		assert_memory_equal(shown, command.data, length - 3);
		assert_int_equal((length - 3) % strlen(units[i]), 0);
		json_decref(object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_members),
		cmocka_unit_test(a_long_command_is_shortened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
