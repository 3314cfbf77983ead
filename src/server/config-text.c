/* Two habits of libconfuse 3.3 that we do not want, taken away before it sees the text.
 *
 * It counts the line of a comment more than once, so that every message after a comment names a
 * wrong line; and it replaces ${NAME} by what the server's own environment holds. So comments are
 * turned into blanks here and ${ is refused. The scanner knows quotes, escapes and the three kinds
 * of comment, nothing else; the grammar stays libconfuse's.
 */
#include "server/config-text.h"

#include <stdbool.h>
#include <string.h>

struct scanner {
	char *text;
	size_t length;
	size_t at;
	unsigned line;
};

static char peek(const struct scanner *s, size_t ahead)
{
	return s->at + ahead < s->length ? s->text[s->at + ahead] : '\0';
}

static void skip(struct scanner *s)
{
	if (s->text[s->at++] == '\n')
		s->line++;
}

static void blank(struct scanner *s)
{
	if (s->text[s->at] != '\n')
		s->text[s->at] = ' ';
	skip(s);
}

/* A comment may stand where a token may start; `#` ends an unquoted word too. */
static bool at_comment(const struct scanner *s)
{
	if (peek(s, 0) == '#')
		return true;
	if (peek(s, 0) != '/' || (peek(s, 1) != '/' && peek(s, 1) != '*'))
		return false;
	return s->at == 0 || strchr(" \t\r\n{},=+;", s->text[s->at - 1]);
}

static const char *skip_comment(struct scanner *s)
{
	if (peek(s, 0) == '/' && peek(s, 1) == '*') {
		while (s->at < s->length && !(peek(s, 0) == '*' && peek(s, 1) == '/'))
			blank(s);
		if (s->at == s->length)
			return "a comment is not closed by */";
		blank(s);
		blank(s);
		return NULL;
	}
	while (s->at < s->length && peek(s, 0) != '\n')
		blank(s);
	return NULL;
}

static const char *const expansion_refused =
	"${...} is not expanded here; $HOME is, in path and env";

static const char *skip_quoted(struct scanner *s, char quote)
{
	skip(s);
	while (s->at < s->length && peek(s, 0) != quote) {
		if (quote == '"' && peek(s, 0) == '$' && peek(s, 1) == '{')
			return expansion_refused;
		if (peek(s, 0) == '\\' && s->at + 1 < s->length)
			skip(s);
		skip(s);
	}
	if (s->at == s->length)
		return "a quoted text is not closed";
	skip(s);
	return NULL;
}

const char *config_text_prepare(char *text, size_t n, unsigned *ret_line)
{
	struct scanner s = {.text = text, .length = n, .line = 1};
	const char *trouble = NULL;
	unsigned start = 1;

	while (s.at < s.length && !trouble) {
		char c = peek(&s, 0);
		start = s.line;
		if (c == '\0')
			trouble = "a NUL byte";
		else if (c == '"' || c == '\'')
			trouble = skip_quoted(&s, c);
		else if (at_comment(&s))
			trouble = skip_comment(&s);
		else if (c == '$' && peek(&s, 1) == '{')
			trouble = expansion_refused;
		else
			skip(&s);
	}
	if (trouble)
		*ret_line = start;
	return trouble;
}
