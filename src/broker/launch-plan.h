/* From a profile and a request to what will be run: program, arguments, environment. */
#ifndef AAAU_BROKER_LAUNCH_PLAN_H
#define AAAU_BROKER_LAUNCH_PLAN_H

#include "ipc/broker-config.h"
#include "ipc/launch.h"
#include "protocol/request.h"
#include "util/str.h"

struct launch_plan {
	uint32_t profile; /* index in the configuration */
	struct launch_program program;
	char *command; /* the program and its arguments, shell-quoted, for people */
};

/* The request's agent, or the default profile, in which a program that the client names runs.
 * PROTOCOL_OK, or what is wrong with the request; *ret_message and *ret_remedy then hold texts that
 * the caller frees, or NULL for the error's own. The plan's strings are its own but for path and
 * login_shell, which are the configuration's. */
enum protocol_error launch_plan_make(const struct broker_config *config,
				     const struct request *request, const char *session_id,
				     struct launch_plan *ret, char **ret_message,
				     char **ret_remedy);
void launch_plan_free(struct launch_plan *plan); /* NULL and zeroed are fine */

#endif
