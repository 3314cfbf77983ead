/* From the clients through the record and a bounded queue to the PTY. */
#ifndef AAAU_SESSION_INPUT_H
#define AAAU_SESSION_INPUT_H

#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct client;
struct session;

#define INPUT_QUEUE_SIZE 65536
#define INPUT_READ_SIZE 16384 /* the most that is taken from one client at a time */

TAILQ_HEAD(waiting_list, client);

struct input {
	/* The queue: [start, released) may go to the PTY, [released, committed) waits for its line in
	 * the record, [committed, end) is being taken from a client. */
	char *queue;
	size_t start, released, committed, end;
	int fd; /* a duplicate of the PTY's, for a registration of its own: see output.c */
	struct event writable;
	bool writing;                /* writable is in the loop */
	struct waiting_list waiting; /* clients that are not read because the queue is full */
	uint64_t bytes;              /* delivered to the PTY, or meant to be */
};

int input_init(struct session *session);

/* How much may be read from a client that may type: 0 for nothing now. */
size_t input_room(const struct session *session);
/* Not before the queue has room again. */
void input_wait(struct client *client);
void input_forget(struct client *client);

/* One burst from one client: any number of takes, together what was read (at most input_room()) and
 * what its reader had held back before; then a commit that makes one line of them. */
void input_take(struct session *session, const char *data, size_t n);
void input_commit(const struct client *client);

/* The terminal's answer, where there is nobody's terminal; between bursts only. What there is no
 * room for is lost. */
void input_answer(struct session *session, const char *data, size_t n);

/* Everything committed is in the file. */
void input_release(struct session *session);
/* The agent is thawed: what waited goes on. */
void input_resume(struct session *session);
/* The agent is gone: what is queued will never be read, and nobody need wait. */
void input_discard(struct session *session);

#endif
