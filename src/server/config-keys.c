/* The table of configuration keys.
 *
 * Types, limits, units, defaults and help in one place: the parser, its messages and the list in
 * aaau.conf(5) follow from it (a test compares the page).
 */
#include "server/config.h"

#define EVERYWHERE (CONFIG_TOP | CONFIG_AGENT)
#define INHERITED (CONFIG_TOP | CONFIG_AGENT | CONFIG_INHERITED)

const struct config_key config_keys[KEY_COUNT] = {
	[KEY_SOCKET] = {"socket", CONFIG_FILE, CONFIG_TOP, 0, 0, NULL, "/var/run/aaau.sock",
			"where clients connect"},
	[KEY_GROUP] = {"group", CONFIG_NAME, CONFIG_TOP, 0, 0, NULL, "agent",
		       "the authorized group: its members may connect"},
	[KEY_USER] = {"user", CONFIG_NAME, INHERITED, 0, 0, NULL, "agent",
		      "the agent user that programs run as"},
	[KEY_SERVICE_USER] = {"service_user", CONFIG_NAME, CONFIG_TOP, 0, 0, NULL, "_aaau",
			      "the user that the server's unprivileged processes run as"},
	[KEY_LOG_DIR] = {"log_dir", CONFIG_FILE, CONFIG_TOP, 0, 0, NULL, "/var/log/aaau",
			 "directory of the records"},
	[KEY_LOG_GROUP] = {"log_group", CONFIG_NAME, CONFIG_TOP, 0, 0, NULL, "adm",
			   "the group that may read the records"},
	[KEY_RUNTIME_DIR] = {"runtime_dir", CONFIG_FILE, CONFIG_TOP, 0, 0, NULL, "/run/aaau",
			     "directory of the lock and of the sessions' own sockets"},
	[KEY_CGROUP] = {"cgroup", CONFIG_CGROUP, CONFIG_TOP, 0, 0, NULL, "auto",
			"the cgroup v2 directory below which agents run; auto: the server's own "
			"where it is delegated, else the top"},
	[KEY_ADMIN_GROUP] = {"admin_group", CONFIG_NAME, CONFIG_TOP, 0, 0, NULL, NULL,
			     "members of the authorized group that are in this one too are Admin"},
	[KEY_READONLY_GROUP] = {"readonly_group", CONFIG_NAME, CONFIG_TOP, 0, 0, NULL, NULL,
				"members of the authorized group that are in this one too are "
				"ReadOnly"},
	[KEY_HANDSHAKE_TIMEOUT] = {"handshake_timeout", CONFIG_NUMBER, CONFIG_TOP, 1, 3600,
				   "seconds", "10",
				   "how long a client may take for its first line"},
	[KEY_MAX_SESSIONS] = {"max_sessions", CONFIG_NUMBER, CONFIG_TOP, 0, 1000000, "sessions",
			      "0", "the most sessions at a time; 0: no limit but the kernel's"},
	[KEY_RING_SIZE] = {"ring_size", CONFIG_SIZE, CONFIG_TOP, 4096, 1073741824, "bytes", "1M",
			   "output a session keeps for those who read more slowly than its agent "
			   "writes; rounded up to a power of two"},
	[KEY_OPERATOR_PATIENCE] = {"operator_patience", CONFIG_NUMBER, CONFIG_TOP, 0, 3600,
				   "seconds", "2",
				   "how long an operator who does not read holds the agent back"},
	[KEY_ENV_KEEP] = {"env_keep", CONFIG_PATTERNS, CONFIG_TOP, 0, 0, NULL,
			  "TERM COLORTERM LANG LC_* TZ NO_COLOR FORCE_COLOR",
			  "variables of the client's environment that agents see; a trailing * "
			  "matches any end"},
	[KEY_PROGRAM] = {"program", CONFIG_COMMAND, EVERYWHERE, 0, 0, NULL, "bash",
			 "what is started, split by shell quoting rules"},
	[KEY_ARGS] = {"args", CONFIG_TEXTS, CONFIG_AGENT, 0, 0, NULL, NULL,
		      "arguments after those of program"},
	[KEY_ENV] = {"env", CONFIG_ENVIRONMENT, CONFIG_AGENT, 0, 0, NULL, NULL,
		     "variables set for the agent; $HOME is the agent's home"},
	[KEY_PATH] = {"path", CONFIG_SEARCH_PATH, INHERITED, 0, 0, NULL,
		      "$HOME/.local/bin:$HOME/bin:/usr/local/bin:/usr/bin:/bin",
		      "where programs are looked up; the agent's PATH; $HOME is the agent's home"},
	[KEY_UMASK] = {"umask", CONFIG_MODE, INHERITED, 0, 0777, NULL, "0027",
		       "file mode creation mask, octal"},
	[KEY_LOGIN_SHELL] = {"login_shell", CONFIG_BOOLEAN, INHERITED, 0, 1, NULL, "false",
			     "start the program through a login shell"},
	[KEY_SHELL] = {"shell", CONFIG_FILE, CONFIG_AGENT, 0, 0, NULL, NULL,
		       "SHELL of the agent, and its login shell; else the user's own, else "
		       "/bin/bash or /bin/sh"},
	[KEY_RLIMITS] = {"rlimits", CONFIG_RLIMITS, INHERITED, 0, 0, NULL, NULL,
			 "resource limits, soft and hard, as in \"nofile=4096\""},
	[KEY_GROUPS] = {"groups", CONFIG_NAMES, INHERITED, 0, 0, NULL, NULL,
			"supplementary groups of the agent"},
	[KEY_ALIAS] = {"alias", CONFIG_BOOLEAN, CONFIG_AGENT, 0, 1, NULL, "true",
		       "whether aaau NAME starts it"},
};
