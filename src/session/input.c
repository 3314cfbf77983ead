/* From the clients to the PTY.
 *
 * Owns the queue between them: 64 KiB, and what it cannot take is not read from the client, so that
 * a paste of any size waits in its own sender. What a client sends in one burst becomes one line of
 * the record before its first byte goes to the PTY; while the record is stalled, lines and bytes
 * wait together. While the agent is frozen, or is to be, the queue stands still: what lets typed
 * bytes through is the thaw, and not the room in the terminal's own buffers. Nothing typed is
 * trusted or looked at.
 *
 * Fairness: a client gives at most INPUT_READ_SIZE at a time, and those that found the queue full
 * come back in the order in which they were turned away.
 *
 * A password is input while the slave has ECHO off and ICANON on, which the master sees live; a
 * program in raw mode has ECHO off too, and is no password prompt. The record gets its length only.
 */
#include "session/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ipc/fds.h"
#include "protocol/v1.h"
#include "session/client.h"
#include "session/session.h"
#include "util/clock.h"

/* Less room than this is no room: it would be many small lines. */
#define LEAST_ROOM 4096
/* What a client's reader may have held back, which comes on top of what is read now. */
#define MOST_HELD V1_MAX_CONTROL

static void flush(struct session *session);

static void on_writable(evutil_socket_t fd, short what, void *data)
{
	(void)fd;
	(void)what;
	flush(data);
}

int input_init(struct session *session)
{
	struct input *input = &session->input;

	TAILQ_INIT(&input->waiting);
	input->fd = fcntl(SESSION_FD_PTY, F_DUPFD_CLOEXEC, SESSION_FD_END);
	if (input->fd < 0)
		return -errno;
	input->queue = malloc(INPUT_QUEUE_SIZE);
	if (!input->queue)
		return -ENOMEM;
	return event_assign(&input->writable, session->base, input->fd, EV_WRITE | EV_PERSIST,
			    on_writable, session);
}

size_t input_room(const struct session *session)
{
	const struct input *input = &session->input;
	size_t room = INPUT_QUEUE_SIZE - (input->end - input->start);

	if (room < LEAST_ROOM + MOST_HELD || record_is_full(session))
		return 0;
	room -= MOST_HELD;
	return room < INPUT_READ_SIZE ? room : INPUT_READ_SIZE;
}

void input_wait(struct client *client)
{
	if (client->waiting)
		return;
	client->waiting = true;
	event_del(&client->readable);
	TAILQ_INSERT_TAIL(&client->session->input.waiting, client, waiting_entry);
}

void input_forget(struct client *client)
{
	if (!client->waiting)
		return;
	client->waiting = false;
	TAILQ_REMOVE(&client->session->input.waiting, client, waiting_entry);
}

static void resume_waiting(struct session *session)
{
	struct client *client;

	while ((client = TAILQ_FIRST(&session->input.waiting))) {
		input_forget(client);
		event_add(&client->readable, NULL);
		if (client->early)
			event_active(&client->readable, EV_READ, 0);
	}
}

static void set_writing(struct input *input, bool on)
{
	if (input->writing == on)
		return;
	input->writing = on;
	if (on)
		event_add(&input->writable, NULL);
	else
		event_del(&input->writable);
}

static void flush(struct session *session)
{
	struct input *input = &session->input;

	while (input->start < input->released && !session->freeze.ordered) {
		ssize_t n = write(input->fd, input->queue + input->start,
				  input->released - input->start);
		if (n > 0) {
			input->start += (size_t)n;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n == 0 || errno == EAGAIN) {
			set_writing(input, true);
			break;
		} else {
			/* EIO: nobody has the slave open, nobody will read it. */
			input->start = input->released;
		}
	}
	if (input->start == input->released || session->freeze.ordered)
		set_writing(input, false);
	if (input->start == input->end)
		input->start = input->released = input->committed = input->end = 0;
	if (!TAILQ_EMPTY(&input->waiting) && !record_is_full(session) &&
	    input->end - input->start <= INPUT_QUEUE_SIZE / 2)
		resume_waiting(session);
}

void input_take(struct session *session, const char *data, size_t n)
{
	struct input *input = &session->input;

	if (n > INPUT_QUEUE_SIZE - input->end) {
		memmove(input->queue, input->queue + input->start, input->end - input->start);
		input->released -= input->start;
		input->committed -= input->start;
		input->end -= input->start;
		input->start = 0;
	}
	memcpy(input->queue + input->end, data, n);
	input->end += n;
}

static bool is_password(const struct input *input)
{
	struct termios termios;

	return tcgetattr(input->fd, &termios) == 0 &&
	       (termios.c_lflag & (tcflag_t)(ECHO | ICANON)) == ICANON;
}

void input_commit(const struct client *client)
{
	struct session *session = client->session;
	struct input *input = &session->input;
	size_t n = input->end - input->committed;

	if (n == 0)
		return;
	session->activity_us = clock_monotonic_us();
	input->bytes += n;
	record_input(client, input->queue + input->committed, n, is_password(input));
	input->committed = input->end;
	if (!session->record.stalled)
		input_release(session);
}

void input_answer(struct session *session, const char *data, size_t n)
{
	struct input *input = &session->input;

	if (n > input_room(session) || session->phase > PHASE_RUNNING)
		return;
	input_take(session, data, n);
	record_reply(session, data, n);
	input->committed = input->end;
	if (!session->record.stalled)
		input_release(session);
}

void input_release(struct session *session)
{
	session->input.released = session->input.committed;
	flush(session);
}

void input_resume(struct session *session)
{
	flush(session);
}

void input_discard(struct session *session)
{
	struct input *input = &session->input;

	set_writing(input, false);
	input->start = input->released = input->committed = input->end = 0;
	resume_waiting(session);
}
