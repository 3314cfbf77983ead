#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/shell-words.h"
#include "util/utf8.h"

struct split_case {
	const char *text;
	const char *words[6];
};

static const struct split_case split_cases[] = {
	{"", {NULL}},
	{" \t\n ", {NULL}},
	{"claude", {"claude", NULL}},
	{"  bash -c  'echo hi'\t", {"bash", "-c", "echo hi", NULL}},
	{"a\nb", {"a", "b", NULL}},
	{"''", {"", NULL}},
	{"\"\" '' x", {"", "", "x", NULL}},
	{"a''b", {"ab", NULL}},
	{"'it'\\''s'", {"it's", NULL}},
	{"a\\ b", {"a b", NULL}},
	{"\\a\\\\\\'\\\"", {"a\\'\"", NULL}},
	{"'a\\b\"c'", {"a\\b\"c", NULL}},
	{"\"a\\b\"", {"a\\b", NULL}},
	{"\"\\$\\`\\\"\\\\\\x\"", {"$`\"\\\\x", NULL}},
	{"\"a\\\nb\"", {"ab", NULL}},
	{"a\\\nb", {"ab", NULL}},
	{"a \\\n b", {"a", "b", NULL}},
	{"\\\n", {NULL}},
	{"'a\nb'", {"a\nb", NULL}},
	{"$HOME `id` *.c ~ | ;", {"$HOME", "`id`", "*.c", "~", "|", ";"}},
	{"a#b #c", {"a#b", "#c", NULL}},
	{"x=\"1 2\"y'3 4'", {"x=1 2y3 4", NULL}},
	{"\xc3\xa9 \xff", {"\xc3\xa9", "\xff", NULL}},
};

static void test_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof split_cases / sizeof split_cases[0]; i++) {
		const struct split_case *c = &split_cases[i];
		const char *problem = NULL;
		char **words;

		assert_int_equal(shell_words_split(c->text, &words, &problem), 0);
		assert_null(problem);
		size_t n = 0;
		while (n < 6 && c->words[n]) {
			assert_non_null(words[n]);
			assert_string_equal(words[n], c->words[n]);
			n++;
		}
		assert_null(words[n]);
		free(words);
	}
}

static void test_what_is_wrong_is_said(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"'", "unclosed single quote"},     {"a 'b c", "unclosed single quote"},
		{"\"", "unclosed double quote"},    {"a \"b\\\"", "unclosed double quote"},
		{"\"a'", "unclosed double quote"},  {"a\\", "nothing follows the last backslash"},
		{"\"a\\", "unclosed double quote"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *untouched[1], **words = untouched;
		const char *problem = NULL;
		assert_int_equal(shell_words_split(cases[i][0], &words, &problem), -EINVAL);
		assert_string_equal(problem, cases[i][1]);
		assert_ptr_equal(words, untouched);
	}
}

/* What a person reads in a list is what a shell would run. */
static void test_quote(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "''"},
		{"plain", "plain"},
		{"--size=24x80", "--size=24x80"},
		{"/usr/bin/a.b_c-d", "/usr/bin/a.b_c-d"},
		{"two words", "'two words'"},
		{"it's", "'it'\\''s'"},
		{"'", "''\\'''"},
		{"$x", "'$x'"},
		{"~", "'~'"},
		{"a\nb", "'a\nb'"},
		{"\xc3\xa9", "'\xc3\xa9'"},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		cleanup_str struct str out = {0};
		shell_words_quote(&out, cases[i][0]);
		assert_int_equal(str_error(&out), 0);
		assert_string_equal(out.data, cases[i][1]);
	}
}

static void test_a_command_is_short_enough_to_show(void **state)
{
	(void)state;
	static char quotes[60000], long_word[SHELL_WORDS_COMMAND_MAX + 1], letters[8192 + 1];
	static char echo[] = "echo", blank[] = "a b";
	char *words[] = {echo, blank, NULL};
	cleanup_str struct str out = {0};

	shell_words_quote_command(&out, words);
	assert_string_equal(out.data, "echo 'a b'");

	/* Four bytes for each quote: 240 KB, which no message would hold. */
	memset(quotes, '\'', sizeof quotes - 1);
	words[1] = quotes;
	str_clear(&out);
	shell_words_quote_command(&out, words);
	assert_int_equal(out.length, SHELL_WORDS_COMMAND_MAX + strlen("…"));
	assert_string_equal(out.data + SHELL_WORDS_COMMAND_MAX, "…");

	/* As long as it may be. */
	memset(long_word, 'x', sizeof long_word - 1);
	words[0] = long_word;
	words[1] = NULL;
	str_clear(&out);
	str_append_text(&out, "before ");
	shell_words_quote_command(&out, words);
	assert_int_equal(out.length, strlen("before ") + SHELL_WORDS_COMMAND_MAX);

	/* No half of a character: quote, then two bytes each. */
	for (size_t i = 0; i < sizeof letters - 1; i += 2)
		memcpy(letters + i, "ä", 2);
	words[0] = letters;
	str_clear(&out);
	shell_words_quote_command(&out, words);
	assert_int_equal(out.length, SHELL_WORDS_COMMAND_MAX - 1 + strlen("…"));
	assert_int_equal(utf8_valid_prefix(out.data, out.length), out.length);
}

/* Our reading against the shell's own: /bin/sh splits the same text into the same words. Text
 * without anything that a shell would expand. */
static void test_a_shell_agrees(void **state)
{
	(void)state;
	static const char alphabet[] = "ab  '\"\\\t";
	unsigned seed = 1;

	for (unsigned round = 0; round < 200; round++) {
		char text[13];
		for (size_t i = 0; i < 12; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
		}
		text[12] = '\0';

		const char *problem;
		char **words;
		if (shell_words_split(text, &words, &problem) < 0)
			continue;
		cleanup_str struct str expected = {0};
		for (char **word = words; *word; word++)
			str_append_format(&expected, "[%s]", *word);
		free(words);
		str_append_text(&expected, "\n");

		cleanup_str struct str script = {0};
		str_append_format(&script,
				  "set -- %s\nfor word; do printf '[%%s]' \"$word\"; done\necho\n",
				  text);
		assert_int_equal(setenv("SCRIPT", script.data, 1), 0);
		/* dash's own echo would read backslashes; printf does not. */
		FILE *shell = popen("exec /bin/sh -c \"$SCRIPT\"", "r");
		assert_non_null(shell);
		char answer[256] = "";
		size_t n = fread(answer, 1, sizeof answer - 1, shell);
		answer[n] = '\0';
		assert_int_equal(pclose(shell), 0);
		assert_string_equal(answer, expected.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_what_is_wrong_is_said),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_a_command_is_short_enough_to_show),
		cmocka_unit_test(test_a_shell_agrees),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
