/* Reaching the server.
 *
 * Whoever cannot is told the command that helps. The socket's group is looked up in /etc/group by
 * hand: the name service cannot be linked statically, and this is the one place that would need it;
 * a group that is not there is named by its number.
 */
#include "cli/connect.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/say.h"

#define PATIENCE_MS 5000 /* while the server's queue is full */

/* group(5): name:password:gid:members */
static bool read_group(char *line, gid_t gid, char *ret, size_t size)
{
	char *at = line;
	const char *name = strsep(&at, ":");
	const char *password = strsep(&at, ":");
	const char *number = strsep(&at, ":");

	if (!password || !number || strtoul(number, NULL, 10) != gid)
		return false;
	return snprintf(ret, size, "%s", name) < (int)size;
}

static bool group_name(gid_t gid, char *ret, size_t size)
{
	char *line = NULL;
	size_t capacity = 0;
	bool found = false;
	FILE *file = fopen("/etc/group", "re");

	if (!file)
		return false;
	while (!found && getline(&line, &capacity, file) > 0)
		found = read_group(line, gid, ret, size);
	free(line);
	fclose(file);
	return found;
}

static void say_not_permitted(const char *path)
{
	struct stat status;
	char group[256];

	if (stat(path, &status) < 0) {
		say("you may not reach %s: a directory on the way keeps you out; ask an administrator",
		    path);
		return;
	}
	/* No advice to join the group of any file. */
	if (!S_ISSOCK(status.st_mode)) {
		say("%s is no socket", path);
		return;
	}
	if (!group_name(status.st_gid, group, sizeof(group)))
		snprintf(group, sizeof(group), "%u", status.st_gid);
	say("you are not in group %s, which may use the server at %s: sudo usermod -aG %s $USER, then "
	    "log in again",
	    group, path, group);
}

struct aaau_client *cli_connect(const struct cli_options *options)
{
	struct aaau_client *client = NULL;
	int r = aaau_connect(options->socket, PATIENCE_MS, &client);

	switch (r) {
	case AAAU_OK: break;
	case AAAU_NO_SERVER:
		say("no server at %s: start it with: sudo aaau-server run", options->socket);
		break;
	case AAAU_NOT_PERMITTED: say_not_permitted(options->socket); break;
	case AAAU_BUSY:
		say("the server at %s is busy: try again in a moment", options->socket);
		break;
	case AAAU_BAD_PATH:
		say("%s cannot be a socket's path: it has to have 1 to 107 bytes", options->socket);
		break;
	default: say("cannot connect to %s: %s", options->socket, strerror(-r)); break;
	}
	return client;
}

void cli_say_request_failed(int result)
{
	switch (result) {
	case AAAU_TOO_LONG:
		say("program, arguments and environment are longer than 65536 bytes: pass them in a file");
		break;
	case AAAU_NOT_UTF8: say("program, arguments and names have to be UTF-8"); break;
	default: say("cannot make the request: %s", strerror(result < 0 ? -result : EINVAL)); break;
	}
}

void cli_say_unanswered(const struct aaau_event *closed)
{
	int error = closed->as.closed.error;

	if (error == -EPROTO)
		say("this is not a server of this protocol: it sent %s", closed->as.closed.detail);
	else if (error)
		say("the connection failed: %s", strerror(-error));
	else
		say("the server closed the connection before it answered: try again");
}

int cli_await_answer(struct aaau_client *client, int result, struct aaau_event *ret)
{
	if (result != 0) {
		cli_say_request_failed(result);
		return CLI_EXIT_NOT_STARTED;
	}
	for (;;) {
		switch (aaau_next_event(client, ret)) {
		case AAAU_EVENT_NONE: {
			struct pollfd fd = {.fd = aaau_fd(client), .events = aaau_wanted(client)};
			poll(&fd, 1, -1);
			break;
		}
		case AAAU_EVENT_STARTED:
		case AAAU_EVENT_ANSWER: return 0;
		case AAAU_EVENT_ERROR:
			say_error(ret->as.error.message, ret->as.error.remedy);
			return ret->as.error.exit_status;
		default: cli_say_unanswered(ret); return CLI_EXIT_NOT_STARTED;
		}
	}
}
