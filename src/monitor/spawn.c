/* A new session: the monitor's part, and the spawner's.
 *
 * The monitor makes the cgroups and forks; it opens nothing that could block. The spawner, still
 * root, opens what only root can, forks the agent's side as soon as there is a terminal for it, and
 * becomes the session while the agent is being execed on another processor. The record comes before
 * the agent: an id that was used once has a record and never runs again.
 *
 * Owns the session's descriptors until they are the session's. Trusts the sealed configuration and
 * the checked request; looks into neither launch record nor link. A failure is one
 * SESSION_MSG_SPAWN_FAILED on the link and an exit; the monitor sees the supervisor's cgroup run
 * empty and clears the rest away, an agent that was forked already included.
 */
#include "monitor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "ipc/seqpacket.h"
#include "monitor/agent.h"
#include "monitor/cgroup.h"
#include "monitor/log.h"
#include "monitor/process.h"
#include "monitor/pty.h"
#include "util/fd.h"
#include "util/str.h"

void spawn_refuse(int link, enum spawn_step step, int error)
{
	const struct session_spawn_failed failed = {.step = step, .error = -error};
	cleanup_str struct str message = {0};

	session_msg_put_spawn_failed(&message, &failed);
	/* A full or dead link is the broker's own affair; the end of the link says as much. */
	if (!str_error(&message))
		seqpacket_send(link, message.data, message.length, NULL, 0);
}

static _Noreturn void fail(int link, enum spawn_step step, int error)
{
	spawn_refuse(link, step, error);
	_exit(1);
}

static int open_record(const struct monitor_config *config, const char *id)
{
	char name[UUID_TEXT_SIZE + sizeof(".jsonl")];
	cleanup_fd int fd = -1;

	snprintf(name, sizeof(name), "%s.jsonl", id);
	fd = openat(MONITOR_FD_LOG_DIR, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	if (config->log_gid && fchown(fd, (uid_t)-1, config->log_gid) < 0)
		return -errno;
	return fd_steal(&fd);
}

static _Noreturn void become_session(const struct monitor_config *config, char *id,
				     const int fds[SESSION_FD_END - SESSION_FD_LINK])
{
	/* The program takes the number behind the last, for the time until the exec. */
	enum { COUNT = SESSION_FD_END - SESSION_FD_LINK, PROGRAM = SESSION_FD_END };
	static char name[] = "aaau-session";
	char *argv[] = {name, id, NULL}, *envp[] = {NULL};
	int link = fds[0], laid[COUNT + 1];
	int error = process_become(config->service_uid, config->service_gid, NULL, 0);

	if (error)
		fail(link, SPAWN_STEP_IDENTITY, error);
	umask(0077);

	memcpy(laid, fds, COUNT * sizeof(int));
	laid[COUNT] = MONITOR_FD_SESSION_PROGRAM;
	error = fd_lay_out(SESSION_FD_LINK, laid, COUNT + 1);
	if (error)
		fail(link, SPAWN_STEP_EXEC, error);
	error = fd_set_cloexec(PROGRAM, true);
	if (!error)
		error = process_exec(PROGRAM, argv, envp);
	fail(SESSION_FD_LINK, SPAWN_STEP_EXEC, error);
}

/* In the child, in supervisor/. */
static _Noreturn void run_spawner(const struct monitor *monitor,
				  const struct monitor_request *request, int launch, int link)
{
	const struct monitor_config *config = monitor->config;
	const struct monitor_profile *profile = &config->profiles[request->profile];
	const struct uuid *session = &request->session;
	int record, devpts, master, slave, cgroup, agent_pidfd, status[2], kill, freeze, events;
	char id[UUID_TEXT_SIZE];
	pid_t pid;
	int error;

	record = open_record(config, uuid_format(session, id));
	if (record < 0)
		fail(link, SPAWN_STEP_RECORD, record);
	devpts = pty_make_devpts(profile->uid, config->tty_gid ? config->tty_gid : profile->gid);
	if (devpts < 0)
		fail(link, SPAWN_STEP_MOUNTS, devpts);
	error = pty_open(devpts, request->rows, request->columns, &master, &slave);
	if (error)
		fail(link, SPAWN_STEP_PTY, error);
	cgroup = cgroup_open(session, CGROUP_AGENT, NULL, 0);
	if (cgroup < 0)
		fail(link, SPAWN_STEP_CGROUP, cgroup);
	if (pipe2(status, O_CLOEXEC) < 0)
		fail(link, SPAWN_STEP_FORK, -errno);
	pid = process_fork(cgroup, &agent_pidfd);
	if (pid < 0)
		fail(link, SPAWN_STEP_FORK, pid);
	if (pid == 0)
		agent_run(&(struct agent){
			.profile = profile,
			.nofile = monitor->nofile,
			.slave = slave,
			.devpts = devpts,
			.launch = launch,
			.status = status[1],
		});

	/* fd_lay_out() closes what has no place in the session: the slave, or its last close would
	 * never be seen; the pipe's other end; the agent's cgroup. */
	kill = cgroup_open(session, CGROUP_AGENT, "cgroup.kill", O_WRONLY);
	freeze = cgroup_open(session, CGROUP_AGENT, "cgroup.freeze", O_WRONLY);
	events = cgroup_open(session, CGROUP_AGENT, "cgroup.events", O_RDONLY);
	if (kill < 0 || freeze < 0 || events < 0)
		fail(link, SPAWN_STEP_CGROUP, kill < 0 ? kill : freeze < 0 ? freeze : events);
	become_session(
		config, id,
		(const int[]){
			[SESSION_FD_LINK - SESSION_FD_LINK] = link,
			[SESSION_FD_LAUNCH - SESSION_FD_LINK] = launch,
			[SESSION_FD_PTY - SESSION_FD_LINK] = master,
			[SESSION_FD_AUDIT - SESSION_FD_LINK] = record,
			[SESSION_FD_EXEC_STATUS - SESSION_FD_LINK] = status[0],
			[SESSION_FD_AGENT - SESSION_FD_LINK] = agent_pidfd,
			[SESSION_FD_CGROUP_KILL - SESSION_FD_LINK] = kill,
			[SESSION_FD_CGROUP_FREEZE - SESSION_FD_LINK] = freeze,
			[SESSION_FD_CGROUP_EVENTS - SESSION_FD_LINK] = events,
			[SESSION_FD_SESSIONS_DIR - SESSION_FD_LINK] = MONITOR_FD_SESSIONS_DIR,
		});
}

void spawn_session(struct monitor *monitor, const struct monitor_request *request, int launch,
		   int link)
{
	const struct uuid *id = &request->session;
	cleanup_fd int supervisor = -1, events = -1;
	enum spawn_step step = SPAWN_STEP_CGROUP;
	char text[UUID_TEXT_SIZE];
	pid_t pid;
	int error = cgroup_make(id);

	if (error) {
		spawn_refuse(link, step, error);
		return;
	}
	error = supervisor = cgroup_open(id, CGROUP_SUPERVISOR, NULL, 0);
	if (supervisor < 0)
		goto failed;
	error = events = cgroup_open(id, CGROUP_SUPERVISOR, "cgroup.events", O_RDONLY);
	if (events < 0)
		goto failed;
	error = cgroup_watch(monitor, id, events);
	if (error)
		goto failed;
	fd_steal(&events);

	pid = process_fork(supervisor, NULL);
	if (pid == 0)
		run_spawner(monitor, request, launch, link);
	if (pid < 0)
		spawn_refuse(link, SPAWN_STEP_FORK, pid);
	/* The first look at the new watch: it arms the next, and where the fork failed, or the child
	 * is gone again, it clears away. */
	cgroup_look(monitor, monitor->watch_count - 1);
	return;

failed:
	monitor_log("session %s: cannot start it: %s", uuid_format(id, text), strerror(-error));
	spawn_refuse(link, step, error);
	cgroup_remove(id);
}
