/* POSIX shell quoting without a shell.
 *
 * Owns nothing; the words it splits off are the caller's. The text is what a person typed after -p
 * or what a program is called: anything. Fails by -EINVAL and a word on what is wrong.
 */
#include "util/shell-words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* XCU 2.2.2: up to the next single quote everything stands for itself. `at` is behind the opening
 * quote. Returns the place behind the closing one, or NULL. */
static const char *take_single_quoted(const char *at, char **out)
{
	const char *end = strchr(at, '\'');

	if (!end)
		return NULL;
	memcpy(*out, at, (size_t)(end - at));
	*out += end - at;
	return end + 1;
}

/* XCU 2.2.3: the backslash escapes only these. */
static bool escaped_in_double_quotes(char c)
{
	return c == '$' || c == '`' || c == '"' || c == '\\' || c == '\n';
}

static const char *take_double_quoted(const char *at, char **out)
{
	while (*at != '"') {
		if (*at == '\0')
			return NULL;
		if (*at == '\\' && escaped_in_double_quotes(at[1])) {
			at++;
			if (*at == '\n') { /* the line goes on */
				at++;
				continue;
			}
		}
		*(*out)++ = *at++;
	}
	return at + 1;
}

/* Copies one word, quotes removed, and advances *at behind it. `present` says whether there was a
 * word at all: '' is one, a lone backslash-newline is none. Returns NULL or what is wrong. */
static const char *take_word(const char **at, char **out, bool *present)
{
	const char *in = *at;

	*present = false;
	while (*in != '\0' && !is_blank(*in)) {
		if (in[0] == '\\' && in[1] == '\n') {
			in += 2;
			continue;
		}
		*present = true;
		if (*in == '\'') {
			in = take_single_quoted(in + 1, out);
			if (!in)
				return "unclosed single quote";
		} else if (*in == '"') {
			in = take_double_quoted(in + 1, out);
			if (!in)
				return "unclosed double quote";
		} else {
			if (*in == '\\' && *++in == '\0')
				return "nothing follows the last backslash";
			*(*out)++ = *in++;
		}
	}
	*at = in;
	return NULL;
}

int shell_words_split(const char *text, char ***ret, const char **ret_problem)
{
	size_t length = strlen(text);
	/* Every word but the last has a blank behind it. */
	size_t most = length / 2 + 2;
	/* The words follow the array: never longer than the text, and a NUL for each blank. */
	char **words = malloc(most * sizeof *words + length + 1);
	size_t count = 0;

	if (!words)
		return -ENOMEM;
	char *out = (char *)(words + most);
	while (true) {
		while (is_blank(*text))
			text++;
		if (*text == '\0')
			break;
		char *word = out;
		bool present;
		const char *problem = take_word(&text, &out, &present);
		if (problem) {
			free(words);
			*ret_problem = problem;
			return -EINVAL;
		}
		if (!present)
			continue;
		*out++ = '\0';
		words[count++] = word;
	}
	words[count] = NULL;
	*ret = words;
	return 0;
}

void shell_words_quote(struct str *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789@%+=:,./-_";

	if (*word != '\0' && word[strspn(word, plain)] == '\0') {
		str_append_text(out, word);
		return;
	}
	str_append_byte(out, '\'');
	while (true) {
		size_t run = strcspn(word, "'");
		str_append(out, word, run);
		word += run;
		if (*word == '\0')
			break;
		str_append_text(out, "'\\''");
		word++;
	}
	str_append_byte(out, '\'');
}

void shell_words_quote_command(struct str *out, char *const *words)
{
	size_t start = out->length;

	for (size_t i = 0; words[i] && out->length - start <= SHELL_WORDS_COMMAND_MAX; i++) {
		if (i > 0)
			str_append_byte(out, ' ');
		shell_words_quote(out, words[i]);
	}
	if (str_error(out) < 0 || out->length - start <= SHELL_WORDS_COMMAND_MAX)
		return;
	str_truncate(out, start + SHELL_WORDS_COMMAND_MAX -
				  utf8_incomplete_tail(out->data + start, SHELL_WORDS_COMMAND_MAX));
	str_append_text(out, "…");
}
