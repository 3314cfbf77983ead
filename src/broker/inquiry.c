/* Questions to sessions, and whose they are.
 *
 * Owns the slots and the deadline; borrows the client until it is done and the sessions until they
 * end. Sessions are asked all at once, and one that does not answer costs the client the deadline
 * and nobody else anything. A session can answer only for itself: a tag counts only from the
 * session it was given to.
 */
#include "broker/inquiry.h"

#include <stdio.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "broker/client.h"

struct inquiry *inquiry_new(struct client *client, unsigned room, inquiry_done *done)
{
	struct broker *broker = client->broker;
	struct inquiry *inquiry = calloc(1, sizeof(*inquiry) + room * sizeof(inquiry->slots[0]));

	if (!inquiry) {
		client_error(client, PROTOCOL_INTERNAL, NULL, NULL);
		return NULL;
	}
	inquiry->broker = broker;
	inquiry->client = client;
	inquiry->done = done;
	inquiry->first_tag = broker->next_tag;
	broker->next_tag += room;
	client->inquiry = inquiry;
	TAILQ_INSERT_TAIL(&broker->inquiries, inquiry, entry);
	return inquiry;
}

void inquiry_mention(struct inquiry *inquiry, struct session *session)
{
	inquiry->slots[inquiry->count++].session = session;
}

uint32_t inquiry_expect(struct inquiry *inquiry, struct session *session)
{
	uint32_t tag = inquiry->first_tag + inquiry->count;

	inquiry_mention(inquiry, session);
	inquiry->slots[inquiry->count - 1].asked = true;
	inquiry->outstanding++;
	return tag;
}

void inquiry_abandon(struct inquiry *inquiry)
{
	TAILQ_REMOVE(&inquiry->broker->inquiries, inquiry, entry);
	if (event_initialized(&inquiry->deadline))
		event_del(&inquiry->deadline);
	inquiry->client->inquiry = NULL;
	free(inquiry);
}

static void finish(struct inquiry *inquiry)
{
	struct client *client = inquiry->client;

	client->inquiry = NULL;
	TAILQ_REMOVE(&inquiry->broker->inquiries, inquiry, entry);
	if (event_initialized(&inquiry->deadline))
		event_del(&inquiry->deadline);
	inquiry->done(inquiry, client);
	free(inquiry);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	finish(context);
}

void inquiry_wait(struct inquiry *inquiry, unsigned seconds)
{
	struct timeval limit = {.tv_sec = (time_t)seconds};

	if (inquiry->outstanding == 0) {
		finish(inquiry);
		return;
	}
	event_assign(&inquiry->deadline, inquiry->broker->base, -1, 0, on_deadline, inquiry);
	event_add(&inquiry->deadline, &limit);
}

/* True if it was the last: the inquiry is done, and gone. */
static bool settle(struct inquiry *inquiry, struct inquiry_slot *slot, enum inquiry_state state)
{
	slot->state = state;
	if (--inquiry->outstanding > 0)
		return false;
	finish(inquiry);
	return true;
}

static struct inquiry_slot *find_slot(struct broker *broker, const struct session *session,
				      uint32_t tag, struct inquiry **ret)
{
	struct inquiry *inquiry;

	TAILQ_FOREACH (inquiry, &broker->inquiries, entry) {
		uint32_t index = tag - inquiry->first_tag;
		struct inquiry_slot *slot;

		if (index >= inquiry->count)
			continue;
		slot = &inquiry->slots[index];
		if (slot->session == session && slot->asked && slot->state == INQUIRY_UNANSWERED) {
			*ret = inquiry;
			return slot;
		}
	}
	return NULL;
}

void inquiry_take_status(struct broker *broker, struct session *session,
			 const struct session_status *status)
{
	struct inquiry *inquiry;
	struct inquiry_slot *slot = find_slot(broker, session, status->tag, &inquiry);

	if (!slot)
		return;
	slot->status = *status;
	snprintf(slot->word, sizeof(slot->word), "%s", status->state);
	slot->status.state = slot->word;
	settle(inquiry, slot, INQUIRY_ANSWERED);
}

void inquiry_take_done(struct broker *broker, struct session *session,
		       const struct session_done *done)
{
	struct inquiry *inquiry;
	struct inquiry_slot *slot = find_slot(broker, session, done->tag, &inquiry);

	if (!slot)
		return;
	slot->count = done->count;
	slot->outcome = (enum order_outcome)done->outcome;
	settle(inquiry, slot, INQUIRY_ANSWERED);
}

/* True if that was all that the inquiry waited for: it is done, and gone. */
static bool take_end(struct inquiry *inquiry, const struct session *session)
{
	for (unsigned i = 0; i < inquiry->count; i++) {
		struct inquiry_slot *slot = &inquiry->slots[i];
		bool waited;

		if (slot->session != session)
			continue;
		/* A session is in an inquiry once. */
		waited = slot->asked && slot->state == INQUIRY_UNANSWERED;
		slot->session = NULL;
		if (!waited) {
			slot->state = INQUIRY_ENDED;
			return false;
		}
		return settle(inquiry, slot, INQUIRY_ENDED);
	}
	return false;
}

void inquiry_take_end(struct broker *broker, struct session *session)
{
	struct inquiry *inquiry = TAILQ_FIRST(&broker->inquiries);

	/* An answer may make other clients go, with their inquiries: from the start again. No
	 * inquiry has the session any more that was seen once. */
	while (inquiry)
		inquiry = take_end(inquiry, session) ? TAILQ_FIRST(&broker->inquiries)
						     : TAILQ_NEXT(inquiry, entry);
}
