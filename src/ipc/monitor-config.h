/* What root is told about the configuration: fixed-size, no text to parse, sealed.
 *
 * aaau-server run resolves the names and writes it; the monitor checks it again (monitor/policy.c)
 * and never changes it.
 */
#ifndef AAAU_IPC_MONITOR_CONFIG_H
#define AAAU_IPC_MONITOR_CONFIG_H

#include <stdint.h>
#include <sys/types.h>

#define MONITOR_CONFIG_MAGIC 0x41614155u
#define MONITOR_CONFIG_MAX_PROFILES 64
#define MONITOR_CONFIG_MAX_GROUPS 32
#define MONITOR_CONFIG_MAX_RLIMITS 16 /* RLIM_NLIMITS */

struct monitor_profile {
	uid_t uid;                               /* never 0, never the service user's */
	gid_t gid;                               /* never 0, never the authorized group */
	gid_t groups[MONITOR_CONFIG_MAX_GROUPS]; /* supplementary, the authorized group left out */
	uint32_t group_count;
	uint32_t umask;
	uint32_t rlimit_set; /* bit r: rlimits[r] is set as soft and hard limit */
	uint64_t rlimits[MONITOR_CONFIG_MAX_RLIMITS];
	char home[256]; /* absolute, NUL-terminated: the working directory */
};

struct monitor_config {
	uint32_t magic;
	uint32_t profile_count;
	uid_t service_uid; /* _aaau: broker and sessions run as it */
	gid_t service_gid;
	gid_t authorized_gid;
	gid_t tty_gid; /* group of the slave side; 0 where there is no group tty (then the agent's own) */
	gid_t log_gid; /* group of the records */

	/* What the monitor removes when the server ends. */
	char instance_name[256]; /* NAME of the instance directory and of the cgroup */
	char socket_name
		[108]; /* in MONITOR_FD_SOCKET_DIR; "" if it is not ours (socket activation) */
	uint64_t socket_device; /* st_dev and st_ino of it: another's socket is left alone */
	uint64_t socket_inode;
	struct monitor_profile profiles[MONITOR_CONFIG_MAX_PROFILES];
};

#endif
