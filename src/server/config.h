/* The configuration: one table of keys (config-keys.c), values from the file and the command line.
 *
 * A value is a list of strings, of one for most keys. What a section does not set comes from the
 * top level where the key is inherited, and from the table's default at last. Everything is checked
 * when it is read, so lookups cannot fail.
 */
#ifndef AAAU_SERVER_CONFIG_H
#define AAAU_SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/str.h"

#define CONFIG_DEFAULT_FILE "/etc/aaau/aaau.conf"
#define CONFIG_MAX_SIZE 1048576 /* bytes of a file */

enum config_key_id {
	KEY_SOCKET,
	KEY_GROUP,
	KEY_USER,
	KEY_SERVICE_USER,
	KEY_LOG_DIR,
	KEY_LOG_GROUP,
	KEY_RUNTIME_DIR,
	KEY_CGROUP,
	KEY_ADMIN_GROUP,
	KEY_READONLY_GROUP,
	KEY_HANDSHAKE_TIMEOUT,
	KEY_MAX_SESSIONS,
	KEY_RING_SIZE,
	KEY_OPERATOR_PATIENCE,
	KEY_ENV_KEEP,
	KEY_PROGRAM,
	KEY_ARGS,
	KEY_ENV,
	KEY_PATH,
	KEY_UMASK,
	KEY_LOGIN_SHELL,
	KEY_SHELL,
	KEY_RLIMITS,
	KEY_GROUPS,
	KEY_ALIAS,
	KEY_COUNT
};

enum config_type {
	CONFIG_NAME,        /* of a user or group */
	CONFIG_FILE,        /* absolute path */
	CONFIG_CGROUP,      /* "auto" or an absolute path */
	CONFIG_COMMAND,     /* program and arguments, shell quoting */
	CONFIG_NUMBER,      /* decimal */
	CONFIG_SIZE,        /* bytes; K, M, G are powers of 1024 */
	CONFIG_MODE,        /* octal */
	CONFIG_BOOLEAN,     /* true, false, yes, no, on, off */
	CONFIG_SEARCH_PATH, /* directories with ':' between them, each absolute or below $HOME */
	CONFIG_TEXTS,       /* list: anything */
	CONFIG_NAMES,       /* list: groups */
	CONFIG_PATTERNS,    /* list: names of environment variables, a trailing * allowed */
	CONFIG_ENVIRONMENT, /* list: NAME=VALUE */
	CONFIG_RLIMITS,     /* list: NAME=LIMIT */
};

enum config_scope {
	CONFIG_TOP = 1,       /* at the top level */
	CONFIG_AGENT = 2,     /* in agent sections */
	CONFIG_INHERITED = 4, /* a section that does not set it takes the top level's */
};

struct config_key {
	const char *name;
	enum config_type type;
	unsigned scope;            /* enum config_scope */
	uint64_t minimum, maximum; /* of NUMBER, SIZE and MODE */
	const char *unit;          /* of NUMBER and SIZE, or NULL */
	const char *fallback;      /* as in a file; lists: words; NULL: not set */
	const char *help;
};

extern const struct config_key config_keys[KEY_COUNT];

struct config_value {
	char **items; /* NULL-terminated once set */
	size_t count;
	bool set;
	unsigned line; /* in the file; 0: the command line or the default */
};

struct config_agent {
	char *name;
	unsigned line;
	struct config_value values[KEY_COUNT];
};

struct config {
	char *file; /* for messages; NULL: none was read */
	struct config_value defaults[KEY_COUNT];
	struct config_value values[KEY_COUNT];
	struct config_agent *agents; /* in the order of the file */
	size_t agent_count;
};

/* All of these: 0, or -1 with the reason. */
int config_init(struct config *ret, struct str *why); /* the defaults */
/* Once a config; name is what messages call the text. */
int config_parse(struct config *config, const char *name, const char *text, size_t n,
		 struct str *why);
/* file NULL: the default file, which may be missing. It has to be root's and nobody else's to
 * write: whoever writes it is root. */
int config_load(struct config *config, const char *file, struct str *why);
/* A value from the command line; option is how it was written, for messages. */
int config_override(struct config *config, enum config_key_id key, const char *option,
		    const char *value, struct str *why);
void config_free(struct config *config); /* zeroed is fine */

/* agent NULL: the top level. NULL where neither the file nor the table gives a value. */
const struct config_value *config_value(const struct config *config,
					const struct config_agent *agent, enum config_key_id key);
const char *config_text(const struct config *config, const struct config_agent *agent,
			enum config_key_id key);
uint64_t config_number(const struct config *config, const struct config_agent *agent,
		       enum config_key_id key); /* NUMBER, SIZE, MODE, BOOLEAN; 0 if not set */
const struct config_agent *config_agent(const struct config *config, const char *name);

/* Appends "FILE:LINE: " for a value that came from a file, else nothing. */
void config_origin(struct str *out, const struct config *config, const struct config_value *value);

#endif
