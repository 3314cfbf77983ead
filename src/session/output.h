/* From the PTY through the ring and the record to the clients. */
#ifndef AAAU_SESSION_OUTPUT_H
#define AAAU_SESSION_OUTPUT_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/ring.h"

struct client;
struct session;

struct output {
	struct ring ring;
	uint64_t formatted; /* lines for everything before it were given to the writer */
	uint64_t recorded;  /* those lines are in the file: clients may have it */
	/* No observer's cursor is below it: spares a look at each of them for every chunk. */
	uint64_t observer_floor;
	struct event readable;
	struct event tail;     /* 20 ms after an incomplete UTF-8 sequence */
	struct event patience; /* while operators hold the agent back */
	bool reading;          /* readable is in the loop */
	bool blocked;          /* operators have not taken what the ring must give up next */
	bool hung_up;          /* nobody has the slave open: see output.c */
};

int output_init(struct session *session);
/* Reads now, and from now on whenever there is something, unless something stands against it. */
void output_resume(struct session *session);
/* The record is stalled. */
void output_pause(struct session *session);
/* Everything formatted is in the file. */
void output_release(struct session *session);
/* A client took some, or went: room may have come. */
void output_progress(struct session *session);
/* Where a client goes on whose terminal shows what is on the screen now. */
uint64_t output_join(struct session *session);

#endif
