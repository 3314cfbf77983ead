/* What root makes and removes in the file system: sockets, locks, lists, trees. Needs root. */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/instance.h"
#include "server/listen.h"
#include "server/manifest.h"
#include "server/paths.h"
#include "server/remove-tree.h"
#include "util/fd.h"

static char top[64]; /* root's, 0755 */

static int setup(void **state)
{
	char template[] = "/tmp/aaau-test-files-XXXXXX";

	(void)state;
	umask(022);
	if (!mkdtemp(template) || chmod(template, 0755) < 0)
		return -1;
	strcpy(top, template);
	return 0;
}

static int teardown(void **state)
{
	int parent = open("/tmp", O_RDONLY | O_DIRECTORY);

	(void)state;
	int error = remove_tree(parent, strrchr(top, '/') + 1);
	close(parent);
	return error;
}

static const char *at(const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[turn], "%s/%s", top, name);
	return path[turn];
}

static void make_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static bool there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* --- sockets */

static int bind_at(const char *path, struct listener *ret, struct str *why)
{
	struct str notes = {0};
	int result = listen_locate(ret, path, &notes, why);

	str_free(&notes);
	return result < 0 ? result : listen_bind(ret, 12345, why);
}

static void test_socket_mode(void **state)
{
	struct listener listener;
	struct str why = {0};
	struct stat st;
	char path[108];

	(void)state;
	umask(0);
	assert_int_equal(bind_at(at("mode.sock"), &listener, &why), 0);
	assert_int_equal(umask(022), 0);
	assert_int_equal(lstat(at("mode.sock"), &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 12345);
	assert_int_equal(listen_check(listener.fd, path, &why), 0);
	assert_string_equal(path, at("mode.sock"));
	listen_close(&listener);
	str_free(&why);
}

static void test_live_socket_is_left(void **state)
{
	struct listener first, second;
	struct str why = {0};

	(void)state;
	assert_int_equal(bind_at(at("live.sock"), &first, &why), 0);
	assert_int_equal(bind_at(at("live.sock"), &second, &why), -1);
	assert_non_null(strstr(why.data, "another program listens"));
	assert_true(there(at("live.sock")));
	listen_close(&second);
	listen_close(&first);

	/* Nobody listens any more. */
	assert_int_equal(bind_at(at("live.sock"), &second, &why), 0);
	listen_close(&second);
	str_free(&why);
}

/* The one who listened ends while we look: that is waited for, not taken for another server. */
static void test_dying_socket_is_waited_for(void **state)
{
	struct listener first, second;
	struct str why = {0};
	int ready[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		if (bind_at(at("dying.sock"), &first, &why) < 0)
			_exit(1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		/* Until the other side has connected. */
		fd_set_nonblocking(first.fd, false);
		int client = accept(first.fd, NULL, NULL);
		_exit(client < 0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(bind_at(at("dying.sock"), &second, &why), 0);
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	listen_close(&second);
	close(ready[0]);
	close(ready[1]);
	str_free(&why);
}

static void test_other_files_are_left(void **state)
{
	struct listener listener;
	struct str why = {0};

	(void)state;
	make_file(at("file.sock"), "precious");
	assert_int_equal(bind_at(at("file.sock"), &listener, &why), -1);
	assert_non_null(strstr(why.data, "is no socket"));
	assert_true(there(at("file.sock")));
	listen_close(&listener);

	assert_int_equal(symlink("/nowhere", at("link.sock")), 0);
	assert_int_equal(bind_at(at("link.sock"), &listener, &why), -1);
	assert_true(there(at("link.sock")));
	listen_close(&listener);
	str_free(&why);
}

static void test_socket_directories(void **state)
{
	struct listener listener;
	struct str why = {0}, notes = {0};
	char long_path[256];

	(void)state;
	assert_int_equal(listen_locate(&listener, at("none/a.sock"), &notes, &why), -1);
	assert_non_null(strstr(why.data, "aaau-server init"));
	memset(long_path, 'a', sizeof long_path);
	memcpy(long_path, "/tmp/", 5);
	long_path[200] = '\0';
	assert_int_equal(listen_locate(&listener, long_path, &notes, &why), -1);
	assert_non_null(strstr(why.data, "107"));

	assert_int_equal(mkdir(at("open"), 0755), 0);
	assert_int_equal(chmod(at("open"), 0777), 0);
	assert_int_equal(listen_locate(&listener, at("open/a.sock"), &notes, &why), -1);
	assert_non_null(strstr(why.data, "chmod o-w"));
	assert_int_equal(chmod(at("open"), 0755), 0);
	assert_int_equal(chown(at("open"), 12345, 0), 0);
	assert_int_equal(listen_locate(&listener, at("open/a.sock"), &notes, &why), -1);
	assert_non_null(strstr(why.data, "12345"));
	assert_int_equal(mkdir(at("open/below"), 0755), 0);
	assert_int_equal(listen_locate(&listener, at("open/below/a.sock"), &notes, &why), -1);
	assert_null(notes.data);
	/* A group of people may write there, as the original's instructions have it: only a note. */
	assert_int_equal(chown(at("open"), 0, 12345), 0);
	assert_int_equal(chmod(at("open"), 0775), 0);
	assert_int_equal(listen_locate(&listener, at("open/a.sock"), &notes, &why), 0);
	assert_non_null(strstr(notes.data, "chmod g-w"));
	listen_close(&listener);

	/* The name that counts is the real one. */
	assert_int_equal(symlink(at("open"), at("alias")), 0);
	assert_int_equal(listen_locate(&listener, at("alias/a.sock"), &notes, &why), 0);
	assert_string_equal(listener.real, at("open/a.sock"));
	assert_string_equal(listener.name, "a.sock");
	listen_close(&listener);
	str_free(&why);
	str_free(&notes);
}

static void test_what_is_no_listening_socket(void **state)
{
	struct str why = {0};
	char path[108];
	int ends[2];

	(void)state;
	assert_int_equal(listen_check(-1, path, &why), -1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	assert_int_equal(listen_check(ends[0], path, &why), -1);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(listen_check(ends[0], path, &why), -1);
	close(ends[0]);
	close(ends[1]);
	str_free(&why);
}

/* --- instances */

static void test_instance_name(void **state)
{
	char name[INSTANCE_NAME_SIZE];

	(void)state;
	instance_name("/run/aaau.sock", name);
	assert_string_equal(name, "run-aaau.sock");
	instance_name("/a/b c/d", name);
	assert_string_equal(name, "a-b c-d");
}

static void test_instance_directory(void **state)
{
	struct str why = {0};
	struct stat st;

	(void)state;
	cleanup_fd int fd = instance_open(at("run/deep"), "x", &why);
	assert_true(fd >= 0);
	cleanup_fd int sessions = instance_open_sessions(fd, "x", 12345, 12346, &why);
	assert_true(sessions >= 0);
	assert_int_equal(fstat(sessions, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, 12346);
	/* A second start finds them. */
	cleanup_fd int again = instance_open(at("run/deep"), "x", &why);
	cleanup_fd int sessions_again = instance_open_sessions(again, "x", 12345, 12346, &why);
	assert_true(sessions_again >= 0);

	/* Somebody else's is refused, and so is a link. */
	assert_int_equal(instance_open_sessions(fd, "x", 999, 999, &why), -1);
	assert_int_equal(chmod(at("run/deep/x"), 0777), 0);
	assert_int_equal(instance_open(at("run/deep"), "x", &why), -1);
	assert_int_equal(symlink("/tmp", at("run/deep/link")), 0);
	assert_int_equal(instance_open(at("run/deep"), "link", &why), -1);

	/* The runtime directory is the server's own to close to a group, not to everybody. */
	assert_int_equal(chown(at("run/deep"), 0, 12345), 0);
	assert_int_equal(chmod(at("run/deep"), 0775), 0);
	cleanup_fd int closed = instance_open(at("run/deep"), "y", &why);
	assert_true(closed >= 0);
	assert_int_equal(stat(at("run/deep"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(instance_open("/tmp", "y", &why), -1);
	str_free(&why);
}

static void test_lock(void **state)
{
	struct str why = {0};
	char holder[32];
	pid_t pid = 0;
	struct stat st;

	(void)state;
	cleanup_fd int directory = instance_open(at("locks"), "x", &why);
	int lock = instance_lock(directory, NULL, &why);
	assert_true(lock >= 0);
	instance_write_pid(lock);
	assert_int_equal(fstat(lock, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	assert_int_equal(instance_lock(directory, NULL, &why), -1);
	snprintf(holder, sizeof holder, "pid %d", (int)getpid());
	assert_non_null(strstr(why.data, holder));
	assert_true(instance_is_locked(at("locks/x/lock"), &pid));
	assert_int_equal(pid, getpid());
	/* Another lock file is another lock. */
	cleanup_fd int other = instance_lock(directory, at("other.lock"), &why);
	assert_true(other >= 0);

	/* The lock dies with its descriptor, whatever the file says. */
	fd_close(lock);
	assert_false(instance_is_locked(at("locks/x/lock"), &pid));
	lock = instance_lock(directory, NULL, &why);
	assert_true(lock >= 0);

	/* A lock on a file that is not there any more is none. */
	assert_int_equal(unlink(at("locks/x/lock")), 0);
	cleanup_fd int fresh = instance_lock(directory, NULL, &why);
	assert_true(fresh >= 0);
	fd_close(lock);

	assert_int_equal(symlink(at("victim"), at("locks/x/link")), 0);
	assert_int_equal(instance_lock(directory, "link", &why), -1);
	assert_false(there(at("victim")));
	make_file(at("locks/x/open"), "");
	assert_int_equal(chmod(at("locks/x/open"), 0666), 0);
	assert_int_equal(instance_lock(directory, "open", &why), -1);
	str_free(&why);
}

static void test_instance_removal(void **state)
{
	struct str why = {0};

	(void)state;
	cleanup_fd int directory = instance_open(at("gone"), "x", &why);
	cleanup_fd int sessions = instance_open_sessions(directory, "x", 1, 1, &why);
	cleanup_fd int lock = instance_lock(directory, NULL, &why);
	assert_true(sessions >= 0 && lock >= 0);
	make_file(at("gone/x/sessions/alive"), "");
	instance_remove(at("gone"), "x");
	assert_true(there(at("gone/x/lock")));
	assert_int_equal(unlink(at("gone/x/sessions/alive")), 0);
	instance_remove(at("gone"), "x");
	assert_false(there(at("gone/x")));
	assert_true(there(at("gone")));
	str_free(&why);
}

/* --- what init made */

static void test_manifest(void **state)
{
	struct manifest manifest;
	struct str why = {0};
	struct stat st;

	(void)state;
	assert_int_equal(manifest_open(&manifest, at("state"), false, &why), 0);
	assert_int_equal(manifest.count, 0);
	assert_false(there(at("state")));
	assert_int_equal(manifest_open(&manifest, at("state"), true, &why), 0);
	assert_int_equal(manifest_add(&manifest, MADE_GROUP, "people", 7, &why), 0);
	assert_int_equal(manifest_add(&manifest, MADE_DIRECTORY, "/a b/c", 0, &why), 0);
	assert_int_equal(manifest_add(&manifest, MADE_USER, "bot", 8, &why), 0);
	manifest_close(&manifest);
	assert_int_equal(stat(at("state/made-by-init"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	assert_int_equal(manifest_open(&manifest, at("state"), false, &why), 0);
	assert_int_equal(manifest.count, 3);
	assert_int_equal(manifest.items[0].kind, MADE_GROUP);
	assert_int_equal(manifest.items[0].id, 7);
	assert_string_equal(manifest.items[1].name, "/a b/c");
	/* Somebody else has to wait. */
	cleanup_fd int other = open(at("state"), O_RDONLY | O_DIRECTORY);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(errno, EWOULDBLOCK);
	assert_int_equal(manifest_remove(&manifest, 1, &why), 0);
	assert_int_equal(manifest_remove(&manifest, 1, &why), 0);
	assert_int_equal(manifest_remove(&manifest, 0, &why), 0);
	assert_false(there(at("state/made-by-init")));
	manifest_close(&manifest);
	str_free(&why);
}

static void test_damaged_manifest(void **state)
{
	static const char *const damaged[] = {"group\n",    "group x y\n", "thing 1 x\n",  "\n",
					      "group 1 \n", "user 1\n",    "\0group 1 x\n"};

	(void)state;
	assert_int_equal(mkdir(at("damaged"), 0755), 0);
	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
		struct manifest manifest;
		struct str why = {0};
		FILE *file = fopen(at("damaged/made-by-init"), "w");
		assert_non_null(file);
		fwrite(damaged[i], 1, *damaged[i] ? strlen(damaged[i]) : 12, file);
		fclose(file);
		assert_int_equal(manifest_open(&manifest, at("damaged"), true, &why), -1);
		assert_non_null(strstr(why.data, "damaged"));
		str_free(&why);
	}
}

/* --- trees */

static void test_remove_tree(void **state)
{
	(void)state;
	assert_int_equal(mkdir(at("outside"), 0755), 0);
	make_file(at("outside/kept"), "");
	assert_int_equal(mkdir(at("tree"), 0755), 0);
	assert_int_equal(mkdir(at("tree/a"), 0000), 0);
	assert_int_equal(mkdir(at("tree/a/b"), 0755), 0);
	make_file(at("tree/a/b/.hidden"), "");
	assert_int_equal(symlink(at("outside"), at("tree/a/link")), 0);
	assert_int_equal(symlink("/nowhere", at("tree/dangling")), 0);
	assert_int_equal(mkfifo(at("tree/fifo"), 0600), 0);

	cleanup_fd int parent = open(top, O_RDONLY | O_DIRECTORY);
	assert_int_equal(remove_tree(parent, "tree"), 0);
	assert_false(there(at("tree")));
	assert_true(there(at("outside/kept")));
	/* A link in the place of the tree is not followed. */
	assert_int_equal(symlink(at("outside"), at("tree")), 0);
	assert_true(remove_tree(parent, "tree") < 0);
	assert_true(there(at("outside/kept")));
	assert_int_equal(remove_tree(parent, "none"), -ENOENT);
}

static void test_make_all(void **state)
{
	struct str why = {0};
	struct stat st;

	(void)state;
	assert_int_equal(paths_make_all(at("p/q//r/"), &why), 0);
	assert_int_equal(stat(at("p/q/r"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(paths_make_all("/", &why), 0);
	make_file(at("p/file"), "");
	assert_int_equal(paths_make_all(at("p/file/x"), &why), -1);
	str_free(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_socket_mode),
		cmocka_unit_test(test_live_socket_is_left),
		cmocka_unit_test(test_dying_socket_is_waited_for),
		cmocka_unit_test(test_other_files_are_left),
		cmocka_unit_test(test_socket_directories),
		cmocka_unit_test(test_what_is_no_listening_socket),
		cmocka_unit_test(test_instance_name),
		cmocka_unit_test(test_instance_directory),
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_instance_removal),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_damaged_manifest),
		cmocka_unit_test(test_remove_tree),
		cmocka_unit_test(test_make_all),
	};

	if (geteuid() != 0)
		return 77;
	return cmocka_run_group_tests(tests, setup, teardown);
}
