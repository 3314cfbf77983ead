/* Columns and cluster boundaries; with the Unicode Character Database at hand, all of its own tests. */
#include "term-test.h"
#include "term/width.h"

static void columns(void **state)
{
	static const struct {
		uint32_t cp;
		unsigned columns;
	} known[] = {
		{'a', 1},     {0xe9, 1},    {0xad, 1},    {0x300, 0},   {0x3b1, 1},    {0x1100, 2},
		{0x1160, 0},  {0x200b, 0},  {0x200d, 0},  {0x2028, 0},  {0x231a, 2},   {0x2500, 1},
		{0x2764, 1},  {0x4e00, 2},  {0x9fff, 2},  {0xac00, 2},  {0xfe0f, 0},   {0xfeff, 0},
		{0xff21, 2},  {0xfffd, 1},  {0x1f1e6, 1}, {0x1f600, 2}, {0x1f3fb, 2},  {0x20000, 2},
		{0x3fffd, 2}, {0xe0001, 0}, {0xe0100, 0}, {0xf0000, 1}, {0x10ffff, 1},
	};

	(void)state;
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
		if (width_columns(width_lookup(known[i].cp)) != known[i].columns)
			fail_msg("U+%04X", known[i].cp);
	}
}

/* A line of GraphemeBreakTest.txt: "÷ 0020 × 0308 ÷ 0020 ÷". */
static void expect_breaks(const char *line)
{
	uint32_t cluster[64];
	size_t n = 0;
	const char *at = line;

	while (*at && *at != '#' && *at != '\n') {
		bool joined = strncmp(at, "×", strlen("×")) == 0;
		char *end;
		at += strcspn(at, " \t");
		at += strspn(at, " \t");
		unsigned long cp = strtoul(at, &end, 16);
		if (end == at)
			return;
		/* Controls never reach a cell. */
		if (cp == '\r' || cp == '\n' || cp < 0x20)
			return;
		if (n > 0 && width_joins(cluster, n, (uint32_t)cp) != joined)
			fail_msg("%.60s", line);
		if (!joined)
			n = 0;
		cluster[n++] = (uint32_t)cp;
		at = end + strspn(end, " \t");
	}
}

static void clusters(void **state)
{
	static const char *const known[] = {
		"÷ 0020 ÷ 0020 ÷",
		"÷ 0061 × 0301 ÷ 0062 ÷",
		"÷ 1F469 × 200D × 1F467 ÷ 1F467 ÷",
		"÷ 0061 × 200D ÷ 1F467 ÷",
		"÷ 1F1E9 × 1F1EA ÷ 1F1EB × 1F1F7 ÷",
		"÷ 1100 × 1161 × 11A8 ÷ 1100 ÷",
		"÷ AC00 × 11A8 ÷ 1160 ÷",
		"÷ 0600 × 0020 ÷",
		"÷ 0915 × 0903 ÷ 0915 ÷",
		"÷ 1F44D × 1F3FD ÷",
		"÷ 2764 × FE0F × 200D × 1F525 ÷",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof known / sizeof *known; i++)
		expect_breaks(known[i]);
	FILE *file = fopen("/usr/share/unicode/auxiliary/GraphemeBreakTest.txt", "r");
	char line[1024];
	while (file && fgets(line, sizeof line, file))
		expect_breaks(line);
	if (file)
		fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns),
		cmocka_unit_test(clusters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
