/* What clients ask for. */
#ifndef AAAU_BROKER_REQUESTS_H
#define AAAU_BROKER_REQUESTS_H

#include <stdbool.h>

#include "broker/client.h"
#include "broker/registry.h"
#include "protocol/request.h"

/* Both take the client. The request stays the caller's. */
void requests_handle(struct client *client, const struct request *request);
void requests_new(struct client *client, const struct request *request); /* create.c */

/* The message that hands a client to a session. */
void requests_put_attach(const struct client *client, const struct request *request, bool creator,
			 struct str *out);

/* FREEZE and THAW, of a session, or of all that are meant where it is NULL; freeze.c. */
void requests_freeze(struct client *client, const struct request *request, struct session *session);

/* Sends the order in the client's name and adds the session to those whose answer is waited for. */
struct inquiry;
void requests_order(struct inquiry *inquiry, struct session *session, enum session_msg_type type,
		    bool everyone);
/* {"ok":true */
void requests_begin_answer(struct str *line);

#endif
