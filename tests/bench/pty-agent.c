/* The program at the inner end of every contestant of the benchmark: stands for the agent.
 *
 *     pty-agent [plain|escapes BYTES]
 *
 * It makes its terminal raw, prints <GO>, and obeys single bytes: 'g' floods, 'q' ends it, and any
 * other comes back at once. Trusts its terminal; fails by exiting.
 */
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "flood.h"

#define FLOOD_WRITE 65536 /* bytes a write(2) */

static void write_all(const char *data, size_t n)
{
	while (n > 0) {
		ssize_t written = write(STDOUT_FILENO, data, n);

		if (written < 0 && errno != EINTR)
			err(1, "write");
		if (written > 0) {
			data += written;
			n -= (size_t)written;
		}
	}
}

static void flood(const char block[FLOOD_BLOCK], size_t total)
{
	static const char end[] = "\033[2J\033[H" FLOOD_END;

	for (size_t at = 0; at < total;) {
		size_t offset = at % FLOOD_BLOCK;
		size_t n = FLOOD_WRITE;

		if (n > FLOOD_BLOCK - offset)
			n = FLOOD_BLOCK - offset;
		if (n > total - at)
			n = total - at;
		write_all(block + offset, n);
		at += n;
	}
	write_all(end, sizeof(end) - 1);
}

int main(int argc, char **argv)
{
	static char block[FLOOD_BLOCK];
	size_t total = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	struct termios mode;
	char byte;

	if (tcgetattr(STDIN_FILENO, &mode) < 0)
		err(1, "no terminal");
	cfmakeraw(&mode);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &mode) < 0)
		err(1, "tcsetattr");
	if (total > 0)
		flood_fill(block, argv[1]);
	write_all(FLOOD_GO, strlen(FLOOD_GO));
	while (read(STDIN_FILENO, &byte, 1) == 1) {
		if (byte == 'q')
			return 0;
		if (byte == 'g')
			flood(block, total);
		else
			write_all(&byte, 1);
	}
	return 1;
}
