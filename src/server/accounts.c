/* Adding and deleting users and groups.
 *
 * The tools of the shadow suite do it. Trusts what they say by their exit status; their words are
 * passed on when they fail. They lock the user database and give up where another has it, so they
 * are asked again for a while.
 */
#include "server/accounts.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "server/problem.h"
#include "server/spawn-tool.h"

#define ATTEMPTS 50

static int run_tool(const char *const *arguments, struct str *why)
{
	/* The lock is a file's, there is nothing to wait on. */
	const struct timespec pause = {.tv_nsec = 100000000};

	for (unsigned attempt = 1;; attempt++) {
		cleanup_str struct str words = {0};
		int status = spawn_tool(arguments, &words);
		const char *said = words.length ? words.data : "it gave no reason";
		if (status == 0)
			return 0;
		if (status == -ENOENT)
			return problem(why, "%s is not installed (package passwd or shadow)",
				       arguments[0]);
		if (status < 0)
			return problem(why, "cannot run %s: %s", arguments[0], strerror(-status));
		if (!strstr(said, "try again later") || attempt == ATTEMPTS)
			return problem(why, "%s failed: %s", arguments[0], said);
		nanosleep(&pause, NULL);
	}
}

int accounts_add_group(const char *name, struct str *why)
{
	const char *const arguments[] = {"groupadd", "--system", "--", name, NULL};

	return run_tool(arguments, why);
}

int accounts_add_user(const struct new_user *user, struct str *why)
{
	const char *const arguments[] = {"useradd",   "--system",   "--no-create-home", "--gid",
					 user->group, "--home-dir", user->home,         "--shell",
					 user->shell, "--comment",  user->comment,      "--",
					 user->name,  NULL};

	return run_tool(arguments, why);
}

int accounts_delete_user(const char *name, struct str *why)
{
	const char *const arguments[] = {"userdel", "--", name, NULL};

	return run_tool(arguments, why);
}

int accounts_delete_group(const char *name, struct str *why)
{
	const char *const arguments[] = {"groupdel", "--", name, NULL};

	return run_tool(arguments, why);
}
