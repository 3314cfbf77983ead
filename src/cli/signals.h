/* Signals as flags, without the race of a signal that comes just before a blocking call. */
#ifndef AAAU_CLI_SIGNALS_H
#define AAAU_CLI_SIGNALS_H

#include <signal.h>

enum signal_bit {
	SIGNAL_RESIZED = 1 << 0,   /* SIGWINCH */
	SIGNAL_STOP = 1 << 1,      /* SIGTSTP */
	SIGNAL_CONTINUED = 1 << 2, /* SIGCONT */
	SIGNAL_LEAVE = 1 << 3, /* SIGTERM, SIGHUP, SIGINT, SIGQUIT: signals_last() tells which */
};

/* From now on they set flags, and a call that blocks returns with EINTR soon. Those that were
 * ignored (nohup, a background job) stay ignored. SIGPIPE is ignored. */
void signals_install(void);

/* The flags that were set since the last call. */
unsigned signals_take(void);

/* The last signal of SIGNAL_LEAVE. */
int signals_last(void);

/* Stops as SIGTSTP does by itself; returns when continued. */
void signals_stop(void);

#endif
