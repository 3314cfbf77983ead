/* The user's terminal and a session, joined.
 *
 * Owns the terminal's state between the start of the session and every way out of here. The loop
 * waits for three things: the connection, standard input and signals. Output is written from the
 * library's own buffer, by blocking writes that a signal interrupts; while the terminal takes none,
 * nothing is read from the session, which is the back-pressure that it wants.
 *
 * Trusts the session with the terminal's screen (that is what it is for), and nothing else: what it
 * says in words is made printable, and its exit status has been brought into range by the library.
 */
#include "cli/session-loop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/connect.h"
#include "cli/input.h"
#include "cli/say.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "util/clock.h"
#include "util/start-up.h"

#define LEAVE_PATIENCE_MS 1000 /* for the session to say goodbye */
#define SHORT_ID 8

struct loop {
	struct aaau_client *client;
	const struct cli_options *options;
	const struct detach_keys *keys;
	bool fresh;

	struct terminal terminal;
	struct input input;
	bool started, shown, settled; /* shown: some output; settled: the start's memory is gone */
	uint64_t leaving;             /* 0, or until when to wait for the end of the connection */
	bool leave_sent;
	bool done;
	int status;
	struct str session; /* as the user should type it */
	struct str banner;  /* for the terminal, when its output is between two sequences */
};

/* --- words for the user --------------------------------------------------------------------- */

static void finish(struct loop *loop, int status)
{
	loop->done = true;
	loop->status = status;
}

/* The command that comes back. */
static void put_attach(const struct loop *loop, struct str *out)
{
	str_append_format(out, "aaau attach %s", loop->session.data);
	if (loop->options->socket_given) {
		str_append_text(out, " -s ");
		say_printable(out, loop->options->socket);
	}
}

/* One line in brackets on standard error, on a line of its own. The terminal is ours no more. */
static void bracket(const struct loop *loop, bool attach, const char *text)
{
	cleanup_str struct str line = {0};

	/* The cursor is where the agent left it, but for an agent with a screen of its own. */
	if (loop->terminal.out && !loop->terminal.modes.alternate)
		str_append_byte(&line, '\n');
	str_append_byte(&line, '[');
	str_append_text(&line, text);
	if (attach) {
		str_append_text(&line, "; back with: ");
		put_attach(loop, &line);
	}
	str_append_text(&line, "]\n");
	if (!str_error(&line))
		dprintf(STDERR_FILENO, "%s", line.data);
}

static bool speaks_utf8(void)
{
	static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (unsigned i = 0; i < 3; i++) {
		const char *value = getenv(variables[i]);
		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

/* The first line: which session this is and how to leave it. */
static void say_hello(const struct loop *loop, bool observer)
{
	const char *dot = speaks_utf8() ? "\302\267" : "-";
	cleanup_str struct str line = {0};

	str_append_format(&line, "\033[2maaau: %s %s", observer ? "watching session" : "session",
			  loop->session.data);
	if (loop->keys->count) {
		str_append_format(&line, " %s %s: ", dot, observer ? "leave" : "detach");
		detach_keys_describe(loop->keys, &line);
	} else if (observer) {
		str_append_format(&line, " %s leave: Ctrl-C", dot);
	}
	str_append_text(&line, "\033[0m\n");
	if (!str_error(&line))
		dprintf(STDERR_FILENO, "%s", line.data);
}

/* What was decided because this is no terminal. */
static void say_decisions(const struct loop *loop, bool observer)
{
	uint16_t rows = 24, columns = 80;
	bool sized = terminal_size(&rows, &columns);

	if (!loop->terminal.in && !observer)
		say("standard input is not a terminal: typed as it is%s",
		    loop->fresh ? ", then Ctrl-D" : "");
	if (!sized && loop->fresh)
		say("no terminal here: the agent's has 24 rows and 80 columns");
}

static void write_banner(struct loop *loop)
{
	uint16_t rows, columns;
	cleanup_str struct str text = {0};

	if (!loop->banner.length || !terminal_modes_between(&loop->terminal.modes) ||
	    !terminal_size(&rows, &columns))
		return;
	/* The last line, cut to its width, with the cursor put back. */
	str_append_format(&text, "\0337\033[%u;1H\033[0;7m%.*s\033[0m\033[K\0338", rows,
			  columns > 1 ? columns - 1 : 1, loop->banner.data);
	if (!str_error(&text))
		dprintf(STDOUT_FILENO, "%s", text.data);
	str_clear(&loop->banner);
}

/* An error or a notice while the session goes on. */
static void tell(struct loop *loop, const char *message, const char *remedy)
{
	if (!loop->terminal.raw || !loop->terminal.out) {
		say_error(message, remedy);
		return;
	}
	str_clear(&loop->banner);
	str_append_text(&loop->banner, "aaau: ");
	say_printable(&loop->banner, message);
	if (*remedy) {
		str_append_text(&loop->banner, "; ");
		say_printable(&loop->banner, remedy);
	}
	write_banner(loop);
}

/* --- leaving -------------------------------------------------------------------------------- */

/* Detaches: the terminal is the user's at once, and the session gets a moment to take what was
 * typed before. */
static void leave(struct loop *loop)
{
	if (loop->leaving)
		return;
	terminal_leave(&loop->terminal);
	loop->leaving = clock_monotonic_us() / 1000 + LEAVE_PATIENCE_MS;
	loop->input.open = false;
	loop->input.end_deadline_ms = 0;
}

static void left(struct loop *loop)
{
	cleanup_str struct str text = {0};

	str_append_format(&text, "detached from %s", loop->session.data);
	if (!loop->options->quiet)
		bracket(loop, true, text.data);
	finish(loop, 0);
}

/* Output cannot be written any more. */
static void output_failed(struct loop *loop, int error)
{
	if (loop->leaving)
		return;
	if (error == EPIPE) {
		finish(loop, 128 + SIGPIPE);
	} else if (error == EIO && loop->terminal.out) {
		finish(loop, 128 + SIGHUP);
	} else {
		cleanup_str struct str attach = {0};
		put_attach(loop, &attach);
		say("cannot write the output: %s; the session goes on: %s", strerror(error),
		    attach.data);
		finish(loop, CLI_EXIT_LOST);
	}
	aaau_send_leave(loop->client);
}

/* --- signals -------------------------------------------------------------------------------- */

static void send_size(struct loop *loop)
{
	uint16_t rows, columns;

	/* An observer's window is its own affair. */
	if (loop->started && !loop->input.dropped && (loop->terminal.in || loop->terminal.out) &&
	    terminal_size(&rows, &columns))
		aaau_send_resize(loop->client, rows, columns);
}

/* The screen was not ours for a while: a change of size makes programs draw it anew. */
static void redraw(struct loop *loop)
{
	uint16_t rows, columns;

	if (loop->terminal.modes.alternate && !loop->input.dropped &&
	    terminal_size(&rows, &columns) && rows > 1)
		aaau_send_resize(loop->client, (uint16_t)(rows - 1), columns);
	send_size(loop);
}

static void handle_signals(struct loop *loop)
{
	unsigned signals = signals_take();

	if (!signals)
		return;
	if (signals & SIGNAL_LEAVE) {
		terminal_leave(&loop->terminal);
		aaau_send_leave(loop->client); /* also tells a session that does not notice yet */
		finish(loop, 128 + signals_last());
		return;
	}
	if (signals & SIGNAL_STOP) {
		terminal_leave(&loop->terminal);
		signals_stop();
		signals |= SIGNAL_CONTINUED;
	}
	if (loop->leaving)
		return;
	if (signals & SIGNAL_CONTINUED) {
		if (loop->started)
			terminal_enter(&loop->terminal);
		redraw(loop);
	} else {
		send_size(loop);
	}
}

/* --- events --------------------------------------------------------------------------------- */

static void write_output(struct loop *loop, const char *data, size_t n)
{
	if (loop->leaving)
		return;
	if (loop->terminal.out)
		terminal_modes_read(&loop->terminal.modes, data, n);
	while (n) {
		ssize_t written = write(STDOUT_FILENO, data, n);
		if (written >= 0) {
			data += written;
			n -= (size_t)written;
		} else if (errno == EAGAIN) {
			struct pollfd writable = {.fd = STDOUT_FILENO, .events = POLLOUT};
			poll(&writable, 1, -1);
		} else if (errno != EINTR) {
			output_failed(loop, errno);
			return;
		}
		handle_signals(loop);
		if (loop->done || loop->leaving)
			return;
	}
	write_banner(loop);
	loop->shown = true;
	input_session_is_busy(&loop->input);
	loop->input.keys.enhanced = terminal_modes_enhanced_keys(&loop->terminal.modes);
}

static void on_started(struct loop *loop, const struct aaau_event *event)
{
	bool observer = event->as.started.observer;
	const char *session = event->as.started.session;

	loop->started = true;
	say_printable(&loop->session, session);
	if (loop->session.length > SHORT_ID) {
		loop->session.length = SHORT_ID;
		loop->session.data[SHORT_ID] = '\0';
	}
	loop->terminal.keep_signals = observer;
	input_init(&loop->input, loop->terminal.in, observer, loop->fresh, loop->keys);

	if (!loop->options->quiet && isatty(STDERR_FILENO)) {
		if (loop->terminal.in && loop->terminal.out && (loop->fresh || observer))
			say_hello(loop, observer);
		else
			say_decisions(loop, observer);
	}
	terminal_enter(&loop->terminal);
}

static void on_end(struct loop *loop, const struct aaau_event *event)
{
	const char *reason = event->as.end.reason;
	cleanup_str struct str text = {0}, by = {0};
	bool attach = false;

	if (loop->leaving) {
		left(loop);
		return;
	}
	terminal_leave(&loop->terminal);
	finish(loop, event->as.end.exit_status);
	if (strcmp(reason, "exited") == 0 || strcmp(reason, "signaled") == 0) {
		/* Output that is not whole must not look whole, however quiet we are to be. */
		if (event->as.end.missed_bytes > 0) {
			str_append_format(&text, "the last %" PRIu64 " bytes of %s were missed",
					  event->as.end.missed_bytes, loop->session.data);
			bracket(loop, false, text.data);
		}
		return;
	}
	if (*event->as.end.by) {
		str_append_text(&by, " by ");
		say_printable(&by, event->as.end.by);
	}

	const char *who = by.length ? by.data : "";
	const char *session = loop->session.data;
	if (strcmp(reason, "killed") == 0) {
		str_append_format(&text, "session %s was killed%s", session, who);
	} else if (strcmp(reason, "detached") == 0) {
		str_append_format(&text, "detached from %s%s", session, who);
		attach = true;
	} else if (strcmp(reason, "too-slow") == 0) {
		str_append_format(&text, "detached from %s: too slow, missed %" PRIu64 " bytes",
				  session, event->as.end.missed_bytes);
		attach = true;
	} else if (strcmp(reason, "server-shutdown") == 0) {
		str_append_format(&text, "session %s ended: the server was shut down", session);
	} else {
		str_append_format(&text, "session %s ended: ", session);
		say_printable(&text, reason);
		str_append_text(&text, who);
	}
	if (!loop->options->quiet && !str_error(&text))
		bracket(loop, attach, text.data);
}

static void on_closed(struct loop *loop, const struct aaau_event *event)
{
	cleanup_str struct str text = {0};

	if (loop->leaving) {
		left(loop);
		return;
	}
	terminal_leave(&loop->terminal);
	finish(loop, CLI_EXIT_LOST);
	str_append_format(&text, "connection to %s lost", loop->session.data);
	if (event->as.closed.error == -EPROTO)
		str_append_format(&text, ": it sent %s", event->as.closed.detail);
	else if (event->as.closed.error)
		str_append_format(&text, ": %s", strerror(-event->as.closed.error));
	bracket(loop, true, text.data);
}

static void handle_event(struct loop *loop, const struct aaau_event *event)
{
	switch (event->type) {
	case AAAU_EVENT_STARTED: on_started(loop, event); break;
	case AAAU_EVENT_OUTPUT:
		write_output(loop, event->as.output.data, event->as.output.length);
		break;
	case AAAU_EVENT_ERROR:
		if (loop->started) {
			tell(loop, event->as.error.message, event->as.error.remedy);
			break;
		}
		say_error(event->as.error.message, event->as.error.remedy);
		finish(loop, event->as.error.exit_status);
		break;
	case AAAU_EVENT_NOTICE: tell(loop, event->as.notice.message, ""); break;
	case AAAU_EVENT_END: on_end(loop, event); break;
	case AAAU_EVENT_CLOSED:
		if (loop->started) {
			on_closed(loop, event);
			break;
		}
		cli_say_unanswered(event);
		finish(loop, CLI_EXIT_NOT_STARTED);
		break;
	case AAAU_EVENT_PONG:
	case AAAU_EVENT_STATUS:
	case AAAU_EVENT_ANSWER:
	case AAAU_EVENT_NONE: break; /* we ask for none of these */
	}
}

/* --- the loop ------------------------------------------------------------------------------- */

static int timeout_ms(const struct loop *loop)
{
	uint64_t deadline = loop->leaving ? loop->leaving : 0;
	uint64_t input = loop->started ? input_deadline(&loop->input) : 0;

	if (input && (!deadline || input < deadline))
		deadline = input;
	if (!deadline)
		return -1;

	uint64_t now = clock_monotonic_us() / 1000;
	return deadline <= now ? 0 : (int)(deadline - now);
}

static void read_input(struct loop *loop)
{
	switch (input_read(&loop->input)) {
	case INPUT_GOES_ON: break;
	case INPUT_DETACH: leave(loop); break;
	case INPUT_HUNG_UP: finish(loop, 128 + SIGHUP); break;
	}
}

static void push_input(struct loop *loop)
{
	if (!loop->started)
		return;
	input_push(&loop->input, loop->client);
	if (loop->leaving && !loop->leave_sent && !loop->input.queue.length)
		loop->leave_sent = aaau_send_leave(loop->client) == 0;
}

static void expire(struct loop *loop)
{
	uint64_t now = clock_monotonic_us() / 1000;

	if (loop->leaving && now >= loop->leaving)
		left(loop);
	else if (loop->started)
		input_expire(&loop->input, now);
}

static void turn(struct loop *loop)
{
	struct aaau_event event;
	struct pollfd fds[2] = {
		{.fd = aaau_fd(loop->client), .events = aaau_wanted(loop->client)},
		{.fd = -1, .events = POLLIN},
	};

	if (loop->started && !loop->leaving && input_wanted(&loop->input))
		fds[1].fd = STDIN_FILENO;

	if (loop->shown && !loop->settled) {
		start_up_forget();
		loop->settled = true;
	}
	int ready = poll(fds, 2, timeout_ms(loop));
	handle_signals(loop);
	if (loop->done)
		return;
	if (ready == 0)
		expire(loop);
	if (ready > 0 && fds[1].revents && !loop->leaving)
		read_input(loop);
	push_input(loop);
	if (ready > 0 && fds[0].revents)
		while (!loop->done && aaau_next_event(loop->client, &event) != AAAU_EVENT_NONE)
			handle_event(loop, &event);
	push_input(loop); /* into the room that was made */
}

void session_wishes(const struct cli_options *options, struct session_wishes *ret)
{
	*ret = (struct session_wishes){0};
	terminal_size(&ret->rows, &ret->columns);
	/* Where they do not get between the agent and its screen. */
	if (!options->quiet && !(isatty(STDOUT_FILENO) && isatty(STDERR_FILENO)))
		ret->features = AAAU_FEATURE_NOTICES;
}

int session_detach_keys(const struct cli_options *options, struct detach_keys *ret)
{
	const char *text = options->detach_keys;
	const char *from = "--detach-keys";

	if (!text) {
		text = getenv("AAAU_DETACH_KEYS");
		from = "AAAU_DETACH_KEYS";
	}
	if (!text || !*text)
		text = DETACH_KEYS_DEFAULT;

	const char *problem = detach_keys_parse(text, ret);
	return problem ? say_usage("%s '%s': %s", from, text, problem) : 0;
}

int session_loop(struct aaau_client *client, const struct cli_options *options,
		 const struct detach_keys *keys, bool fresh)
{
	struct loop loop = {.client = client, .options = options, .keys = keys, .fresh = fresh};

	signals_install();
	terminal_init(&loop.terminal);
	while (!loop.done)
		turn(&loop);
	terminal_leave(&loop.terminal);
	input_free(&loop.input);
	str_free(&loop.session);
	str_free(&loop.banner);
	return loop.status;
}
