/* The server's own record: starts, stops, refusals, sessions that could not start or were lost. */
#ifndef AAAU_BROKER_RECORD_H
#define AAAU_BROKER_RECORD_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>

#include "audit/writer.h"

struct record {
	struct audit_writer writer;
	struct event retry; /* pending only while a line waits for room */
};

struct record_event {
	const char *type;       /* command_type */
	const char *user;       /* whose doing it was; NULL: the server's */
	const char *session_id; /* NULL: none */
	const char *content;    /* a sentence for people */
	const struct audit_pair *pairs;
	size_t pair_count;
};

void record_init(struct record *record, struct event_base *base, int fd);
void record_free(struct record *record);

/* Writes the line, or keeps it to be written as soon as there is room. Never loses one: without
 * memory to keep it the process ends. */
void record_put(struct record *record, const struct record_event *event);
/* False while a line is not in the file: nobody is let in then. Tries again first. */
bool record_ready(struct record *record);

#endif
