/* What the request parsers share. Private to request*.c. */
#ifndef AAAU_PROTOCOL_REQUEST_INTERNAL_H
#define AAAU_PROTOCOL_REQUEST_INTERNAL_H

#include <stddef.h>

#include "protocol/request.h"

#define REQUEST_DEFAULT_ROWS 24
#define REQUEST_DEFAULT_COLUMNS 80

/* Fill a zeroed request (but for version); after a failure the caller frees what is in it. The
 * text is UTF-8 without a NUL. */
enum protocol_error request_parse_v1(const char *line, size_t length, struct request *request,
				     char **ret_message);
/* The JSON object of NEW_JSON (request->version 1) or of version 2. */
enum protocol_error request_parse_json(const char *text, size_t length, struct request *request,
				       char **ret_message);

/* Formats the message (NULL without memory) and returns error, for `return request_refuse(…)`. */
enum protocol_error request_refuse(char **ret_message, enum protocol_error error,
				   const char *format, ...) __attribute__((format(printf, 3, 4)));

/* For "%.*s": the start of a client's text, short enough for a message, cut between characters. */
#define REQUEST_EXCERPT(text) request_excerpt_length(text), (text)
int request_excerpt_length(const char *text);

#endif
