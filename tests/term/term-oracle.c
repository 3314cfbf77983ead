/* Snapshots of a recording at given offsets, for oracle.mjs: for each offset in turn, the length of
 * the snapshot as a decimal line, then its bytes.
 *
 *     term-oracle FILE ROWS COLUMNS SCROLLBACK OFFSET…
 */
#include <stdio.h>
#include <stdlib.h>

#include "term/term.h"

int main(int argc, char **argv)
{
	if (argc < 5)
		return 2;
	FILE *file = fopen(argv[1], "rb");
	unsigned scrollback = (unsigned)atoi(argv[4]);
	cleanup_term struct term *term =
		term_new((unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]), scrollback);
	const struct term_snapshot options = {.scrollback = scrollback};
	cleanup_str struct str out = {0};
	long at = 0;

	if (!file || !term)
		return 1;
	for (int i = 5; i < argc; i++) {
		for (long offset = atol(argv[i]); at < offset; at++) {
			int byte = getc(file);
			char c = (char)byte;
			if (byte == EOF)
				break;
			term_feed(term, &c, 1);
		}
		str_clear(&out);
		term_snapshot(term, &out, &options);
		if (str_error(&out))
			return 1;
		printf("%zu\n", out.length);
		fwrite(out.data, 1, out.length, stdout);
	}
	fclose(file);
	return 0;
}
