/* Compiles a process's rules into a seccomp filter, at build time.
 *
 * Building a filter with libseccomp takes most of a millisecond, which would be paid by every
 * session; so it is done here, once, and what comes out is a C header with the finished program.
 * This program runs in the build alone, trusts the source tree, and fails the build with a
 * message.
 *
 *     seccomp-compile ARCHITECTURE NAME OUTPUT
 *
 * ARCHITECTURE is libseccomp's name of it, NAME that of the array. It is compiled once for each
 * process with SANDBOX_RULES set to its rules file, a list of
 *
 *     RULE(syscall, "why")
 *     RULE_ARG32(syscall, argument_index, CONSTANT, "why")
 *
 * Everything else kills the process, and so does another architecture's call. RULE_ARG32 compares
 * the low 32 bits: the kernel reads an ioctl's request so, and a filter that compared all 64 would
 * let a forbidden request pass with a high bit set. Several for one call are alternatives.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Where the constants of rules come from. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

struct rule {
	const char *syscall;
	int argument; /* or -1: whatever the arguments */
	uint32_t value;
	const char *why;
};

#define RULE(syscall, why) {#syscall, -1, 0, why},
#define RULE_ARG32(syscall, argument, value, why) {#syscall, argument, (uint32_t)(value), why},
static const struct rule rules[] = {
#include SANDBOX_RULES
};

static int add_rule(scmp_filter_ctx filter, const struct rule *rule)
{
	int number = seccomp_syscall_resolve_name(rule->syscall);

	if (number == __NR_SCMP_ERROR) {
		fprintf(stderr, "seccomp-compile: no such system call: %s\n", rule->syscall);
		return -EINVAL;
	}
	if (rule->why[0] == '\0') {
		fprintf(stderr, "seccomp-compile: %s: the rule does not say why\n", rule->syscall);
		return -EINVAL;
	}
	/* A call that this architecture does not have is no error: the rule stays out. */
	int r;
	if (rule->argument < 0) {
		r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	} else {
		struct scmp_arg_cmp compare = SCMP_CMP64(
			(unsigned)rule->argument, SCMP_CMP_MASKED_EQ, UINT32_MAX, rule->value);
		r = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
	}
	if (r < 0)
		fprintf(stderr, "seccomp-compile: %s: %s\n", rule->syscall, strerror(-r));
	return r;
}

/* The filter's only architecture is the one that the programs are built for. */
static int set_architecture(scmp_filter_ctx filter, const char *name)
{
	uint32_t architecture = seccomp_arch_resolve_name(name);
	int r;

	if (architecture == 0) {
		fprintf(stderr, "seccomp-compile: libseccomp knows no architecture %s\n", name);
		return -EINVAL;
	}
	if (architecture == seccomp_arch_native())
		return 0;
	r = seccomp_arch_add(filter, architecture);
	return r < 0 ? r : seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
}

static int build(scmp_filter_ctx filter, const char *architecture)
{
	int r;

	if ((r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS)) < 0 ||
	    /* A binary tree: some ten comparisons for any call, instead of one for each rule. */
	    (r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2)) < 0 ||
	    (r = set_architecture(filter, architecture)) < 0)
		return r;
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if ((r = add_rule(filter, &rules[i])) < 0)
			return r;
	return 0;
}

static int print(FILE *out, const char *name, const struct sock_filter *program, size_t length)
{
	fprintf(out, "/* Made by tools/seccomp-compile.c from %s. */\n", SANDBOX_RULES);
	fprintf(out, "#include <linux/filter.h>\n\n");
	fprintf(out, "static const struct sock_filter %s[%zu] = {\n", name, length);
	for (size_t i = 0; i < length; i++)
		fprintf(out, "\t{0x%04x, 0x%02x, 0x%02x, 0x%08x},\n", program[i].code,
			program[i].jt, program[i].jf, program[i].k);
	fprintf(out, "};\n");
	return ferror(out) ? -EIO : 0;
}

/* libseccomp writes to descriptors alone: a memory file in between. */
static int export(scmp_filter_ctx filter, const char *name, FILE *out)
{
	static struct sock_filter program[BPF_MAXINSNS];
	int fd = memfd_create("filter", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	int r = seccomp_export_bpf(filter, fd);
	if (r == 0) {
		ssize_t n = pread(fd, program, sizeof program, 0);
		if (n <= 0 || n % (ssize_t)sizeof program[0] != 0)
			r = n < 0 ? -errno : -EIO;
		else
			r = print(out, name, program, (size_t)n / sizeof program[0]);
	}
	close(fd);
	return r;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: seccomp-compile ARCHITECTURE NAME OUTPUT\n");
		return 1;
	}
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	FILE *out = fopen(argv[3], "w");
	int r = filter && out ? build(filter, argv[1]) : -ENOMEM;
	if (r == 0)
		r = export(filter, argv[2], out);
	if (out && fclose(out) != 0 && r == 0)
		r = -errno;
	if (filter)
		seccomp_release(filter);
	if (r < 0) {
		fprintf(stderr, "seccomp-compile: %s: %s\n", argv[3], strerror(-r));
		remove(argv[3]);
		return 1;
	}
	return 0;
}
