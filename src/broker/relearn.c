/* Learning the sessions from themselves.
 *
 * A session outlives brokers: it listens in the sessions directory, in a socket named by its id, and
 * presents itself (HELLO) to whoever connects. A broker that starts connects to all of them, and is
 * told by inotify of those that its predecessor had asked for and that come to listen later. Since
 * the broker accepts nobody before that is finished, or two seconds have passed, no client is told
 * that a session does not exist which only had not been asked.
 *
 * Trusts a socket only if its listener has our own uid; the directory is ours alone (0700). The
 * directory is the working directory, for connect(2) takes no directory descriptor. A socket that
 * refuses has lost its process and is removed: a session renames its socket into place only when it
 * listens already. A queue of connections that is full (-EAGAIN) is tried again.
 */
#include "broker/relearn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/link.h"
#include "util/fd.h"

#define DISAPPOINTMENTS_MAX 64 /* then one of them does it on purpose */

static const struct timeval deadline_after = {.tv_sec = 2};
static const struct timeval again_after = {.tv_usec = 50000};

/* A connection to the listener of that name, if it is one of ours. Descriptor or negative errno. */
static int connect_by_name(const char *name)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", name);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return -errno;
	if (credentials.uid != geteuid())
		return -EPERM;
	return fd_steal(&fd);
}

int relearn_connect(struct broker *broker, const struct uuid *id, struct session *session)
{
	struct relearn *relearn = &broker->relearn;
	char name[UUID_TEXT_SIZE];
	struct link *link;
	int fd = connect_by_name(uuid_format(id, name));

	if (fd == -ECONNREFUSED)
		unlinkat(relearn->directory, name, 0);
	if (fd < 0)
		return fd;
	link = link_new(broker, fd, id, session, false);
	if (!link)
		return -ENOMEM;
	TAILQ_INSERT_TAIL(&relearn->greeting, link, entry);
	return 0;
}

void relearn_disappointed(struct broker *broker)
{
	struct relearn *relearn = &broker->relearn;

	if (relearn->disappointments++ < DISAPPOINTMENTS_MAX)
		event_add(&relearn->again, &again_after);
	relearn_progress(broker);
}

static bool known(const struct broker *broker, const struct uuid *id)
{
	const struct link *link;

	if (registry_by_id(&broker->registry, id))
		return true;
	TAILQ_FOREACH (link, &broker->relearn.greeting, entry)
		if (uuid_equal(&link->id, id))
			return true;
	return false;
}

static void found(struct broker *broker, const char *name)
{
	struct uuid id;
	int error;

	/* Temporary names of sockets that do not listen yet are none. */
	if (!uuid_parse(name, &id) || known(broker, &id))
		return;
	error = relearn_connect(broker, &id, NULL);
	if (error == -ECONNREFUSED)
		record_put(&broker->record, &(struct record_event){
						    .type = "session_lost",
						    .session_id = name,
						    .content = "its process is gone",
					    });
	else if (error == -EAGAIN || error == -EMFILE || error == -ENFILE || error == -ENOMEM)
		event_add(&broker->relearn.again, &again_after);
	else if (error && error != -ENOENT)
		fprintf(stderr, "aaau-broker: session %s: %s\n", name, strerror(-error));
}

static int look_through(struct broker *broker)
{
	int fd = openat(broker->relearn.directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	DIR *directory;

	if (fd < 0)
		return -errno;
	directory = fdopendir(fd);
	if (!directory) {
		int error = -errno;

		fd_close(fd);
		return error;
	}
	while ((entry = readdir(directory)))
		found(broker, entry->d_name);
	closedir(directory);
	return 0;
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
	struct broker *broker = context;

	(void)fd;
	(void)what;
	if (look_through(broker) < 0)
		event_add(&broker->relearn.again, &again_after);
	relearn_progress(broker);
}

static void on_appeared(evutil_socket_t fd, short what, void *context)
{
	_Alignas(struct inotify_event) char
		buffer[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
	struct broker *broker = context;
	ssize_t n;

	(void)what;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		for (const char *at = buffer; at < buffer + n;) {
			const struct inotify_event *event = (const struct inotify_event *)at;

			if (event->mask & IN_Q_OVERFLOW)
				event_add(&broker->relearn.again, &again_after);
			else if (event->len)
				found(broker, event->name);
			at += sizeof(*event) + event->len;
		}
	}
}

static void finish(struct broker *broker)
{
	broker->relearn.finished = true;
	event_del(&broker->relearn.deadline);
	broker_accept(broker);
}

void relearn_progress(struct broker *broker)
{
	struct relearn *relearn = &broker->relearn;

	if (!relearn->finished && TAILQ_EMPTY(&relearn->greeting) &&
	    !event_pending(&relearn->again, EV_TIMEOUT, NULL))
		finish(broker);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	finish(context);
}

int relearn_prepare(struct relearn *relearn, int directory)
{
	relearn->directory = directory;
	TAILQ_INIT(&relearn->greeting);
	if (fchdir(directory) < 0)
		return -errno;
	relearn->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (relearn->watch < 0 || inotify_add_watch(relearn->watch, ".", IN_MOVED_TO) < 0)
		return -errno;
	return 0;
}

int relearn_start(struct broker *broker)
{
	struct relearn *relearn = &broker->relearn;
	int error;

	event_assign(&relearn->appeared, broker->base, relearn->watch, EV_READ | EV_PERSIST,
		     on_appeared, broker);
	event_assign(&relearn->again, broker->base, -1, 0, on_again, broker);
	event_assign(&relearn->deadline, broker->base, -1, 0, on_deadline, broker);
	event_add(&relearn->appeared, NULL);
	event_add(&relearn->deadline, &deadline_after);
	error = look_through(broker);
	if (error)
		return error;
	relearn_progress(broker);
	return 0;
}
