/* Who may connect, and as what. */
#ifndef AAAU_BROKER_AUTH_H
#define AAAU_BROKER_AUTH_H

#include "broker/peer.h"
#include "ipc/broker-config.h"
#include "ipc/session-msg.h"
#include "protocol/error.h"

enum auth_verdict {
	AUTH_ADMITTED = 0,
	AUTH_SERVICE_USER, /* the uid that broker and sessions run as */
	AUTH_AGENT_USER,   /* the uid of a profile */
	AUTH_NOT_MEMBER,   /* not in the authorized group */
};

/* *ret_level is set if the peer is admitted. */
enum auth_verdict auth_decide(const struct broker_config *config, const struct peer *peer,
			      enum permission_level *ret_level);

/* What the record calls the refusal, and what the peer is told. */
const char *auth_verdict_name(enum auth_verdict verdict);
enum protocol_error auth_verdict_error(enum auth_verdict verdict);

#endif
