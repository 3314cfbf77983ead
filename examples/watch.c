/* Starts a program under aaau-server, shows its output, and exits as it does.
 *
 *	cc watch.c $(pkg-config --cflags --libs libaaau) -o watch
 *	./watch /var/run/aaau.sock make -j2
 *
 * It is an observer: what it does not send, nobody can make it send.
 */
#include <aaau/aaau.h>
#include <poll.h>
#include <stdio.h>

/* Waits until the server has something to say. */
static enum aaau_event_type wait_event(struct aaau_client *client, struct aaau_event *event)
{
	while (aaau_next_event(client, event) == AAAU_EVENT_NONE) {
		struct pollfd fd = {aaau_fd(client), aaau_wanted(client), 0};
		poll(&fd, 1, -1);
	}
	return event->type;
}

static int watch(struct aaau_client *client)
{
	struct aaau_event event;

	for (;;) {
		switch (wait_event(client, &event)) {
		case AAAU_EVENT_STARTED:
			fprintf(stderr, "session %s\n", event.as.started.session);
			break;
		case AAAU_EVENT_OUTPUT:
			fwrite(event.as.output.data, 1, event.as.output.length, stdout);
			fflush(stdout);
			break;
		case AAAU_EVENT_ERROR:
			fprintf(stderr, "%s; %s\n", event.as.error.message, event.as.error.remedy);
			if (event.as.error.refused)
				return event.as.error.exit_status;
			break;
		case AAAU_EVENT_END: return event.as.end.exit_status;
		case AAAU_EVENT_CLOSED: fprintf(stderr, "connection lost\n"); return 254;
		default: break;
		}
	}
}

int main(int argc, char **argv)
{
	struct aaau_client *client;
	struct aaau_new request = {0};

	if (argc < 3) {
		fprintf(stderr, "usage: watch SOCKET PROGRAM ARGS...\n");
		return 64;
	}
	if (aaau_connect(argv[1], 1000, &client) != AAAU_OK) {
		fprintf(stderr, "cannot connect to %s\n", argv[1]);
		return 255;
	}
	request.program = argv[2];
	request.args = (const char *const *)(argv + 3);
	request.observer = true;

	int status = aaau_request_new(client, &request) == AAAU_OK ? watch(client) : 255;
	aaau_close(client);
	return status;
}
