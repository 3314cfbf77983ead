/* The agent's screen.
 *
 * Owns the terminal model (src/term), which reads the ring like any other reader, but only what is
 * recorded and only when the loop has nothing else to do: its event has the lowest priority. The
 * agent's bytes are hostile, and that is the model's business; here only its time is bounded.
 *
 * What was not looked at must not fall off the ring, nor become more than LAG_MAX. Where the agent
 * writes faster than there is time, it is held back: for PIECE_US a wake-up (and one piece more),
 * between which everything else has its turn. A snapshot is made of all that is recorded, so that
 * waits for LAG_MAX to be looked at at most. A snapshot needs no boundary in the output: the
 * model gives back what has come of a sequence or character that is not complete.
 *
 * Where no operator's terminal can answer the agent's queries, the model's answers go to the agent.
 * Who that is counts when the bytes are looked at, so before that changes they all are.
 */
#include "session/screen.h"

#include <errno.h>
#include <string.h>

#include "session/client.h"
#include "session/session.h"
#include "term/term.h"
#include "util/clock.h"

/* Lines that left the screen at its top. */
#define SCROLLBACK 2000
#define LAG_MAX ((size_t)1 << 20)
#define PIECE 16384
#define PIECE_US 1000
/* Less is no room: it would be many small lines of the record. */
#define LEAST_ROOM 4096
/* Answers that wait. What is more is left out, as a terminal's answers are that nobody reads. */
#define ANSWERS_MAX 8192
/* Of a snapshot. Beyond it the scrollback is left out, then everything. */
#define SNAPSHOT_MAX ((size_t)8 << 20)

/* Everything that a program may have changed, put back. A sequence that a terminal does not know is
 * ignored by it. */
static const char back_to_defaults[] =
	"\030"                   /* the end of a sequence that was cut */
	"\033[?2026l\033[?1049l" /* no synchronised output, the main screen */
	"\033[!p"                /* the soft reset: margins, origin, pen, sets, cursor */
	"\033[?69l\033[?6l\033[r\033[?7h\033[4l\033[20l\033[?5l\033[?45l\033[?25h\033[0 q"
	"\033[?1l\033>" /* keys */
	"\033[?9l\033[?1000l\033[?1002l\033[?1003l\033[?1005l\033[?1006l\033[?1015l\033[?1016l"
	"\033[?1004l\033[?2004l\033[?2027l\033[?2031l\033[?2048l"
	"\033[>4;0m\033[=0;1u"
	"\033(B\033)B\033*B\033+B\017\033[m\033[0\"q\033]8;;\033\\"
	"\033]104\033\\\033]110\033\\\033]111\033\\\033]112\033\\"
	"\033[?5W"; /* tab stops */

static struct screen *screen_of(struct session *session)
{
	return &session->screen;
}

static uint64_t backlog(const struct session *session)
{
	return session->output.recorded - session->screen.modelled;
}

/* An operator's terminal that gets the output. */
static bool somebody_answers(const struct session *session)
{
	const struct client *client;

	TAILQ_FOREACH (client, &session->clients, entry) {
		if (!client->operator)
			return false;
		if (client_takes_output(client))
			return true;
	}
	return false;
}

static void make_term(struct session *session)
{
	struct screen *screen = screen_of(session);

	if (screen->term)
		return;
	screen->term = term_new(session->rows, session->columns, SCROLLBACK);
	if (!screen->term)
		session_fail(session, "the screen", -ENOMEM);
}

/* A bigger screen takes longer for a byte. */
static size_t piece_size(const struct term *term)
{
	size_t cells = (size_t)term_rows(term) * term_columns(term);
	size_t size = (size_t)PIECE * 80 * 24 / cells;

	return size > PIECE ? PIECE : size < 64 ? 64 : size;
}

static void feed_piece(struct session *session)
{
	struct screen *screen = screen_of(session);
	uint64_t left = backlog(session);

	make_term(session);
	size_t n = piece_size(screen->term);
	if (n > left)
		n = (size_t)left;
	term_feed(screen->term, ring_at(&session->output.ring, screen->modelled), n);
	screen->modelled += n;
}

/* After each feed. Where somebody answers, what the model would have said is forgotten; else it
 * waits for deliver(): we may be in the middle of somebody's input. */
static void settle_answers(struct session *session)
{
	struct screen *screen = screen_of(session);

	if (somebody_answers(session)) {
		term_take_replies(screen->term, NULL);
		return;
	}
	screen->answers.limit = ANSWERS_MAX;
	if (term_take_replies(screen->term, &screen->answers) > 0)
		event_active(&screen->catch_up, EV_TIMEOUT, 0);
}

static void feed_all(struct session *session)
{
	while (backlog(session) > 0) {
		feed_piece(session);
		settle_answers(session);
	}
}

static void deliver(struct session *session)
{
	struct str *answers = &session->screen.answers;

	if (answers->length > 0)
		input_answer(session, answers->data, answers->length);
	str_free(answers);
}

static void on_catch_up(evutil_socket_t fd, short what, void *data)
{
	struct session *session = data;
	uint64_t begin = clock_monotonic_us();

	(void)fd;
	(void)what;
	while (backlog(session) > 0 && clock_monotonic_us() - begin < PIECE_US) {
		feed_piece(session);
		settle_answers(session);
	}
	deliver(session);
	if (backlog(session) > 0)
		event_active(&session->screen.catch_up, EV_TIMEOUT, 0);
}

int screen_init(struct session *session)
{
	struct screen *screen = screen_of(session);

	if (evtimer_assign(&screen->catch_up, session->base, on_catch_up, session) < 0 ||
	    event_priority_set(&screen->catch_up, SESSION_PRIORITY_IDLE) < 0)
		return -ENOMEM;
	return 0;
}

void screen_recorded(struct session *session)
{
	event_active(&session->screen.catch_up, EV_TIMEOUT, 0);
}

size_t screen_room(struct session *session, size_t most, bool now)
{
	const struct output *output = &session->output;
	size_t limit = output->ring.size < LAG_MAX ? output->ring.size : LAG_MAX;
	size_t lag = (size_t)(output->ring.head - session->screen.modelled);

	if (lag + most <= limit)
		return most;
	uint64_t begin = clock_monotonic_us();
	while (lag + most > limit && backlog(session) > 0 &&
	       (now || clock_monotonic_us() - begin < PIECE_US)) {
		feed_piece(session);
		settle_answers(session);
		lag = (size_t)(output->ring.head - session->screen.modelled);
	}
	size_t room = limit - lag;
	return room > most ? most : room < LEAST_ROOM ? 0 : room;
}

void screen_settle(struct session *session)
{
	feed_all(session);
}

void screen_resize(struct session *session, uint16_t rows, uint16_t columns)
{
	feed_all(session);
	if (!session->screen.term)
		return; /* made when it is needed, in the size that holds then */
	int r = term_resize(session->screen.term, rows, columns);
	if (r < 0)
		session_log(session, "the screen keeps its size: %s", strerror(-r));
}

static void put(struct session *session, struct str *out, const struct str *prelude,
		unsigned scrollback)
{
	struct term_snapshot options = {.scrollback = scrollback};

	feed_all(session);
	make_term(session);
	out->limit = SNAPSHOT_MAX;
	do {
		str_clear(out);
		str_append(out, prelude->data, prelude->length);
		options.scrollback = scrollback;
		term_snapshot(session->screen.term, out, &options);
		if (str_error(out) == 0)
			return;
		scrollback = 0;
	} while (options.scrollback > 0);
	str_free(out);
	str_append(out, prelude->data, prelude->length);
}

/* What the terminal shows goes into its own scrollback first: it is the user's. */
void screen_put_join(struct session *session, struct str *out)
{
	cleanup_str struct str prelude = {0};

	str_append_text(&prelude, back_to_defaults);
	unsigned rows = session->rows < TERM_MAX_ROWS ? session->rows : TERM_MAX_ROWS;
	str_append_format(&prelude, "\033[%u;1H", rows);
	for (unsigned i = 0; i < rows; i++)
		str_append_byte(&prelude, '\n');
	str_append_text(&prelude, "\033[H\033[J");
	put(session, out, &prelude, SCROLLBACK);
}

/* The scrollback is left as it is: what was missed is missing there, and nothing is twice. */
void screen_put_resync(struct session *session, struct str *out)
{
	cleanup_str struct str prelude = {0};

	str_append_text(&prelude, back_to_defaults);
	/* On both screens; and all keyboard flags that were pushed. */
	str_append_text(&prelude, "\033[<99u\033[?1049h\033[<99u\033[H\033[2J\033[?1049l"
				  "\033[H\033[2J");
	put(session, out, &prelude, 0);
}
