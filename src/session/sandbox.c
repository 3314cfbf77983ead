/* The session's own cage: from here on it can move bytes between what it has open, and little else.
 *
 * Owns nothing. The filter is compiled at build time from sandbox-rules.h; a call that is not in it
 * kills the process, and the monitor then kills the agent.
 */
#include "session/sandbox.h"

#ifdef AAAU_SANDBOX

#include "session-filter.h"
#include "util/sandbox.h"

int session_lock_in(void)
{
	return sandbox_install(session_filter, sizeof session_filter / sizeof session_filter[0]);
}

#else

int session_lock_in(void)
{
	return 0;
}

#endif
