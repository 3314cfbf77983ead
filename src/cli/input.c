/* Standard input on its way to the session.
 *
 * Owns the bytes that were read and that the session has not taken; reads no more while there are
 * any, so memory is bounded by one read.
 *
 * A terminal's bytes pass the detach keys. Anything else (a pipe, a file, /dev/null) is typed as it
 * is, and its end as Ctrl-D, twice where the last line has no newline, because the first then only
 * ends the line. The end of a file is for good, and a terminal's Ctrl-D is not: typed while the
 * agent is just switching its terminal to raw mode it reads as a NUL (n_tty keeps the end of a line
 * as one), and a second reader does not see it at all. So it is typed again when the session has
 * been quiet for 0.25, 1 and 4 seconds, and then no more. In a session that was there before, the
 * agent has other people's input too: only ours ends.
 */
#include "cli/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

#define END_OF_TRANSMISSION 4 /* VEOF as every new terminal has it */

static const uint64_t quiet_ms[] = {250, 1000, 4000};

void input_init(struct input *input, bool terminal, bool dropped, bool ends,
		const struct detach_keys *keys)
{
	memset(input, 0, sizeof(*input));
	input->terminal = terminal;
	input->dropped = dropped;
	input->types_end = ends;
	input->open = terminal || !dropped;
	input->last = '\n';
	if (terminal)
		input->keys = *keys;
}

void input_free(struct input *input)
{
	str_free(&input->queue);
}

bool input_wanted(const struct input *input)
{
	return input->open && input->queue.length == 0;
}

static uint64_t now_ms(void)
{
	return clock_monotonic_us() / 1000;
}

static void type_end(struct input *input)
{
	str_append_byte(&input->queue, END_OF_TRANSMISSION);
	if (input->last != '\n' && input->last != '\r')
		str_append_byte(&input->queue, END_OF_TRANSMISSION);
	input->last = '\n';
	input->end_deadline_ms = input->ends < sizeof(quiet_ms) / sizeof(quiet_ms[0])
					 ? now_ms() + quiet_ms[input->ends]
					 : 0;
	input->ends++;
}

static enum input_outcome ended(struct input *input)
{
	input->open = false;
	if (input->terminal)
		return INPUT_HUNG_UP;
	if (input->types_end)
		type_end(input);
	return INPUT_GOES_ON;
}

enum input_outcome input_read(struct input *input)
{
	static char data[65536];
	bool detach = false;
	ssize_t n = read(STDIN_FILENO, data, sizeof(data));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return INPUT_GOES_ON;
	if (n <= 0)
		return ended(input);

	input->last = data[n - 1];
	if (input->terminal)
		detach = detach_keys_feed(&input->keys, now_ms(), data, (size_t)n, &input->queue);
	else
		str_append(&input->queue, data, (size_t)n);
	return detach ? INPUT_DETACH : INPUT_GOES_ON;
}

void input_push(struct input *input, struct aaau_client *client)
{
	size_t left = input->queue.length - input->sent;

	if (!left)
		return;
	input->sent += input->dropped
			       ? left
			       : aaau_send_input(client, input->queue.data + input->sent, left);
	if (input->sent == input->queue.length) {
		str_clear(&input->queue);
		input->sent = 0;
	}
}

uint64_t input_deadline(const struct input *input)
{
	uint64_t keys = detach_keys_deadline(&input->keys);

	return keys ? keys : input->end_deadline_ms;
}

void input_expire(struct input *input, uint64_t now)
{
	detach_keys_expire(&input->keys, now, &input->queue);
	if (input->end_deadline_ms && now >= input->end_deadline_ms)
		type_end(input);
}

void input_session_is_busy(struct input *input)
{
	if (input->end_deadline_ms)
		input->end_deadline_ms = now_ms() + quiet_ms[input->ends - 1];
}
