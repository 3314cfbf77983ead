/* "new": from a request to a session that is being started.
 *
 * Registers the session before root is asked, so that a client that attaches at once finds it. The
 * creator's ATTACH is in the link before the session exists and waits there; a copy of its socket
 * stays here until the start has succeeded or failed (lifecycle.c). Owns what it makes until the
 * monitor and the link have it. Every failure is an answer to the client.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/launch-plan.h"
#include "broker/lifecycle.h"
#include "broker/names.h"
#include "broker/requests.h"
#include "ipc/launch.h"
#include "ipc/sealed.h"
#include "ipc/seqpacket.h"
#include "util/clock.h"
#include "util/fd.h"

/* What the session and the agent's side of the fork read. Descriptor, or a negative errno. */
static int seal_launch(const struct broker_config *config, const struct request *request,
		       const struct launch_plan *plan, const struct session *session)
{
	const struct broker_profile *profile = &config->profiles[plan->profile];
	cleanup_str struct str record = {.limit = LAUNCH_MAX_SIZE};
	struct launch launch = {
		.program = plan->program,
		.id = session->id,
		.name = session->name,
		.profile = profile->name,
		.agent_user = profile->user,
		.agent_home = profile->home,
		.creator_uid = session->creator_uid,
		.creator = session->creator,
		.rows = request->rows,
		.columns = request->columns,
		.ring_size = config->ring_size,
		.operator_patience_ms = config->operator_patience_ms,
		.created_us = session->created_us,
	};

	launch_encode(&record, &launch);
	if (str_error(&record) < 0)
		return str_error(&record);
	return sealed_write("aaau-launch", record.data, record.length);
}

/* Asks for the session: the creator into the link, then the monitor. 0, or a negative errno; the
 * session then still has to be forgotten. */
static int ask(struct broker *broker, struct session *session, struct client *client,
	       const struct request *request, const struct launch_plan *plan)
{
	cleanup_fd int launch_fd = seal_launch(broker->config, request, plan, session);
	cleanup_str struct str attach = {0};
	int ends[2], error;
	cleanup_fd int far_end = -1;

	if (launch_fd < 0)
		return launch_fd;
	error = seqpacket_pair(ends);
	if (error)
		return error;
	far_end = ends[1];
	if (!link_new(broker, ends[0], &session->id, session, true))
		return -ENOMEM;

	if (!request->detached) {
		struct outbox_cargo cargo = {.fd_count = 1};

		requests_put_attach(client, request, true, &attach);
		cargo.fds[0] = fcntl(client->fd, F_DUPFD_CLOEXEC, 0);
		if (cargo.fds[0] < 0)
			return -errno;
		error = outbox_put(&session->link->outbox, &attach, &cargo);
		if (error)
			return error;
		if (session->link->outbox.count) /* too many descriptors in flight */
			return -EAGAIN;
	}
	/* Whoever joins waits until it has started. */
	session->link->outbox.held = true;
	return monitor_spawn(broker, &session->id, plan->profile, request->rows, request->columns,
			     fd_steal(&launch_fd), fd_steal(&far_end));
}

static struct session *enter(struct broker *broker, const struct client *client,
			     const struct request *request, const struct uuid *id,
			     const struct launch_plan *plan)
{
	const struct broker_profile *profile = &broker->config->profiles[plan->profile];
	struct session_facts facts = {
		.id = *id,
		.name = request->name ? request->name : "",
		.profile = profile->name,
		.agent_user = profile->user,
		.command = plan->command,
		.creator = names_of_uid(client->uid),
		.creator_uid = client->uid,
		.created_us = clock_realtime_us(),
	};

	return registry_add(&broker->registry, &facts);
}

static void start(struct client *client, const struct request *request, const struct uuid *id,
		  const struct launch_plan *plan)
{
	struct broker *broker = client->broker;
	struct session *session = enter(broker, client, request, id, plan);
	cleanup_str struct str message = {0};
	int version = client->version;
	int error;

	if (!session) {
		client_error(client, PROTOCOL_INTERNAL, NULL, NULL);
		return;
	}
	session->detached = request->detached;
	error = ask(broker, session, client, request, plan);
	session->creator_waits = (struct waiter){
		.fd = client_steal_fd(client),
		.version = version,
	};
	if (!error)
		return;
	str_append_format(&message, "the session could not be started: %s",
			  error == -E2BIG ? "the arguments and the environment are too long"
					  : strerror(-error));
	lifecycle_start_failed(broker, session, message.data, NULL);
}

void requests_new(struct client *client, const struct request *request)
{
	struct broker *broker = client->broker;
	uint32_t max = broker->config->max_sessions;
	char *message = NULL, *remedy = NULL;
	char id_text[UUID_TEXT_SIZE];
	struct launch_plan plan;
	enum protocol_error error;
	struct uuid id;

	if (client->level < LEVEL_INTERACTIVE) {
		client_deny(client, PROTOCOL_PERMISSION, protocol_error_code(PROTOCOL_PERMISSION),
			    "read-only users may not create sessions",
			    "join one with: aaau attach SESSION");
		return;
	}
	if (max && broker->registry.count >= max) {
		client_deny(client, PROTOCOL_TOO_MANY, protocol_error_code(PROTOCOL_TOO_MANY), NULL,
			    NULL);
		return;
	}
	if (request->name && registry_by_name(&broker->registry, request->name)) {
		client_error(client, PROTOCOL_NAME_TAKEN, NULL, NULL);
		return;
	}
	if (uuid_generate(&id) < 0) {
		client_error(client, PROTOCOL_INTERNAL, NULL, NULL);
		return;
	}
	error = launch_plan_make(broker->config, request, uuid_format(&id, id_text), &plan,
				 &message, &remedy);
	if (error) {
		client_error(client, error, message, remedy);
	} else {
		start(client, request, &id, &plan);
		launch_plan_free(&plan);
	}
	free(message);
	free(remedy);
}
