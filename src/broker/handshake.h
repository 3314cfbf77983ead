/* A connection's first line, in however many reads. */
#ifndef AAAU_BROKER_HANDSHAKE_H
#define AAAU_BROKER_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/str.h"

#define HANDSHAKE_PREFIX 5 /* "AAAU/": as much as tells the version */

struct handshake {
	struct str held; /* what came so far, if the line is not complete */
	bool prefix_only; /* a refused peer's: all but the first HANDSHAKE_PREFIX bytes are dropped */
};

enum handshake_event {
	HANDSHAKE_MORE,     /* nothing to read at the moment */
	HANDSHAKE_VERSION,  /* prefix_only: the version is known */
	HANDSHAKE_LINE,     /* the line, and what followed it */
	HANDSHAKE_TOO_LONG, /* REQUEST_MAX_LINE bytes without a newline */
	HANDSHAKE_END,      /* the peer closed, or its socket broke */
	HANDSHAKE_NO_MEMORY,
};

/* Without the newline; both valid until the next handshake_read of any connection. */
struct handshake_line {
	const char *line;
	size_t length;
	const char *early;
	size_t early_length;
};

/* Reads once from the non-blocking socket. */
enum handshake_event handshake_read(struct handshake *handshake, int fd,
				    struct handshake_line *ret);

/* The version in which the peer is to be answered, as far as can be told. */
int handshake_version(const struct handshake *handshake);

void handshake_free(struct handshake *handshake);

#endif
