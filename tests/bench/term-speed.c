/* How fast the terminal model reads, and what it holds: MB/s for plain text, text in colours,
 * full-screen redraws, CJK and emoji, with and without scrollback; the time of snapshots; the memory
 * of a terminal. One line each. Time is the processor's, so that a busy machine does not show.
 *
 *     term-speed [SECONDS]      for each, 0.5 unless told
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "term/term.h"

#define PIECE 65536

static double seconds = 0.5;

static uint64_t cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Fills to at least PIECE bytes by repeating make(i). */
static void build(struct str *out, void (*make)(struct str *out, unsigned i))
{
	str_clear(out);
	for (unsigned i = 0; out->length < (size_t)16 * PIECE; i++)
		make(out, i);
}

static void plain(struct str *out, unsigned i)
{
	str_append_format(
		out,
		"%06u the quick brown fox jumps over the lazy dog, again and again, till %u\r\n", i,
		i * 7919);
}

static void coloured(struct str *out, unsigned i)
{
	str_append_format(out,
			  "\033[1;3%um%04u\033[0m \033[38;5;%um--\033[m \033[32mok\033[0m "
			  "\033[38;2;%u;%u;%umtruecolour\033[39m \033[4munder\033[24m\r\n",
			  i % 8, i % 10000, i % 256, i % 256, i / 3 % 256, i / 7 % 256);
}

static void redraw(struct str *out, unsigned i)
{
	str_append_format(out, "\033[%u;%uH\033[%um%c%c\033[K", i % 24 + 1, i * 7 % 80 + 1,
			  30 + i % 8, 'a' + (int)(i % 26), 'A' + (int)(i % 26));
}

static void wide(struct str *out, unsigned i)
{
	str_append_format(out, "%u 終端の模型は文字を数える 你好世界 한국어 naïve café ─│┌┐ 👍🎉\r\n",
			  i % 100);
}

static void measure(const char *name, void (*make)(struct str *, unsigned), unsigned scrollback)
{
	cleanup_str struct str text = {0};
	cleanup_term struct term *term = term_new(24, 80, scrollback);
	uint64_t bytes = 0, took;

	build(&text, make);
	uint64_t begun = cpu_us();
	do {
		for (size_t at = 0; at < text.length; at += PIECE) {
			size_t n = text.length - at < PIECE ? text.length - at : PIECE;
			term_feed(term, text.data + at, n);
		}
		bytes += text.length;
		took = cpu_us() - begun;
	} while ((double)took < seconds * 1e6);
	printf("%-28s scrollback %5u  %7.0f MB/s\n", name, scrollback,
	       (double)bytes / (double)took);
}

static void snapshots(unsigned rows, unsigned columns, unsigned scrollback,
		      void (*make)(struct str *, unsigned), const char *name)
{
	cleanup_str struct str text = {0}, out = {0};
	cleanup_term struct term *term = term_new(rows, columns, scrollback);
	const struct term_snapshot options = {.scrollback = scrollback};
	unsigned n = 0;

	build(&text, make);
	term_feed(term, text.data, text.length);
	uint64_t begun = cpu_us(), took;
	do {
		str_clear(&out);
		term_snapshot(term, &out, &options);
		n++;
		took = cpu_us() - begun;
	} while ((double)took < seconds * 1e6);
	printf("snapshot %3ux%-3u %5u lines, %-8s %9.3f ms %9zu bytes\n", columns, rows,
	       term_scrollback(term), name, (double)took / n / 1000, out.length);
}

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static void memory(unsigned scrollback, void (*make)(struct str *, unsigned), const char *name)
{
	cleanup_str struct str text = {0};

	if (make)
		build(&text, make);
	size_t before = in_use();
	cleanup_term struct term *term = term_new(24, 80, scrollback);
	if (make)
		term_feed(term, text.data, text.length);
	printf("memory 80x24 %5u lines, %-8s %9.1f KiB\n", term_scrollback(term), name,
	       (double)(in_use() - before) / 1024);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seconds = strtod(argv[1], NULL);
	measure("plain text", plain, 0);
	measure("plain text", plain, 10000);
	measure("colours", coloured, 0);
	measure("colours", coloured, 10000);
	measure("cursor and erase", redraw, 0);
	measure("wide and emoji", wide, 0);
	measure("wide and emoji", wide, 10000);
	snapshots(24, 80, 0, coloured, "colours");
	snapshots(60, 200, 10000, plain, "plain");
	snapshots(60, 200, 10000, coloured, "colours");
	memory(0, NULL, "fresh");
	memory(0, coloured, "colours");
	memory(10000, plain, "plain");
	memory(10000, coloured, "colours");
	return 0;
}
