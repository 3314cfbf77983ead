/* What root agrees to, whoever asks.
 *
 * The configuration comes from aaau-server, which is root too; it is checked again because a
 * mistake in it would be root's. A request comes from the broker, which is taken to be hostile:
 * every field has a check here, and of its descriptors only what the kernel says of them counts.
 * Nothing is read through them. Pure functions that own nothing; what is wrong comes back as text.
 */
#include "monitor/policy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "ipc/launch.h"
#include "ipc/sealed.h"
#include "util/uuid.h"

_Static_assert(MONITOR_CONFIG_MAX_RLIMITS == RLIM_NLIMITS, "a bit and a value for each limit");

/* setresuid(2) and its like take -1 for "leave it": as an id it would mean root. */
static bool is_id(uint32_t id)
{
	return id != 0 && id != UINT32_MAX;
}

/* NUL-terminated within its array, and a single component of a path. */
static bool is_name(const char *name, size_t size)
{
	return memchr(name, 0, size) && !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

static const char *check_agent_gid(const struct monitor_config *config, gid_t gid)
{
	if (!is_id(gid))
		return "group is root's or none";
	if (gid == config->authorized_gid)
		return "group is the authorized group";
	if (gid == config->service_gid)
		return "group is the service user's";
	return NULL;
}

static const char *check_profile(const struct monitor_config *config,
				 const struct monitor_profile *profile)
{
	const char *problem;

	if (!is_id(profile->uid))
		return "user is root or none";
	if (profile->uid == config->service_uid)
		return "user is the service user";
	problem = check_agent_gid(config, profile->gid);
	if (problem)
		return problem;
	if (profile->group_count > MONITOR_CONFIG_MAX_GROUPS)
		return "too many groups";
	for (uint32_t i = 0; i < profile->group_count; i++) {
		problem = check_agent_gid(config, profile->groups[i]);
		if (problem)
			return problem;
	}
	if (profile->umask > 0777)
		return "umask out of range";
	if (profile->rlimit_set >> MONITOR_CONFIG_MAX_RLIMITS)
		return "unknown resource limit";
	if (profile->home[0] != '/' || !memchr(profile->home, 0, sizeof(profile->home)))
		return "home is not an absolute path";
	return NULL;
}

const char *policy_check_config(const struct monitor_config *config, int *ret_profile)
{
	*ret_profile = -1;
	if (config->magic != MONITOR_CONFIG_MAGIC)
		return "not a monitor's configuration";
	if (!is_id(config->service_uid) || !is_id(config->service_gid))
		return "the service user is root or none";
	if (config->authorized_gid == (gid_t)-1 || config->tty_gid == (gid_t)-1 ||
	    config->log_gid == (gid_t)-1)
		return "a group is none";
	if (!is_name(config->instance_name, sizeof(config->instance_name)) ||
	    !config->instance_name[0])
		return "the instance's name is not a file name";
	if (!is_name(config->socket_name, sizeof(config->socket_name)))
		return "the socket's name is not a file name";
	if (config->profile_count < 1 || config->profile_count > MONITOR_CONFIG_MAX_PROFILES)
		return "no profile, or too many";
	for (uint32_t i = 0; i < config->profile_count; i++) {
		const char *problem = check_profile(config, &config->profiles[i]);

		if (problem) {
			*ret_profile = (int)i;
			return problem;
		}
	}
	return NULL;
}

static const char *check_unused_spawn_fields(const struct monitor_request *request)
{
	if (request->profile || request->rows || request->columns || request->reserved)
		return "a field is set that the request does not use";
	return NULL;
}

const char *policy_check_ready(const struct monitor_config *config,
			       const struct monitor_request *request, const int *fds)
{
	static const struct uuid zeros;

	(void)config;
	(void)fds;
	if (!uuid_equal(&request->session, &zeros))
		return "a field is set that the request does not use";
	return check_unused_spawn_fields(request);
}

const char *policy_check_kill(const struct monitor_config *config,
			      const struct monitor_request *request, const int *fds)
{
	(void)config;
	(void)fds;
	if (!uuid_is_v4(&request->session))
		return "the session's id is not a version 4 UUID";
	return check_unused_spawn_fields(request);
}

static bool is_link(int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);
	int type;

	if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0 || peer.ss_family != AF_UNIX)
		return false;
	size = sizeof(type);
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

const char *policy_check_spawn(const struct monitor_config *config,
			       const struct monitor_request *request, const int *fds)
{
	size_t launch_size;

	if (request->profile >= config->profile_count)
		return "no such profile";
	if (!uuid_is_v4(&request->session))
		return "the session's id is not a version 4 UUID";
	if (!request->rows || !request->columns)
		return "a size of zero";
	if (request->reserved)
		return "a reserved field is set";
	if (sealed_check(fds[0], LAUNCH_MAX_SIZE, &launch_size) < 0)
		return "the launch record is not a sealed file of a permitted size";
	if (!is_link(fds[1]))
		return "the link is not a connected SEQPACKET socket";
	return NULL;
}
