/* Splitting any text gives an error that is said or words; quoting those and splitting again gives
 * the same words. */
#include <string.h>

#include "fuzz.h"
#include "util/shell-words.h"

static size_t count_words(char **words)
{
	size_t count = 0;

	while (words[count])
		count++;
	return count;
}

static void check_round_trip(char **words)
{
	cleanup_str struct str line = {0};
	const char *problem;
	char **again;

	str_append_text(&line, "");
	for (size_t i = 0; words[i]; i++) {
		if (i > 0)
			str_append_byte(&line, ' ');
		shell_words_quote(&line, words[i]);
	}
	MUST(str_error(&line) == 0);
	MUST(shell_words_split(line.data, &again, &problem) == 0);
	MUST(count_words(again) == count_words(words));
	for (size_t i = 0; words[i]; i++)
		MUST(strcmp(words[i], again[i]) == 0);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	const char *problem = NULL;
	char **words = NULL;

	MUST(text);
	if (shell_words_split(text, &words, &problem) == 0) {
		check_round_trip(words);
		free(words);
	} else {
		MUST(problem && !words);
	}
	/* The whole text as one word. */
	char *one[] = {text, NULL};
	check_round_trip(one);
	free(text);
	return 0;
}
