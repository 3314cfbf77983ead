/* The broker's configuration.
 *
 * The decoder owns the arrays until it succeeds; strings stay in the caller's bytes. The writer is
 * root, but the reader is as strict as with everybody: one codec, one habit.
 */
#include "ipc/broker-config.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/fields.h"
#include "ipc/launch.h"
#include "ipc/monitor-config.h"

static void profile_fields(struct fields *f, struct broker_profile *profile)
{
	field_text(f, &profile->name);
	field_u32(f, &profile->uid);
	field_text(f, &profile->user);
	field_text(f, &profile->home);
	field_text(f, &profile->shell);
	field_text(f, &profile->program);
	field_texts(f, &profile->args, LAUNCH_MAX_ARGUMENTS, NULL);
	field_texts(f, &profile->env, LAUNCH_MAX_ENVIRONMENT, NULL);
	field_text(f, &profile->path);
	field_bool(f, &profile->login_shell);
	field_bool(f, &profile->alias);
}

/* Numbers, flags, lengths and NULs of a profile in which every text is empty. */
#define PROFILE_MIN_SIZE 44

static void config_fields(struct fields *f, struct broker_config *config)
{
	field_text(f, &config->socket_path);
	field_u32(f, &config->authorized_gid);
	field_text(f, &config->authorized_group);
	field_u32(f, &config->admin_gid);
	field_u32(f, &config->readonly_gid);
	field_u32(f, &config->service_uid);
	field_u32(f, &config->handshake_timeout_ms);
	field_u32(f, &config->max_sessions);
	field_u32(f, &config->ring_size);
	field_u32(f, &config->operator_patience_ms);
	field_texts(f, &config->env_keep, LAUNCH_MAX_ENVIRONMENT, NULL);

	field_count(f, &config->profile_count, MONITOR_CONFIG_MAX_PROFILES, PROFILE_MIN_SIZE);
	if (!f->out) {
		config->profiles =
			calloc((size_t)config->profile_count + 1, sizeof(*config->profiles));
		if (!config->profiles) {
			f->error = -ENOMEM;
			config->profile_count = 0;
		}
	}
	for (uint32_t i = 0; i < config->profile_count; i++)
		profile_fields(f, &config->profiles[i]);
}

void broker_config_encode(struct str *out, const struct broker_config *config)
{
	struct broker_config copy = *config;
	struct fields f;

	fields_encode(&f, out);
	config_fields(&f, &copy);
}

int broker_config_decode(const void *data, size_t length, struct broker_config *ret)
{
	struct broker_config config = {0};
	struct fields f;
	int error;

	if (length > BROKER_CONFIG_MAX_SIZE)
		return -EBADMSG;
	fields_decode(&f, data, length);
	config_fields(&f, &config);
	error = fields_end(&f);
	/* profiles[0] is the default: there is always one. */
	if (!error && !config.profile_count)
		error = -EBADMSG;
	if (error) {
		broker_config_free(&config);
		return error;
	}
	*ret = config;
	return 0;
}

void broker_config_free(struct broker_config *config)
{
	if (!config)
		return;
	for (uint32_t i = 0; i < config->profile_count; i++) {
		free(config->profiles[i].args);
		free(config->profiles[i].env);
	}
	free(config->profiles);
	free(config->env_keep);
	*config = (struct broker_config){0};
}
