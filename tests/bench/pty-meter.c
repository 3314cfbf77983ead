/* Runs a command on a pseudo-terminal and measures it from outside, as its user would see it.
 *
 *     pty-meter start COMMAND…                  time from exec to the agent's first output
 *     pty-meter echo COUNT COMMAND…             round trips of a key, one after the other
 *     pty-meter typing COUNT COMMAND…           the same with 5 ms between two: caches are cold
 *     pty-meter flood KIND BYTES MODE COMMAND…  all bytes checked ("exact"), or only the last one
 *                                               waited for ("redrawn": a multiplexer repaints)
 *     pty-meter hold COMMAND…                   leaves the agent idle
 *
 * The command must end up in pty-agent on the same terminal size. Results go to standard output as
 * lines of "name value…". flood and hold then wait for a line on standard input, so that the
 * caller can look at the processes, before they end the agent. The meter is the subreaper of all
 * it starts: a daemon that a contestant leaves behind is still found among its descendants, and is
 * killed at the end. Fails by exiting with 1 and a message; 3 if nothing came for TIMEOUT_MS.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include "flood.h"

#define TIMEOUT_MS 30000
#define END_MS 5000
#define TYPING_MS 5

struct meter {
	int master;
	pid_t child;
	uint64_t started_ns;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void start_command(struct meter *meter, char **command)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct termios raw;
	int slave;

	if (openpty(&meter->master, &slave, NULL, NULL, &size) < 0)
		err(1, "openpty");
	if (tcgetattr(slave, &raw) < 0)
		err(1, "tcgetattr");
	cfmakeraw(&raw);
	if (tcsetattr(slave, TCSANOW, &raw) < 0)
		err(1, "tcsetattr");
	meter->started_ns = now_ns();
	meter->child = fork();
	if (meter->child < 0)
		err(1, "fork");
	if (meter->child == 0) {
		close(meter->master);
		if (login_tty(slave) < 0)
			_exit(125);
		execvp(command[0], command);
		_exit(errno == ENOENT ? 127 : 126);
	}
	close(slave);
}

/* At least one byte, or the end of the meter. */
static size_t read_some(const struct meter *meter, char *buffer, size_t size)
{
	for (;;) {
		struct pollfd watched = {.fd = meter->master, .events = POLLIN};
		ssize_t n;

		if (poll(&watched, 1, TIMEOUT_MS) == 0)
			errx(3, "nothing arrived for %d s", TIMEOUT_MS / 1000);
		n = read(meter->master, buffer, size);
		if (n > 0)
			return (size_t)n;
		if (n < 0 && errno == EINTR)
			continue;
		errx(1, "the command ended early");
	}
}

static void send_byte(const struct meter *meter, char byte)
{
	if (write(meter->master, &byte, 1) != 1)
		err(1, "write");
}

/* Reads until the text has passed, however it is cut. */
static void wait_for(const struct meter *meter, const char *text)
{
	size_t length = strlen(text);
	size_t matched = 0;
	char buffer[65536];

	for (;;) {
		size_t n = read_some(meter, buffer, sizeof(buffer));

		for (size_t i = 0; i < n; i++) {
			if (buffer[i] == text[matched])
				matched++;
			else
				matched = buffer[i] == text[0] ? 1 : 0;
			if (matched == length)
				return;
		}
	}
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void measure_echo(const struct meter *meter, size_t count, int pause_ms)
{
	/* Characters that no escape sequence of a multiplexer's redraw contains. */
	static const char keys[] = "!~^&";
	uint64_t *times = calloc(count, sizeof(*times));

	if (!times)
		err(1, "calloc");
	for (size_t i = 0; i < count; i++) {
		char key[2] = {keys[i % 4], '\0'};
		uint64_t sent;

		if (pause_ms > 0)
			poll(NULL, 0, pause_ms);
		sent = now_ns();
		send_byte(meter, key[0]);
		wait_for(meter, key);
		times[i] = now_ns() - sent;
	}
	qsort(times, count, sizeof(*times), compare_ns);
	printf("p50_ns %llu\np99_ns %llu\n", (unsigned long long)times[count / 2],
	       (unsigned long long)times[count * 99 / 100]);
	free(times);
}

static void measure_flood(const struct meter *meter, const char *kind, size_t total, bool exact)
{
	static char expected[FLOOD_BLOCK], buffer[65536];
	size_t seen = 0;
	uint64_t begin;

	flood_fill(expected, kind);
	begin = now_ns();
	send_byte(meter, 'g');
	while (exact && seen < total) {
		size_t want = total - seen < sizeof(buffer) ? total - seen : sizeof(buffer);
		size_t n = read_some(meter, buffer, want);

		for (size_t at = 0; at < n;) {
			size_t offset = (seen + at) % FLOOD_BLOCK;
			size_t piece =
				n - at < FLOOD_BLOCK - offset ? n - at : FLOOD_BLOCK - offset;

			if (memcmp(buffer + at, expected + offset, piece) != 0)
				errx(1, "bytes differ near offset %zu", seen + at);
			at += piece;
		}
		seen += n;
	}
	wait_for(meter, FLOOD_END);
	printf("flood_ns %llu\n", (unsigned long long)(now_ns() - begin));
}

static void wait_for_caller(const struct meter *meter)
{
	char byte;

	printf("idle %d\n", meter->child);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
		;
}

/* Ends the agent, then whatever its contestant left, and reports the status of the command. */
static void end_command(struct meter *meter)
{
	uint64_t deadline = now_ns() + END_MS * 1000000ull;
	int status = -1;
	bool command_ended = false;

	send_byte(meter, 'q');
	for (;;) {
		struct pollfd watched = {.fd = meter->master, .events = POLLIN};
		char buffer[65536];
		int one;
		pid_t ended = waitpid(-1, &one, WNOHANG);

		if (ended == meter->child) {
			status = one;
			command_ended = true;
		}
		if (ended < 0 || now_ns() > deadline)
			break;
		if (ended > 0)
			continue;
		/* A contestant may be waiting for its terminal to take its last words. */
		if (poll(&watched, 1, 1) > 0 && read(meter->master, buffer, sizeof(buffer)) <= 0)
			poll(NULL, 0, 1);
	}
	if (!command_ended) {
		kill(meter->child, SIGKILL);
		errx(1, "the command did not end");
	}
	printf("status %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char **argv)
{
	struct meter meter;
	const char *what = argc > 1 ? argv[1] : "";
	bool echo = strcmp(what, "echo") == 0, typing = strcmp(what, "typing") == 0;
	int used = echo || typing ? 3 : strcmp(what, "flood") == 0 ? 5 : 2;

	if (argc <= used)
		errx(64,
		     "usage: pty-meter start|hold|echo COUNT|typing COUNT|flood KIND BYTES exact|redrawn "
		     "COMMAND…");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	start_command(&meter, argv + used);
	wait_for(&meter, FLOOD_GO);
	printf("start_ns %llu\n", (unsigned long long)(now_ns() - meter.started_ns));
	if (echo || typing)
		measure_echo(&meter, strtoull(argv[2], NULL, 10), typing ? TYPING_MS : 0);
	else if (strcmp(what, "flood") == 0)
		measure_flood(&meter, argv[2], strtoull(argv[3], NULL, 10),
			      strcmp(argv[4], "exact") == 0);
	if (strcmp(what, "flood") == 0 || strcmp(what, "hold") == 0)
		wait_for_caller(&meter);
	end_command(&meter);
	return 0;
}
