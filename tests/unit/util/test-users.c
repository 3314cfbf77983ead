/* Names and ids, of users that every system has and of some that none has. */
#include <cmocka.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "util/users.h"

static void test_root_by_name_and_uid(void **state)
{
	(void)state;
	struct user by_name, by_uid;

	assert_int_equal(user_by_name("root", &by_name), 0);
	assert_int_equal(by_name.uid, 0);
	assert_int_equal(by_name.gid, 0);
	assert_string_equal(by_name.name, "root");
	assert_int_equal(by_name.home[0], '/');
	assert_int_equal(user_by_uid(0, &by_uid), 0);
	assert_memory_equal(&by_name, &by_uid, sizeof by_name);
}

static void test_groups(void **state)
{
	(void)state;
	gid_t gid = 77;
	char name[256];

	assert_int_equal(group_by_name("root", &gid), 0);
	assert_int_equal(gid, 0);
	assert_int_equal(group_by_gid(0, name), 0);
	assert_string_equal(name, "root");
}

static void test_unknown(void **state)
{
	(void)state;
	struct user user = {.uid = 7};
	gid_t gid = 7;
	char name[256];

	assert_int_equal(user_by_name("no-such-user-here", &user), -ENOENT);
	assert_int_equal(user_by_name("", &user), -ENOENT);
	assert_int_equal(user_by_uid(4000000001u, &user), -ENOENT);
	assert_int_equal(user.uid, 7);
	assert_int_equal(group_by_name("no-such-group-here", &gid), -ENOENT);
	assert_int_equal(gid, 7);
	assert_int_equal(group_by_gid(4000000001u, name), -ENOENT);
}

static void test_a_users_groups(void **state)
{
	(void)state;
	gid_t groups[256];
	unsigned count = 256;

	assert_int_equal(user_groups("root", 12345, groups, &count), 0);
	assert_true(count >= 1);
	assert_int_equal(groups[0], 12345);
	count = 0;
	assert_int_equal(user_groups("root", 12345, groups, &count), -E2BIG);
}

static void test_membership(void **state)
{
	(void)state;
	struct user root;
	gid_t nobody;

	assert_int_equal(user_by_name("root", &root), 0);
	assert_true(user_is_member(&root, 0));
	root.gid = 12345;
	assert_true(user_is_member(&root, 12345));
	assert_false(user_is_member(&root, 4000000001u));
	if (group_by_name("nogroup", &nobody) == 0)
		assert_false(user_is_member(&root, nobody));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_by_name_and_uid),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_a_users_groups),
		cmocka_unit_test(test_membership),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
