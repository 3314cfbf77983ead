/* What is on the agent's screen, known to the session: for those who join and those who fell
 * behind, and to answer for a terminal where nobody's is there to do it. */
#ifndef AAAU_SESSION_SCREEN_H
#define AAAU_SESSION_SCREEN_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

struct client;
struct session;
struct term;

struct screen {
	struct term *term;     /* NULL before the first output */
	uint64_t modelled;     /* the output before it is on the screen */
	struct event catch_up; /* when the loop has nothing else to do */
	struct str answers;    /* of the model, on their way to the agent */
};

int screen_init(struct session *session);

/* More was recorded: it will be looked at when there is time. */
void screen_recorded(struct session *session);
/* How much may be read from the agent without losing what was not looked at yet; at most `most`.
 * 0: later, unless now is set. */
size_t screen_room(struct session *session, size_t most, bool now);

/* Before who could answer the agent's queries changes: what was written so far concerned those who
 * are there now. */
void screen_settle(struct session *session);
/* What was recorded so far came at the old size. */
void screen_resize(struct session *session, uint16_t rows, uint16_t columns);

/* Appends what brings a terminal to where the output is now (`recorded`): that of a client that
 * joins, or of one that was there and missed some. Nothing if it is more than can be had. */
void screen_put_join(struct session *session, struct str *out);
void screen_put_resync(struct session *session, struct str *out);

#endif
