/* The descriptor numbers that a process finds open when it starts. Everything above the last one
 * is closed; 0, 1 and 2 are /dev/null, /dev/null and the server's standard error. */
#ifndef AAAU_IPC_FDS_H
#define AAAU_IPC_FDS_H

/* aaau-monitor, execed by aaau-server run. The monitor opens nothing by absolute path. */
enum monitor_fd {
	MONITOR_FD_CONFIG = 3,      /* sealed struct monitor_config */
	MONITOR_FD_BROKER_CONFIG,   /* sealed, passed on to the broker unread */
	MONITOR_FD_LISTEN,          /* the public socket, listening */
	MONITOR_FD_LOCK,            /* the locked lock file */
	MONITOR_FD_LOG_DIR,         /* directory of the records, root's */
	MONITOR_FD_SESSIONS_DIR,    /* where sessions listen for brokers, _aaau's, 0700 */
	MONITOR_FD_CGROUP,          /* this instance's cgroup v2 directory */
	MONITOR_FD_BROKER_PROGRAM,  /* O_PATH, for execveat */
	MONITOR_FD_SESSION_PROGRAM, /* O_PATH, for execveat */
	MONITOR_FD_SERVER_PROGRAM,  /* O_PATH, aaau-server, for re-execution on SIGHUP */
	MONITOR_FD_ARGUMENTS,       /* sealed: the arguments after `run`, each ended by a NUL */
	MONITOR_FD_INSTANCE_DIR,    /* /run/aaau/NAME, removed at the end */
	MONITOR_FD_SOCKET_DIR,      /* the directory that the public socket is in */
	MONITOR_FD_READY, /* a byte written here says "accepting", then closed; may be closed */
	MONITOR_FD_END
};

/* On SIGHUP the monitor runs, with no descriptors but 0 to 2 and a clean signal mask,
 *     aaau-server run --reload-check ARGUMENTS
 * and, if that exits with 0, ends the broker and execs in its own place
 *     aaau-server run --reload ARGUMENTS
 * with MONITOR_FD_LISTEN and MONITOR_FD_LOCK open at their numbers, to be used instead of made.
 * SIGTERM, SIGINT, SIGHUP and SIGCHLD stay blocked across that exec, so that none is lost on the
 * way to the next monitor. The environment is handed on as it was, for NOTIFY_SOCKET. */

/* aaau-broker, execed by the monitor. */
enum broker_fd {
	BROKER_FD_MONITOR = 3, /* SOCK_SEQPACKET */
	BROKER_FD_CONFIG,      /* sealed, see ipc/broker-config.h */
	BROKER_FD_LISTEN,
	BROKER_FD_AUDIT, /* the server's own events, O_APPEND */
	BROKER_FD_SESSIONS_DIR,
	BROKER_FD_END
};

/* aaau-session, execed by the spawner. */
enum session_fd {
	SESSION_FD_LINK = 3, /* SOCK_SEQPACKET to the broker that asked for it */
	SESSION_FD_LAUNCH,   /* sealed, see ipc/launch.h */
	SESSION_FD_PTY,      /* the master side, non-blocking */
	SESSION_FD_AUDIT,    /* the session's record, O_APPEND */
	SESSION_FD_EXEC_STATUS, /* pipe: the end of file means the agent was execed, a struct exec_failure means it was not */
	SESSION_FD_AGENT,         /* pidfd of the agent, our child */
	SESSION_FD_CGROUP_KILL,   /* the agent's cgroup.kill, opened by root for writing */
	SESSION_FD_CGROUP_FREEZE, /* the agent's cgroup.freeze, opened by root for writing */
	SESSION_FD_CGROUP_EVENTS, /* the agent's cgroup.events, opened by root for reading */
	SESSION_FD_SESSIONS_DIR,
	SESSION_FD_END
};

#endif
