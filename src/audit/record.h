/* One line of the record, as bytes. docs/audit-format.md is the specification. */
#ifndef AAAU_AUDIT_RECORD_H
#define AAAU_AUDIT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

enum audit_source { AUDIT_HUMAN, AUDIT_AGENT, AUDIT_SYSTEM };

struct audit_pair {
	const char *key;
	const char *value; /* any bytes; invalid UTF-8 becomes U+FFFD. NULL: pair left out */
};

struct audit_record {
	uint64_t timestamp_us; /* CLOCK_REALTIME */
	enum audit_source source;
	const char *user;
	const char *session_id;   /* "" for the server's own events */
	const char *command_type; /* "input", "output", "resize", "session_start", … */
	const char *content;      /* any bytes */
	size_t content_length;
	const struct audit_pair *metadata; /* pair_count entries */
	size_t pair_count;
};

/* Appends the line, newline included. Content that is not valid UTF-8 has each invalid byte
 * replaced by U+FFFD and the exact bytes in a key `raw` (base64) after metadata: nothing is lost. */
void audit_put_record(struct str *out, const struct audit_record *record);

#endif
