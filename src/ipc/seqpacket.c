/* Messages with descriptors.
 *
 * Owns received descriptors until they are handed to the caller: whatever is wrong with a message,
 * all that it brought are closed here. Trusts nothing that the peer sends; its length and the
 * number of its descriptors are the kernel's word. Failures are negative errnos.
 */
#include "ipc/seqpacket.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(SEQPACKET_MAX_FDS * sizeof(int))];
};

int seqpacket_pair(int ret_fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ret_fds) < 0)
		return -errno;
	return 0;
}

int seqpacket_send(int socket, const void *data, size_t n, const int *fds, unsigned fd_count)
{
	/* sendmsg(2) does not write through iov_base. */
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	union control control;
	ssize_t sent;

	if (fd_count > SEQPACKET_MAX_FDS)
		return -EINVAL;
	if (fd_count) {
		struct cmsghdr *header;

		memset(&control, 0, sizeof(control));
		message.msg_control = control.space;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
	}
	do
		sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* Collects the message's descriptors; what does not fit is closed. Their number before that. */
static unsigned collect_fds(struct msghdr *message, int fds[SEQPACKET_MAX_FDS])
{
	unsigned count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0);
		     at += sizeof(int), count++) {
			int fd;

			memcpy(&fd, CMSG_DATA(header) + at, sizeof(fd));
			if (count < SEQPACKET_MAX_FDS)
				fds[count] = fd;
			else
				close(fd);
		}
	}
	return count;
}

ssize_t seqpacket_receive(int socket, void *data, size_t size, int fds[SEQPACKET_MAX_FDS],
			  unsigned *fd_count)
{
	struct iovec iov = {.iov_base = data, .iov_len = size};
	union control control;
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	unsigned count;
	ssize_t n;

	*fd_count = 0;
	/* ECONNRESET, told once: the other end closed with messages of ours unread. Its own last ones
	 * are still there behind that error. */
	do
		n = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -errno;

	count = collect_fds(&message, fds);
	/* Descriptors that the control buffer has no room for are dropped by the kernel: MSG_CTRUNC. */
	if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || count > SEQPACKET_MAX_FDS) {
		for (unsigned i = 0; i < count && i < SEQPACKET_MAX_FDS; i++)
			close(fds[i]);
		return -EBADMSG;
	}
	*fd_count = count;
	return n;
}
