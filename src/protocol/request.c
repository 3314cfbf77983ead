/* The first line of a connection: what holds for both versions, and the choice between them.
 *
 * The line comes from whoever could connect, authorized or not, so it is checked as a whole before
 * anything is made of it: its length, no NUL, valid UTF-8, no carriage return at its end (\r\n is
 * a client that speaks another protocol's lines; taking the \r for a part of the last argument
 * would be a riddle for its user). Then request-v1.c or request-json.c fills the struct. A failure
 * is a named outcome with a message for that client, and leaves nothing allocated but the message.
 */
#include "protocol/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/request-internal.h"
#include "util/utf8.h"

#define EXCERPT_MAX 40

enum protocol_error request_refuse(char **ret_message, enum protocol_error error,
				   const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(ret_message, format, arguments) < 0)
		*ret_message = NULL;
	va_end(arguments);
	return error;
}

int request_excerpt_length(const char *text)
{
	return (int)utf8_valid_prefix(text, strnlen(text, EXCERPT_MAX));
}

static void free_array(char **array)
{
	for (char **entry = array; entry && *entry; entry++)
		free(*entry);
	free(array);
}

void request_free(struct request *request)
{
	if (!request)
		return;
	free(request->agent);
	free(request->program);
	free_array(request->args);
	free_array(request->environment);
	free(request->name);
	free(request->session);
	*request = (struct request){.version = request->version};
}

static enum protocol_error parse(const char *line, size_t length, struct request *request,
				 char **ret_message)
{
	static const char v2[] = "AAAU/2 ";
	size_t prefix = sizeof(v2) - 1;

	if (length >= REQUEST_MAX_LINE)
		return PROTOCOL_TOO_LONG;
	if (memchr(line, '\0', length))
		return request_refuse(ret_message, PROTOCOL_MALFORMED,
				      "the request contains a NUL byte");
	if (utf8_valid_prefix(line, length) != length)
		return request_refuse(ret_message, PROTOCOL_MALFORMED,
				      "the request is not valid UTF-8");
	if (length > 0 && line[length - 1] == '\r')
		return request_refuse(ret_message, PROTOCOL_MALFORMED,
				      "the request ends with \\r\\n instead of \\n");
	if (request->version == 1)
		return request_parse_v1(line, length, request, ret_message);
	if (length < prefix || memcmp(line, v2, prefix) != 0)
		return request_refuse(
			ret_message, PROTOCOL_MALFORMED,
			"the request begins with \"AAAU/\" but not with \"AAAU/2 \", which this server speaks");
	return request_parse_json(line + prefix, length - prefix, request, ret_message);
}

enum protocol_error request_parse(const char *line, size_t length, struct request *ret,
				  char **ret_message)
{
	enum protocol_error error;

	*ret = (struct request){.version = request_version(line, length)};
	*ret_message = NULL;
	error = parse(line, length, ret, ret_message);
	if (error != PROTOCOL_OK)
		request_free(ret);
	return error;
}
