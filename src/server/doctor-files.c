/* Doctor on files: the configuration, the programs, the directories, the running server.
 *
 * Uses the very functions by which `run` would open things, so that both agree; what those refuse
 * is a failure, what they note is a warning. Changes nothing.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/doctor.h"
#include "server/instance.h"
#include "server/listen.h"
#include "server/paths.h"
#include "server/programs.h"
#include "server/resolve.h"
#include "util/fd.h"
#include "util/users.h"

static void warn_lines(struct doctor *doctor, const struct str *notes)
{
	const char *at = notes->data;

	while (at && *at) {
		int n = (int)strcspn(at, "\n");
		doctor_warn(doctor, "%.*s", n, at);
		at += n + (at[n] == '\n');
	}
}

void doctor_configuration(struct doctor *doctor)
{
	cleanup_str struct str why = {0};
	cleanup_str struct str notes = {0};

	if (run_options_configure(doctor->options, &doctor->config, &notes, &why) < 0) {
		doctor_fail(doctor, "%s", why.data);
		doctor_remedy("correct it; what depends on it is not checked");
		return;
	}
	doctor->configured = true;
	warn_lines(doctor, &notes);
	if (doctor->config.file)
		doctor_ok(doctor, "%s", doctor->config.file);
	else
		doctor_ok(doctor,
			  CONFIG_DEFAULT_FILE " is not there; all keys have their defaults");
}

void doctor_resolution(struct doctor *doctor)
{
	cleanup_str struct str why = {0};
	struct resolved resolved;

	if (resolve(&resolved, &doctor->config, &why) < 0) {
		doctor_fail(doctor, "%s", why.data);
		return;
	}
	doctor_ok(doctor, "%u, `aaau` starts %s", resolved.broker.profile_count,
		  resolved.broker.profiles[0].program);
	resolved_free(&resolved);
}

static bool others_can_change(const struct stat *st)
{
	bool sticky_dir = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);

	return st->st_uid != 0 || ((st->st_mode & S_IWOTH) && !sticky_dir) ||
	       ((st->st_mode & S_IWGRP) && st->st_gid != 0 && !sticky_dir);
}

/* Who could put another program in the place of ours: the file and every directory above it. */
static void look_at_program(struct doctor *doctor, const char *path)
{
	char real[PATH_MAX];
	struct stat st;

	if (!realpath(path, real)) {
		doctor_fail(doctor, "%s: %s", path, strerror(errno));
		doctor_remedy("install again (make install)");
		return;
	}
	for (char *end = real + strlen(real); end; end = end == real ? NULL : strrchr(real, '/')) {
		*end = '\0';
		const char *shown = end == real ? "/" : real;
		if (lstat(shown, &st) < 0) {
			doctor_fail(doctor, "%s: %s", shown, strerror(errno));
			return;
		}
		if (!others_can_change(&st))
			continue;
		doctor_fail(
			doctor,
			"%s can be changed by others than root (uid %u, gid %u, mode %04o), and "
			"root runs what is in it",
			shown, st.st_uid, st.st_gid, st.st_mode & 07777);
		doctor_remedy("chown root %s; chmod go-w %s", shown, shown);
		return;
	}
}

void doctor_programs(struct doctor *doctor)
{
	unsigned before = doctor->failures;

	for (enum program program = 0; program < PROGRAM_COUNT; program++) {
		cleanup_str struct str path = {0};
		cleanup_str struct str why = {0};
		if (programs_path(program, &path, &why) < 0)
			doctor_fail(doctor, "%s", why.data);
		else
			look_at_program(doctor, path.data);
	}
	if (doctor->failures == before)
		doctor_ok(doctor, "version " AAAU_VERSION ", root's alone to change");
}

void doctor_log_dir(struct doctor *doctor)
{
	const char *path = config_text(&doctor->config, NULL, KEY_LOG_DIR);
	const char *group = config_text(&doctor->config, NULL, KEY_LOG_GROUP);
	cleanup_str struct str why = {0};
	gid_t gid = (gid_t)-1;
	struct stat st;

	if (stat(path, &st) < 0) {
		doctor_fail(doctor, "%s: %s", path, strerror(errno));
		doctor_remedy("aaau-server init -l %s", path);
		return;
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		doctor_fail(doctor, "%s can be written by others than root (mode %04o)", path,
			    st.st_mode & 07777);
		doctor_remedy("chmod 0750 %s", path);
		return;
	}
	cleanup_fd int fd = paths_open_trusted(path, NULL, &st, &why);
	if (fd < 0 && geteuid() == 0) {
		doctor_fail(doctor, "%s", why.data);
		return;
	}
	if (st.st_mode & (S_IROTH | S_IXOTH)) {
		doctor_warn(doctor, "%s can be read by everybody (mode %04o)", path,
			    st.st_mode & 07777);
		doctor_remedy("chmod 0750 %s", path);
	}
	group_by_name(group, &gid);
	if (st.st_gid != gid) {
		doctor_warn(doctor, "%s has the group %u: members of %s cannot read the records",
			    path, st.st_gid, group);
		doctor_remedy("chgrp %s %s", group, path);
	}
	doctor_ok(doctor, "%s", path);
}

void doctor_runtime_dir(struct doctor *doctor)
{
	const char *path = config_text(&doctor->config, NULL, KEY_RUNTIME_DIR);
	cleanup_str struct str why = {0};
	struct stat st;

	if (access(path, F_OK) < 0 && errno == ENOENT) {
		doctor_ok(doctor, "%s, made when the server starts", path);
		return;
	}
	cleanup_fd int fd = paths_open_trusted(path, NULL, &st, &why);
	if (fd < 0) {
		doctor_fail(doctor, "%s", why.data);
	} else if (st.st_mode & (S_IWGRP | S_IWOTH)) {
		doctor_fail(doctor, "%s can be written by others than root (mode %04o)", path,
			    st.st_mode & 07777);
		doctor_remedy("chmod go-w %s", path);
	} else {
		doctor_ok(doctor, "%s", path);
	}
}

static void look_at_socket(struct doctor *doctor, const char *path, const char *real)
{
	const char *group = config_text(&doctor->config, NULL, KEY_GROUP);
	gid_t gid = (gid_t)-1;
	struct stat st;

	group_by_name(group, &gid);
	if (lstat(real, &st) < 0) {
		doctor_ok(doctor, "%s, made when the server starts", path);
	} else if (!S_ISSOCK(st.st_mode)) {
		doctor_fail(doctor, "%s is there and is no socket", path);
		doctor_remedy("move it away");
	} else if ((st.st_mode & 0777) != 0660 || st.st_uid != 0 || st.st_gid != gid) {
		doctor_fail(doctor, "%s has mode %04o, uid %u, gid %u; wanted 0660 root:%s", path,
			    st.st_mode & 07777, st.st_uid, st.st_gid, group);
		doctor_remedy("chown root:%s %s; chmod 0660 %s", group, path, path);
	} else {
		doctor_ok(doctor, "%s, 0660 root:%s", path, group);
	}
}

void doctor_socket(struct doctor *doctor)
{
	const char *path = config_text(&doctor->config, NULL, KEY_SOCKET);
	cleanup_str struct str notes = {0};
	cleanup_str struct str why = {0};
	struct listener listener;

	if (listen_directory_comes(path)) {
		doctor_ok(doctor, "%s, made with its directory when the server starts", path);
		return;
	}
	if (listen_locate(&listener, path, &notes, &why) < 0) {
		doctor_fail(doctor, "%s", why.data);
		return;
	}
	warn_lines(doctor, &notes);
	look_at_socket(doctor, path, listener.real);
	listen_close(&listener);
}

static bool lock_path(struct doctor *doctor, char ret[PATH_MAX])
{
	cleanup_str struct str notes = {0};
	cleanup_str struct str why = {0};
	char name[INSTANCE_NAME_SIZE];
	struct listener listener;

	if (doctor->options->lock_file) {
		snprintf(ret, PATH_MAX, "%s", doctor->options->lock_file);
		return true;
	}
	if (listen_locate(&listener, config_text(&doctor->config, NULL, KEY_SOCKET), &notes, &why) <
	    0)
		return false; /* told by doctor_socket(), or there is no directory, and so no server */
	instance_name(listener.real, name);
	listen_close(&listener);
	return snprintf(ret, PATH_MAX, "%s/%s/lock",
			config_text(&doctor->config, NULL, KEY_RUNTIME_DIR), name) < PATH_MAX;
}

/* Whether a server runs, and whether it is the one that is installed. */
void doctor_server(struct doctor *doctor)
{
	cleanup_str struct str installed = {0};
	cleanup_str struct str why = {0};
	char path[PATH_MAX];
	char link[64];
	struct stat running, present;
	pid_t pid;

	if (geteuid() != 0 || !lock_path(doctor, path))
		return;
	if (!instance_is_locked(path, &pid)) {
		doctor_ok(doctor, "not running");
		return;
	}
	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	if (programs_path(PROGRAM_MONITOR, &installed, &why) == 0 && stat(link, &running) == 0 &&
	    stat(installed.data, &present) == 0 &&
	    (running.st_dev != present.st_dev || running.st_ino != present.st_ino)) {
		doctor_warn(doctor, "running (pid %d), from another file than %s", (int)pid,
			    installed.data);
		doctor_remedy("kill -HUP %d", (int)pid);
		return;
	}
	doctor_ok(doctor, "running (pid %d), version " AAAU_VERSION, (int)pid);
}
