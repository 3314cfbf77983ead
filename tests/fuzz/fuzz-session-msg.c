/* The link's messages: any bytes of any type are refused, or are exactly what encoding the result
 * gives. The first byte is the type. */
#include <string.h>

#include "fuzz.h"
#include "ipc/session-msg.h"

/* One type's way there and back. */
#define CASE(type, name)                                                      \
	case type: {                                                          \
		struct session_##name message;                                \
		if (session_msg_get_##name(text + 1, size - 1, &message) < 0) \
			return 0;                                             \
		session_msg_put_##name(&again, &message);                     \
		break;                                                        \
	}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	cleanup_str struct str again = {0};
	struct session_order order;

	if (!size)
		return 0;
	switch (data[0]) {
		CASE(SESSION_MSG_ATTACH, attach)
		CASE(SESSION_MSG_QUERY, query)
		CASE(SESSION_MSG_SPAWN_FAILED, spawn_failed)
		CASE(SESSION_MSG_HELLO, hello)
		CASE(SESSION_MSG_STATUS, status)
		CASE(SESSION_MSG_DONE, done)
		CASE(SESSION_MSG_ENDED, ended)
	case SESSION_MSG_KILL:
	case SESSION_MSG_DETACH:
	case SESSION_MSG_FREEZE:
	case SESSION_MSG_THAW:
	case SESSION_MSG_SHUTDOWN:
		if (session_msg_get_order(text + 1, size - 1, &order) < 0)
			return 0;
		session_msg_put_order(&again, (enum session_msg_type)data[0], &order);
		break;
	default: return 0;
	}
	MUST(!str_error(&again));
	MUST(again.length == size && memcmp(again.data, data, size) == 0);
	return 0;
}
