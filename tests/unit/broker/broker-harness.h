/* A real aaau-broker between a monitor, sessions and clients that the test plays itself.
 *
 * As root the broker runs as the user nobody, so that clients can be other users; as an ordinary
 * user everything has the same uid. */
#ifndef AAAU_TESTS_BROKER_HARNESS_H
#define AAAU_TESTS_BROKER_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ipc/broker-config.h"
#include "ipc/monitor-msg.h"
#include "ipc/session-msg.h"
#include "util/str.h"
#include "util/uuid.h"

enum {
	GROUP_GID = 54321, /* the authorized group, as root */
	SERVICE_UID = 54322,
	AGENT_UID = 54323,
};

struct harness {
	char directory[64];
	char socket_path[96], audit_path[96], sessions_path[96];
	struct broker_config config; /* to be changed before harness_start */
	unsigned fd_limit;           /* 0: none but ours */
	int listener, audit;
	pid_t broker;
	int monitor; /* our end */
};

void harness_prepare(struct harness *h);
/* Starts a broker; READY is not waited for. A second time: another one on the same sockets. */
void harness_start(struct harness *h);
void harness_kill(struct harness *h);
/* Waits for the broker's end: its wait status. */
int harness_wait(struct harness *h);
void harness_clean(struct harness *h);
/* The whole record of the server so far. Freed with free(3). */
char *harness_record(const struct harness *h);

/* The monitor's part. Waits for one request; descriptors are the caller's. */
void monitor_expect(struct harness *h, enum monitor_request_type type, struct monitor_request *ret,
		    int fds[2]);

/* A session's part: the next message of the link, without its type. */
enum session_msg_type session_receive(int link, char *data, size_t size, size_t *ret_length,
				      int *ret_fd);
void session_send(int link, struct str *message);
/* A listening socket as a session of that id has, of the broker's user. */
int session_listen(struct harness *h, const char *id);
int session_accept(int listener);
void session_greet(int link, const char *id, const char *name);

/* Clients. */
int client_connect(const struct harness *h);
/* As root only: as another user, with one supplementary group (0: none). */
int client_connect_as(const struct harness *h, uid_t uid, gid_t gid, gid_t group);
void client_say(int fd, const char *text);
/* One line, without its newline, at most 1 MiB. Freed with free(3). NULL at the end. */
char *client_line(int fd);
void client_expect_end(int fd);
/* Connects, says, gives the answer. */
char *client_ask(const struct harness *h, const char *line);

#endif
