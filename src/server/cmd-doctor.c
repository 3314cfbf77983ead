/* aaau-server doctor: is this installation as it should be?
 *
 * One table of checks. Changes nothing; trusts nothing it looks at. Exits 1 if a check failed, 0 if
 * all is well or there are warnings only. Takes the options of `run`, to look at what a server with
 * the same options would use.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/commands.h"
#include "server/doctor.h"

static const struct {
	const char *what;
	void (*check)(struct doctor *doctor);
	bool needs_configuration;
} checks[] = {
	{"configuration", doctor_configuration, false},
	{"programs", doctor_programs, false},
	{"kernel", doctor_kernel, false},
	{"sysctl", doctor_sysctls, false},
	{"cgroup", doctor_cgroup, true},
	{"groups", doctor_groups, true},
	{"service user", doctor_service_user, true},
	{"agent users", doctor_agent_users, true},
	{"sudo", doctor_sudo, true},
	{"homes", doctor_homes, true},
	{"log directory", doctor_log_dir, true},
	{"runtime directory", doctor_runtime_dir, true},
	{"socket", doctor_socket, true},
	{"profiles", doctor_resolution, true},
	{"server", doctor_server, true},
};

static const char help[] =
	"usage: aaau-server doctor [OPTION]...\n\n"
	"Checks an installation and names each defect with its remedy. Takes the options of\n"
	"`aaau-server run` and looks at what a server with the same ones would use.\n"
	"Exits 1 if something is wrong, 0 if all is well or there are only warnings.\n";

static void report(const struct doctor *doctor, const char *state, const char *format,
		   va_list arguments) __attribute__((format(printf, 3, 0)));
static void report(const struct doctor *doctor, const char *state, const char *format,
		   va_list arguments)
{
	printf("%-5s %-18s ", state, doctor->what);
	vprintf(format, arguments);
	putchar('\n');
}

void doctor_ok(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report(doctor, "ok", format, arguments);
	va_end(arguments);
}

void doctor_warn(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	doctor->warnings++;
	va_start(arguments, format);
	report(doctor, "warn", format, arguments);
	va_end(arguments);
}

void doctor_fail(struct doctor *doctor, const char *format, ...)
{
	va_list arguments;

	doctor->failures++;
	va_start(arguments, format);
	report(doctor, "FAIL", format, arguments);
	va_end(arguments);
}

void doctor_remedy(const char *format, ...)
{
	va_list arguments;

	printf("%-24s -> ", "");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

int cmd_doctor(int argc, char **argv)
{
	cleanup_str struct str why = {0};
	struct run_options options;
	struct doctor doctor = {.options = &options};

	if (run_options_parse(&options, argc, argv, &why) < 0) {
		say(why.data);
		return EXIT_USAGE;
	}
	if (options.daemon || options.reload || options.check) {
		say("doctor: only options that say what to look at make sense here");
		run_options_free(&options);
		return EXIT_USAGE;
	}
	if (options.help) {
		fputs(help, stdout);
		run_options_free(&options);
		return 0;
	}

	if (geteuid() != 0)
		printf("note  not root: what only root can see is told as it looks from here\n");
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		doctor.what = checks[i].what;
		if (doctor.configured || !checks[i].needs_configuration)
			checks[i].check(&doctor);
	}
	printf("\n%u failure%s, %u warning%s\n", doctor.failures, doctor.failures == 1 ? "" : "s",
	       doctor.warnings, doctor.warnings == 1 ? "" : "s");
	config_free(&doctor.config);
	run_options_free(&options);
	return doctor.failures > 0;
}
