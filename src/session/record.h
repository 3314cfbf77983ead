/* What the session writes to its record: a function an event. Each line is in the file when the
 * function returns, or the record is stalled: then it is the next to be written, and
 * output_release() and input_release() are called once it is. */
#ifndef AAAU_SESSION_RECORD_H
#define AAAU_SESSION_RECORD_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/writer.h"
#include "ipc/launch.h"

struct client;
struct session;

struct record {
	struct audit_writer writer;
	struct event retry;
	bool stalled; /* something is not in the file yet */
};

int record_init(struct session *session);

/* True while no more lines should be made than cannot be avoided. */
bool record_is_full(const struct session *session);

void record_session_start(struct session *session);
void record_start_failed(struct session *session, const char *message);
void record_session_end(struct session *session);
void record_attach(const struct client *client);
void record_detach(const struct client *client, const char *reason);
void record_output(struct session *session, const char *data, size_t n);
void record_input(const struct client *client, const char *data, size_t n, bool redacted);
/* What was answered for a terminal. */
void record_reply(struct session *session, const char *data, size_t n);
void record_resize(const struct client *client, uint16_t rows, uint16_t columns);
/* what was tried, e.g. "input"; count of times, 1 for the first. */
void record_denied(const struct client *client, const char *what, uint64_t count);
void record_control(struct session *session, const char *user, const char *what);

#endif
