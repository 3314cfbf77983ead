#include <cmocka.h>
#include <ctype.h>
#include <string.h>

#include "util/uuid.h"

static void test_generated_are_version_4_and_differ(void **state)
{
	(void)state;
	struct uuid ids[256];
	uint8_t ones[16] = {0}, zeros[16] = {0};

	for (unsigned i = 0; i < 256; i++) {
		assert_int_equal(uuid_generate(&ids[i]), 0);
		assert_true(uuid_is_v4(&ids[i]));
		for (unsigned j = 0; j < i; j++)
			assert_false(uuid_equal(&ids[i], &ids[j]));
		for (unsigned j = 0; j < 16; j++) {
			ones[j] |= ids[i].bytes[j];
			zeros[j] |= (uint8_t)~ids[i].bytes[j];
		}
	}
	/* Every bit but the six of version and variant was both. */
	for (unsigned j = 0; j < 16; j++) {
		assert_int_equal(ones[j], j == 6 ? 0x4f : j == 8 ? 0xbf : 0xff);
		assert_int_equal(zeros[j], j == 6 ? 0xbf : j == 8 ? 0x7f : 0xff);
	}
}

static void test_text(void **state)
{
	(void)state;
	/* The version 4 example of RFC 9562, appendix A.3. */
	static const struct uuid example = {{0x91, 0x91, 0x08, 0xf7, 0x52, 0xd1, 0x43, 0x20, 0x9b,
					     0xac, 0xf8, 0x47, 0xdb, 0x41, 0x48, 0xa8}};
	static const char canonical[] = "919108f7-52d1-4320-9bac-f847db4148a8";
	char text[UUID_TEXT_SIZE];
	struct uuid id = {{0}};

	assert_ptr_equal(uuid_format(&example, text), text);
	assert_string_equal(text, canonical);
	assert_true(uuid_parse(canonical, &id));
	assert_true(uuid_equal(&id, &example));
	assert_true(uuid_is_v4(&id));
	for (char *c = text; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	id = (struct uuid){{0}};
	assert_true(uuid_parse(text, &id));
	assert_true(uuid_equal(&id, &example));
}

static void test_what_is_no_uuid(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"9",
		"919108f7",
		"919108f7-52d1-4320-9bac-f847db4148a",
		"919108f7-52d1-4320-9bac-f847db4148a8a",
		"919108f7-52d1-4320-9bac-f847db4148a8 ",
		" 919108f7-52d1-4320-9bac-f847db4148a8",
		"919108f752d143209bacf847db4148a8",
		"919108f7-52d1-4320-9bac-f847db4148ag",
		"919108f7-52d1-4320-9bac+f847db4148a8",
		"919108f7-52d14-320-9bac-f847db4148a8",
		"{919108f7-52d1-4320-9bac-f847db4148a8}",
		"919108f7-52d1-4320-9bac-f847db4148\xc3\xa9",
		"../../../../../../../etc/passwd-0000",
	};
	struct uuid id = {{7}}, untouched = {{7}};

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (uuid_parse(bad[i], &id))
			fail_msg("taken: %s", bad[i]);
	assert_true(uuid_equal(&id, &untouched));
	assert_true(uuid_parse("ffffffff-ffff-ffff-ffff-ffffffffffff", &id));
	assert_false(uuid_is_v4(&id));
	assert_true(uuid_parse("919108f7-52d1-1320-9bac-f847db4148a8", &id));
	assert_false(uuid_is_v4(&id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generated_are_version_4_and_differ),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_what_is_no_uuid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
