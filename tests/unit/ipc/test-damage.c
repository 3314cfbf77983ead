/* Every kind of message: whole it is read, cut short or with a byte too many it is refused, and
 * with any byte changed it is at least harmless. */
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

/* The bytes in a block of exactly their size, so that a read behind them is seen. */
static int decode(const struct message_kind *kind, const char *data, size_t n)
{
	char *copy = malloc(n ? n : 1);
	int result;

	assert_non_null(copy);
	memcpy(copy, data, n);
	result = kind->decode(copy, n);
	free(copy);
	return result;
}

static void for_each(void (*run)(const struct message_kind *kind, struct str *message))
{
	for (size_t i = 0; i < message_kind_count; i++) {
		cleanup_str struct str message = {0};

		message_kinds[i].encode(&message);
		assert_int_equal(str_error(&message), 0);
		run(&message_kinds[i], &message);
	}
}

static void whole(const struct message_kind *kind, struct str *message)
{
	if (decode(kind, message->data + kind->skip, message->length - kind->skip) != 0)
		fail_msg("%s", kind->name);
}

static void test_whole(void **state)
{
	(void)state;
	for_each(whole);
}

static void cut(const struct message_kind *kind, struct str *message)
{
	for (size_t n = 0; n < message->length - kind->skip; n++)
		if (decode(kind, message->data + kind->skip, n) != -EBADMSG)
			fail_msg("%s cut to %zu", kind->name, n);
}

static void test_truncation_at_every_length(void **state)
{
	(void)state;
	for_each(cut);
}

static void append(const struct message_kind *kind, struct str *message)
{
	str_append_byte(message, 0);
	if (decode(kind, message->data + kind->skip, message->length - kind->skip) != -EBADMSG)
		fail_msg("%s with a byte too many", kind->name);
}

static void test_left_over(void **state)
{
	(void)state;
	for_each(append);
}

static void mutate(const struct message_kind *kind, struct str *message)
{
	static const unsigned char values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};

	for (size_t at = kind->skip; at < message->length; at++) {
		char original = message->data[at];

		for (size_t i = 0; i < sizeof(values); i++) {
			int result;

			message->data[at] = (char)values[i];
			result = decode(kind, message->data + kind->skip,
					message->length - kind->skip);
			if (result != 0 && result != -EBADMSG)
				fail_msg("%s, byte %zu: %d", kind->name, at, result);
		}
		message->data[at] = original;
	}
}

static void test_every_byte_changed(void **state)
{
	(void)state;
	for_each(mutate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_truncation_at_every_length),
		cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_every_byte_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
