/* A first line of any bytes: what request.h promises of the result holds, and the error that is
 * made of a bad one is one clean line in version 1 and valid UTF-8 without a newline in version 2. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/request.h"
#include "util/utf8.h"

static void require(bool holds)
{
	if (!holds)
		abort();
}

static size_t count(char **array)
{
	size_t n = 0;

	while (array && array[n])
		n++;
	return n;
}

static void check_request(const struct request *request)
{
	bool new = request->op == REQUEST_NEW;
	bool freeze = request->op == REQUEST_FREEZE || request->op == REQUEST_THAW;

	require(request->op >= REQUEST_NEW && request->op <= REQUEST_THAW);
	require(request->version == 2 || new || request->op == REQUEST_ATTACH);
	require(count(request->args) <= REQUEST_MAX_ARGS);
	require(!request->args || request->args[0]);
	require(!request->environment || request->environment[0]);
	for (char **entry = request->environment; entry && *entry; entry++)
		require(strchr(*entry, '=') > *entry);
	require(!request->program || *request->program);
	require(!request->agent || *request->agent);
	require(!request->session || *request->session);
	require(!request->name || request_name_valid(request->name));
	require((request->rows == 0) == (request->columns == 0));
	require(!new || request->rows > 0);
	require(new || !(request->agent || request->program || request->args ||
			 request->environment || request->name || request->detached));
	require(request->op == REQUEST_DETACH || freeze || !request->everyone);
	require(!freeze || !request->session || !request->everyone);
	require(request->op == REQUEST_ATTACH || request->op == REQUEST_LIST || new || freeze ||
		request->session);
}

static void check_error(enum protocol_error error, const struct request *request,
			const char *message)
{
	cleanup_str struct str line = {0};
	cleanup_str struct str json = {0};

	require(request->op == 0 && !request->agent && !request->program && !request->args);
	require(!request->environment && !request->name && !request->session);
	require(request->rows == 0 && request->columns == 0 && request->features == 0);
	require(!request->detached && !request->observer && !request->everyone);
	protocol_put_error_v1(&line, error, message, NULL);
	require(memchr(line.data, '\n', line.length) == line.data + line.length - 1);
	require(utf8_valid_prefix(line.data, line.length) == line.length);
	for (size_t i = 0; i < line.length - 1; i++)
		require((unsigned char)line.data[i] >= 0x20 && line.data[i] != 0x7f);
	protocol_put_error_json(&json, error, message, NULL);
	require(!memchr(json.data, '\n', json.length));
	require(utf8_valid_prefix(json.data, json.length) == json.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request;
	char *message;
	enum protocol_error error = request_parse((const char *)data, size, &request, &message);

	require(request.version == request_version((const char *)data, size));
	if (error == PROTOCOL_OK)
		check_request(&request);
	else
		check_error(error, &request, message);
	free(message);
	request_free(&request);
	return 0;
}
