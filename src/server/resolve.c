/* Names to ids, and the rules that make an agent an agent.
 *
 * Owns the two structures that the other processes get; trusts the configuration (root's) and the
 * user database. Refuses whatever would let an agent be root, the service user, or a member of the
 * authorized group. The monitor checks the numbers once more.
 */
#include "server/resolve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config-value.h"
#include "server/problem.h"
#include "util/shell-words.h"
#include "util/users.h"

static const struct {
	const char *name;
	const char *program; /* NULL: key program at the top level */
} built_in[] = {
	{"default", NULL},
	{"claude", "claude --dangerously-skip-permissions"},
	{"codex", "codex --dangerously-bypass-approvals-and-sandbox"},
	{"gemini", "gemini --yolo"},
	{"opencode", "opencode"},
};
#define BUILT_IN_COUNT (sizeof built_in / sizeof *built_in)

struct resolver {
	struct resolved *out;
	const struct config *config;
	struct user service;
	gid_t authorized_gid;
	struct str *why;
};

/* Takes over an allocation. NULL stays NULL. */
static void *keep(struct resolved *resolved, void *allocation)
{
	void **pool = reallocarray(resolved->pool, resolved->pool_count + 1, sizeof *pool);

	if (!allocation || !pool) {
		free(allocation);
		if (pool)
			resolved->pool = pool;
		return NULL;
	}
	resolved->pool = pool;
	pool[resolved->pool_count++] = allocation;
	return allocation;
}

static int no_memory(struct str *why)
{
	return problem(why, "out of memory");
}

static int find_group(struct resolver *r, enum config_key_id key, gid_t *ret)
{
	const char *name = config_text(r->config, NULL, key);
	int error = group_by_name(name, ret);

	if (!error)
		return 0;

	cleanup_str struct str origin = {0};
	config_origin(&origin, r->config, config_value(r->config, NULL, key));
	if (error != -ENOENT)
		return problem(r->why, "%scannot look up the group %s: %s",
			       origin.data ? origin.data : "", name, strerror(-error));
	return problem(r->why, "%sthere is no group %s (%s); %s%s", origin.data ? origin.data : "",
		       name, config_keys[key].name,
		       key == KEY_GROUP ? "run: aaau-server init -g " : "run: groupadd --system ",
		       name);
}

static int find_optional_group(struct resolver *r, enum config_key_id key, gid_t *ret)
{
	*ret = (gid_t)-1;
	return config_text(r->config, NULL, key) ? find_group(r, key, ret) : 0;
}

static int find_user(struct resolver *r, const struct config_agent *agent, enum config_key_id key,
		     struct user *ret)
{
	const char *name = config_text(r->config, agent, key);
	int error = user_by_name(name, ret);

	if (!error)
		return 0;

	cleanup_str struct str origin = {0};
	config_origin(&origin, r->config, config_value(r->config, agent, key));
	if (error != -ENOENT)
		return problem(r->why, "%scannot look up the user %s: %s",
			       origin.data ? origin.data : "", name, strerror(-error));
	return problem(r->why, "%sthere is no user %s (%s); run: aaau-server init %s %s -g %s",
		       origin.data ? origin.data : "", name, config_keys[key].name,
		       key == KEY_USER ? "-u" : "--service-user", name,
		       config_text(r->config, NULL, KEY_GROUP));
}

static int resolve_service(struct resolver *r)
{
	struct monitor_config *monitor = &r->out->monitor;
	const char *name = config_text(r->config, NULL, KEY_SERVICE_USER);

	if (find_user(r, NULL, KEY_SERVICE_USER, &r->service) < 0)
		return -1;
	if (r->service.uid == 0 || r->service.gid == 0)
		return problem(r->why,
			       "the service user %s is root or in root's group; the server's "
			       "unprivileged processes need a user of their own (aaau-server init)",
			       name);
	if (r->service.gid == r->authorized_gid)
		return problem(r->why,
			       "the service user %s has the authorized group as its primary group; "
			       "give it one of its own (groupadd --system %s; usermod -g %s %s)",
			       name, name, name, name);
	monitor->service_uid = r->service.uid;
	monitor->service_gid = r->service.gid;
	r->out->broker.service_uid = r->service.uid;
	return 0;
}

static int check_agent_user(struct resolver *r, const char *at, const struct user *user)
{
	const char *group = config_text(r->config, NULL, KEY_GROUP);
	struct stat st;

	if (user->uid == 0)
		return problem(r->why,
			       "%sthe agent user %s has uid 0; agents never run as root: "
			       "aaau-server init makes a user for them",
			       at, user->name);
	if (user->uid == r->service.uid)
		return problem(
			r->why,
			"%s%s is the server's own user (service_user) and cannot be an agent "
			"user too",
			at, user->name);
	if (user->gid == r->authorized_gid)
		return problem(r->why,
			       "%sthe agent user %s has the authorized group %s as its primary "
			       "group; agents must not be in it. Run: groupadd --system "
			       "%s-private && usermod -g %s-private %s",
			       at, user->name, group, user->name, user->name, user->name);
	if (user->gid == 0 || user->gid == r->service.gid)
		return problem(
			r->why,
			"%sthe agent user %s has the primary group of %s; give it one of its "
			"own: groupadd --system %s-private && usermod -g %s-private %s",
			at, user->name, user->gid == 0 ? "root" : r->service.name, user->name,
			user->name, user->name);
	if (user->home[0] != '/' || stat(user->home, &st) < 0 || !S_ISDIR(st.st_mode))
		return problem(r->why,
			       "%sthe home of the agent user %s, %s, is no directory; run: "
			       "aaau-server init -u %s -g %s -h HOME",
			       at, user->name, user->home[0] ? user->home : "which is empty",
			       user->name, group);
	return 0;
}

static int resolve_groups(struct resolver *r, const struct config_agent *agent,
			  struct monitor_profile *profile)
{
	const struct config_value *names = config_value(r->config, agent, KEY_GROUPS);
	cleanup_str struct str origin = {0};

	config_origin(&origin, r->config, names);
	const char *at = origin.data ? origin.data : "";
	for (size_t i = 0; i < names->count; i++) {
		gid_t gid;
		int error = group_by_name(names->items[i], &gid);
		if (error)
			return problem(r->why, "%sgroups: %s: %s", at, names->items[i],
				       error == -ENOENT ? "there is no such group"
							: strerror(-error));
		if (gid == 0 || gid == r->authorized_gid || gid == r->service.gid)
			return problem(r->why,
				       "%sgroups: an agent is never put into %s (%s); remove it",
				       at, names->items[i],
				       gid == 0 ? "root's group"
				       : gid == r->authorized_gid
					       ? "the authorized group, whose members may connect"
					       : "the server's own group");

		bool known = false;
		for (uint32_t k = 0; k < profile->group_count; k++)
			known |= profile->groups[k] == gid;
		if (known)
			continue;
		if (profile->group_count == MONITOR_CONFIG_MAX_GROUPS)
			return problem(r->why, "%sgroups: more than %d", at,
				       MONITOR_CONFIG_MAX_GROUPS);
		profile->groups[profile->group_count++] = gid;
	}
	return 0;
}

static void resolve_rlimits(const struct resolver *r, const struct config_agent *agent,
			    struct monitor_profile *profile)
{
	const struct config_value *limits = config_value(r->config, agent, KEY_RLIMITS);

	for (size_t i = 0; i < limits->count; i++) {
		unsigned resource;
		uint64_t limit;
		if (!config_value_rlimit(limits->items[i], &resource, &limit) ||
		    resource >= MONITOR_CONFIG_MAX_RLIMITS)
			continue; /* checked when it was read */
		profile->rlimit_set |= 1u << resource;
		profile->rlimits[resource] = limit;
	}
}

/* $HOME and ${HOME}'s plain spelling only, where a name ends. */
static char *expand_home(const char *text, const char *home)
{
	cleanup_str struct str out = {0};

	while (*text) {
		char after = '\0';
		bool here = !strncmp(text, "$HOME", 5);
		if (here)
			after = text[5];
		if (here && !(after == '_' || (after >= '0' && after <= '9') ||
			      (after >= 'A' && after <= 'Z') || (after >= 'a' && after <= 'z'))) {
			str_append_text(&out, home);
			text += 5;
		} else {
			str_append_byte(&out, *text++);
		}
	}
	str_append_byte(&out, '\0');
	if (str_error(&out))
		return NULL;

	char *result = out.data;
	out = (struct str){0};
	return result;
}

static const char *agent_shell(const struct resolver *r, const struct config_agent *agent,
			       const struct user *user)
{
	const char *shell = config_text(r->config, agent, KEY_SHELL);
	const char *last = strrchr(user->shell, '/');

	if (agent && shell)
		return shell;
	if (last && strcmp(last, "/false") != 0 && strcmp(last, "/nologin") != 0 &&
	    access(user->shell, X_OK) == 0)
		return keep(r->out, strdup(user->shell));
	return access("/bin/bash", X_OK) == 0 ? "/bin/bash" : "/bin/sh";
}

/* The program's words and the section's args, as program and args. */
static int resolve_command(struct resolver *r, const struct config_agent *agent,
			   const char *built_in_program, struct broker_profile *profile)
{
	const struct config_value *extra = NULL;
	const char *command = built_in_program;
	char **words = NULL;
	const char *trouble;

	if (agent && agent->values[KEY_ARGS].set)
		extra = &agent->values[KEY_ARGS];
	if (agent && agent->values[KEY_PROGRAM].set)
		command = agent->values[KEY_PROGRAM].items[0];
	if (command && shell_words_split(command, &words, &trouble) < 0)
		return no_memory(r->why); /* its quoting was checked when it was read */
	keep(r->out, words);

	size_t n = 0;
	while (words && words[n])
		n++;
	/* The table's arguments stand until the section says otherwise. */
	if (extra && command == built_in_program && n > 0 && strcmp(profile->name, "default") != 0)
		n = 1;
	size_t extra_count = extra ? extra->count : 0;
	char **args = keep(r->out, calloc(n + extra_count + 1, sizeof *args));
	if (!args || (command && !words))
		return no_memory(r->why);
	profile->program = n > 0 ? words[0] : "";
	profile->args = args;
	for (size_t i = 1; i < n; i++)
		*args++ = words[i];
	for (size_t i = 0; i < extra_count; i++)
		*args++ = extra->items[i];
	return 0;
}

static int resolve_environment(struct resolver *r, const struct config_agent *agent,
			       struct broker_profile *profile)
{
	const struct config_value *env = config_value(r->config, agent, KEY_ENV);
	size_t n = agent ? env->count : 0;

	profile->env = keep(r->out, calloc(n + 1, sizeof *profile->env));
	profile->path =
		keep(r->out, expand_home(config_text(r->config, agent, KEY_PATH), profile->home));
	if (!profile->env || !profile->path)
		return no_memory(r->why);
	for (size_t i = 0; i < n; i++) {
		profile->env[i] = keep(r->out, expand_home(env->items[i], profile->home));
		if (!profile->env[i])
			return no_memory(r->why);
	}
	return 0;
}

static int resolve_profile(struct resolver *r, const char *name, const char *built_in_program)
{
	const struct config_agent *agent = config_agent(r->config, name);
	struct broker_config *broker = &r->out->broker;
	struct user user;

	if (broker->profile_count == MONITOR_CONFIG_MAX_PROFILES)
		return problem(r->why, "more than %d agents", MONITOR_CONFIG_MAX_PROFILES);
	cleanup_str struct str origin = {0};
	config_origin(&origin, r->config, config_value(r->config, agent, KEY_USER));
	if (find_user(r, agent, KEY_USER, &user) < 0 ||
	    check_agent_user(r, origin.data ? origin.data : "", &user) < 0)
		return -1;

	struct monitor_profile *numbers = &r->out->monitor.profiles[broker->profile_count];
	struct broker_profile *profile = &broker->profiles[broker->profile_count];
	if (strlen(user.home) >= sizeof numbers->home)
		return problem(r->why, "the home of %s has too long a path", user.name);
	numbers->uid = user.uid;
	numbers->gid = user.gid;
	numbers->umask = (uint32_t)config_number(r->config, agent, KEY_UMASK);
	strcpy(numbers->home, user.home);
	resolve_rlimits(r, agent, numbers);
	if (resolve_groups(r, agent, numbers) < 0)
		return -1;

	profile->name = name;
	profile->uid = user.uid;
	profile->user = keep(r->out, strdup(user.name));
	profile->home = keep(r->out, strdup(user.home));
	profile->shell = agent_shell(r, agent, &user);
	if (!profile->user || !profile->home || !profile->shell)
		return no_memory(r->why);
	profile->login_shell = config_number(r->config, agent, KEY_LOGIN_SHELL) != 0;
	/* `aaau` alone starts the default; it needs no alias unless the file gives it one. */
	profile->alias = agent || broker->profile_count > 0
				 ? config_number(r->config, agent, KEY_ALIAS) != 0
				 : false;
	if (resolve_command(r, agent, built_in_program, profile) < 0 ||
	    resolve_environment(r, agent, profile) < 0)
		return -1;
	broker->profile_count++;
	r->out->monitor.profile_count++;
	return 0;
}

static bool is_built_in(const char *name)
{
	for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
		if (!strcmp(built_in[i].name, name))
			return true;
	}
	return false;
}

static int resolve_profiles(struct resolver *r)
{
	r->out->broker.profiles =
		keep(r->out, calloc(MONITOR_CONFIG_MAX_PROFILES, sizeof *r->out->broker.profiles));
	if (!r->out->broker.profiles)
		return no_memory(r->why);

	for (size_t i = 0; i < BUILT_IN_COUNT; i++) {
		const char *program = built_in[i].program;
		if (!program)
			program = config_text(r->config, NULL, KEY_PROGRAM);
		if (resolve_profile(r, built_in[i].name, program) < 0)
			return -1;
	}
	for (size_t i = 0; i < r->config->agent_count; i++) {
		const char *name = r->config->agents[i].name;
		if (!is_built_in(name) && resolve_profile(r, name, NULL) < 0)
			return -1;
	}
	return 0;
}

static int resolve_all(struct resolver *r)
{
	const struct config *config = r->config;
	struct monitor_config *monitor = &r->out->monitor;
	struct broker_config *broker = &r->out->broker;

	monitor->magic = MONITOR_CONFIG_MAGIC;
	if (find_group(r, KEY_GROUP, &r->authorized_gid) < 0)
		return -1;
	if (r->authorized_gid == 0)
		return problem(r->why, "the authorized group %s has gid 0; use a group of its own",
			       config_text(config, NULL, KEY_GROUP));
	if (resolve_service(r) < 0 || find_group(r, KEY_LOG_GROUP, &monitor->log_gid) < 0 ||
	    find_optional_group(r, KEY_ADMIN_GROUP, &broker->admin_gid) < 0 ||
	    find_optional_group(r, KEY_READONLY_GROUP, &broker->readonly_gid) < 0)
		return -1;
	if (group_by_name("tty", &monitor->tty_gid) < 0)
		monitor->tty_gid = 0;

	monitor->authorized_gid = r->authorized_gid;
	broker->authorized_gid = r->authorized_gid;
	broker->socket_path = config_text(config, NULL, KEY_SOCKET);
	broker->authorized_group = config_text(config, NULL, KEY_GROUP);
	broker->handshake_timeout_ms =
		(uint32_t)config_number(config, NULL, KEY_HANDSHAKE_TIMEOUT) * 1000;
	broker->max_sessions = (uint32_t)config_number(config, NULL, KEY_MAX_SESSIONS);
	broker->ring_size = (uint32_t)config_number(config, NULL, KEY_RING_SIZE);
	broker->operator_patience_ms =
		(uint32_t)config_number(config, NULL, KEY_OPERATOR_PATIENCE) * 1000;

	static char *no_names[] = {NULL};
	const struct config_value *keep_names = config_value(config, NULL, KEY_ENV_KEEP);
	broker->env_keep = keep_names->count ? keep_names->items : no_names;
	return resolve_profiles(r);
}

int resolve(struct resolved *ret, const struct config *config, struct str *why)
{
	struct resolver r = {.out = ret, .config = config, .why = why};

	*ret = (struct resolved){0};
	if (resolve_all(&r) == 0)
		return 0;
	resolved_free(ret);
	return -1;
}

void resolved_free(struct resolved *resolved)
{
	for (size_t i = 0; i < resolved->pool_count; i++)
		free(resolved->pool[i]);
	free(resolved->pool);
	resolved->pool = NULL;
	resolved->pool_count = 0;
}

size_t resolve_agent_users(const struct config *config, const char **ret, size_t room)
{
	size_t n = 0;

	if (n < room)
		ret[n++] = config_text(config, config_agent(config, "default"), KEY_USER);
	for (size_t i = 0; i < config->agent_count && n < room; i++)
		ret[n++] = config_text(config, &config->agents[i], KEY_USER);
	return n;
}
