/* One datagram to the service manager.
 *
 * NOTIFY_SOCKET comes from whoever started the server as root and is the only variable that the
 * monitor looks at. Failures are said and change nothing.
 */
#include "monitor/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "monitor/log.h"
#include "util/fd.h"

void notify_manager(const char *state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	const size_t length = path ? strlen(path) : 0;
	cleanup_fd int fd = -1;

	if (!length)
		return;
	if ((path[0] != '/' && path[0] != '@') || length >= sizeof(address.sun_path)) {
		monitor_log("NOTIFY_SOCKET is no address: %s", path);
		return;
	}
	memcpy(address.sun_path, path, length);
	if (path[0] == '@') /* the abstract namespace */
		address.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_DONTWAIT | MSG_NOSIGNAL,
			     (const struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0)
		monitor_log("cannot notify the service manager: %m");
}
