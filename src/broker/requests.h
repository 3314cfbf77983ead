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

#endif
