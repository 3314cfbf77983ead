/* The first line of a connection, both wire versions, as one struct. */
#ifndef AAAU_PROTOCOL_REQUEST_H
#define AAAU_PROTOCOL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/error.h"
#include "util/str.h"

#define REQUEST_MAX_LINE 65536 /* bytes, the newline included */
#define REQUEST_MAX_NAME 64    /* bytes of a session's name */
#define REQUEST_MAX_ARGS 4000  /* the launch record holds few more, the profile's own among them */

enum request_op {
	REQUEST_NEW = 1, /* v1 NEW, NEW_JSON; v2 "new" */
	REQUEST_ATTACH,  /* v1 SESSION; v2 "attach" */
	REQUEST_LIST,    /* v2 "list" */
	REQUEST_STATUS,  /* v2 "status" */
	REQUEST_KILL,    /* v2 "kill" */
	REQUEST_DETACH,  /* v2 "detach": the caller's clients; with "everyone", all (Admin) */
	REQUEST_FREEZE, /* v2 "freeze": one session, all of the caller's, or with "everyone" all (Admin) */
	REQUEST_THAW, /* v2 "thaw": the same; with "everyone", all that the caller may thaw */
};

/* Features are negotiated: the client says what it wants, the answer says which of those it gets.
 * The vocabulary without any feature is complete; each adds. */
enum request_feature {
	FEATURE_NOTICES =
		1
		<< 0, /* "notices": NOTICE frames about others attaching, detaching, stalls, freezes */
	FEATURE_FREEZES = 1 << 1, /* "freezes": NOTICE frames about freezing and thawing alone */
};

struct request {
	int version; /* 1 or 2 */
	enum request_op op;
	/* NEW */
	char *agent;        /* profile or alias, or NULL */
	char *program;      /* or NULL: the profile's */
	char **args;        /* arguments after the program (the profile's, where that is NULL),
			     * NULL-terminated, or NULL */
	char **environment; /* NAME=VALUE as the client offers them, NULL-terminated, or NULL */
	char *name;         /* or NULL */
	bool detached;      /* do not attach this client: answer and close */
	/* NEW, ATTACH */
	uint16_t rows,
		columns; /* NEW: 24x80 where the client says nothing; ATTACH: 0 where it says nothing */
	bool observer;     /* "role":"observer" */
	uint32_t features; /* those of the wanted ones that we know */
	/* ATTACH, STATUS, KILL, DETACH, FREEZE, THAW: id, unique prefix of one, or name; ATTACH NULL:
	 * newest detached; FREEZE, THAW NULL: all of the caller's */
	char *session;
	bool everyone; /* DETACH; FREEZE and THAW without a session */
};

/* The wire version in which a connection that began with these bytes is answered: 2 if they begin
 * with "AAAU/", else 1. For refusals before a whole line is there. */
int request_version(const char *data, size_t length);

/* Parses one whole line, without its newline. On anything but PROTOCOL_OK *ret is empty but for
 * version (2 if the line began with "AAAU/", else 1), and *ret_message says what is wrong, as a
 * string the caller frees, or NULL. */
enum protocol_error request_parse(const char *line, size_t length, struct request *ret,
				  char **ret_message);
void request_free(struct request *request); /* NULL and zeroed are fine */

/* True for a name that can be told from an id prefix and printed anywhere: 1 to 64 of
 * [A-Za-z0-9._-], not starting with '-' or '.', and not itself 1 to 36 characters of only hex
 * digits and '-' (that is an id or a prefix of one). */
bool request_name_valid(const char *name);

const char *request_feature_name(uint32_t bit); /* or NULL */
/* Appends ["a","b"] for the set bits. */
void request_put_features(struct str *out, uint32_t features);

#endif
