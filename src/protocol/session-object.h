/* A session as list, status and the STATUS frame show it (docs/protocol.md). */
#ifndef AAAU_PROTOCOL_SESSION_OBJECT_H
#define AAAU_PROTOCOL_SESSION_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

struct session_object {
	const char *id, *name;
	const char *agent; /* profile */
	const char *user;  /* the agent's */
	const char *creator;
	const char *command;
	const char *state;
	uint64_t created_us; /* since the epoch */
	uint64_t idle_us;
	uint32_t operators, observers;
	uint16_t rows, columns;
	uint64_t output_bytes, input_bytes;
};

/* Appends the JSON object. If it would be longer than limit (0: none), the command is shortened
 * until it fits; nothing else in it can be long. */
void protocol_put_session(struct str *out, const struct session_object *session, size_t limit);

#endif
