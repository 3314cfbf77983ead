/* Whole messages with descriptors over a SOCK_SEQPACKET socket. */
#ifndef AAAU_IPC_SEQPACKET_H
#define AAAU_IPC_SEQPACKET_H

#include <stddef.h>
#include <sys/types.h>

#define SEQPACKET_MAX_MESSAGE 131072 /* bytes; nothing we send is larger */
#define SEQPACKET_MAX_FDS 4

/* A connected pair, close-on-exec, non-blocking. 0, or a negative errno. */
int seqpacket_pair(int ret_fds[2]);

/* Sends one message. The descriptors stay the caller's. 0, or a negative errno (-EAGAIN: full). */
int seqpacket_send(int socket, const void *data, size_t n, const int *fds, unsigned fd_count);

/* Receives one message into data. Length, 0 at the end of the connection, or a negative errno:
 * -EAGAIN, or -EBADMSG for a message that was longer than size or brought more than
 * SEQPACKET_MAX_FDS descriptors (all are closed). Received descriptors are close-on-exec and the
 * caller's; *fd_count is how many. An empty message cannot be told from the end: send none. */
ssize_t seqpacket_receive(int socket, void *data, size_t size, int fds[SEQPACKET_MAX_FDS],
			  unsigned *fd_count);

#endif
