/* aaau.conf(5) lists exactly the keys of the table, with their defaults and limits.
 *
 *     test-server-manual PAGE     compares
 *     test-server-manual          prints what belongs between the page's two marks
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/config.h"
#include "util/str.h"

#define BEGIN_MARK ".\\\" The keys: begin\n"
#define END_MARK ".\\\" The keys: end\n"

static const char *const type_names[] = {
	[CONFIG_NAME] = "name",
	[CONFIG_FILE] = "absolute path",
	[CONFIG_CGROUP] = "auto or absolute path",
	[CONFIG_COMMAND] = "command line",
	[CONFIG_NUMBER] = "number",
	[CONFIG_SIZE] = "size",
	[CONFIG_MODE] = "octal number",
	[CONFIG_BOOLEAN] = "true or false",
	[CONFIG_SEARCH_PATH] = "directories",
	[CONFIG_TEXTS] = "list of texts",
	[CONFIG_NAMES] = "list of groups",
	[CONFIG_PATTERNS] = "list of names",
	[CONFIG_ENVIRONMENT] = "list of NAME=VALUE",
	[CONFIG_RLIMITS] = "list of NAME=LIMIT",
};

static const char *place_of(unsigned scope)
{
	if (scope & CONFIG_INHERITED)
		return "top level, and in a section for that agent";
	if ((scope & CONFIG_TOP) && (scope & CONFIG_AGENT))
		return "top level (for the default agent), and in a section";
	return scope & CONFIG_TOP ? "top level" : "agent sections";
}

/* mdoc wants source lines below 80 bytes. */
static void put_wrapped(struct str *out, const char *text)
{
	size_t column = 0;

	for (const char *at = text; *at;) {
		size_t n = strcspn(at, " ");
		if (column > 0 && column + 1 + n > 76) {
			str_append_byte(out, '\n');
			column = 0;
		} else if (column > 0) {
			str_append_byte(out, ' ');
			column++;
		}
		str_append(out, at, n);
		column += n;
		at += n + (at[n] == ' ');
	}
}

static void put_key(struct str *out, const struct config_key *key)
{
	struct str help = {0};

	str_append_format(&help, "%c%s.", toupper((unsigned char)key->help[0]), key->help + 1);
	str_append_format(out, ".It Ic %s Pq %s\n", key->name, type_names[key->type]);
	put_wrapped(out, help.data);
	str_append_byte(out, '\n');
	str_free(&help);
	if (key->type == CONFIG_NUMBER || key->type == CONFIG_SIZE)
		str_append_format(out, "From %" PRIu64 " to %" PRIu64 " %s.\n", key->minimum,
				  key->maximum, key->unit);
	str_append_format(out, "Where: %s.\n", place_of(key->scope));
	if (key->fallback)
		str_append_format(out, "Default:\n.Ql %s .\n", key->fallback);
}

static int compare(const char *page, const struct str *wanted)
{
	struct str text = {0};
	FILE *file = fopen(page, "r");
	char chunk[4096];
	size_t n;

	if (!file) {
		perror(page);
		return 1;
	}
	while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
		str_append(&text, chunk, n);
	fclose(file);
	const char *begin = text.data ? strstr(text.data, BEGIN_MARK) : NULL;
	const char *end = begin ? strstr(begin, END_MARK) : NULL;
	if (!end) {
		fprintf(stderr, "%s: the marks are missing\n", page);
		return 1;
	}
	begin += strlen(BEGIN_MARK);
	bool same = (size_t)(end - begin) == wanted->length &&
		    !memcmp(begin, wanted->data, wanted->length);
	if (!same)
		fprintf(stderr,
			"%s does not follow from config-keys.c; between its marks belongs:\n%s",
			page, wanted->data);
	str_free(&text);
	return !same;
}

int main(int argc, char **argv)
{
	struct str wanted = {0};

	for (size_t i = 0; i < KEY_COUNT; i++)
		put_key(&wanted, &config_keys[i]);
	int status = 0;
	if (argc > 1)
		status = compare(argv[1], &wanted);
	else
		fputs(wanted.data, stdout);
	str_free(&wanted);
	return status;
}
