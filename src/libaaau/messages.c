/* What a client says to a session it is attached to, as frames into the queue.
 *
 * Input may fill the queue up to a reserve that is kept for the small messages, so that a window
 * size or a farewell gets through while the session is not taking input.
 */
#include <errno.h>
#include <string.h>

#include "libaaau/client.h"

#define PING_MAX 64

static int put(struct aaau_client *client, enum frame_type type, const void *data, size_t n)
{
	if (!client->started)
		return AAAU_NOT_NOW;
	if (client->unsendable)
		return 0; /* AAAU_EVENT_CLOSED is on its way */

	char *at = client_queue(client, FRAME_HEADER_SIZE + n, 0);
	if (!at)
		return AAAU_BUSY;
	frame_put_header((unsigned char *)at, (uint8_t)type, (uint32_t)n);
	if (n)
		memcpy(at + FRAME_HEADER_SIZE, data, n);
	client->out_end += FRAME_HEADER_SIZE + n;
	client_flush(client);
	return 0;
}

size_t aaau_send_input(struct aaau_client *client, const void *data, size_t length)
{
	const size_t reserve = CLIENT_QUEUE_RESERVE + FRAME_HEADER_SIZE;
	size_t used = client->out_end - client->out_start;

	if (!client->started)
		return 0;
	if (client->unsendable)
		return length;
	if (used + reserve >= sizeof(client->out))
		return 0;
	if (length > sizeof(client->out) - used - reserve)
		length = sizeof(client->out) - used - reserve;
	if (!length || put(client, FRAME_INPUT, data, length) != 0)
		return 0;
	return length;
}

int aaau_send_resize(struct aaau_client *client, uint16_t rows, uint16_t columns)
{
	if (!rows || !columns)
		return -EINVAL;

	const unsigned char size[4] = {(unsigned char)(rows >> 8), (unsigned char)rows,
				       (unsigned char)(columns >> 8), (unsigned char)columns};
	return put(client, FRAME_RESIZE, size, sizeof(size));
}

int aaau_send_ping(struct aaau_client *client, const void *data, size_t length)
{
	return length > PING_MAX ? -EINVAL : put(client, FRAME_PING, data, length);
}

int aaau_send_query(struct aaau_client *client)
{
	return put(client, FRAME_QUERY, NULL, 0);
}

int aaau_send_kill(struct aaau_client *client)
{
	return put(client, FRAME_KILL, NULL, 0);
}

int aaau_send_leave(struct aaau_client *client)
{
	return put(client, FRAME_LEAVE, NULL, 0);
}
