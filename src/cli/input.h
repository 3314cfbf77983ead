/* Standard input on its way to the session. */
#ifndef AAAU_CLI_INPUT_H
#define AAAU_CLI_INPUT_H

#include <aaau/aaau.h>

#include "cli/detach-keys.h"

struct input {
	bool terminal;  /* keys are watched; otherwise all is data */
	bool open;      /* may have more */
	bool types_end; /* the end of data is typed as Ctrl-D */
	bool dropped;   /* an observer's: read, for the detach keys, and not sent */
	struct detach_keys keys;

	struct str queue; /* for the session, not taken yet */
	size_t sent;      /* of it */
	char last;        /* byte that was read, '\n' before any */
	unsigned ends;    /* Ctrl-D after the end: how often */
	uint64_t end_deadline_ms;
};

enum input_outcome {
	INPUT_GOES_ON = 0,
	INPUT_DETACH,
	INPUT_HUNG_UP, /* the terminal is gone */
};

/* ends: the end of an input that is no terminal is the end of the agent's input too, because nobody
 * else gives it any. */
void input_init(struct input *input, bool terminal, bool dropped, bool ends,
		const struct detach_keys *keys);
void input_free(struct input *input);

/* Whether standard input should be polled: it is open and nothing waits. */
bool input_wanted(const struct input *input);

/* Reads what is there. */
enum input_outcome input_read(struct input *input);

/* Hands the queue to the session, as far as that takes it. */
void input_push(struct input *input, struct aaau_client *client);

/* The next time at which input_expire() has something to do, on clock_monotonic_us() / 1000, or 0.
 */
uint64_t input_deadline(const struct input *input);
void input_expire(struct input *input, uint64_t now_ms);

/* The session said something: it is not waiting for the end of its input. */
void input_session_is_busy(struct input *input);

#endif
