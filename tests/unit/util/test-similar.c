/* Likeness of names: what is suggested to who mistyped one. */
#include <cmocka.h>
#include <string.h>

#include "util/similar.h"

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} cases[] = {
		{"", "", 0},
		{"a", "", 1},
		{"", "abc", 3},
		{"same", "same", 0},
		{"socket", "sokcet", 1},
		{"user", "usr", 1},
		{"group", "groups", 1},
		{"kitten", "sitting", 3},
		{"ab", "ba", 1},
		{"abc", "cab", 2},
		{"claude", "codex", 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(similar_distance(cases[i].a, cases[i].b), cases[i].distance);
		assert_int_equal(similar_distance(cases[i].b, cases[i].a), cases[i].distance);
	}
}

static void test_long_words(void **state)
{
	char a[5000], b[5000];

	(void)state;
	memset(a, 'a', sizeof a - 1);
	memset(b, 'b', sizeof b - 1);
	a[sizeof a - 1] = b[sizeof b - 1] = '\0';
	assert_int_equal(similar_distance(a, a), 0);
	assert_int_equal(similar_distance(a, b), 64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_long_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
