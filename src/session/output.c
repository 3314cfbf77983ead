/* From the PTY to the clients.
 *
 * Owns the ring. A wake-up drains the PTY into it, up to 64 KiB; what came becomes one line of the
 * record, and only then does `recorded` pass it and the clients get it, operators first. Bytes are
 * copied into the line and nowhere else. Nothing the agent writes is trusted or interpreted, but
 * for UTF-8 sequences being kept whole: an incomplete one at the end is held back until the next
 * read or for 20 ms.
 *
 * The ring gives up its oldest bytes for new ones, and the clients' cursors say who still needs
 * them. An observer in the way is left behind: it skips what it missed (client-send.c). An operator
 * in the way holds the agent back (`blocked`: the PTY is not read, so the agent's writes wait),
 * until it takes some; one that takes nothing for operator_patience is left behind too. An observer
 * is never waited for. The screen reads the ring too, and holds the agent back only as its file
 * says.
 *
 * When the last process closes the slave, the PTY reports a hang-up for as long as that is so, and
 * a level-triggered event would spin. It is not the end: the agent may live on and open /dev/tty
 * again. So the event is edge-triggered from then on (`hung_up`) until something can be read. The
 * write side has a descriptor of its own, as libevent wants all events of one to agree on this.
 */
#include "session/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "session/client.h"
#include "session/session.h"
#include "util/clock.h"
#include "util/utf8.h"

#define CHUNK 65536 /* the most that one wake-up reads */
#define LEAST_ROOM 4096
/* A read that gave less than this has emptied the PTY: asking once more would give EAGAIN, and the
 * event is level-triggered, so that nothing is missed if it would not. */
#define SHORT_READ 1024

static const struct timeval tail_wait = {.tv_usec = 20000};

/* --- who is in the way --- */

/* How far head may go without an operator losing anything. */
static size_t operators_room(const struct session *session)
{
	const struct ring *ring = &session->output.ring;
	uint64_t slowest = ring->head;
	const struct client *client;

	TAILQ_FOREACH (client, &session->clients, entry) {
		if (!client->operator)
			break;
		if (client_takes_output(client) && client->cursor < slowest)
			slowest = client->cursor;
	}
	return ring->size - (size_t)(ring->head - slowest);
}

/* Before n more bytes are read. */
static void leave_observers_behind(struct session *session, size_t n)
{
	struct output *output = &session->output;
	uint64_t end = output->ring.head + n;

	if (end <= output->ring.size)
		return;
	uint64_t floor = end - output->ring.size;
	if (output->observer_floor >= floor)
		return;

	uint64_t lowest = UINT64_MAX;
	struct client *client;
	TAILQ_FOREACH (client, &session->clients, entry) {
		if (client->operator|| !client_takes_output(client))
			continue;
		if (client->cursor < floor)
			client_fall_behind(client);
		else if (client->cursor < lowest)
			lowest = client->cursor;
	}
	output->observer_floor = lowest;
}

/* --- operators hold the agent back --- */

static void set_reading(struct output *output, bool on)
{
	if (output->reading == on)
		return;
	output->reading = on;
	if (on)
		event_add(&output->readable, NULL);
	else
		event_del(&output->readable);
}

static size_t enough_room(const struct output *output)
{
	return output->ring.size / 4 < CHUNK ? output->ring.size / 4 : CHUNK;
}

static bool in_the_way(const struct output *output, const struct client *client)
{
	return client_takes_output(client) &&
	       output->ring.size - (output->ring.head - client->cursor) < enough_room(output);
}

static void arm_patience(struct output *output, uint64_t us)
{
	struct timeval wait = {
		.tv_sec = (time_t)(us / 1000000),
		.tv_usec = (suseconds_t)(us % 1000000),
	};

	event_add(&output->patience, &wait);
}

static void block(struct session *session)
{
	struct output *output = &session->output;
	uint64_t now = clock_monotonic_us();
	struct client *client;

	output->blocked = true;
	set_reading(output, false);
	TAILQ_FOREACH (client, &session->clients, entry) {
		if (!client->operator)
			break;
		client->progress_us = now;
	}
	arm_patience(output, (uint64_t)session->launch.operator_patience_ms * 1000);
}

static void on_patience(evutil_socket_t fd, short what, void *data)
{
	struct session *session = data;
	struct output *output = &session->output;
	uint64_t patience = (uint64_t)session->launch.operator_patience_ms * 1000;
	uint64_t longest = 0;
	struct client *client;

	(void)fd;
	(void)what;
	TAILQ_FOREACH (client, &session->clients, entry) {
		if (!client->operator)
			break;
		if (!in_the_way(output, client))
			continue;
		/* The kernel calls a socket writable only when most of it is free. A client that
		 * reads slowly has taken some long before that: ask the socket itself. */
		client_pump(client);
		if (!in_the_way(output, client))
			continue;
		uint64_t waited = clock_monotonic_us() - client->progress_us;
		if (waited >= patience)
			client_fall_behind(client);
		else if (waited > longest)
			longest = waited;
	}
	output_progress(session);
	if (output->blocked)
		arm_patience(output, patience - longest);
}

void output_progress(struct session *session)
{
	struct output *output = &session->output;

	if (!output->blocked || operators_room(session) < enough_room(output))
		return;
	output->blocked = false;
	event_del(&output->patience);
	output_resume(session);
}

/* --- from the ring to the record to the clients --- */

/* Makes a line of what is new, without the last hold bytes. */
static void commit(struct session *session, size_t hold)
{
	struct output *output = &session->output;
	uint64_t end = output->ring.head - hold;

	if (end == output->formatted)
		return;
	const char *data = ring_at(&output->ring, output->formatted);
	size_t n = (size_t)(end - output->formatted);
	output->formatted = end;
	record_output(session, data, n);
	if (!session->record.stalled) {
		output->recorded = end;
		clients_pump(session);
		screen_recorded(session);
	}
}

static void commit_held(struct session *session)
{
	struct output *output = &session->output;

	if (output->formatted < output->ring.head && !session->record.stalled)
		commit(session, 0);
}

static void on_tail(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	commit_held(data);
}

static void commit_whole_characters(struct session *session)
{
	struct output *output = &session->output;
	size_t fresh = (size_t)(output->ring.head - output->formatted);
	size_t hold = utf8_incomplete_tail(ring_at(&output->ring, output->formatted), fresh);
	bool held = evtimer_pending(&output->tail, NULL) != 0;

	commit(session, hold);
	if (hold > 0)
		event_add(&output->tail, &tail_wait);
	else if (held)
		event_del(&output->tail);
}

/* --- from the PTY to the ring --- */

static void set_hung_up(struct session *session, bool hung_up)
{
	struct output *output = &session->output;
	short edge = hung_up ? EV_ET : 0;

	if (output->hung_up == hung_up)
		return;
	bool reading = output->reading;
	set_reading(output, false);
	output->hung_up = hung_up;
	event_assign(&output->readable, session->base, SESSION_FD_PTY,
		     (short)(EV_READ | EV_PERSIST | edge), event_get_callback(&output->readable),
		     session);
	set_reading(output, reading);
}

enum filled { FILLED_SOME, FILLED_DRAINED, FILLED_CLOSED, FILLED_NO_ROOM };

/* Reads until the PTY is empty or there is a chunk. */
static enum filled fill(struct session *session)
{
	struct output *output = &session->output;
	size_t room = operators_room(session);
	/* In these states nothing wakes us again for what was left behind. */
	bool exact = output->hung_up || session->phase == PHASE_DRAINING;

	if (room < LEAST_ROOM)
		return FILLED_NO_ROOM;
	room = screen_room(session, room < CHUNK ? room : CHUNK, exact);
	leave_observers_behind(session, room);
	while (room > 0) {
		ssize_t n = read(SESSION_FD_PTY, ring_at(&output->ring, output->ring.head), room);
		if (n > 0) {
			ring_advance(&output->ring, (size_t)n);
			room -= (size_t)n;
			if (n < SHORT_READ && !exact)
				break;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && errno == EAGAIN) {
			return FILLED_DRAINED;
		} else {
			return FILLED_CLOSED; /* EIO */
		}
	}
	return FILLED_SOME;
}

static void pump(struct session *session)
{
	struct output *output = &session->output;

	for (;;) {
		uint64_t before = output->ring.head;
		enum filled filled = fill(session);

		if (filled == FILLED_NO_ROOM) {
			block(session);
			return;
		}
		if (output->ring.head != before) {
			session->activity_us = clock_monotonic_us();
			commit_whole_characters(session);
		}
		if (filled == FILLED_CLOSED && session->phase != PHASE_DRAINING)
			set_hung_up(session, true);
		else if (output->ring.head != before && output->hung_up)
			set_hung_up(session, false);
		if (session->record.stalled || session->phase != PHASE_DRAINING)
			return;
		if (filled != FILLED_SOME) {
			set_reading(output, false);
			commit_held(session);
			if (!session->record.stalled)
				session_drained(session);
			return;
		}
	}
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	pump(data);
}

int output_init(struct session *session)
{
	struct output *output = &session->output;
	size_t size = session->launch.ring_size;
	int r = ring_init(&output->ring, size > 2 * CHUNK ? size : 2 * CHUNK);

	if (r < 0)
		return r;
	output->observer_floor = UINT64_MAX;
	if (event_assign(&output->readable, session->base, SESSION_FD_PTY, EV_READ | EV_PERSIST,
			 on_readable, session) < 0 ||
	    evtimer_assign(&output->tail, session->base, on_tail, session) < 0 ||
	    evtimer_assign(&output->patience, session->base, on_patience, session) < 0)
		return -ENOMEM;
	return 0;
}

void output_resume(struct session *session)
{
	struct output *output = &session->output;

	if (output->blocked || session->record.stalled || session->phase == PHASE_STARTING ||
	    session->phase > PHASE_DRAINING)
		return;
	set_reading(output, true);
	if (session->phase == PHASE_DRAINING)
		event_active(&output->readable, EV_READ, 0);
}

void output_pause(struct session *session)
{
	set_reading(&session->output, false);
}

void output_release(struct session *session)
{
	struct output *output = &session->output;

	output->recorded = output->formatted;
	clients_pump(session);
	screen_recorded(session);
	commit_held(session); /* its 20 ms are long over */
	output_resume(session);
}

uint64_t output_join(struct session *session)
{
	struct output *output = &session->output;
	if (output->recorded < output->observer_floor)
		output->observer_floor = output->recorded;
	return output->recorded;
}
