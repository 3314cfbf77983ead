/* Stands in for aaau-broker, aaau-session and aaau-server (argv[0] says which): it hands all that
 * the monitor gave it to the test, which then plays that part as it likes, honest or not.
 *
 * As aaau-server it is given the sessions directory's path as its argument, sends what it was
 * called with, and exits with the status that the test answers.
 */
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "ipc/fds.h"
#include "ipc/seqpacket.h"

static int connect_here(void)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		exit(3);
	return fd;
}

static void send_or_exit(int control, const char *text, const int *fds, unsigned count)
{
	if (seqpacket_send(control, text, strlen(text), fds, count) < 0)
		exit(4);
}

static void wait_for_hang_up(int control)
{
	char byte;

	while (recv(control, &byte, 1, 0) > 0)
		;
}

/* Who and how we are, a line a fact. */
static void describe(char *text, size_t size, int argc, char **argv)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;
	mode_t mask = umask(0);
	char *at = text, *end = text + size;

	umask(mask);
	getresuid(&r, &e, &s);
	getresgid(&rg, &eg, &sg);
	for (int i = 0; i < argc; i++)
		at += snprintf(at, (size_t)(end - at), "%s%s", i ? " " : "", argv[i]);
	at += snprintf(at, (size_t)(end - at),
		       "\nids %u %u %u %u %u %u\ngroups %d\numask %o\nno_new_privs %d\nenv %s\nfds",
		       r, e, s, rg, eg, sg, getgroups(0, NULL), mask,
		       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), environ[0] ? environ[0] : "none");
	for (int fd = 0; fd < 256; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			at += snprintf(at, (size_t)(end - at), " %d", fd);
}

static int stand_in(int first, int last, int directory, const char *facts)
{
	int control, fds[SEQPACKET_MAX_FDS];

	if (fchdir(directory) < 0)
		return 2;
	control = connect_here();
	send_or_exit(control, facts, NULL, 0);
	while (first < last) {
		unsigned count = 0;

		while (first < last && count < SEQPACKET_MAX_FDS)
			fds[count++] = first++;
		send_or_exit(control, "descriptors", fds, count);
	}
	/* So that the test's are the only ones: the end of the link is seen. */
	for (int fd = 3; fd < 64; fd++)
		if (fd != control)
			close(fd);
	wait_for_hang_up(control);
	return 0;
}

static int stand_in_for_server(const char *path, const char *facts)
{
	unsigned char status = 0;
	int control;

	if (chdir(path) < 0)
		return 2;
	control = connect_here();
	send_or_exit(control, facts, NULL, 0);
	if (recv(control, &status, 1, 0) != 1)
		return 5;
	return status;
}

int main(int argc, char **argv)
{
	char facts[CONTROL_MAX_TEXT];

	describe(facts, sizeof(facts), argc, argv);
	if (strcmp(argv[0], "aaau-broker") == 0)
		return stand_in(BROKER_FD_MONITOR, BROKER_FD_END, BROKER_FD_SESSIONS_DIR, facts);
	if (strcmp(argv[0], "aaau-session") == 0)
		return stand_in(SESSION_FD_LINK, SESSION_FD_END, SESSION_FD_SESSIONS_DIR, facts);
	return argc > 3 ? stand_in_for_server(argv[3], facts) : 2;
}
