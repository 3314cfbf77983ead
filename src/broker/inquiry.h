/* A client's request that waits for the answers of one or more sessions. */
#ifndef AAAU_BROKER_INQUIRY_H
#define AAAU_BROKER_INQUIRY_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "ipc/session-msg.h"

struct broker;
struct client;
struct inquiry;
struct session;

TAILQ_HEAD(inquiry_list, inquiry);

enum inquiry_state {
	INQUIRY_UNANSWERED = 0,
	INQUIRY_ANSWERED,
	INQUIRY_ENDED, /* the session is no more; session is NULL */
};

struct inquiry_slot {
	struct session *session;
	bool asked;
	enum inquiry_state state;
	struct session_status status; /* of a QUERY; status.state points to word */
	char word[16];
	uint32_t count;             /* of a DETACH */
	enum order_outcome outcome; /* of an order */
};

/* All sessions answered or ended, or the time is over. Takes the client; the inquiry goes when it
 * returns. */
typedef void inquiry_done(struct inquiry *inquiry, struct client *client);

struct inquiry {
	TAILQ_ENTRY(inquiry) entry;
	struct broker *broker;
	struct client *client;
	inquiry_done *done;
	struct event deadline;
	uint32_t first_tag; /* slots[i] waits for the answer with tag first_tag + i */
	unsigned outstanding;
	unsigned count;
	struct inquiry_slot slots[];
};

/* For at most `room` sessions. Takes the client; NULL (and the client was told) without memory. */
struct inquiry *inquiry_new(struct client *client, unsigned room, inquiry_done *done);
/* Adds a session. The tag for the message to it: the answer is waited for. */
uint32_t inquiry_expect(struct inquiry *inquiry, struct session *session);
/* Adds a session that is not asked. */
void inquiry_mention(struct inquiry *inquiry, struct session *session);
/* Done at once if no answer is waited for. */
void inquiry_wait(struct inquiry *inquiry, unsigned seconds);
/* The client is gone, or has another answer. */
void inquiry_abandon(struct inquiry *inquiry);

/* What comes from links. Answers to nobody's question are ignored: they came too late. */
void inquiry_take_status(struct broker *broker, struct session *session,
			 const struct session_status *status);
void inquiry_take_done(struct broker *broker, struct session *session,
		       const struct session_done *done);
void inquiry_take_end(struct broker *broker, struct session *session);

#endif
