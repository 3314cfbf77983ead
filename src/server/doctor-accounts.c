/* Doctor on people: groups, users, homes.
 *
 * Reads the user database and looks at homes; owns and changes nothing. An agent that could become
 * root or read the records by its own groups is a failure, since the isolation rests on its user.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc/monitor-config.h"
#include "server/doctor.h"
#include "server/resolve.h"
#include "server/spawn-tool.h"
#include "util/users.h"

/* Each of them is root, or reads what root keeps from others. */
static const char *const powerful_groups[] = {
	"root",  "sudo", "wheel", "admin",  "adm",     "docker", "lxd",
	"incus", "disk", "kmem",  "shadow", "libvirt", "podman", "systemd-journal"};

/* Calls back once for each agent user that exists. */
static void for_each_agent(struct doctor *doctor,
			   void (*look)(struct doctor *doctor, const struct user *user))
{
	const char *names[MONITOR_CONFIG_MAX_PROFILES + 1];
	size_t n = resolve_agent_users(&doctor->config, names, MONITOR_CONFIG_MAX_PROFILES + 1);

	for (size_t i = 0; i < n; i++) {
		struct user user;
		bool again = false;
		for (size_t k = 0; k < i; k++)
			again |= !strcmp(names[i], names[k]);
		if (!again && user_by_name(names[i], &user) == 0)
			look(doctor, &user);
	}
}

void doctor_groups(struct doctor *doctor)
{
	static const enum config_key_id keys[] = {KEY_GROUP, KEY_LOG_GROUP, KEY_ADMIN_GROUP,
						  KEY_READONLY_GROUP};
	gid_t gid;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const char *name = config_text(&doctor->config, NULL, keys[i]);
		if (!name)
			continue;
		if (group_by_name(name, &gid) == 0) {
			doctor_ok(doctor, "%s is %s, gid %u", config_keys[keys[i]].name, name, gid);
			continue;
		}
		doctor_fail(doctor, "there is no group %s (%s)", name, config_keys[keys[i]].name);
		doctor_remedy("groupadd --system %s", name);
	}

	const char *authorized = config_text(&doctor->config, NULL, KEY_GROUP);
	const struct group *group = getgrnam(authorized);
	if (group && !group->gr_mem[0]) {
		doctor_warn(doctor, "the group %s lists no members: only root can connect",
			    authorized);
		doctor_remedy("usermod -aG %s NAME", authorized);
	}
}

void doctor_service_user(struct doctor *doctor)
{
	const char *name = config_text(&doctor->config, NULL, KEY_SERVICE_USER);
	const char *group = config_text(&doctor->config, NULL, KEY_GROUP);
	struct user user;
	gid_t authorized;

	if (user_by_name(name, &user) < 0) {
		doctor_fail(doctor, "there is no user %s (service_user)", name);
		doctor_remedy("aaau-server init --service-user %s", name);
		return;
	}
	if (user.uid == 0 || user.gid == 0) {
		doctor_fail(doctor, "%s is root or in root's group", name);
		doctor_remedy("aaau-server init --service-user ANOTHER");
		return;
	}
	if (group_by_name(group, &authorized) == 0 && user_is_member(&user, authorized)) {
		doctor_warn(doctor, "%s is a member of the authorized group", name);
		doctor_remedy("gpasswd -d %s %s", name, group);
	}
	doctor_ok(doctor, "%s, uid %u", name, user.uid);
}

static void look_at_powerful_groups(struct doctor *doctor, const struct user *user)
{
	for (size_t i = 0; i < sizeof powerful_groups / sizeof *powerful_groups; i++) {
		gid_t gid;
		if (group_by_name(powerful_groups[i], &gid) < 0 || !user_is_member(user, gid))
			continue;
		doctor_fail(doctor,
			    "%s is in the group %s, which is as good as root or reads what is not "
			    "for agents",
			    user->name, powerful_groups[i]);
		doctor_remedy("gpasswd -d %s %s", user->name, powerful_groups[i]);
	}
}

static void look_at_agent(struct doctor *doctor, const struct user *user)
{
	const char *group = config_text(&doctor->config, NULL, KEY_GROUP);
	gid_t authorized = (gid_t)-1;

	group_by_name(group, &authorized);
	if (user->uid == 0) {
		doctor_fail(doctor, "%s is root", user->name);
		doctor_remedy("aaau-server init -u ANOTHER");
		return;
	}
	look_at_powerful_groups(doctor, user);
	if (user->gid == authorized) {
		doctor_fail(doctor, "%s has the authorized group %s as its primary group",
			    user->name, group);
		doctor_remedy("groupadd --system %s-private && usermod -g %s-private %s",
			      user->name, user->name, user->name);
	} else if (user_is_member(user, authorized)) {
		doctor_warn(
			doctor,
			"%s is a member of the authorized group %s; it is not let in, and has no "
			"use for it",
			user->name, group);
		doctor_remedy("gpasswd -d %s %s", user->name, group);
	} else {
		doctor_ok(doctor, "%s, uid %u, not in group %s", user->name, user->uid, group);
	}
}

void doctor_agent_users(struct doctor *doctor)
{
	const char *names[MONITOR_CONFIG_MAX_PROFILES + 1];
	size_t n = resolve_agent_users(&doctor->config, names, MONITOR_CONFIG_MAX_PROFILES + 1);

	for (size_t i = 0; i < n; i++) {
		struct user user;
		if (user_by_name(names[i], &user) == 0)
			continue;
		doctor_fail(doctor, "there is no user %s", names[i]);
		doctor_remedy("aaau-server init -u %s -g %s", names[i],
			      config_text(&doctor->config, NULL, KEY_GROUP));
	}
	for_each_agent(doctor, look_at_agent);
}

/* What sudo itself says; only told, since nobody here knows what is intended. */
static void look_at_sudo(struct doctor *doctor, const struct user *user)
{
	const char *const arguments[] = {"sudo", "-n", "-l", "-U", user->name, NULL};
	cleanup_str struct str words = {0};

	if (spawn_tool(arguments, &words) < 0 || !words.data)
		return;
	if (strstr(words.data, "not allowed to run sudo"))
		doctor_ok(doctor, "%s may not use sudo", user->name);
	if (!strstr(words.data, "may run the following"))
		return;
	doctor_warn(doctor, "sudo has rules for %s (no_new_privs keeps agents from using them)",
		    user->name);
	doctor_remedy("visudo; sudo's rules are for people, never for agents");
}

void doctor_sudo(struct doctor *doctor)
{
	if (geteuid() == 0)
		for_each_agent(doctor, look_at_sudo);
}

static void look_at_home_mode(struct doctor *doctor, const struct user *user, mode_t mode)
{
	if (mode & S_IWOTH)
		doctor_fail(doctor, "%s can be written by everybody (mode %04o)", user->home, mode);
	else if (mode & (S_IROTH | S_IXOTH))
		doctor_warn(doctor, "%s can be read by everybody (mode %04o)", user->home, mode);
	else if (!(mode & S_ISGID) || (mode & 0050) != 0050)
		doctor_warn(doctor, "%s has mode %04o: not all that %s makes can be read by people",
			    user->home, mode, user->name);
	else
		return;
	doctor_remedy("chmod 2750 %s", user->home);
}

static void look_at_home(struct doctor *doctor, const struct user *user)
{
	const char *group = config_text(&doctor->config, NULL, KEY_GROUP);
	unsigned before = doctor->failures + doctor->warnings;
	gid_t authorized = (gid_t)-1;
	struct stat st;

	if (stat(user->home, &st) < 0 || !S_ISDIR(st.st_mode)) {
		doctor_fail(doctor, "%s, the home of %s, is no directory", user->home, user->name);
		doctor_remedy("aaau-server init -u %s -g %s", user->name, group);
		return;
	}
	group_by_name(group, &authorized);
	if (st.st_uid != user->uid) {
		doctor_fail(doctor, "%s belongs to uid %u and not to %s", user->home, st.st_uid,
			    user->name);
		doctor_remedy("chown %s:%s %s", user->name, group, user->home);
	} else if (st.st_gid != authorized) {
		doctor_warn(doctor, "%s has the group %u: people cannot read what %s makes",
			    user->home, st.st_gid, user->name);
		doctor_remedy("chgrp %s %s", group, user->home);
	}
	look_at_home_mode(doctor, user, st.st_mode & 07777);
	if (doctor->failures + doctor->warnings == before)
		doctor_ok(doctor, "%s, %04o %s:%s", user->home, st.st_mode & 07777, user->name,
			  group);
}

void doctor_homes(struct doctor *doctor)
{
	for_each_agent(doctor, look_at_home);
}
