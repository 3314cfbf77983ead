#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json-write.h"

static void test_every_ascii_byte(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 128; c++) {
		cleanup_str struct str out = {0};
		char byte = (char)c, expected[16];

		json_append_string(&out, &byte, 1);
		const char *name = c == '"'    ? "\\\""
				   : c == '\\' ? "\\\\"
				   : c == '\b' ? "\\b"
				   : c == '\f' ? "\\f"
				   : c == '\n' ? "\\n"
				   : c == '\r' ? "\\r"
				   : c == '\t' ? "\\t"
					       : NULL;
		if (name)
			snprintf(expected, sizeof expected, "\"%s\"", name);
		else if (c < 0x20 || c == 0x7f)
			snprintf(expected, sizeof expected, "\"\\u%04x\"", c);
		else
			snprintf(expected, sizeof expected, "\"%c\"", (char)c);
		assert_string_equal(out.data, expected);
	}
}

/* What the text must be, byte by byte, from the definition. */
static bool reference(struct str *out, const uint8_t *in, size_t n)
{
	static const char *const named[] = {
		['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
		['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
	};
	bool replaced = false;

	str_append_byte(out, '"');
	for (size_t i = 0; i < n;) {
		if (in[i] < 0x80) {
			if (in[i] < sizeof named / sizeof named[0] && named[in[i]])
				str_append_text(out, named[in[i]]);
			else if (in[i] < 0x20 || in[i] == 0x7f)
				str_append_format(out, "\\u%04x", in[i]);
			else
				str_append_byte(out, (char)in[i]);
			i++;
			continue;
		}
		/* jansson judges what is UTF-8. */
		size_t length = 2;
		for (; length <= 4 && length <= n - i; length++) {
			json_t *one = json_stringn((const char *)in + i, length);
			if (!one)
				continue;
			json_decref(one);
			if (in[i + length - 1] >= 0x80)
				break;
		}
		if (length <= 4 && length <= n - i) {
			str_append(out, in + i, length);
			i += length;
		} else {
			str_append_text(out, "\xef\xbf\xbd");
			replaced = true;
			i++;
		}
	}
	str_append_byte(out, '"');
	return replaced;
}

static void check(const void *data, size_t n)
{
	cleanup_str struct str out = {0}, expected = {0};
	/* Exactly n bytes, so that a read beyond shows under a sanitizer. */
	char *copy = malloc(n ? n : 1);
	assert_non_null(copy);
	if (n > 0)
		memcpy(copy, data, n);

	bool replaced = json_append_lossy_string(&out, copy, n);
	assert_int_equal(replaced, reference(&expected, data, n));
	assert_int_equal(str_error(&out), 0);
	assert_string_equal(out.data, expected.data);
	assert_int_equal(out.length, expected.length);
	free(copy);
}

static void test_any_bytes_at_any_place(void **state)
{
	(void)state;
	static const char *const odd[] = {"\x1b",
					  "\"",
					  "\\",
					  "\x7f",
					  "\n",
					  "\xc3\xa9",
					  "\xe2\x94\x80",
					  "\xf0\x9f\x98\x80",
					  "\x80",
					  "\xff",
					  "\xe2\x94",
					  "\xf0\x9f\x98",
					  "\xc0\xaf",
					  "\xed\xa0\x80",
					  "\xf4\x90\x80\x80",
					  "\x1f ~\x80"};
	char text[40];

	check("", 0);
	for (size_t o = 0; o < sizeof odd / sizeof odd[0]; o++)
		for (size_t n = strlen(odd[o]); n < sizeof text; n++)
			for (size_t at = 0; at + strlen(odd[o]) <= n; at++) {
				memset(text, 'x', n);
				memcpy(text + at, odd[o], strlen(odd[o]));
				check(text, n);
			}
}

/* Long enough for many turns of the small buffer, with every mix of what shrinks and swells. */
static void test_long_and_mixed(void **state)
{
	(void)state;
	static const char *const parts[] = {
		"\x1b[38;5;12m", "plain text ", "\xe2\x94\x80",    "\x01",
		"\xff",          "\"\\",        "\xf0\x9f\x98\x80"};
	unsigned seed = 7;

	for (unsigned round = 0; round < 60; round++) {
		cleanup_str struct str text = {0};
		while (text.length < 100 * round) {
			seed = seed * 1103515245 + 12345;
			unsigned which = (seed >> 16) % 7;
			for (unsigned i = 0; i < (seed >> 20) % (round + 1); i++)
				str_append_text(&text, parts[which]);
			str_append_text(&text, parts[(seed >> 8) % 7]);
		}
		check(text.data ? text.data : "", text.length);
	}
	char controls[3000];
	memset(controls, 1, sizeof controls);
	check(controls, sizeof controls);
	memset(controls, 0xff, sizeof controls);
	check(controls, sizeof controls);
}

static void test_members(void **state)
{
	(void)state;
	cleanup_str struct str out = {0};

	str_append_byte(&out, '{');
	json_append_text_member(&out, "name", "a\"b\xff");
	json_append_u64_member(&out, "n", UINT64_MAX);
	json_append_bool_member(&out, "yes", true);
	json_append_bool_member(&out, "no", false);
	json_append_key(&out, "inner");
	str_append_byte(&out, '{');
	json_append_u64_member(&out, "zero", 0);
	str_append_text(&out, "}}");
	assert_string_equal(out.data, "{\"name\":\"a\\\"b\xef\xbf\xbd\",\"n\":18446744073709551615,"
				      "\"yes\":true,\"no\":false,\"inner\":{\"zero\":0}}");
}

static void test_base64(void **state)
{
	(void)state;
	/* RFC 4648, section 10. */
	static const char *const cases[][2] = {{"", ""},
					       {"f", "Zg=="},
					       {"fo", "Zm8="},
					       {"foo", "Zm9v"},
					       {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="},
					       {"foobar", "Zm9vYmFy"},
					       {"\xfb\xff\xbf", "+/+/"}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		cleanup_str struct str out = {0}, expected = {0};
		json_append_base64(&out, cases[i][0], strlen(cases[i][0]));
		str_append_format(&expected, "\"%s\"", cases[i][1]);
		assert_string_equal(out.data, expected.data);
		assert_int_equal(out.length, expected.length);
	}
	cleanup_str struct str out = {0};
	json_append_base64(&out, "", SIZE_MAX);
	assert_int_equal(str_error(&out), -ENOMEM);
}

/* A cap counts what is written, not the worst that might have been. */
static void test_cap(void **state)
{
	(void)state;
	char text[1000];
	memset(text, 'x', sizeof text);
	cleanup_str struct str exact = {.limit = 1002}, less = {.limit = 1001};

	json_append_string(&exact, text, sizeof text);
	assert_int_equal(str_error(&exact), 0);
	assert_int_equal(exact.length, 1002);
	json_append_string(&less, text, sizeof text);
	assert_int_equal(str_error(&less), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_ascii_byte),
		cmocka_unit_test(test_any_bytes_at_any_place),
		cmocka_unit_test(test_long_and_mixed),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_cap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
