/* The registry of sessions.
 *
 * Owns the sessions' facts and nothing else: links are link.c's, sockets of waiting clients are
 * lifecycle.c's. It is memory only: a broker that starts learns the sessions from themselves
 * (relearn.c), and those that ended before are gone from it. Lookups are linear; a machine has
 * hundreds of agents, not millions. Fails by NULL where memory is short.
 */
#include "broker/registry.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/clock.h"

void registry_init(struct registry *registry)
{
	*registry = (struct registry){0};
	TAILQ_INIT(&registry->sessions);
}

static void session_free(struct session *session)
{
	free(session->name);
	free(session->profile);
	free(session->agent_user);
	free(session->command);
	free(session->creator);
	free(session);
}

static void ended_free(struct ended_session *ended)
{
	free(ended->name);
	free(ended->how);
	*ended = (struct ended_session){0};
}

void registry_free(struct registry *registry)
{
	struct session *session;

	while ((session = TAILQ_FIRST(&registry->sessions)))
		registry_remove(registry, session, NULL);
	for (unsigned i = 0; i < REGISTRY_ENDED_MAX; i++)
		ended_free(&registry->ended[i]);
}

struct session *registry_add(struct registry *registry, const struct session_facts *facts)
{
	struct session *session = calloc(1, sizeof(*session)), *after;

	if (!session)
		return NULL;
	session->id = facts->id;
	uuid_format(&facts->id, session->id_text);
	session->name = strdup(facts->name);
	session->profile = strdup(facts->profile);
	session->agent_user = strdup(facts->agent_user);
	session->command = strdup(facts->command);
	session->creator = strdup(facts->creator);
	session->creator_uid = facts->creator_uid;
	session->created_us = facts->created_us;
	session->creator_waits = WAITER_NONE;
	if (!session->name || !session->profile || !session->agent_user || !session->command ||
	    !session->creator) {
		session_free(session);
		return NULL;
	}

	/* After a restart they come in any order. */
	TAILQ_FOREACH_REVERSE(after, &registry->sessions, session_list, entry)
	if (after->created_us <= session->created_us)
		break;
	if (after)
		TAILQ_INSERT_AFTER(&registry->sessions, after, session, entry);
	else
		TAILQ_INSERT_HEAD(&registry->sessions, session, entry);
	registry->count++;
	return session;
}

void registry_remove(struct registry *registry, struct session *session, const char *how)
{
	TAILQ_REMOVE(&registry->sessions, session, entry);
	registry->count--;
	if (how) {
		struct ended_session *ended = &registry->ended[registry->ended_next];

		registry->ended_next = (registry->ended_next + 1) % REGISTRY_ENDED_MAX;
		ended_free(ended);
		memcpy(ended->id_text, session->id_text, sizeof(ended->id_text));
		ended->name = session->name;
		session->name = NULL;
		ended->how = strdup(how);
		ended->ended_us = clock_realtime_us();
	}
	session_free(session);
}

struct session *registry_by_id(const struct registry *registry, const struct uuid *id)
{
	struct session *session;

	TAILQ_FOREACH (session, &registry->sessions, entry)
		if (uuid_equal(&session->id, id))
			return session;
	return NULL;
}

struct session *registry_by_name(const struct registry *registry, const char *name)
{
	struct session *session;

	if (!*name)
		return NULL;
	TAILQ_FOREACH (session, &registry->sessions, entry)
		if (!strcmp(session->name, name))
			return session;
	return NULL;
}

static bool has_prefix(const char *id_text, const char *prefix)
{
	return *prefix && !strncasecmp(id_text, prefix, strlen(prefix));
}

enum registry_match registry_find(const struct registry *registry, const char *wanted,
				  struct session **ret)
{
	struct session *session, *found = NULL;
	struct uuid id;

	if (uuid_parse(wanted, &id)) {
		found = registry_by_id(registry, &id);
	} else if (!(found = registry_by_name(registry, wanted))) {
		TAILQ_FOREACH (session, &registry->sessions, entry) {
			if (!has_prefix(session->id_text, wanted))
				continue;
			if (found)
				return REGISTRY_MANY;
			found = session;
		}
	}
	if (!found)
		return REGISTRY_NONE;
	*ret = found;
	return REGISTRY_ONE;
}

void registry_put_candidates(const struct registry *registry, const char *prefix, struct str *out)
{
	const struct session *session;
	unsigned listed = 0, more = 0;

	TAILQ_FOREACH (session, &registry->sessions, entry) {
		if (!has_prefix(session->id_text, prefix))
			continue;
		if (listed == REGISTRY_CANDIDATES_MAX) {
			more++;
			continue;
		}
		str_append_format(out, "%s%s", listed++ ? ", " : "", session->id_text);
		if (*session->name)
			str_append_format(out, " (%s)", session->name);
	}
	if (more)
		str_append_format(out, " and %u more", more);
}

const struct ended_session *registry_find_ended(const struct registry *registry, const char *wanted)
{
	for (unsigned back = 1; back <= REGISTRY_ENDED_MAX; back++) {
		const struct ended_session *ended =
			&registry->ended[(registry->ended_next + REGISTRY_ENDED_MAX - back) %
					 REGISTRY_ENDED_MAX];

		if (!ended->name)
			return NULL;
		if (!strcmp(ended->name, wanted) || has_prefix(ended->id_text, wanted))
			return ended;
	}
	return NULL;
}
