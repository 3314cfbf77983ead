/* The agent's mount namespace. */
#ifndef AAAU_MONITOR_MOUNTS_H
#define AAAU_MONITOR_MOUNTS_H

/* Moves the calling process into a mount namespace of its own, with that devpts instance on
 * /dev/pts and its ptmx on /dev/ptmx. 0, or a negative errno. */
int mounts_enter(int devpts);

#endif
