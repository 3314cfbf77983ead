/* Sessions of one agent user, kept apart. */
#ifndef AAAU_MONITOR_SCOPE_H
#define AAAU_MONITOR_SCOPE_H

/* Puts the calling process, for good and with all that it will start, into a scope of its own: it
 * can signal, trace and look into (/proc/PID/fd, environ, mem, root) only what is inside. Needs
 * no_new_privs. 0, also where the kernel has no such thing (before Linux 6.12), or a negative
 * errno. */
int scope_enter(void);

#endif
