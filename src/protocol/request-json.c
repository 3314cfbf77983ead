/* The JSON objects of a request: version 1's NEW_JSON and the whole of version 2.
 *
 * One table says which key belongs to which operation and how it is read. Keys that are not in it,
 * or not of this operation, are ignored, so that an old server understands a new client; null is
 * as good as absent; any other wrong type is an error that names the key. The bytes are hostile:
 * the parser is strict (duplicate keys, NUL, bad UTF-8 and anything behind the object are refused)
 * and its memory is bounded by the length of the line.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/request-internal.h"

/* Reads value into *field, whose type the reader knows. */
typedef enum protocol_error reader(const char *key, const json_t *value, void *field,
				   char **ret_message);

static enum protocol_error wrong_type(const char *key, const char *expected, char **ret_message)
{
	return request_refuse(ret_message, PROTOCOL_MALFORMED, "\"%s\" must be %s", key, expected);
}

static enum protocol_error copy(const char *text, char **field)
{
	*field = strdup(text);
	return *field ? PROTOCOL_OK : PROTOCOL_INTERNAL;
}

static enum protocol_error read_text(const char *key, const json_t *value, void *field,
				     char **ret_message)
{
	if (!json_is_string(value) || json_string_length(value) == 0)
		return wrong_type(key, "a string that is not empty", ret_message);
	return copy(json_string_value(value), field);
}

/* As in the text form of version 1, an empty program is none. */
static enum protocol_error read_v1_program(const char *key, const json_t *value, void *field,
					   char **ret_message)
{
	if (json_is_string(value) && json_string_length(value) == 0)
		return PROTOCOL_OK;
	return read_text(key, value, field, ret_message);
}

static enum protocol_error read_name(const char *key, const json_t *value, void *field,
				     char **ret_message)
{
	const char *name = json_string_value(value);

	if (!name)
		return wrong_type(key, "a string", ret_message);
	if (!request_name_valid(name))
		return request_refuse(ret_message, PROTOCOL_BAD_NAME,
				      "\"%.*s\" cannot be the name of a session",
				      REQUEST_EXCERPT(name));
	return copy(name, field);
}

static enum protocol_error read_flag(const char *key, const json_t *value, void *field,
				     char **ret_message)
{
	if (!json_is_boolean(value))
		return wrong_type(key, "true or false", ret_message);
	*(bool *)field = json_is_true(value);
	return PROTOCOL_OK;
}

/* Numbers are decoded as reals, so that a number beyond all integers is a bad size like any other
 * that is too large. */
static enum protocol_error read_size(const char *key, const json_t *value, void *field,
				     char **ret_message)
{
	double number = json_real_value(value);

	if (!json_is_real(value))
		return wrong_type(key, "an integer", ret_message);
	if (number < 1 || number > UINT16_MAX)
		return request_refuse(ret_message, PROTOCOL_BAD_SIZE,
				      "\"%s\" must be between 1 and 65535", key);
	if (number > (uint16_t)number)
		return wrong_type(key, "an integer", ret_message);
	*(uint16_t *)field = (uint16_t)number;
	return PROTOCOL_OK;
}

static enum protocol_error read_args(const char *key, const json_t *value, void *field,
				     char **ret_message)
{
	size_t count = json_array_size(value);
	char **args;

	if (!json_is_array(value))
		return wrong_type(key, "an array of strings", ret_message);
	if (count > REQUEST_MAX_ARGS)
		return request_refuse(ret_message, PROTOCOL_TOO_LONG,
				      "the request has more than %d arguments", REQUEST_MAX_ARGS);
	if (count == 0)
		return PROTOCOL_OK;
	args = calloc(count + 1, sizeof(*args));
	if (!args)
		return PROTOCOL_INTERNAL;
	*(char ***)field = args;
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(value, i));

		if (!text)
			return wrong_type(key, "an array of strings", ret_message);
		args[i] = strdup(text);
		if (!args[i])
			return PROTOCOL_INTERNAL;
	}
	return PROTOCOL_OK;
}

static bool is_environment_name(const char *name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "_0123456789";

	return name[0] && !(name[0] >= '0' && name[0] <= '9') && !name[strspn(name, allowed)];
}

static char *environment_entry(const char *name, const char *value)
{
	size_t name_length = strlen(name);
	size_t value_length = strlen(value);
	char *entry = malloc(name_length + value_length + 2);

	if (!entry)
		return NULL;
	memcpy(entry, name, name_length);
	entry[name_length] = '=';
	memcpy(entry + name_length + 1, value, value_length + 1);
	return entry;
}

static enum protocol_error read_environment(const char *key, const json_t *value, void *field,
					    char **ret_message)
{
	json_t *object = (json_t *)(uintptr_t)value; /* json_object_iter() takes no const */
	size_t count = json_object_size(value);
	char **entries;
	size_t i = 0;

	if (!json_is_object(value))
		return wrong_type(key, "an object of strings", ret_message);
	if (count == 0)
		return PROTOCOL_OK;
	entries = calloc(count + 1, sizeof(*entries));
	if (!entries)
		return PROTOCOL_INTERNAL;
	*(char ***)field = entries;
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *name = json_object_iter_key(at);
		const char *text = json_string_value(json_object_iter_value(at));

		if (!text)
			return wrong_type(key, "an object of strings", ret_message);
		if (!is_environment_name(name))
			return request_refuse(
				ret_message, PROTOCOL_MALFORMED,
				"\"%s\": \"%.*s\" is not the name of an environment variable", key,
				REQUEST_EXCERPT(name));
		entries[i] = environment_entry(name, text);
		if (!entries[i++])
			return PROTOCOL_INTERNAL;
	}
	return PROTOCOL_OK;
}

static enum protocol_error read_role(const char *key, const json_t *value, void *field,
				     char **ret_message)
{
	const char *role = json_string_value(value);

	if (!role || (strcmp(role, "operator") != 0 && strcmp(role, "observer") != 0))
		return wrong_type(key, "\"operator\" or \"observer\"", ret_message);
	*(bool *)field = strcmp(role, "observer") == 0;
	return PROTOCOL_OK;
}

static enum protocol_error read_features(const char *key, const json_t *value, void *field,
					 char **ret_message)
{
	uint32_t features = 0;

	if (!json_is_array(value))
		return wrong_type(key, "an array of strings", ret_message);
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *wanted = json_string_value(json_array_get(value, i));

		if (!wanted)
			return wrong_type(key, "an array of strings", ret_message);
		for (unsigned bit = 0; bit < 32; bit++) {
			const char *name = request_feature_name(UINT32_C(1) << bit);

			if (name && strcmp(name, wanted) == 0)
				features |= UINT32_C(1) << bit;
		}
	}
	*(uint32_t *)field = features;
	return PROTOCOL_OK;
}

#define NEW_JSON 1u /* version 1's; the operations of version 2 have the bits above */
#define OP(op) (1u << (op))
#define FIELD(member) offsetof(struct request, member)

static const struct {
	const char *key;
	unsigned where;
	reader *read;
	size_t field;
} keys[] = {
	{"program", NEW_JSON, read_v1_program, FIELD(program)},
	{"program", OP(REQUEST_NEW), read_text, FIELD(program)},
	{"args", NEW_JSON | OP(REQUEST_NEW), read_args, FIELD(args)},
	{"agent", OP(REQUEST_NEW), read_text, FIELD(agent)},
	{"env", OP(REQUEST_NEW), read_environment, FIELD(environment)},
	{"name", OP(REQUEST_NEW), read_name, FIELD(name)},
	{"detached", OP(REQUEST_NEW), read_flag, FIELD(detached)},
	{"rows", NEW_JSON | OP(REQUEST_NEW) | OP(REQUEST_ATTACH), read_size, FIELD(rows)},
	{"cols", NEW_JSON | OP(REQUEST_NEW) | OP(REQUEST_ATTACH), read_size, FIELD(columns)},
	{"role", OP(REQUEST_NEW) | OP(REQUEST_ATTACH), read_role, FIELD(observer)},
	{"features", OP(REQUEST_NEW) | OP(REQUEST_ATTACH), read_features, FIELD(features)},
	{"session",
	 OP(REQUEST_ATTACH) | OP(REQUEST_STATUS) | OP(REQUEST_KILL) | OP(REQUEST_DETACH) |
		 OP(REQUEST_FREEZE) | OP(REQUEST_THAW),
	 read_text, FIELD(session)},
	{"everyone", OP(REQUEST_DETACH) | OP(REQUEST_FREEZE) | OP(REQUEST_THAW), read_flag,
	 FIELD(everyone)},
};

static enum protocol_error read_keys(json_t *root, unsigned where, struct request *request,
				     char **ret_message)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *value = json_object_get(root, keys[i].key);
		enum protocol_error error;

		if (!(keys[i].where & where) || !value || json_is_null(value))
			continue;
		error = keys[i].read(keys[i].key, value, (char *)request + keys[i].field,
				     ret_message);
		if (error != PROTOCOL_OK)
			return error;
	}
	return PROTOCOL_OK;
}

static enum protocol_error read_op(const json_t *root, struct request *request, char **ret_message)
{
	static const struct {
		const char *name;
		enum request_op op;
	} ops[] = {
		{"new", REQUEST_NEW},       {"attach", REQUEST_ATTACH}, {"list", REQUEST_LIST},
		{"status", REQUEST_STATUS}, {"kill", REQUEST_KILL},     {"detach", REQUEST_DETACH},
		{"freeze", REQUEST_FREEZE}, {"thaw", REQUEST_THAW},
	};
	const char *name = json_string_value(json_object_get(root, "op"));

	if (!name)
		return wrong_type("op", "a string", ret_message);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(name, ops[i].name) == 0) {
			request->op = ops[i].op;
			return PROTOCOL_OK;
		}
	}
	return request_refuse(ret_message, PROTOCOL_UNKNOWN_OP,
			      "this server does not know the operation \"%.*s\"",
			      REQUEST_EXCERPT(name));
}

/* What the table cannot say: which keys an operation needs, and its defaults. */
static enum protocol_error complete(struct request *request, char **ret_message)
{
	switch (request->op) {
	case REQUEST_NEW:
		if (request->rows == 0)
			request->rows = REQUEST_DEFAULT_ROWS;
		if (request->columns == 0)
			request->columns = REQUEST_DEFAULT_COLUMNS;
		break;
	case REQUEST_ATTACH:
		if ((request->rows == 0) != (request->columns == 0))
			return request_refuse(ret_message, PROTOCOL_BAD_SIZE,
					      "\"rows\" and \"cols\" must come together");
		break;
	case REQUEST_STATUS:
	case REQUEST_KILL:
	case REQUEST_DETACH:
		if (!request->session)
			return request_refuse(ret_message, PROTOCOL_MALFORMED,
					      "\"session\" is missing");
		break;
	case REQUEST_FREEZE:
	case REQUEST_THAW:
		if (request->session && request->everyone)
			return request_refuse(ret_message, PROTOCOL_MALFORMED,
					      "\"session\" and \"everyone\" do not go together");
		break;
	case REQUEST_LIST: break;
	}
	return PROTOCOL_OK;
}

enum protocol_error request_parse_json(const char *text, size_t length, struct request *request,
				       char **ret_message)
{
	json_error_t problem;
	json_auto_t *root = json_loadb(text, length,
				       JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &problem);
	enum protocol_error error = PROTOCOL_OK;

	if (!root && json_error_code(&problem) == json_error_out_of_memory)
		return PROTOCOL_INTERNAL;
	if (!root)
		return request_refuse(ret_message, PROTOCOL_MALFORMED,
				      "the request's JSON is malformed: %s", problem.text);
	if (!json_is_object(root))
		return request_refuse(ret_message, PROTOCOL_MALFORMED,
				      "the request is not a JSON object");
	if (request->version != 1)
		error = read_op(root, request, ret_message);
	if (error == PROTOCOL_OK)
		error = read_keys(root, request->version == 1 ? NEW_JSON : OP(request->op), request,
				  ret_message);
	return error == PROTOCOL_OK ? complete(request, ret_message) : error;
}
