/* The broker's filter (sandbox-rules.h).
 *
 * Owns nothing. A broker that cannot lock itself in does not serve: the error travels up.
 */
#include "broker/sandbox.h"

#include "util/sandbox.h"

#ifdef AAAU_SANDBOX
#include "broker-filter.h"

static int lock(void)
{
	return sandbox_install(broker_filter, sizeof(broker_filter) / sizeof(broker_filter[0]));
}
#else
static int lock(void)
{
	return 0;
}
#endif

int broker_sandbox(void)
{
	int error = sandbox_hide();

	return error ? error : lock();
}
