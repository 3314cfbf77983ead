/* The user's terminal.
 *
 * Owns its termios between terminal_enter() and terminal_leave(). What the agent switched on by
 * escape sequences is known from terminal-modes.c and undone on leaving. A terminal that belongs to
 * another process group (we are in the background), or is gone, is left alone: touching it would
 * stop us, and whoever has it now has set it.
 */
#include "cli/terminal.h"

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/io.h"

void terminal_init(struct terminal *terminal)
{
	struct termios ignored;

	memset(terminal, 0, sizeof(*terminal));
	terminal->in = tcgetattr(STDIN_FILENO, &terminal->found) == 0;
	terminal->out = tcgetattr(STDOUT_FILENO, &ignored) == 0;
}

bool terminal_size(uint16_t *ret_rows, uint16_t *ret_columns)
{
	static const int descriptors[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
	struct winsize size;

	for (unsigned i = 0; i < 3; i++) {
		if (ioctl(descriptors[i], TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
			continue;
		*ret_rows = size.ws_row;
		*ret_columns = size.ws_col;
		return true;
	}
	return false;
}

static void make_raw(const struct terminal *terminal, struct termios *raw)
{
	*raw = terminal->found;
	cfmakeraw(raw);
	raw->c_cc[VMIN] = 1;
	raw->c_cc[VTIME] = 0;
	if (!terminal->out)
		raw->c_oflag |= terminal->found.c_oflag & OPOST; /* only our own words go there */
	if (terminal->keep_signals)
		raw->c_lflag |= terminal->found.c_lflag & ISIG;
}

static bool same(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag && a->c_cflag == b->c_cflag &&
	       a->c_lflag == b->c_lflag && memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc)) == 0;
}

static void write_modes(struct terminal *terminal,
			void (*put)(const struct terminal_modes *, struct str *))
{
	struct pollfd writable = {.fd = STDOUT_FILENO, .events = POLLOUT};
	cleanup_str struct str text = {0};

	if (!terminal->out)
		return;
	put(&terminal->modes, &text);
	if (text.length && poll(&writable, 1, 1000) == 1)
		io_write_all(STDOUT_FILENO, text.data, text.length);
}

void terminal_enter(struct terminal *terminal)
{
	struct termios now, raw;

	if (terminal->in) {
		/* While we were stopped the shell, or its user, may have changed it: that is then
		 * what is to be found again. SIGCONT without a stop finds it raw, which is not. */
		make_raw(terminal, &raw);
		if (tcgetattr(STDIN_FILENO, &now) < 0 || (terminal->raw && same(&now, &raw)))
			return;
		terminal->found = now;
		make_raw(terminal, &raw);
		if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0)
			terminal->raw = true;
	} else if (terminal->entered) {
		return;
	}
	terminal->entered = true;
	write_modes(terminal, terminal_modes_redo);
}

void terminal_leave(struct terminal *terminal)
{
	pid_t foreground = terminal->in ? tcgetpgrp(STDIN_FILENO) : -1;

	if (!terminal->entered)
		return;
	terminal->entered = false;
	if (foreground > 0 && foreground != getpgrp())
		return;
	write_modes(terminal, terminal_modes_undo);
	if (terminal->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal->found);
	terminal->raw = false;
}
