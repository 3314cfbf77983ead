/* The session's own cage. */
#ifndef AAAU_SESSION_SANDBOX_H
#define AAAU_SESSION_SANDBOX_H

/* Installs the filter of sandbox-rules.h. Nothing in a build without filters. 0, or a negative
 * errno. */
int session_lock_in(void);

#endif
