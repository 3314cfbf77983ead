#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "audit/record.h"

static void check_line(const struct audit_record *record, const char *expected)
{
	cleanup_str struct str out = {0};

	audit_put_record(&out, record);
	assert_int_equal(str_error(&out), 0);
	assert_string_equal(out.data, expected);
	assert_int_equal(strlen(expected), out.length);

	json_t *json =
		json_loadb(out.data, out.length - 1, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	assert_non_null(json);
	json_decref(json);
}

static void test_a_plain_line(void **state)
{
	(void)state;
	static const struct audit_pair metadata[] = {
		{"protocol", "2"}, {"level", NULL}, {"name", "a \"b\""}};

	check_line(
		&(struct audit_record){.timestamp_us = 1711523456789000,
				       .source = AUDIT_HUMAN,
				       .user = "alice",
				       .session_id = "919108f7-52d1-4320-9bac-f847db4148a8",
				       .command_type = "input",
				       .content = "ls -la\r",
				       .content_length = 7,
				       .metadata = metadata,
				       .pair_count = 3},
		"{\"timestamp\":1711523456.789000,\"source\":\"human\",\"user\":\"alice\","
		"\"session_id\":\"919108f7-52d1-4320-9bac-f847db4148a8\",\"command_type\":\"input\","
		"\"content\":\"ls -la\\r\",\"metadata\":{\"protocol\":\"2\",\"name\":\"a \\\"b\\\"\"}}\n");
}

static void test_empty_and_other_sources(void **state)
{
	(void)state;
	check_line(
		&(struct audit_record){.timestamp_us = 7,
				       .source = AUDIT_SYSTEM,
				       .user = "system",
				       .session_id = "",
				       .command_type = "start"},
		"{\"timestamp\":0.000007,\"source\":\"system\",\"user\":\"system\","
		"\"session_id\":\"\",\"command_type\":\"start\",\"content\":\"\",\"metadata\":{}}\n");
	check_line(&(struct audit_record){.timestamp_us = 1000000,
					  .source = AUDIT_AGENT,
					  .user = "agent",
					  .session_id = "x",
					  .command_type = "output",
					  .content = "\xe2\x94\x80\0\x1b[m",
					  .content_length = 7},
		   "{\"timestamp\":1.000000,\"source\":\"agent\",\"user\":\"agent\","
		   "\"session_id\":\"x\",\"command_type\":\"output\","
		   "\"content\":\"\xe2\x94\x80\\u0000\\u001b[m\",\"metadata\":{}}\n");
}

static void test_bytes_that_are_not_utf8_are_kept(void **state)
{
	(void)state;
	check_line(
		&(struct audit_record){.timestamp_us = UINT64_C(1711523456000001),
				       .source = AUDIT_AGENT,
				       .user = "agent",
				       .session_id = "x",
				       .command_type = "output",
				       .content = "a\xff\xe2\x94",
				       .content_length = 4},
		"{\"timestamp\":1711523456.000001,\"source\":\"agent\",\"user\":\"agent\","
		"\"session_id\":\"x\",\"command_type\":\"output\","
		"\"content\":\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"metadata\":{},\"raw\":\"Yf/ilA==\"}\n");
	/* A real U+FFFD is not a replacement. */
	check_line(&(struct audit_record){.timestamp_us = 0,
					  .source = AUDIT_AGENT,
					  .user = "agent\xff",
					  .session_id = "x",
					  .command_type = "output",
					  .content = "\xef\xbf\xbd",
					  .content_length = 3},
		   "{\"timestamp\":0.000000,\"source\":\"agent\",\"user\":\"agent\xef\xbf\xbd\","
		   "\"session_id\":\"x\",\"command_type\":\"output\","
		   "\"content\":\"\xef\xbf\xbd\",\"metadata\":{}}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plain_line),
		cmocka_unit_test(test_empty_and_other_sources),
		cmocka_unit_test(test_bytes_that_are_not_utf8_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
