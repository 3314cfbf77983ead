/* ipc/wire.h: the encoding, byte by byte, and what the reader refuses. */
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "ipc/wire.h"

static void test_bytes_on_the_wire(void **state)
{
	static const char expected[] =
		"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"
		"\x03\0\0\0a\0b"
		"\x02\0\0\0hi\0";
	cleanup_str struct str out = {0};

	(void)state;
	wire_put_u8(&out, 0x01);
	wire_put_u16(&out, 0x0302);
	wire_put_u32(&out, 0x07060504);
	wire_put_u64(&out, 0x0f0e0d0c0b0a0908);
	wire_put_bytes(&out, "a\0b", 3);
	wire_put_text(&out, "hi");
	assert_int_equal(out.length, sizeof(expected) - 1);
	assert_memory_equal(out.data, expected, out.length);
}

static void test_round_trip(void **state)
{
	cleanup_str struct str out = {0};
	const struct uuid id = {{0xde, 0xad, 0xbe, 0xef}};
	struct wire_reader reader;
	struct uuid read_id;
	const char *bytes;
	size_t length;

	(void)state;
	wire_put_u64(&out, UINT64_MAX);
	wire_put_uuid(&out, &id);
	wire_put_bytes(&out, NULL, 0);
	wire_put_text(&out, "");
	wire_put_text(&out, "caf\xc3\xa9");

	wire_start(&reader, out.data, out.length);
	assert_true(wire_u64(&reader) == UINT64_MAX);
	wire_uuid(&reader, &read_id);
	assert_true(uuid_equal(&id, &read_id));
	bytes = wire_bytes(&reader, &length);
	assert_non_null(bytes);
	assert_int_equal(length, 0);
	assert_string_equal(wire_text(&reader), "");
	assert_string_equal(wire_text(&reader), "caf\xc3\xa9");
	assert_int_equal(wire_end(&reader), 0);
}

static void assert_bad_text(const char *data, size_t n)
{
	struct wire_reader reader;

	wire_start(&reader, data, n);
	assert_string_equal(wire_text(&reader), "");
	assert_int_equal(wire_end(&reader), -EBADMSG);
	/* The failure sticks. */
	assert_int_equal(wire_u8(&reader), 0);
	assert_int_equal(wire_end(&reader), -EBADMSG);
}

static void test_bad_texts(void **state)
{
	(void)state;
	assert_bad_text("\x03\0\0\0a\0b\0", 8);   /* a NUL inside */
	assert_bad_text("\x02\0\0\0hi!", 7);      /* no NUL at the end */
	assert_bad_text("\x02\0\0\0hi", 6);       /* nothing there */
	assert_bad_text("\xff\xff\xff\xffhi", 6); /* longer than the message */
	assert_bad_text("\x02\0", 2);
}

static void test_left_over(void **state)
{
	struct wire_reader reader;

	(void)state;
	wire_start(&reader, "ab", 2);
	assert_int_equal(wire_u8(&reader), 'a');
	assert_int_equal(wire_end(&reader), -EBADMSG);
	assert_int_equal(wire_u8(&reader), 'b');
	assert_int_equal(wire_end(&reader), 0);
	assert_int_equal(wire_u8(&reader), 0);
	assert_int_equal(wire_end(&reader), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_on_the_wire),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bad_texts),
		cmocka_unit_test(test_left_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
