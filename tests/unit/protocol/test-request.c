/* Every form of a first line, good and bad. Each case is a line and what becomes of it, written
 * out by render(): the fields that are set, or the error's code and message. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/request.h"

static void put_array(struct str *out, const char *label, char **array)
{
	if (!array)
		return;
	str_append_format(out, " %s=", label);
	for (char **entry = array; *entry; entry++)
		str_append_format(out, "<%s>", *entry);
}

static void put_text(struct str *out, const char *label, const char *text)
{
	if (text)
		str_append_format(out, " %s=%s", label, text);
}

/* Parses a copy of exactly the line's size, so that a read beyond it is seen. */
static void render(struct str *out, const char *line, size_t length)
{
	static const char *const ops[] = {"none", "new",    "attach", "list", "status",
					  "kill", "detach", "freeze", "thaw"};
	char *exact = malloc(length ? length : 1);
	struct request request;
	enum protocol_error error;
	char *message;

	assert_non_null(exact);
	memcpy(exact, line, length);
	error = request_parse(exact, length, &request, &message);
	free(exact);
	str_append_format(out, "v%d", request.version);
	if (error != PROTOCOL_OK) {
		str_append_format(out, " %s", protocol_error_code(error));
		if (message)
			str_append_format(out, ": %s", message);
		free(message);
		/* Nothing is left of a failed request but its version. */
		assert_true(request.op == 0 && request.rows == 0 && request.columns == 0);
		assert_true(!request.agent && !request.program && !request.args);
		assert_true(!request.environment && !request.name && !request.session);
		assert_true(!request.detached && !request.observer && !request.everyone);
		assert_int_equal(request.features, 0);
		return;
	}
	assert_null(message);
	str_append_format(out, " %s", ops[request.op]);
	put_text(out, "agent", request.agent);
	put_text(out, "program", request.program);
	put_array(out, "args", request.args);
	put_array(out, "env", request.environment);
	put_text(out, "name", request.name);
	put_text(out, "session", request.session);
	if (request.rows || request.columns)
		str_append_format(out, " %ux%u", request.rows, request.columns);
	if (request.detached)
		str_append_text(out, " detached");
	if (request.observer)
		str_append_text(out, " observer");
	if (request.everyone)
		str_append_text(out, " everyone");
	if (request.features)
		str_append_format(out, " features=%u", request.features);
	request_free(&request);
}

static void check_bytes(const char *line, size_t length, const char *expected)
{
	cleanup_str struct str out = {0};

	render(&out, line, length);
	assert_string_equal(out.data, expected);
}

static void check(const char *line, const char *expected)
{
	check_bytes(line, strlen(line), expected);
}

static void v1_new(void **state)
{
	(void)state;
	check("NEW", "v1 new 24x80");
	check("NEW:40:132", "v1 new 40x132");
	check("NEW:24:80", "v1 new 24x80");
	check("NEW:1:65535", "v1 new 1x65535");
	check("NEW:0040:+132", "v1 new 40x132");
	check("NEW:bash", "v1 new program=bash 24x80");
	check("NEW:bash:30:100", "v1 new program=bash 30x100");
	check("NEW:ls:-l:/tmp:30:100", "v1 new program=ls args=<-l></tmp> 30x100");
	check("NEW:ls:-l", "v1 new program=ls args=<-l> 24x80");
	check("NEW:printf:%s: a b :30:100", "v1 new program=printf args=<%s>< a b > 30x100");
	check("NEW:caf\xc3\xa9:30:100", "v1 new program=caf\xc3\xa9 30x100");
}

static void v1_new_takes_two_integers_or_none(void **state)
{
	(void)state;
	check("NEW:24", "v1 new program=24 24x80");
	check("NEW:bash:24", "v1 new program=bash args=<24> 24x80");
	check("NEW:bash:24:x", "v1 new program=bash args=<24><x> 24x80");
	check("NEW:bash:x:80", "v1 new program=bash args=<x><80> 24x80");
	check("NEW:bash:24:80:", "v1 new program=bash args=<24><80><> 24x80");
	check("NEW:seq:1:5:24:80", "v1 new program=seq args=<1><5> 24x80");
	check("NEW:bash:24:-", "v1 new program=bash args=<24><-> 24x80");
	check("NEW:bash:0x18:80", "v1 new program=bash args=<0x18><80> 24x80");
	check("NEW:bash:24.0:80", "v1 new program=bash args=<24.0><80> 24x80");
	check("NEW:bash: 24:80", "v1 new program=bash args=< 24><80> 24x80");
	check("NEW:bash:24:80\t", "v1 new program=bash args=<24><80\t> 24x80");
}

static void v1_new_empty_fields(void **state)
{
	(void)state;
	check("NEW:", "v1 new 24x80");
	check("NEW::30:100", "v1 new 30x100");
	check("NEW::", "v1 new args=<> 24x80");
	check("NEW::x:30:100", "v1 new args=<x> 30x100");
	check("NEW:a::b:24:80", "v1 new program=a args=<><b> 24x80");
	check("NEW:a::", "v1 new program=a args=<><> 24x80");
	check("NEW:a::24:80", "v1 new program=a args=<> 24x80");
}

static void v1_new_sizes_out_of_range_are_errors(void **state)
{
	static const char *const sizes[] = {
		"0:80",          "24:0",     "-1:80", "24:-80",
		"65536:80",      "24:65536", "-0:80", "99999999999999999999999999:80",
		"24:4294967376", /* 2^32 + 80 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		cleanup_str struct str line = {0};

		str_append_format(&line, "NEW:%s", sizes[i]);
		check(line.data, "v1 bad-size");
		str_clear(&line);
		str_append_format(&line, "NEW:bash:-l:%s", sizes[i]);
		check(line.data, "v1 bad-size");
	}
}

static void v1_new_json(void **state)
{
	(void)state;
	check("NEW_JSON:{}", "v1 new 24x80");
	check("NEW_JSON:{\"program\":\"bash\",\"args\":[\"-c\",\"a:b\"],\"rows\":30,\"cols\":100}",
	      "v1 new program=bash args=<-c><a:b> 30x100");
	check("NEW_JSON: { \"rows\" : 30 } ", "v1 new 30x80");
	check("NEW_JSON:{\"cols\":100}", "v1 new 24x100");
	check("NEW_JSON:{\"args\":[]}", "v1 new 24x80");
	check("NEW_JSON:{\"args\":[\"\",\"x\"]}", "v1 new args=<><x> 24x80");
	check("NEW_JSON:{\"program\":\"\"}", "v1 new 24x80");
	check("NEW_JSON:{\"program\":null,\"args\":null,\"rows\":null,\"cols\":null}",
	      "v1 new 24x80");
	check("NEW_JSON:{\"program\":\"a\\nb\\u00e9\"}", "v1 new program=a\nb\xc3\xa9 24x80");
	/* The vocabulary of version 2 is unknown here, and unknown keys are ignored. */
	check("NEW_JSON:{\"op\":1,\"env\":2,\"role\":\"observer\",\"name\":\"-\",\"session\":0}",
	      "v1 new 24x80");
}

static void v1_new_json_bad(void **state)
{
	(void)state;
	check("NEW_JSON:{\"program\":1}",
	      "v1 malformed-request: \"program\" must be a string that is not empty");
	check("NEW_JSON:{\"args\":\"x\"}",
	      "v1 malformed-request: \"args\" must be an array of strings");
	check("NEW_JSON:{\"args\":[\"x\",1]}",
	      "v1 malformed-request: \"args\" must be an array of strings");
	check("NEW_JSON:{\"args\":[\"x\",null]}",
	      "v1 malformed-request: \"args\" must be an array of strings");
	check("NEW_JSON:{\"rows\":\"24\"}", "v1 malformed-request: \"rows\" must be an integer");
	check("NEW_JSON:{\"rows\":24.5}", "v1 malformed-request: \"rows\" must be an integer");
	check("NEW_JSON:{\"rows\":0}", "v1 bad-size: \"rows\" must be between 1 and 65535");
	check("NEW_JSON:{\"cols\":-1}", "v1 bad-size: \"cols\" must be between 1 and 65535");
	check("NEW_JSON:{\"cols\":65536}", "v1 bad-size: \"cols\" must be between 1 and 65535");
	check("NEW_JSON:{\"cols\":123456789012345678901234567890}",
	      "v1 bad-size: \"cols\" must be between 1 and 65535");
	check("NEW_JSON:[]", "v1 malformed-request: the request is not a JSON object");
	check("NEW_JSON:{\"rows\":24,\"rows\":25}",
	      "v1 malformed-request: the request's JSON is malformed: duplicate object key near "
	      "'\"rows\"'");
}

static void v1_session(void **state)
{
	(void)state;
	check("SESSION:0f", "v1 attach session=0f");
	check("SESSION:work:1", "v1 attach session=work:1");
	check("SESSION: x", "v1 attach session= x");
	check("SESSION:", "v1 malformed-request: SESSION: is not followed by a session's id");
}

#define NONE                                                                                      \
	"malformed-request: the request is none of NEW, NEW:..., NEW_JSON:{...}, SESSION:ID and " \
	"AAAU/2 {...}"

static void neither_version(void **state)
{
	static const char *const lines[] = {
		"",
		" ",
		"new",
		"NEW ",
		" NEW",
		"NEWS",
		"NEW_JSON",
		"NEW_JSON {}",
		"SESSION",
		"SESSION 0f",
		"AAAU",
		"AAAU 2",
		"aaau/2 {\"op\":\"list\"}",
		"GET / HTTP/1.1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		check(lines[i], "v1 " NONE);
}

static void bytes_that_no_request_has(void **state)
{
	static const char *const carriage =
		"malformed-request: the request ends with \\r\\n instead of \\n";
	static const char *const utf8 = "malformed-request: the request is not valid UTF-8";
	static const char *const nul = "malformed-request: the request contains a NUL byte";
	static const char *const starts[] = {"NEW:x", "NEW:24:80", "SESSION:x", "NEW_JSON:{}",
					     "AAAU/2 {\"op\":\"list\"}"};

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
		const char *version = starts[i][0] == 'A' ? "v2" : "v1";
		static const struct {
			const char *bytes;
			size_t n;
			const char *const *expected;
		} ends[] = {
			{"\r", 1, &carriage},       {"\0", 1, &nul},
			{"\0x", 2, &nul},           {"\xff", 1, &utf8},
			{"\xc3", 1, &utf8},         {"\xc0\x80", 2, &utf8},
			{"\xed\xa0\x80", 3, &utf8}, {"\xf4\x90\x80\x80", 4, &utf8},
		};

		for (size_t j = 0; j < sizeof(ends) / sizeof(ends[0]); j++) {
			cleanup_str struct str line = {0};
			cleanup_str struct str expected = {0};

			str_append_text(&line, starts[i]);
			str_append(&line, ends[j].bytes, ends[j].n);
			str_append_format(&expected, "%s %s", version, *ends[j].expected);
			check_bytes(line.data, line.length, expected.data);
		}
	}
	check("NEW:printf:a\rb", "v1 new program=printf args=<a\rb> 24x80");
}

static void as_long_as_a_line_may_be(void **state)
{
	cleanup_str struct str line = {0};
	cleanup_str struct str out = {0};

	(void)state;
	str_append_text(&line, "NEW:");
	while (line.length < REQUEST_MAX_LINE - 1)
		str_append_byte(&line, 'x');
	render(&out, line.data, line.length);
	assert_memory_equal(out.data, "v1 new program=xxx", 18);
	str_append_byte(&line, 'x');
	check(line.data, "v1 request-too-long");

	str_clear(&line);
	str_append_text(&line, "AAAU/2 {}");
	while (line.length < REQUEST_MAX_LINE)
		str_append_byte(&line, ' ');
	check(line.data, "v2 request-too-long");
}

static void as_many_arguments_as_there_may_be(void **state)
{
	cleanup_str struct str text = {0};
	cleanup_str struct str json = {0};
	struct request request;
	char *message;

	(void)state;
	str_append_text(&text, "NEW:x");
	str_append_text(&json, "AAAU/2 {\"op\":\"new\",\"args\":[\"\"");
	for (int i = 0; i < REQUEST_MAX_ARGS; i++) {
		str_append_byte(&text, ':');
		if (i > 0)
			str_append_text(&json, ",\"\"");
	}
	assert_int_equal(request_parse(text.data, text.length, &request, &message), PROTOCOL_OK);
	assert_non_null(request.args[REQUEST_MAX_ARGS - 1]);
	assert_null(request.args[REQUEST_MAX_ARGS]);
	request_free(&request);
	str_append_byte(&text, ':');
	check(text.data, "v1 request-too-long: the request has more than 4000 arguments");

	str_append_text(&json, "]}");
	assert_int_equal(request_parse(json.data, json.length, &request, &message), PROTOCOL_OK);
	assert_null(request.args[REQUEST_MAX_ARGS]);
	request_free(&request);
	str_truncate(&json, json.length - 2);
	str_append_text(&json, ",\"\"]}");
	check(json.data, "v2 request-too-long: the request has more than 4000 arguments");
}

static void v2_new(void **state)
{
	(void)state;
	check("AAAU/2 {\"op\":\"new\"}", "v2 new 24x80");
	check("AAAU/2 {\"op\":\"new\",\"agent\":\"claude\",\"rows\":30,\"cols\":100}",
	      "v2 new agent=claude 30x100");
	check("AAAU/2 {\"op\":\"new\",\"program\":\"ls\",\"args\":[\"-l\",\"\"],\"name\":\"my.work\","
	      "\"detached\":true,\"role\":\"observer\"}",
	      "v2 new program=ls args=<-l><> name=my.work 24x80 detached observer");
	check("AAAU/2 {\"op\":\"new\",\"env\":{\"TERM\":\"xterm\",\"_x1\":\"a=b\",\"E\":\"\"}}",
	      "v2 new env=<TERM=xterm><_x1=a=b><E=> 24x80");
	check("AAAU/2 {\"op\":\"new\",\"env\":{},\"args\":[],\"role\":\"operator\","
	      "\"detached\":false,\"features\":[]}",
	      "v2 new 24x80");
	check("AAAU/2 {\"op\":\"new\",\"features\":[\"notices\",\"from-the-future\",\"notices\"]}",
	      "v2 new 24x80 features=1");
	check("AAAU/2   {\"rows\":24.0,\"op\":\"new\"}  ", "v2 new 24x80");
}

static void v2_others(void **state)
{
	(void)state;
	check("AAAU/2 {\"op\":\"attach\"}", "v2 attach");
	check("AAAU/2 {\"op\":\"attach\",\"session\":\"0f\",\"rows\":30,\"cols\":100,"
	      "\"role\":\"observer\",\"features\":[\"notices\"]}",
	      "v2 attach session=0f 30x100 observer features=1");
	check("AAAU/2 {\"op\":\"list\"}", "v2 list");
	check("AAAU/2 {\"op\":\"status\",\"session\":\"x\"}", "v2 status session=x");
	check("AAAU/2 {\"op\":\"kill\",\"session\":\"x\"}", "v2 kill session=x");
	check("AAAU/2 {\"op\":\"detach\",\"session\":\"x\"}", "v2 detach session=x");
	check("AAAU/2 {\"op\":\"detach\",\"session\":\"x\",\"everyone\":true}",
	      "v2 detach session=x everyone");
	check("AAAU/2 {\"op\":\"freeze\",\"session\":\"x\"}", "v2 freeze session=x");
	check("AAAU/2 {\"op\":\"freeze\"}", "v2 freeze");
	check("AAAU/2 {\"op\":\"thaw\",\"everyone\":true}", "v2 thaw everyone");
	check("AAAU/2 {\"op\":\"thaw\",\"session\":\"x\",\"everyone\":false}", "v2 thaw session=x");
}

static void v2_ignores_what_it_does_not_know(void **state)
{
	(void)state;
	check("AAAU/2 {\"op\":\"list\",\"colour\":{\"deep\":[1,[2,{\"x\":null}]]}}", "v2 list");
	/* Keys of other operations among it. */
	check("AAAU/2 {\"op\":\"list\",\"rows\":\"x\",\"session\":7}", "v2 list");
	check("AAAU/2 {\"op\":\"attach\",\"program\":1,\"env\":2}", "v2 attach");
	check("AAAU/2 {\"op\":\"new\",\"session\":\"x\",\"name\":null}", "v2 new 24x80");
}

static void v2_wrong_types_name_the_key(void **state)
{
	static const struct {
		const char *member;
		const char *message;
	} cases[] = {
		{"\"agent\":1", "\"agent\" must be a string that is not empty"},
		{"\"agent\":\"\"", "\"agent\" must be a string that is not empty"},
		{"\"program\":[]", "\"program\" must be a string that is not empty"},
		{"\"program\":\"\"", "\"program\" must be a string that is not empty"},
		{"\"args\":{}", "\"args\" must be an array of strings"},
		{"\"args\":[1]", "\"args\" must be an array of strings"},
		{"\"env\":[]", "\"env\" must be an object of strings"},
		{"\"env\":{\"A\":1}", "\"env\" must be an object of strings"},
		{"\"env\":{\"A\":null}", "\"env\" must be an object of strings"},
		{"\"env\":{\"\":\"x\"}",
		 "\"env\": \"\" is not the name of an environment variable"},
		{"\"env\":{\"1A\":\"x\"}",
		 "\"env\": \"1A\" is not the name of an environment variable"},
		{"\"env\":{\"A\":\"x\",\"B=C\":\"x\"}",
		 "\"env\": \"B=C\" is not the name of an environment variable"},
		{"\"env\":{\"A\xc3\xa9\":\"x\"}",
		 "\"env\": \"A\xc3\xa9\" is not the name of an environment variable"},
		{"\"name\":1", "\"name\" must be a string"},
		{"\"detached\":1", "\"detached\" must be true or false"},
		{"\"detached\":\"true\"", "\"detached\" must be true or false"},
		{"\"rows\":true", "\"rows\" must be an integer"},
		{"\"cols\":1.5", "\"cols\" must be an integer"},
		{"\"role\":\"admin\"", "\"role\" must be \"operator\" or \"observer\""},
		{"\"role\":0", "\"role\" must be \"operator\" or \"observer\""},
		{"\"features\":\"notices\"", "\"features\" must be an array of strings"},
		{"\"features\":[1]", "\"features\" must be an array of strings"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_str struct str line = {0};
		cleanup_str struct str expected = {0};

		str_append_format(&line, "AAAU/2 {\"op\":\"new\",%s}", cases[i].member);
		str_append_format(&expected, "v2 malformed-request: %s", cases[i].message);
		check(line.data, expected.data);
	}
	check("AAAU/2 {\"op\":\"attach\",\"session\":1}",
	      "v2 malformed-request: \"session\" must be a string that is not empty");
	check("AAAU/2 {\"op\":\"attach\",\"session\":\"\"}",
	      "v2 malformed-request: \"session\" must be a string that is not empty");
	check("AAAU/2 {\"op\":\"detach\",\"session\":\"x\",\"everyone\":1}",
	      "v2 malformed-request: \"everyone\" must be true or false");
	check("AAAU/2 {\"op\":\"freeze\",\"session\":\"x\",\"everyone\":true}",
	      "v2 malformed-request: \"session\" and \"everyone\" do not go together");
}

static void v2_what_is_missing(void **state)
{
	(void)state;
	check("AAAU/2 {}", "v2 malformed-request: \"op\" must be a string");
	check("AAAU/2 {\"op\":null}", "v2 malformed-request: \"op\" must be a string");
	check("AAAU/2 {\"op\":\"status\"}", "v2 malformed-request: \"session\" is missing");
	check("AAAU/2 {\"op\":\"kill\"}", "v2 malformed-request: \"session\" is missing");
	check("AAAU/2 {\"op\":\"detach\",\"everyone\":true}",
	      "v2 malformed-request: \"session\" is missing");
	check("AAAU/2 {\"op\":\"attach\",\"rows\":24}",
	      "v2 bad-size: \"rows\" and \"cols\" must come together");
	check("AAAU/2 {\"op\":\"attach\",\"cols\":80}",
	      "v2 bad-size: \"rows\" and \"cols\" must come together");
}

static void v2_named_outcomes(void **state)
{
	(void)state;
	check("AAAU/2 {\"op\":\"frob\"}",
	      "v2 unknown-op: this server does not know the operation \"frob\"");
	check("AAAU/2 {\"op\":\"\"}",
	      "v2 unknown-op: this server does not know the operation \"\"");
	check("AAAU/2 {\"op\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
	      "v2 unknown-op: this server does not know the operation "
	      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
	check("AAAU/2 {\"op\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xc3\xa9\"}",
	      "v2 unknown-op: this server does not know the operation "
	      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"");
	check("AAAU/2 {\"op\":\"new\",\"name\":\"-x\"}",
	      "v2 bad-name: \"-x\" cannot be the name of a session");
	check("AAAU/2 {\"op\":\"new\",\"rows\":0}",
	      "v2 bad-size: \"rows\" must be between 1 and 65535");
	check("AAAU/2 {\"op\":\"attach\",\"rows\":24,\"cols\":65536}",
	      "v2 bad-size: \"cols\" must be between 1 and 65535");
	check("AAAU/2 {\"op\":\"new\",\"cols\":-9223372036854775809}",
	      "v2 bad-size: \"cols\" must be between 1 and 65535");
}

static void v2_json_is_strict(void **state)
{
	static const char *const bad[] = {
		"{",
		"{\"op\":\"list\"",
		"{\"op\":\"list\"} x",
		"{\"op\":\"list\"}{}",
		"{\"op\":\"list\",}",
		"{'op':'list'}",
		"{\"op\":\"list\",\"op\":\"list\"}",
		"{\"op\":\"list\",\"x\":\"\\u0000\"}",
		"{\"op\":\"list\",\"\\u0000\":1}",
		"{\"op\":\"list\",\"x\":\"\\ud800\"}",
		"{\"op\":\"list\",\"x\":1e999}",
		"{\"op\":\"list\",\"x\":NaN}",
		"{\"op\":\"list\",\"x\":01}",
		"{\"op\":\"li\tst\"}",
		"",
		"null x",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		static const char expected[] =
			"v2 malformed-request: the request's JSON is malformed: ";
		cleanup_str struct str line = {0};
		cleanup_str struct str out = {0};

		str_append_format(&line, "AAAU/2 %s", bad[i]);
		render(&out, line.data, line.length);
		assert_memory_equal(out.data, expected, sizeof(expected) - 1);
	}
	check("AAAU/2 [\"list\"]", "v2 malformed-request: the request is not a JSON object");
}

static void nesting_is_bounded(void **state)
{
	cleanup_str struct str line = {0};
	cleanup_str struct str out = {0};

	(void)state;
	str_append_text(&line, "AAAU/2 {\"op\":\"list\",\"x\":");
	while (line.length < REQUEST_MAX_LINE - 1)
		str_append_byte(&line, '[');
	render(&out, line.data, line.length);
	assert_non_null(strstr(out.data, "maximum parsing depth reached"));
}

static void other_versions_are_told_which_is_spoken(void **state)
{
	static const char *const lines[] = {
		"AAAU/",
		"AAAU/2",
		"AAAU/2{\"op\":\"list\"}",
		"AAAU/3 {\"op\":\"list\"}",
		"AAAU/02 {}",
		"AAAU/2\t{}",
		"AAAU/x",
		"AAAU/22 {\"op\":\"list\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		check(lines[i], "v2 malformed-request: the request begins with \"AAAU/\" but not "
				"with \"AAAU/2 \", which this server speaks");
}

static void the_version_of_a_started_line(void **state)
{
	(void)state;
	assert_int_equal(request_version("", 0), 1);
	assert_int_equal(request_version("AAAU", 4), 1);
	assert_int_equal(request_version("AAAU/", 5), 2);
	assert_int_equal(request_version("AAAU/9 {", 8), 2);
	assert_int_equal(request_version("NEW:AAAU/", 9), 1);
}

static void names(void **state)
{
	static const char *const good[] = {
		"x", "work", "my.work-1_B", "g", "0x", "work-", "a.b", "_", "_-", "fee.", "12_",
		/* 37 hexadecimal digits are longer than any id. */
		"0123456789abcdef0123456789abcdef01234",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", /* 64 */
	};
	static const char *const bad[] = {
		"",
		"-x",
		".x",
		"..",
		"a/b",
		"a b",
		"a:b",
		"a\n",
		"caf\xc3\xa9",
		"a",
		"1",
		"dead",
		"FACE",
		"a-b",
		"0f3c-",
		"00000000-0000-4000-8000-000000000000",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", /* 65 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(request_name_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(request_name_valid(bad[i]));
}

static void features(void **state)
{
	cleanup_str struct str out = {0};

	(void)state;
	assert_string_equal(request_feature_name(FEATURE_NOTICES), "notices");
	assert_string_equal(request_feature_name(FEATURE_FREEZES), "freezes");
	assert_null(request_feature_name(0));
	assert_null(request_feature_name(UINT32_C(1) << 31));
	request_put_features(&out, 0);
	request_put_features(&out, FEATURE_NOTICES);
	request_put_features(&out, UINT32_MAX);
	assert_string_equal(out.data, "[][\"notices\"][\"notices\",\"freezes\"]");
}

static void freeing_nothing(void **state)
{
	struct request request = {0};

	(void)state;
	request_free(NULL);
	request_free(&request);
	request_free(&request);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v1_new),
		cmocka_unit_test(v1_new_takes_two_integers_or_none),
		cmocka_unit_test(v1_new_empty_fields),
		cmocka_unit_test(v1_new_sizes_out_of_range_are_errors),
		cmocka_unit_test(v1_new_json),
		cmocka_unit_test(v1_new_json_bad),
		cmocka_unit_test(v1_session),
		cmocka_unit_test(neither_version),
		cmocka_unit_test(bytes_that_no_request_has),
		cmocka_unit_test(as_long_as_a_line_may_be),
		cmocka_unit_test(as_many_arguments_as_there_may_be),
		cmocka_unit_test(v2_new),
		cmocka_unit_test(v2_others),
		cmocka_unit_test(v2_ignores_what_it_does_not_know),
		cmocka_unit_test(v2_wrong_types_name_the_key),
		cmocka_unit_test(v2_what_is_missing),
		cmocka_unit_test(v2_named_outcomes),
		cmocka_unit_test(v2_json_is_strict),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(other_versions_are_told_which_is_spoken),
		cmocka_unit_test(the_version_of_a_started_line),
		cmocka_unit_test(names),
		cmocka_unit_test(features),
		cmocka_unit_test(freeing_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
