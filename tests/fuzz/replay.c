/* Runs a fuzz target over files, without a fuzzer: every input that is kept in the corpus stays
 * tested in every build, with every compiler.
 *
 *     fuzz-NAME-replay FILE-OR-DIRECTORY…
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count;

static void die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(1);
}

static void replay_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	/* Exactly as large as the input, so that a read beyond shows under valgrind or ASan. */
	uint8_t *data = malloc(size ? size : 1);

	if (!file || !data || fread(data, 1, size, file) != size)
		die(path);
	fclose(file);
	/* Named before it runs: the target ends by abort(3) if it finds something. */
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	count++;
}

static void replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		die(path);
	if (!S_ISDIR(st.st_mode)) {
		replay_file(path, (size_t)st.st_size);
		return;
	}
	struct dirent **entries;
	int n = scandir(path, &entries, NULL, alphasort);
	if (n < 0)
		die(path);
	for (int i = 0; i < n; i++) {
		char below[4096];
		if (entries[i]->d_name[0] != '.') {
			snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
			replay(below);
		}
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	if (count == 0) {
		fprintf(stderr, "no input\n");
		return 1;
	}
	printf("%u inputs\n", count);
	return 0;
}
