/* Columns, widths, and short forms. */
#include <cmocka.h>
#include <string.h>

#include "cli/say.h"
#include "cli/table.h"

static void test_columns(void **state)
{
	static const char *const cells[] = {"ID",   "NAME",   "COMMAND",   "1",
					    "日本", "cat -v", "22",        "",
					    "",     "3",      "e\314\201", "世界世界世"};
	cleanup_str struct str out = {0};

	(void)state;
	table_put(&out, cells, 4, 3, 0);
	assert_string_equal(out.data, "ID  NAME  COMMAND\n"
				      "1   日本  cat -v\n"
				      "22\n"
				      "3   e\314\201     世界世界世\n");
	str_clear(&out);
	table_put(&out, cells, 4, 3, 14);
	assert_string_equal(out.data, "ID  NAME  COM…\n"
				      "1   日本  cat…\n"
				      "22\n"
				      "3   e\314\201     世…\n");
	str_clear(&out);
	table_put(&out, cells, 4, 3, 10); /* no room at all */
	assert_string_equal(out.data, "ID  NAME\n1   日本\n22\n3   e\314\201\n");
}

static void test_durations(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {{0, "0s"},    {59, "59s"},    {60, "1m"},    {3599, "59m"},
		     {3600, "1h"}, {86399, "23h"}, {86400, "1d"}, {UINT64_MAX, "213503982334601d"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_str struct str out = {0};
		table_put_duration(&out, cases[i].seconds);
		assert_string_equal(out.data, cases[i].text);
	}
}

static void test_bytes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {{0, "0 B"},           {1023, "1023 B"},         {1024, "1.0 KiB"},
		     {1048575, "1.0 MiB"}, {1536 * 1024, "1.5 MiB"}, {UINT64_MAX, "16.0 EiB"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_str struct str out = {0};
		table_put_bytes(&out, cases[i].bytes);
		assert_string_equal(out.data, cases[i].text);
	}
}

/* Nothing that others chose may drive the terminal. */
static void test_printable(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {{"plain żółć 日本", "plain żółć 日本"},
		     {"\033[31m\a\r\n\t\177", "?[31m?????"},
		     {"\302\2331m", "?1m"}, /* U+009B, CSI in one character */
		     {"\302\240x", "\302\240x"},
		     {"\233\377x\303", "??x?"},
		     {"", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cleanup_str struct str out = {0};
		str_append_text(&out, "");
		say_printable(&out, cases[i].text);
		assert_string_equal(out.data ? out.data : "", cases[i].printed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
