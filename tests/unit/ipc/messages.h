/* One of each of our messages, for round trips and for damage. */
#ifndef AAAU_TEST_IPC_MESSAGES_H
#define AAAU_TEST_IPC_MESSAGES_H

#include <stddef.h>

#include "util/str.h"

/* A kind of message: a good example of it, and its decoder, which frees what it allocated. */
struct message_kind {
	const char *name;
	void (*encode)(struct str *out);
	int (*decode)(const char *data, size_t n); /* 0 or a negative errno */
	size_t skip; /* bytes before what decode() takes: the type of a session message */
};

extern const struct message_kind message_kinds[];
extern const size_t message_kind_count;

#endif
