/* The launch record: what to run and for whom, written by the broker, sealed, carried past root
 * unread. Two readers: the agent's side of the fork, after it has become the agent user (program
 * part), and the session (all of it).
 */
#ifndef AAAU_IPC_LAUNCH_H
#define AAAU_IPC_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/str.h"
#include "util/uuid.h"

#define LAUNCH_MAX_SIZE 262144    /* bytes of a whole record */
#define LAUNCH_MAX_ARGUMENTS 4096 /* program included */
#define LAUNCH_MAX_ENVIRONMENT 1024

struct launch_program {
	char **arguments; /* argument_count entries and NULL; [0] is the program as asked for */
	uint32_t argument_count;
	char **environment; /* NAME=VALUE, environment_count entries and NULL */
	uint32_t environment_count;
	const char
		*path; /* colon-separated directories in which a program without '/' is looked up */
	const char *
		login_shell; /* absolute: run the program through `SHELL -l -c 'exec "$@"'`; "" for directly */
};

struct launch {
	struct launch_program program;
	struct uuid id;
	const char *name;    /* the session's name, or "" */
	const char *profile; /* the agent profile's name, e.g. "claude" or "default" */
	const char *agent_user;
	const char *agent_home;
	uid_t creator_uid;
	const char *creator; /* user name, or the uid in decimal where there is none */
	uint16_t rows, columns;
	uint32_t ring_size;            /* bytes */
	uint32_t operator_patience_ms; /* how long a stalled operator may hold the agent back */
	uint64_t created_us;           /* CLOCK_REALTIME */
};

void launch_encode(struct str *out, const struct launch *launch);

/* Decoded strings point into data, which must outlive them; the two arrays are allocated and
 * freed by launch_free. 0, -EBADMSG, or -ENOMEM. */
int launch_decode(const void *data, size_t length, struct launch *ret);
void launch_free(struct launch *launch); /* NULL and zeroed are fine */

/* What the agent's side writes to SESSION_FD_EXEC_STATUS if it cannot exec. */
enum exec_step {
	EXEC_STEP_RECORD = 1, /* the launch record is malformed */
	EXEC_STEP_TERMINAL,   /* controlling terminal, descriptors */
	EXEC_STEP_IDENTITY,   /* groups, ids, no_new_privs, limits */
	EXEC_STEP_HOME,       /* chdir to the home */
	EXEC_STEP_FIND,   /* program not found in path (errno ENOENT) or not executable (EACCES) */
	EXEC_STEP_EXEC,   /* execve failed */
	EXEC_STEP_MOUNTS, /* the mount namespace with the private /dev/pts */
};

struct exec_failure {
	uint32_t step;
	int32_t error; /* errno, positive */
};

#endif
