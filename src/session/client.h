/* A client: one connection, its place in the output, and what it may.
 *
 * What depends on the protocol's version stands behind struct client_face.
 */
#ifndef AAAU_SESSION_CLIENT_H
#define AAAU_SESSION_CLIENT_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "ipc/session-msg.h"
#include "protocol/error.h"
#include "protocol/frame.h"
#include "protocol/v1.h"
#include "util/str.h"

#define CLIENT_MAX_PENDING 16384 /* bytes of control messages that wait for the socket */

struct session;
struct client;

/* Why a connection ends, for its last message. */
enum farewell_reason {
	FAREWELL_SESSION, /* the session ended: session->end */
	FAREWELL_DETACHED,
	FAREWELL_TOO_SLOW, /* it does not read what it asked for */
};

struct farewell {
	enum farewell_reason reason;
	const char *by;        /* DETACHED */
	uint64_t missed_bytes; /* output that it will not get; 0 for none */
};

struct client_face {
	bool framed; /* output goes in OUTPUT frames */
	/* Each appends one message to out. A message of length 0 is not sent. */
	void (*put_answer)(const struct client *client, struct str *out);
	void (*put_refusal)(struct str *out, enum protocol_error error, const char *message);
	void (*put_error)(struct str *out, enum protocol_error error);
	/* NULL: this version has no notices, and its clients never the feature. */
	void (*put_notice)(struct str *out, const char *event, const char *message, uint64_t bytes);
	void (*put_farewell)(const struct client *client, struct str *out,
			     const struct farewell *farewell);
	/* Bytes from the client. False: the connection cannot go on. */
	bool (*receive)(struct client *client, const char *data, size_t n);
	void (*forget)(struct client *client); /* NULL: nothing to free */
};

extern const struct client_face client_v1;
extern const struct client_face client_v2;

/* Bytes that came with the handshake. */
struct early {
	size_t at, length;
	char data[];
};

struct client {
	TAILQ_ENTRY(client) entry;
	TAILQ_ENTRY(client) waiting_entry;
	struct session *session;
	const struct client_face *face;
	struct event readable, writable;
	uint64_t cursor;      /* the next output byte for its socket */
	uint64_t progress_us; /* when it last took some, while it holds the agent back */
	uint64_t skipped;     /* output that it never got, but on a snapshot */
	uint64_t denied_inputs;
	uint64_t denied_kills;
	/* v2: what is left of the OUTPUT frame that was begun. Nothing else goes out before it. */
	uint32_t frame_left;
	uint8_t header_left;
	unsigned char header[FRAME_HEADER_SIZE];
	/* Output of its own, which goes before that of the ring: a snapshot, or the rest of a frame
	 * whose bytes the ring no longer has. */
	struct str own;
	size_t own_at;
	/* Control messages for the socket: u16 length, bytes, and so on. */
	struct str pending;
	size_t pending_at;
	size_t message_left; /* of the first, which was begun */
	union {
		struct v1_reader v1;
		struct frame_reader *v2; /* NULL between frames */
	} reader;
	struct early *early;
	char *user;
	uid_t uid;
	pid_t pid;
	uint32_t number;
	uint32_t features;
	uint16_t rows, columns;
	int fd;
	enum permission_level level;
	uint8_t version;
	bool operator; /* may type: asked for no less and has the level */
	bool creator;  /* its request made the session */
	bool answered; /* past the handshake: output, notices and the record know it */
	bool blocked;  /* its socket is full; writable is in the loop */
	bool waiting;  /* on the input's waiting list; readable is not in the loop */
	bool behind;   /* fell off the ring at its cursor; a snapshot is due when it reads again */
	bool deaf;     /* takes no more output; its input is still read */
	bool ending;   /* gets the farewell after its last output, then closes */
	bool farewelled;
	bool warned; /* in this burst, of input that it may not give */
	bool gone;
};

/* Takes the descriptor. The client waits for client_answer(). NULL for lack of memory: the
 * descriptor is closed. */
struct client *client_new(struct session *session, const struct session_attach *attach, int fd);
/* Tells it that it is in; from now on it gets output and is read. */
void client_answer(struct client *client);
/* Tells it that it is not, and closes. */
void client_refuse(struct client *client, enum protocol_error error, const char *text);
/* Reads what came with the handshake, then what comes. */
void client_start(struct client *client);
void client_free(struct client *client);

/* Gives it as much as it takes. */
void client_pump(struct client *client);
/* It gets output from the ring. */
static inline bool client_takes_output(const struct client *client)
{
	return client->answered && !client->behind && !client->deaf && !client->gone;
}
/* The ring gives up what it has not taken. It will get a snapshot in place of that. */
void client_fall_behind(struct client *client);
/* Queues one control message and pumps. The message is consumed. */
void client_say(struct client *client, const struct str *message);
void client_say_error(struct client *client, enum protocol_error error);

/* The rest of the output, the farewell, the close: as fast as the client reads. */
void client_end(struct client *client);
/* The farewell and the close now, whether it reads or not. why is for the record. */
void client_cut(struct client *client, const struct farewell *farewell, const char *why);
void client_close(struct client *client, const char *why);
/* Output that it would not get if it were cut now. */
uint64_t client_unsent(const struct client *client);

/* The record's last lines about a client that was let in. */
void client_record_end(const struct client *client, const char *why);

/* What both versions do with what a client sends. */
void client_give_input(struct client *client, const char *data, size_t n);
void client_ask_resize(struct client *client, uint16_t rows, uint16_t columns); /* operators */
/* At most once a burst. */
void client_warn_read_only(struct client *client);
void client_ask_kill(struct client *client, bool permitted);

/* All of them. */
void clients_pump(struct session *session);
void clients_say_error(struct session *session, enum protocol_error error);
/* To one, or to all but one (NULL: to all): if they asked for notices. */
void client_notice(struct client *client, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void clients_notice(struct session *session, const struct client *except, const char *event,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

const char *client_role(const struct client *client);
const char *client_level(const struct client *client);
#endif
