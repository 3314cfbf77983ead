/* The broker put together.
 *
 * Owns every part and the order in which they begin: what can fail for want of descriptors or
 * memory first, then the sessions that live already, and only then the public socket. Fails by
 * negative errno at the start; later no part's failure is the broker's.
 */
#include "broker/broker.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "broker/names.h"
#include "ipc/fds.h"

int broker_init(struct broker *broker, const struct broker_config *config)
{
	struct event_config *options = event_config_new();
	int error;

	*broker = (struct broker){.config = config, .next_client = 1, .next_tag = 1};
	TAILQ_INIT(&broker->inquiries);
	LIST_INIT(&broker->quota.users);
	registry_init(&broker->registry);
	if (!options)
		return -ENOMEM;
	/* Neither its environment variables nor its other back ends are wanted. */
	event_config_set_flag(options, EVENT_BASE_FLAG_IGNORE_ENV | EVENT_BASE_FLAG_NOLOCK);
	broker->base = event_base_new_with_config(options);
	event_config_free(options);
	if (!broker->base)
		return -ENOMEM;
	record_init(&broker->record, broker->base, BROKER_FD_AUDIT);
	monitor_client_init(broker, BROKER_FD_MONITOR);
	error = listener_init(broker, BROKER_FD_LISTEN);
	if (error)
		return error;
	return relearn_prepare(&broker->relearn, BROKER_FD_SESSIONS_DIR);
}

int broker_run(struct broker *broker)
{
	int error = relearn_start(broker);

	if (error)
		return error;
	return event_base_dispatch(broker->base) < 0 ? -EIO : 0;
}

void broker_accept(struct broker *broker)
{
	char sessions[16], pid[16];
	const struct audit_pair pairs[] = {
		{"socket", broker->config->socket_path},
		{"version", AAAU_VERSION},
		{"pid", pid},
		{"sessions", sessions},
	};

	snprintf(sessions, sizeof(sessions), "%u", broker->registry.count);
	snprintf(pid, sizeof(pid), "%d", getpid());
	record_put(&broker->record, &(struct record_event){
					    .type = "server_start",
					    .content = "connections are accepted",
					    .pairs = pairs,
					    .pair_count = 4,
				    });
	listener_start(broker);
	(void)monitor_ready(broker);
}
