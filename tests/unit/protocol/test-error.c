/* The error table is complete, and an error reads the same in both versions. */
#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "protocol/error.h"

static void every_error_has_code_message_remedy_and_status(void **state)
{
	(void)state;
	for (enum protocol_error e = PROTOCOL_OK + 1; e < PROTOCOL_ERROR_COUNT; e++) {
		const char *code = protocol_error_code(e);
		int status = protocol_error_exit_status(e);

		assert_non_null(code);
		assert_true(strlen(code) > 0);
		assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz-"), strlen(code));
		assert_true(strlen(protocol_error_message(e)) > 0);
		assert_true(strlen(protocol_error_remedy(e)) > 0);
		assert_null(strpbrk(protocol_error_message(e), "\n\r\t"));
		assert_null(strpbrk(protocol_error_remedy(e), "\n\r\t"));
		assert_true(status == 64 || status == 126 || status == 127 || status == 254 ||
			    status == 255);
		for (enum protocol_error other = PROTOCOL_OK; other < e; other++)
			assert_string_not_equal(code, protocol_error_code(other));
	}
	assert_string_equal(protocol_error_code(PROTOCOL_OK), "ok");
	assert_int_equal(protocol_error_exit_status(PROTOCOL_OK), 0);
}

static void the_statuses_that_scripts_rely_on(void **state)
{
	(void)state;
	assert_int_equal(protocol_error_exit_status(PROTOCOL_NOT_FOUND), 127);
	assert_int_equal(protocol_error_exit_status(PROTOCOL_NOT_EXECUTABLE), 126);
	assert_int_equal(protocol_error_exit_status(PROTOCOL_NOT_AUTHORIZED), 255);
	assert_int_equal(protocol_error_exit_status(PROTOCOL_NO_SESSION), 255);
	assert_int_equal(protocol_error_exit_status(PROTOCOL_TOO_SLOW), 254);
	assert_int_equal(protocol_error_exit_status(PROTOCOL_BAD_SIZE), 64);
	assert_int_equal(protocol_error_exit_status(PROTOCOL_UNKNOWN_AGENT), 64);
}

static void an_unknown_error_is_an_internal_one(void **state)
{
	enum protocol_error beyond = PROTOCOL_ERROR_COUNT;

	(void)state;
	assert_string_equal(protocol_error_code(beyond), "internal-error");
	assert_int_equal(protocol_error_exit_status(beyond), 255);
}

static void version_1_is_one_line(void **state)
{
	cleanup_str struct str out = {0};

	(void)state;
	protocol_put_error_v1(&out, PROTOCOL_NO_SESSION, NULL, NULL);
	assert_string_equal(out.data,
			    "Error: there is no such session (list the sessions with: aaau ls)\n");

	str_clear(&out);
	protocol_put_error_v1(&out, PROTOCOL_NO_SESSION, "no session \"x\"", "");
	assert_string_equal(out.data, "Error: no session \"x\"\n");
}

static void version_1_shows_nothing_that_a_terminal_would_obey(void **state)
{
	cleanup_str struct str out = {0};

	(void)state;
	protocol_put_error_v1(&out, PROTOCOL_MALFORMED,
			      "a\nb\r\tc\x1b[31m\x7f\xc2\x9b"
			      "d \xc2\xa0\xc3\xa9 \xff\xc2",
			      "x\ny");
	assert_string_equal(out.data, "Error: a b  c [31m  d \xc2\xa0\xc3\xa9 ?? (x y)\n");
}

static void version_2_is_an_object(void **state)
{
	cleanup_str struct str out = {0};
	json_t *object;

	(void)state;
	protocol_put_error_json(&out, PROTOCOL_NOT_FOUND, "no \"x\"\n in \xff", NULL);
	object = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(object);
	assert_int_equal(json_object_size(object), 4);
	assert_string_equal(json_string_value(json_object_get(object, "code")),
			    "program-not-found");
	assert_string_equal(json_string_value(json_object_get(object, "message")),
			    "no \"x\"\n in \xef\xbf\xbd");
	assert_string_equal(json_string_value(json_object_get(object, "remedy")),
			    protocol_error_remedy(PROTOCOL_NOT_FOUND));
	assert_int_equal(json_integer_value(json_object_get(object, "exit_status")), 127);
	json_decref(object);
	assert_null(memchr(out.data, '\n', out.length));
}

static void both_append(void **state)
{
	cleanup_str struct str out = {0};

	(void)state;
	str_append_text(&out, "{\"ok\":false,\"error\":");
	protocol_put_error_json(&out, PROTOCOL_BUSY, "m", "r");
	str_append_text(&out, "}\n");
	protocol_put_error_v1(&out, PROTOCOL_BUSY, "m", "r");
	assert_string_equal(
		out.data, "{\"ok\":false,\"error\":{\"code\":\"busy\",\"message\":\"m\",\"remedy\":"
			  "\"r\",\"exit_status\":255}}\nError: m (r)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_code_message_remedy_and_status),
		cmocka_unit_test(the_statuses_that_scripts_rely_on),
		cmocka_unit_test(an_unknown_error_is_an_internal_one),
		cmocka_unit_test(version_1_is_one_line),
		cmocka_unit_test(version_1_shows_nothing_that_a_terminal_would_obey),
		cmocka_unit_test(version_2_is_an_object),
		cmocka_unit_test(both_append),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
