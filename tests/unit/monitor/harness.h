/* A real aaau-monitor, as root, with descriptors made by hand, and stand-ins for every program it
 * starts (stand-in.c): the test is the broker. Whatever goes wrong fails the test. */
#ifndef AAAU_TEST_MONITOR_HARNESS_H
#define AAAU_TEST_MONITOR_HARNESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "control.h"
#include "ipc/fds.h"
#include "ipc/launch.h"
#include "ipc/monitor-config.h"
#include "ipc/monitor-msg.h"
#include "ipc/session-msg.h"
#include "util/uuid.h"

/* Numbers without an entry in any file. */
#define SERVICE_ID 64800u
#define AUTHORIZED_GID 64801u
#define TTY_GID 64802u
#define LOG_GID 64803u
#define AGENT_ID 64810u
#define AGENT_EXTRA_GID 64811u
#define OTHER_AGENT_ID 64820u

#define DEADLINE_MS 10000

struct harness {
	char directory[64]; /* holds everything but the cgroup */
	char cgroup_path[128];
	struct monitor_config config;
	pid_t monitor;
	int fds[MONITOR_FD_END]; /* by number; what the next monitor is given */
	bool configured;         /* h->config was sealed */
	bool no_ready;           /* give no MONITOR_FD_READY */
	int ready;               /* the reading end of MONITOR_FD_READY */
	int log;                 /* the monitor's standard error */
	int control;             /* the stand-ins connect here */
};

/* Somebody who connected. */
struct stand_in {
	int control;
	char facts[CONTROL_MAX_TEXT];
	int fds[16]; /* by the numbers of enum broker_fd and session_fd; -1: not there */
};

/* Exits with 77 and a message where this cannot be tested. */
void harness_require(void);

/* cmocka's set-up and tear-down: *state is the harness, its monitor not yet started. */
int harness_set_up(void **state);
int harness_tear_down(void **state);

void harness_make_config(
	struct harness *h);            /* seals h->config; harness_start() does it otherwise */
void harness_start(struct harness *h); /* the monitor, from h->config and h->fds */
int harness_wait_for_end(struct harness *h); /* its status of wait(2) */
bool harness_has_logged(struct harness *h, const char *text);

void stand_in_accept(struct harness *h, struct stand_in *ret, const char *name);
void stand_in_kill(struct stand_in *who);    /* by SIGKILL, and released */
void stand_in_release(struct stand_in *who); /* it exits; its descriptors are closed */

/* A broker that has said READY. */
void broker_accept(struct harness *h, struct stand_in *ret);
void broker_send(struct stand_in *broker, const struct monitor_request *request, const int *fds,
		 unsigned fd_count);
void broker_wait_for_end(struct stand_in *broker); /* the monitor has closed its end */

/* A sealed launch record of `/bin/sh -c SCRIPT`, and one of any program. */
int launch_script(const char *script);
int launch_program(const struct launch_program *program);

struct monitor_request spawn_request(void); /* of a fresh id, profile 0, 24x80 */
/* Spawns and takes the session's part. Returns the broker's end of the link. */
int session_start(struct harness *h, struct stand_in *broker, const struct monitor_request *request,
		  int launch, struct stand_in *ret);
/* Waits for SESSION_MSG_SPAWN_FAILED. */
struct session_spawn_failed link_wait_for_failure(int link);

/* Reads the PTY up to the text's end, which is returned as part of a static string. */
const char *pty_read_until(int master, const char *text);

bool session_has_cgroup(struct harness *h, const struct uuid *id);
void session_wait_for_no_cgroup(struct harness *h, const struct uuid *id);
unsigned session_count(struct harness *h); /* in the cgroup tree */
unsigned process_count(struct harness *h, const struct uuid *id, const char *part);

void wait_readable(int fd, short events);
unsigned monitor_fd_count(struct harness *h);

#endif
