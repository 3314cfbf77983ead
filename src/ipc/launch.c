/* The launch record.
 *
 * The decoder owns the two arrays until it succeeds. It trusts nothing: the record is the broker's
 * word, and its readers are the agent user and the session, never root.
 */
#include "ipc/launch.h"

#include <errno.h>
#include <stdlib.h>

#include "ipc/fields.h"

static void launch_fields(struct fields *f, struct launch *launch)
{
	struct launch_program *program = &launch->program;

	field_texts(f, &program->arguments, LAUNCH_MAX_ARGUMENTS, &program->argument_count);
	field_texts(f, &program->environment, LAUNCH_MAX_ENVIRONMENT, &program->environment_count);
	field_text(f, &program->path);
	field_text(f, &program->login_shell);
	field_uuid(f, &launch->id);
	field_text(f, &launch->name);
	field_text(f, &launch->profile);
	field_text(f, &launch->agent_user);
	field_text(f, &launch->agent_home);
	field_u32(f, &launch->creator_uid);
	field_text(f, &launch->creator);
	field_u16(f, &launch->rows);
	field_u16(f, &launch->columns);
	field_u32(f, &launch->ring_size);
	field_u32(f, &launch->operator_patience_ms);
	field_u64(f, &launch->created_us);
}

void launch_encode(struct str *out, const struct launch *launch)
{
	struct launch copy = *launch;
	struct fields f;

	fields_encode(&f, out);
	launch_fields(&f, &copy);
}

int launch_decode(const void *data, size_t length, struct launch *ret)
{
	struct launch launch = {0};
	struct fields f;
	int error;

	if (length > LAUNCH_MAX_SIZE)
		return -EBADMSG;
	fields_decode(&f, data, length);
	launch_fields(&f, &launch);
	error = fields_end(&f);
	if (!error && !launch.program.argument_count)
		error = -EBADMSG;
	if (error) {
		launch_free(&launch);
		return error;
	}
	*ret = launch;
	return 0;
}

void launch_free(struct launch *launch)
{
	if (!launch)
		return;
	free(launch->program.arguments);
	free(launch->program.environment);
	*launch = (struct launch){0};
}
