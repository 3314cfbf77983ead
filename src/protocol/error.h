/* Every error a client can be told, in one table: its code on the wire, the message, what to do
 * about it, and the exit status of the client. Version 1 gets "message; remedy" as a line,
 * version 2 the structured object. docs/protocol.md lists the table; a test holds the two equal. */
#ifndef AAAU_PROTOCOL_ERROR_H
#define AAAU_PROTOCOL_ERROR_H

#include "util/str.h"

enum protocol_error {
	PROTOCOL_OK = 0,
	PROTOCOL_MALFORMED,      /* "malformed-request" */
	PROTOCOL_TOO_LONG,       /* "request-too-long": the first line passes 65,536 bytes */
	PROTOCOL_TIMEOUT,        /* "handshake-timeout" */
	PROTOCOL_UNKNOWN_OP,     /* "unknown-op" */
	PROTOCOL_BAD_SIZE,       /* "bad-size": rows or columns not in 1..65535 */
	PROTOCOL_NOT_AUTHORIZED, /* "not-authorized": not in the group */
	PROTOCOL_AGENT_REFUSED,  /* "agent-refused": the peer is an agent user */
	PROTOCOL_PERMISSION,     /* "permission-denied": level too low for this */
	PROTOCOL_NO_SESSION,     /* "no-such-session" */
	PROTOCOL_AMBIGUOUS,      /* "ambiguous-session" */
	PROTOCOL_NAME_TAKEN,     /* "name-taken" */
	PROTOCOL_BAD_NAME,       /* "bad-name" */
	PROTOCOL_UNKNOWN_AGENT,  /* "unknown-agent": no such profile or alias */
	PROTOCOL_NO_PROGRAM, /* "no-program": the default profile names none and neither did the client */
	PROTOCOL_NOT_FOUND,      /* "program-not-found": exit 127 */
	PROTOCOL_NOT_EXECUTABLE, /* "program-not-executable": exit 126 */
	PROTOCOL_START_FAILED,   /* "start-failed" */
	PROTOCOL_TOO_MANY,       /* "too-many-sessions" */
	PROTOCOL_STALLED,        /* "record-stalled": the record cannot be written */
	PROTOCOL_NOT_FROZEN,     /* "not-frozen": ordered, and not all of it stands still yet */
	PROTOCOL_FRAME_TOO_LONG, /* "frame-too-long" */
	PROTOCOL_BAD_FRAME,      /* "bad-frame" */
	PROTOCOL_READ_ONLY,      /* "read-only": input from who may only watch */
	PROTOCOL_TOO_SLOW, /* "too-slow": fell off the ring, or an operator past its patience */
	PROTOCOL_SHUTTING_DOWN, /* "shutting-down" */
	PROTOCOL_BUSY,          /* "busy": a session did not answer in time */
	PROTOCOL_INTERNAL,      /* "internal-error" */
	PROTOCOL_ERROR_COUNT
};

/* The wire code, e.g. "no-such-session". */
const char *protocol_error_code(enum protocol_error error);
const char *protocol_error_message(
	enum protocol_error error); /* generic, when there is no better one */
const char *protocol_error_remedy(enum protocol_error error); /* what to do, or "" */
int protocol_error_exit_status(enum protocol_error error);

/* Both append; message and remedy may be NULL for the table's own. */
/* Version 1: one line, "Error: message (remedy)\n", newlines inside replaced. */
void protocol_put_error_v1(struct str *out, enum protocol_error error, const char *message,
			   const char *remedy);
/* Version 2: {"code":…,"message":…,"remedy":…,"exit_status":…} without a newline. */
void protocol_put_error_json(struct str *out, enum protocol_error error, const char *message,
			     const char *remedy);

#endif
