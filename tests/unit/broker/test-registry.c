/* Finding sessions by id, prefix and name; the ones that ended. */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "broker/registry.h"

static struct registry registry;

static int set_up(void **state)
{
	(void)state;
	registry_init(&registry);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	registry_free(&registry);
	return 0;
}

static struct session *add(const char *id, const char *name, uint64_t created_us)
{
	struct session_facts facts = {
		.name = name,
		.profile = "default",
		.agent_user = "agent",
		.command = "bash",
		.creator = "alice",
		.creator_uid = 1000,
		.created_us = created_us,
	};

	assert_true(uuid_parse(id, &facts.id));
	return registry_add(&registry, &facts);
}

#define A "aaaa0000-0000-4000-8000-000000000001"
#define B "aaaa1111-0000-4000-8000-000000000002"
#define C "cccc0000-0000-4000-8000-000000000003"

static void expect(const char *wanted, const struct session *session)
{
	struct session *found = NULL;

	assert_int_equal(registry_find(&registry, wanted, &found),
			 session ? REGISTRY_ONE : REGISTRY_NONE);
	assert_ptr_equal(found, session);
}

static void lookups(void **state)
{
	struct session *a = add(A, "", 1), *b = add(B, "work", 2), *c = add(C, "fix.1", 3);
	struct session *found = NULL;

	(void)state;
	expect(A, a);
	expect("AAAA1111-0000-4000-8000-000000000002", b);
	expect("aaaa0", a);
	expect("AAAA1", b);
	expect("c", c);
	expect("work", b);
	expect("fix.1", c);
	expect("wor", NULL);  /* names have no prefixes */
	expect("Work", NULL); /* and are exact */
	expect("", NULL);     /* neither a prefix of all nor the nameless one's name */
	expect("d", NULL);
	expect("cccc0000-0000-4000-8000-000000000004", NULL);
	assert_int_equal(registry_find(&registry, "aaaa", &found), REGISTRY_MANY);
	assert_null(found);
}

static void a_name_goes_before_a_prefix(void **state)
{
	struct session *named = add(A, "cccc", 1);

	(void)state;
	/* No request can make such a name; should one be there, exact wins. */
	add(C, "", 2);
	expect("cccc", named);
	expect("ccc", registry_by_id(&registry, &TAILQ_LAST(&registry.sessions, session_list)->id));
}

static void candidates(void **state)
{
	cleanup_str struct str out = {0};
	char id[UUID_TEXT_SIZE];

	(void)state;
	add(A, "", 1);
	add(B, "work", 2);
	add(C, "", 3);
	registry_put_candidates(&registry, "aa", &out);
	assert_string_equal(out.data, A ", " B " (work)");

	for (int i = 0; i < 7; i++) {
		snprintf(id, sizeof(id), "dddd000%d-0000-4000-8000-000000000001", i);
		add(id, "", 10);
	}
	str_clear(&out);
	registry_put_candidates(&registry, "dd", &out);
	assert_non_null(strstr(out.data, "dddd0004-"));
	assert_null(strstr(out.data, "dddd0005-"));
	assert_non_null(strstr(out.data, " and 2 more"));
}

static void order_is_of_creation(void **state)
{
	(void)state;
	add(C, "", 30);
	add(A, "", 10);
	add(B, "", 20);
	assert_string_equal(TAILQ_FIRST(&registry.sessions)->id_text, A);
	assert_string_equal(TAILQ_LAST(&registry.sessions, session_list)->id_text, C);
	assert_int_equal(registry.count, 3);
}

static void the_ended_are_remembered(void **state)
{
	const struct ended_session *ended;
	char id[UUID_TEXT_SIZE];

	(void)state;
	assert_null(registry_find_ended(&registry, "a"));
	registry_remove(&registry, add(A, "work", 1), "exited with status 0");
	registry_remove(&registry, add(B, "work", 2), "killed by root");
	registry_remove(&registry, add(C, "", 3), NULL);

	ended = registry_find_ended(&registry, "work");
	assert_non_null(ended);
	assert_string_equal(ended->id_text, B); /* the last one of that name */
	assert_string_equal(ended->how, "killed by root");
	assert_string_equal(registry_find_ended(&registry, "aaaa0")->id_text, A);
	assert_string_equal(registry_find_ended(&registry, A)->how, "exited with status 0");
	assert_null(registry_find_ended(&registry, C));
	assert_null(registry_find_ended(&registry, ""));

	for (int i = 0; i < REGISTRY_ENDED_MAX; i++) {
		snprintf(id, sizeof(id), "eeee00%02d-0000-4000-8000-000000000001", i);
		registry_remove(&registry, add(id, "", 1), "x");
	}
	assert_null(registry_find_ended(&registry, A));
	assert_non_null(registry_find_ended(&registry, "eeee0000"));
	assert_non_null(registry_find_ended(&registry, "eeee0063"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lookups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_name_goes_before_a_prefix, set_up, tear_down),
		cmocka_unit_test_setup_teardown(candidates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(order_is_of_creation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_ended_are_remembered, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
