/* The parts of aaau-server doctor: each check looks at one thing and reports what it found. */
#ifndef AAAU_SERVER_DOCTOR_H
#define AAAU_SERVER_DOCTOR_H

#include <stdbool.h>

#include "server/config.h"
#include "server/run-options.h"
#include "util/str.h"

struct doctor {
	const struct run_options *options;
	struct config config;
	bool configured;  /* config could be read; else only checks that need none are made */
	const char *what; /* the check that is being made, for the report */
	unsigned failures, warnings;
};

/* One line of the report. */
void doctor_ok(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void doctor_warn(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void doctor_fail(struct doctor *doctor, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Below it: a command, or a short advice. */
void doctor_remedy(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* doctor-accounts.c */
void doctor_groups(struct doctor *doctor);
void doctor_service_user(struct doctor *doctor);
void doctor_agent_users(struct doctor *doctor);
void doctor_homes(struct doctor *doctor);
void doctor_sudo(struct doctor *doctor);

/* doctor-files.c */
void doctor_configuration(struct doctor *doctor);
void doctor_resolution(struct doctor *doctor);
void doctor_socket(struct doctor *doctor);
void doctor_log_dir(struct doctor *doctor);
void doctor_runtime_dir(struct doctor *doctor);
void doctor_programs(struct doctor *doctor);
void doctor_server(struct doctor *doctor);

/* doctor-kernel.c */
void doctor_cgroup(struct doctor *doctor);
void doctor_kernel(struct doctor *doctor);
void doctor_sysctls(struct doctor *doctor);

#endif
