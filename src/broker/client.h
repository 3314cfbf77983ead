/* A connection to the public socket, until it is answered or handed to a session. */
#ifndef AAAU_BROKER_CLIENT_H
#define AAAU_BROKER_CLIENT_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "broker/auth.h"
#include "broker/handshake.h"
#include "ipc/session-msg.h"
#include "protocol/error.h"
#include "protocol/request.h"
#include "util/str.h"
#include "util/uuid.h"

struct broker;
struct inquiry;
struct quota_user;

struct client {
	struct broker *broker;
	int fd;
	uint32_t number;
	uid_t uid;
	pid_t pid;
	enum auth_verdict verdict;
	enum permission_level level; /* if admitted */
	bool reading;                /* the first line is not there yet */
	int version;                 /* 0 before the request was parsed */
	struct handshake handshake;
	struct str early; /* what came behind the first line */
	struct str answer;
	size_t answered;
	struct event io;             /* reading the line, or writing the answer */
	struct event deadline;       /* of the phase it is in */
	struct inquiry *inquiry;     /* the request waits for sessions */
	struct request attach;       /* what an ATTACH without a session asked for beside that */
	char target[UUID_TEXT_SIZE]; /* the session that an order went to */
	/* quota.c */
	TAILQ_ENTRY(client) quota_entry;
	struct quota_user *quota_user;
	size_t charged;
};

/* Takes the descriptor of a new connection. */
void client_accept(struct broker *broker, int fd);

/* Each of these takes the client: it must not be used afterwards. */
void client_answer(struct client *client, struct str *line); /* takes the line's memory too */
void client_error(struct client *client, enum protocol_error error, const char *message,
		  const char *remedy);
/* The same, and a line in the record: `content` is what it was about. */
void client_deny(struct client *client, enum protocol_error error, const char *reason,
		 const char *message, const char *remedy);
/* Its socket, for a session; the struct is gone. */
int client_steal_fd(struct client *client);
void client_close(struct client *client);

/* The server stops: whoever is still sending a request is told so. */
void client_shut_out_all(struct broker *broker);

#endif
