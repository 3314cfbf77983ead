/* The detach keys, in every encoding, cut at every place. */
#include <cmocka.h>
#include <string.h>

#include "cli/detach-keys.h"

#define PREFIX_KITTY "\033[93;5u"

static struct detach_keys make(const char *text, bool enhanced)
{
	struct detach_keys keys;

	assert_null(detach_keys_parse(text, &keys));
	keys.enhanced = enhanced;
	return keys;
}

static bool feed(struct detach_keys *keys, uint64_t now, const char *data, size_t n,
		 struct str *out)
{
	return detach_keys_feed(keys, now, data, n, out);
}

/* Whether the bytes detach, and what passes, when they come in two pieces cut at every place, and
 * byte by byte. */
static void check(const char *text, const char *input, size_t n, bool detach, const char *passed,
		  size_t passed_length)
{
	for (size_t cut = 0; cut <= n + 1; cut++) {
		struct detach_keys keys = make(text, true);
		struct str out = {0};
		bool left = false;

		if (cut <= n) {
			left = feed(&keys, 1000, input, cut, &out) ||
			       feed(&keys, 1001, input + cut, n - cut, &out);
		} else {
			for (size_t i = 0; i < n && !left; i++)
				left = feed(&keys, 1000 + i / 8, input + i, 1, &out);
		}
		if (!left)
			detach_keys_expire(&keys, 100000, &out);
		assert_int_equal(left, detach);
		assert_int_equal(out.length, passed_length);
		if (passed_length)
			assert_memory_equal(out.data, passed, passed_length);
		assert_int_equal(detach_keys_deadline(&keys), 0);
		str_free(&out);
	}
}

#define DETACHES(text, input, passed) \
	check(text, input, sizeof(input) - 1, true, passed, sizeof(passed) - 1)
#define PASSES(text, input) check(text, input, sizeof(input) - 1, false, input, sizeof(input) - 1)

static void test_encodings(void **state)
{
	(void)state;
	DETACHES(DETACH_KEYS_DEFAULT, "\035d", "");
	DETACHES(DETACH_KEYS_DEFAULT, "abc\035d", "abc");
	DETACHES(DETACH_KEYS_DEFAULT, "\035ddropped", "");
	/* kitty: plain, NumLock, CapsLock, both; with event types; with text; every key encoded */
	DETACHES(DETACH_KEYS_DEFAULT, PREFIX_KITTY "d", "");
	DETACHES(DETACH_KEYS_DEFAULT, "\033[93;133ud", "");
	DETACHES(DETACH_KEYS_DEFAULT, "\033[93;69ud", "");
	DETACHES(DETACH_KEYS_DEFAULT, "\033[93;197u\033[100;193u", "");
	DETACHES(DETACH_KEYS_DEFAULT, "\033[93;5:1u\033[93;5:3u\033[100;1:1u", "");
	DETACHES(DETACH_KEYS_DEFAULT, "\033[93;5:2u\033[100u", "");
	DETACHES(DETACH_KEYS_DEFAULT, PREFIX_KITTY "\033[100;;100u", "");
	/* with the modifiers' own keys, which flag 8 reports */
	DETACHES(DETACH_KEYS_DEFAULT,
		 "\033[57442;5u" PREFIX_KITTY "\033[93;5:3u\033[57442;1:3u\033[100;1u",
		 "\033[57442;5u");
	/* the key at the Latin key's place */
	DETACHES(DETACH_KEYS_DEFAULT, "\033[1098::93;5u\033[1074::100u", "");
	/* modifyOtherKeys */
	DETACHES(DETACH_KEYS_DEFAULT, "\033[27;5;93~d", "");
	/* both forms mixed, and a mouse that moves meanwhile */
	DETACHES(DETACH_KEYS_DEFAULT, "\035\033[100u", "");
	DETACHES(DETACH_KEYS_DEFAULT, "\035\033[<35;10;20M\033[I\033[M !!d", "");
	/* the second prefix is one too */
	DETACHES(DETACH_KEYS_DEFAULT, "\035\035d", "\035");
	DETACHES(DETACH_KEYS_DEFAULT, "\035" PREFIX_KITTY "d", "\035");
	DETACHES(DETACH_KEYS_DEFAULT, "\033\035d", "\033");
}

static void test_what_passes(void **state)
{
	(void)state;
	PASSES(DETACH_KEYS_DEFAULT, "\035x");
	PASSES(DETACH_KEYS_DEFAULT, "\035");
	PASSES(DETACH_KEYS_DEFAULT, "d");
	PASSES(DETACH_KEYS_DEFAULT, "\035D");
	PASSES(DETACH_KEYS_DEFAULT, "\035\033d");
	PASSES(DETACH_KEYS_DEFAULT, "\035\033[A"
				    "d");
	PASSES(DETACH_KEYS_DEFAULT, PREFIX_KITTY "\033[93;5:3ux");
	PASSES(DETACH_KEYS_DEFAULT, "\033[93;5:3ud");
	PASSES(DETACH_KEYS_DEFAULT, "\033[93;7ud"); /* Ctrl-Alt */
	PASSES(DETACH_KEYS_DEFAULT, "\033[93ud");
	PASSES(DETACH_KEYS_DEFAULT, PREFIX_KITTY "\033[100;5u"); /* Ctrl-d */
	PASSES(DETACH_KEYS_DEFAULT, "\033[27;6;93~d");
	PASSES(DETACH_KEYS_DEFAULT, "\033[1;5A\033OP\033[15~\033[200;5u\033]11;rgb:1/2/3\033\\");
	PASSES(DETACH_KEYS_DEFAULT, "\033[93;5\035");
	PASSES(DETACH_KEYS_DEFAULT, "\033[11111111111111111111;5555555555555555555555555u");
	PASSES(DETACH_KEYS_DEFAULT,
	       "\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1ud");
	PASSES("none", "\035d" PREFIX_KITTY "d");
}

static void test_paste(void **state)
{
	(void)state;
	PASSES(DETACH_KEYS_DEFAULT, "\033[200~a\035d" PREFIX_KITTY "d\033[201~");
	PASSES(DETACH_KEYS_DEFAULT, "\033[200~\033[200~\035d\033[201\033[201~x");
	DETACHES(DETACH_KEYS_DEFAULT, "\033[200~\035d\033[201~\035d", "\033[200~\035d\033[201~");
	/* the prefix, and then a paste that begins with the second key */
	PASSES(DETACH_KEYS_DEFAULT, "\035\033[200~d\033[201~");
}

static void test_other_keys(void **state)
{
	(void)state;
	DETACHES("ctrl-a d", "x\001d", "x");
	DETACHES("Ctrl-A,D", "\001D", "");
	DETACHES("^P,^Q", "\020\021", "");
	DETACHES("^p ^q", "\033[112;5u\033[113;5u", "");
	DETACHES("ctrl-\\", "a\034", "a");
	DETACHES("ctrl-@,ctrl-@", "\0\0", "");
	PASSES("ctrl-\\", "\035d\033\\");
	PASSES("^p ^q", "\020q");
}

static void test_syntax(void **state)
{
	static const char *const bad[] = {"",         " , ",   "d",          "ctrl-[",
					  "^[",       "ctrl-", "ctrl-ab",    "ctrl-1",
					  "f1",       "a,b,c", "ctrl-a,b,c", "ctrl-a,dd",
					  "\303\244", "None",  "ctrl-a,\001"};
	static const struct {
		const char *text, *description;
	} good[] = {{"ctrl-],d", "Ctrl-] d"},
		    {"CTRL-a\td", "Ctrl-A d"},
		    {"^_", "Ctrl-_"},
		    {"ctrl-b , ^b", "Ctrl-B Ctrl-B"},
		    {"none", ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct detach_keys keys = {.count = 77};
		assert_non_null(detach_keys_parse(bad[i], &keys));
		assert_int_equal(keys.count, 77);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct detach_keys keys = make(good[i].text, false);
		struct str out = {0};
		detach_keys_describe(&keys, &out);
		str_append_byte(&out, '\0');
		assert_string_equal(out.data, good[i].description);
		str_free(&out);
	}
}

static void test_times(void **state)
{
	struct detach_keys keys = make(DETACH_KEYS_DEFAULT, false);
	struct str out = {0};

	(void)state;
	/* A prefix waits for half a second from itself on, whatever accompanies it. */
	assert_false(feed(&keys, 1000, "\035", 1, &out));
	assert_int_equal(detach_keys_deadline(&keys), 1000 + DETACH_PREFIX_MS);
	assert_false(feed(&keys, 1400, "\033[I", 3, &out));
	assert_int_equal(detach_keys_deadline(&keys), 1000 + DETACH_PREFIX_MS);
	detach_keys_expire(&keys, 1499, &out);
	assert_int_equal(out.length, 0);
	detach_keys_expire(&keys, 1500, &out);
	assert_int_equal(out.length, 4);
	assert_false(feed(&keys, 1501, "d", 1, &out));
	assert_memory_equal(out.data, "\035\033[Id", 5);
	str_clear(&out);

	/* One that came too late is no prefix, even if nobody asked for it to expire. */
	assert_false(feed(&keys, 2000, "\035", 1, &out));
	assert_false(feed(&keys, 2600, "d", 1, &out));
	assert_int_equal(out.length, 2);
	str_clear(&out);

	/* The Escape key is not delayed, and is no part of what comes next. */
	assert_false(feed(&keys, 3000, "\033", 1, &out));
	assert_int_equal(out.length, 1);
	assert_int_equal(detach_keys_deadline(&keys), 0);
	assert_true(feed(&keys, 3001, "\035d", 2, &out));
	str_clear(&out);

	/* Half a sequence waits 20 ms, passes, and is still understood as far as pastes go. */
	assert_false(feed(&keys, 4000, "\033[20", 4, &out));
	assert_int_equal(out.length, 0);
	assert_int_equal(detach_keys_deadline(&keys), 4000 + DETACH_SEQUENCE_MS);
	detach_keys_expire(&keys, 4020, &out);
	assert_int_equal(out.length, 4);
	assert_false(feed(&keys, 4030, "0~\035d", 4, &out));
	assert_int_equal(out.length, 8);
	str_free(&out);
}

/* Whatever comes, passes unchanged as long as nothing detaches. */
static void test_nothing_is_lost(void **state)
{
	static const char alphabet[] = "\033[\035x;593u~M<200";
	uint32_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct detach_keys keys = make(DETACH_KEYS_DEFAULT, round & 1);
		char input[600];
		struct str out = {0};
		size_t n = 0;

		for (uint64_t now = 1; n + 40 < sizeof(input); now += random >> 27) {
			size_t piece = 0, length = 1 + (random >> 20) % 40;
			for (; piece < length; piece++) {
				random = random * 1664525 + 1013904223;
				input[n + piece] = alphabet[(random >> 8) % (sizeof(alphabet) - 1)];
			}
			assert_false(feed(&keys, now, input + n, piece, &out));
			n += piece;
			if (round & 2)
				detach_keys_expire(&keys, now + 1000, &out);
		}
		detach_keys_expire(&keys, 1U << 30, &out);
		assert_int_equal(out.length, n);
		assert_memory_equal(out.data, input, n);
		str_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_encodings),       cmocka_unit_test(test_what_passes),
		cmocka_unit_test(test_paste),           cmocka_unit_test(test_other_keys),
		cmocka_unit_test(test_syntax),          cmocka_unit_test(test_times),
		cmocka_unit_test(test_nothing_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
