/* Version 1's first line: NEW, NEW:…, NEW_JSON:{…}, SESSION:<id>.
 *
 * The text form cannot tell a size from two arguments, so the rule is fixed: the last two fields
 * are the size if both are integers (an optional sign and digits), whether or not they are in
 * range; a size out of range is an error and never an argument. Fields have no escape; an argument
 * with a colon needs NEW_JSON. Empty arguments are kept. An empty program is none: the server's
 * default. The text is hostile; it is cut up here and nowhere interpreted.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/request-internal.h"

#define NUMBER_BEYOND 1000000 /* stands for every larger number */

/* True if text is an integer; *ret is its value, saturated. */
static bool parse_integer(const char *text, size_t n, int *ret)
{
	bool negative = n > 0 && text[0] == '-';
	size_t at = n > 0 && (text[0] == '-' || text[0] == '+') ? 1 : 0;
	int value = 0;

	if (at == n)
		return false;
	for (; at < n; at++) {
		if (text[at] < '0' || text[at] > '9')
			return false;
		value = value * 10 + (text[at] - '0');
		if (value > NUMBER_BEYOND)
			value = NUMBER_BEYOND;
	}
	*ret = negative ? -value : value;
	return true;
}

static bool in_range(int number)
{
	return number >= 1 && number <= UINT16_MAX;
}

/* Takes program and arguments from colon-separated fields. */
static enum protocol_error parse_program(const char *text, size_t n, struct request *request,
					 char **ret_message)
{
	const char *end = text + n;
	size_t count = 0; /* of arguments */

	for (const char *at = text; (at = memchr(at, ':', (size_t)(end - at))); at++)
		count++;
	if (count > REQUEST_MAX_ARGS)
		return request_refuse(ret_message, PROTOCOL_TOO_LONG,
				      "the request has more than %d arguments", REQUEST_MAX_ARGS);
	if (count > 0) {
		request->args = calloc(count + 1, sizeof(*request->args));
		if (!request->args)
			return PROTOCOL_INTERNAL;
	}
	for (size_t i = 0; i <= count; i++) {
		const char *colon = memchr(text, ':', (size_t)(end - text));
		const char *stop = colon ? colon : end;

		if (i > 0 || stop > text) {
			char *field = strndup(text, (size_t)(stop - text));

			if (!field)
				return PROTOCOL_INTERNAL;
			if (i == 0)
				request->program = field;
			else
				request->args[i - 1] = field;
		}
		text = stop + (colon ? 1 : 0);
	}
	return PROTOCOL_OK;
}

static enum protocol_error parse_fields(const char *text, size_t n, struct request *request,
					char **ret_message)
{
	const char *last = memrchr(text, ':', n);
	const char *before = last ? memrchr(text, ':', (size_t)(last - text)) : NULL;
	const char *first = before ? before + 1 : text;
	int rows, columns;

	if (!last || !parse_integer(first, (size_t)(last - first), &rows) ||
	    !parse_integer(last + 1, (size_t)(text + n - last - 1), &columns))
		return parse_program(text, n, request, ret_message);
	if (!in_range(rows) || !in_range(columns))
		return PROTOCOL_BAD_SIZE;
	request->rows = (uint16_t)rows;
	request->columns = (uint16_t)columns;
	if (!before)
		return PROTOCOL_OK;
	return parse_program(text, (size_t)(before - text), request, ret_message);
}

/* True if the line starts with the word; *ret_rest is what follows. */
static bool skip_word(const char *line, size_t length, const char *word, const char **ret_rest)
{
	size_t n = strlen(word);

	if (length < n || memcmp(line, word, n) != 0)
		return false;
	*ret_rest = line + n;
	return true;
}

enum protocol_error request_parse_v1(const char *line, size_t length, struct request *request,
				     char **ret_message)
{
	const char *end = line + length;
	const char *rest;

	if (skip_word(line, length, "SESSION:", &rest)) {
		if (rest == end)
			return request_refuse(ret_message, PROTOCOL_MALFORMED,
					      "SESSION: is not followed by a session's id");
		request->op = REQUEST_ATTACH;
		request->session = strndup(rest, (size_t)(end - rest));
		return request->session ? PROTOCOL_OK : PROTOCOL_INTERNAL;
	}

	request->op = REQUEST_NEW;
	request->rows = REQUEST_DEFAULT_ROWS;
	request->columns = REQUEST_DEFAULT_COLUMNS;
	if (skip_word(line, length, "NEW_JSON:", &rest))
		return request_parse_json(rest, (size_t)(end - rest), request, ret_message);
	if (skip_word(line, length, "NEW:", &rest))
		return parse_fields(rest, (size_t)(end - rest), request, ret_message);
	if (skip_word(line, length, "NEW", &rest) && rest == end)
		return PROTOCOL_OK;
	return request_refuse(
		ret_message, PROTOCOL_MALFORMED,
		"the request is none of NEW, NEW:..., NEW_JSON:{...}, SESSION:ID and AAAU/2 {...}");
}
