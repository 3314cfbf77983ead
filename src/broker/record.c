/* The server's own events, server.jsonl.
 *
 * Owns the lines that are not in the file yet; the descriptor was opened by root and stays the
 * process's. While the file takes nothing (disk full, I/O error) the broker refuses every new
 * connection, so that nothing happens that is not recorded, and what had happened before waits in
 * memory and is tried again every 250 ms. Says so once on standard error, where the administrator
 * looks when the record itself cannot tell.
 */
#include "broker/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

static const struct timeval retry_after = {.tv_usec = 250000};

static void wait_for_room(struct record *record, int error)
{
	if (event_pending(&record->retry, EV_TIMEOUT, NULL))
		return;
	fprintf(stderr,
		"aaau-broker: server.jsonl cannot be written: %s; "
		"new connections are refused until it can be\n",
		strerror(-error));
	event_add(&record->retry, &retry_after);
}

static void on_retry(evutil_socket_t fd, short what, void *context)
{
	struct record *record = context;

	(void)fd;
	(void)what;
	if (audit_writer_flush(&record->writer) < 0)
		event_add(&record->retry, &retry_after);
	else
		fprintf(stderr, "aaau-broker: server.jsonl can be written again\n");
}

void record_init(struct record *record, struct event_base *base, int fd)
{
	audit_writer_init(&record->writer, fd);
	event_assign(&record->retry, base, -1, 0, on_retry, record);
}

void record_free(struct record *record)
{
	event_del(&record->retry);
	audit_writer_free(&record->writer);
}

void record_put(struct record *record, const struct record_event *event)
{
	const char *content = event->content ? event->content : "";
	struct audit_record line = {
		.timestamp_us = clock_realtime_us(),
		.source = AUDIT_SYSTEM,
		.user = event->user ? event->user : "",
		.session_id = event->session_id ? event->session_id : "",
		.command_type = event->type,
		.content = content,
		.content_length = strlen(content),
		.metadata = event->pairs,
		.pair_count = event->pair_count,
	};
	int error = audit_writer_put(&record->writer, &line);

	if (error == -ENOMEM) {
		/* The next broker has memory again, or nobody has. */
		fprintf(stderr, "aaau-broker: no memory for a line of server.jsonl: %s\n",
			event->type);
		_exit(EXIT_FAILURE);
	}
	if (error < 0)
		wait_for_room(record, error);
}

bool record_ready(struct record *record)
{
	int error = audit_writer_flush(&record->writer);

	if (error < 0)
		wait_for_room(record, error);
	return error == 0;
}
