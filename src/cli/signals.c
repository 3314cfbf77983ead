/* Signals as flags.
 *
 * A signal can come after the flags were looked at and before a write to a terminal that takes
 * nothing: that write would never end. So each handler also starts a timer that interrupts whatever
 * blocks every 50 ms until the flags are taken. While there is no signal there is no timer.
 */
#include "cli/signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/time.h>

static volatile sig_atomic_t flags;
static volatile sig_atomic_t last;

static void remind(long microseconds)
{
	const struct itimerval timer = {.it_interval.tv_usec = microseconds,
					.it_value.tv_usec = microseconds};
	int saved = errno;

	setitimer(ITIMER_REAL, &timer, NULL);
	errno = saved;
}

static void handle(int signal)
{
	sig_atomic_t bit = SIGNAL_LEAVE;

	switch (signal) {
	case SIGALRM: return;
	case SIGWINCH: bit = SIGNAL_RESIZED; break;
	case SIGTSTP: bit = SIGNAL_STOP; break;
	case SIGCONT: bit = SIGNAL_CONTINUED; break;
	default: last = signal; break;
	}
	__atomic_fetch_or(&flags, bit, __ATOMIC_SEQ_CST);
	remind(50000);
}

static void install(int signal)
{
	struct sigaction old, action = {.sa_handler = handle}; /* no SA_RESTART */

	if (sigaction(signal, &action, &old) == 0 && old.sa_handler == SIG_IGN)
		sigaction(signal, &old, NULL);
}

void signals_install(void)
{
	static const int handled[] = {SIGALRM, SIGWINCH, SIGTSTP, SIGCONT,
				      SIGTERM, SIGHUP,   SIGINT,  SIGQUIT};
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	for (unsigned i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		install(handled[i]);
	sigaction(SIGPIPE, &ignore, NULL);
}

unsigned signals_take(void)
{
	if (!flags)
		return 0;
	remind(0);
	return (unsigned)__atomic_exchange_n(&flags, 0, __ATOMIC_SEQ_CST);
}

int signals_last(void)
{
	return last;
}

void signals_stop(void)
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};
	struct sigaction ours;

	sigaction(SIGTSTP, &by_default, &ours);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
}
