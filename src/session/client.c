/* A client: how it comes and goes, and what it may do, the same for both versions.
 *
 * Owns the client's socket and everything in struct client. The broker said who it is; what it
 * sends is hostile, and how it reads is its own affair: nothing here waits for it. A client that
 * goes wrong is closed, and only that one.
 *
 * What goes to its socket is in client-send.c.
 */
#include "session/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/request.h"
#include "session/session.h"
#include "util/clock.h"

/* What a socket's buffer may hold that was never read, in reads; see client_close(). */
#define MOST_DRAIN_READS 64

static char read_buffer[INPUT_READ_SIZE];

/* --- the end of a connection --- */

void client_record_end(const struct client *client, const char *why)
{
	if (client->denied_inputs > 1)
		record_denied(client, "input", client->denied_inputs);
	if (client->denied_kills > 1)
		record_denied(client, "kill", client->denied_kills);
	record_detach(client, why);
}

void client_close(struct client *client, const char *why)
{
	struct session *session = client->session;

	if (client->gone)
		return;
	if (client->operator)
		screen_settle(session);
	client->gone = true;
	session->reap = true;
	/* The loop may be busy with the agent's output for long. */
	event_base_loopbreak(session->base);
	event_del(&client->readable);
	event_del(&client->writable);
	input_forget(client);
	/* Closed with something unread, the peer would get ECONNRESET in place of the end. */
	shutdown(client->fd, SHUT_RDWR);
	for (int i = 0; i < MOST_DRAIN_READS; i++)
		if (recv(client->fd, read_buffer, sizeof read_buffer, MSG_DONTWAIT) <= 0)
			break;
	close(client->fd);
	if (client->answered) {
		if (client->operator)
			session->operators--;
		else
			session->observers--;
		if (session->phase < PHASE_FLUSHING) {
			client_record_end(client, why);
			clients_notice(session, client, "detach", "%s left (%s)", client->user,
				       why);
		}
	}
	session_client_gone(session);
}

/* --- from the socket --- */

static void receive(struct client *client, const char *data, size_t n)
{
	client->warned = false;
	bool goes_on = client->face->receive(client, data, n);
	if (client->operator)
		input_commit(client);
	if (!goes_on)
		client_close(client, "malformed");
}

/* The next of what came with the handshake; true if there is more. */
static bool receive_early(struct client *client, size_t most)
{
	struct early *early = client->early;
	size_t left = early->length - early->at;
	size_t n = left < most ? left : most;
	const char *data = early->data + early->at;

	early->at += n;
	receive(client, data, n);
	if (!client->gone && early->at < early->length)
		return true;
	client->early = NULL;
	free(early);
	return false;
}

static void on_readable(evutil_socket_t fd, short what, void *data)
{
	struct client *client = data;
	struct session *session = client->session;
	bool types = client->operator&& session->phase<PHASE_FLUSHING;
	size_t most = types ? input_room(session) : sizeof read_buffer;

	(void)what;
	if (client->gone)
		return;
	if (most == 0) {
		input_wait(client);
		return;
	}
	if (client->early) {
		if (receive_early(client, most))
			event_active(&client->readable, EV_READ, 0);
		return;
	}
	ssize_t n = recv(fd, read_buffer, most, MSG_DONTWAIT);
	if (n > 0)
		receive(client, read_buffer, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		client_close(client, "closed");
}

static void on_writable(evutil_socket_t fd, short what, void *data)
{
	struct client *client = data;
	struct session *session = client->session;

	(void)fd;
	(void)what;
	client_pump(client);
	output_progress(session);
}

/* A client can ask as often as it likes: the record gets the first time and, at the end, a number. */
static void deny(struct client *client, const char *what, uint64_t *count)
{
	if ((*count)++ == 0)
		record_denied(client, what, 1);
}

void client_give_input(struct client *client, const char *data, size_t n)
{
	if (client->gone || client->session->phase >= PHASE_FLUSHING)
		return;
	if (client->operator) {
		input_take(client->session, data, n);
		return;
	}
	deny(client, "input", &client->denied_inputs);
	client_warn_read_only(client);
}

void client_warn_read_only(struct client *client)
{
	if (client->warned)
		return;
	client->warned = true;
	client_say_error(client, PROTOCOL_READ_ONLY);
}

void client_ask_resize(struct client *client, uint16_t rows, uint16_t columns)
{
	input_commit(client);
	session_resize(client->session, client, rows, columns);
}

void client_ask_kill(struct client *client, bool permitted)
{
	if (!permitted) {
		deny(client, "kill", &client->denied_kills);
		client_say_error(client, PROTOCOL_PERMISSION);
		return;
	}
	if (client->operator)
		input_commit(client);
	session_order_end(client->session, END_KILLED, client->user);
}

/* --- coming and going --- */

struct client *client_new(struct session *session, const struct session_attach *attach, int fd)
{
	struct client *client = calloc(1, sizeof *client);

	if (client)
		client->user = strdup(attach->user);
	if (client && attach->early_length > 0)
		client->early = malloc(sizeof *client->early + attach->early_length);
	if (!client || !client->user || (attach->early_length > 0 && !client->early)) {
		client_free(client);
		close(fd);
		return NULL;
	}
	if (client->early) {
		client->early->at = 0;
		client->early->length = attach->early_length;
		memcpy(client->early->data, attach->early, attach->early_length);
	}
	client->session = session;
	client->fd = fd;
	client->version = attach->protocol;
	client->face = attach->protocol == 2 ? &client_v2 : &client_v1;
	client->number = attach->client;
	client->uid = attach->uid;
	client->pid = attach->pid;
	client->level = (enum permission_level)attach->level;
	client->operator= !attach->observer && attach->level >= LEVEL_INTERACTIVE;
	client->creator = attach->creator;
	client->features = attach->features;
	client->rows = attach->rows;
	client->columns = attach->columns;
	event_assign(&client->readable, session->base, fd, EV_READ | EV_PERSIST, on_readable,
		     client);
	event_assign(&client->writable, session->base, fd, EV_WRITE | EV_PERSIST, on_writable,
		     client);
	if (client->operator)
		TAILQ_INSERT_HEAD(&session->clients, client, entry);
	else
		TAILQ_INSERT_TAIL(&session->clients, client, entry);
	return client;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->face && client->face->forget)
		client->face->forget(client);
	str_free(&client->own);
	str_free(&client->pending);
	free(client->early);
	free(client->user);
	free(client);
}

void client_answer(struct client *client)
{
	struct session *session = client->session;
	cleanup_str struct str message = {0};

	client->face->put_answer(client, &message);
	client_say(client, &message);
	if (client->gone)
		return;
	if (client->operator)
		screen_settle(session);
	client->answered = true;
	session->clients_total++;
	if (client->operator)
		session->operators++;
	else
		session->observers++;
}

void client_refuse(struct client *client, enum protocol_error error, const char *text)
{
	cleanup_str struct str message = {0};

	client->face->put_refusal(&message, error, text);
	client_say(client, &message);
	client_close(client, "refused");
}

void client_start(struct client *client)
{
	struct session *session = client->session;

	if (client->gone)
		return;
	/* Before anything can be sent to it. */
	client->cursor = output_join(session);
	record_attach(client);
	client->progress_us = clock_monotonic_us();
	clients_notice(session, client, "attach", "%s joined as %s", client->user,
		       client_role(client));
	if (client->operator&& client->rows> 0 && client->columns> 0)
		session_resize(session, client, client->rows, client->columns);
	/* From the first byte on it needs no snapshot. */
	if (client->cursor > 0)
		screen_put_join(session, &client->own);
	event_add(&client->readable, NULL);
	if (session->record.stalled)
		client_say_error(client, PROTOCOL_STALLED);
	else
		client_pump(client);
	freeze_tell(client);
	if (client->early && !client->gone)
		event_active(&client->readable, EV_READ, 0);
}

/* --- all of them --- */

void clients_pump(struct session *session)
{
	struct client *client;

	/* Those whose socket is full have an event of their own. */
	TAILQ_FOREACH (client, &session->clients, entry)
		if (!client->blocked)
			client_pump(client);
}

void clients_say_error(struct session *session, enum protocol_error error)
{
	struct client *client;

	TAILQ_FOREACH (client, &session->clients, entry)
		if (client->answered)
			client_say_error(client, error);
}

static bool wants_notice(const struct client *client, const char *event)
{
	uint32_t features = FEATURE_NOTICES;

	if (strcmp(event, "freeze") == 0 || strcmp(event, "thaw") == 0)
		features |= FEATURE_FREEZES;
	return client->features & features;
}

void client_notice(struct client *client, const char *event, const char *format, ...)
{
	cleanup_str struct str message = {0};
	char line[512];
	va_list arguments;

	if (!wants_notice(client, event))
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	client->face->put_notice(&message, event, line, 0);
	client_say(client, &message);
}

void clients_notice(struct session *session, const struct client *except, const char *event,
		    const char *format, ...)
{
	cleanup_str struct str message = {0};
	struct client *client;
	char line[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	TAILQ_FOREACH (client, &session->clients, entry) {
		if (client == except || !client->answered || !wants_notice(client, event))
			continue;
		if (message.length == 0)
			client->face->put_notice(&message, event, line, 0);
		client_say(client, &message);
	}
}

const char *client_role(const struct client *client)
{
	return client->operator? "operator" : "observer";
}

const char *client_level(const struct client *client)
{
	switch (client->level) {
	case LEVEL_READ_ONLY: return "read-only";
	case LEVEL_INTERACTIVE: return "interactive";
	case LEVEL_ADMIN: break;
	}
	return "admin";
}
