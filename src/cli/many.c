/* What became of an order to many sessions.
 *
 * Whoever stops everything relies on it, so what did not stop is named even to one who wants to hear
 * nothing but errors, and makes the exit status a failure. Names are other users' words. */
#include "cli/many.h"

#include <inttypes.h>

#include "cli/say.h"

static void say_failed(const struct aaau_session *session, const char *state)
{
	cleanup_str struct str text = {0};

	say_printable(&text, session->id);
	if (*session->name) {
		str_append_text(&text, " (");
		say_printable(&text, session->name);
		str_append_byte(&text, ')');
	}
	str_append_format(&text, " is not %s: it is ", state);
	say_printable(&text, *session->state ? session->state : "unresponsive");
	if (str_error(&text) == 0)
		say("%s", text.data);
}

int many_say(const struct cli_options *options, const struct aaau_event *answer, const char *state,
	     const char *hint)
{
	uint64_t done = answer->as.answer.done;

	for (size_t i = 0; i < answer->as.answer.count; i++)
		say_failed(&answer->as.answer.sessions[i], state);
	if (!options->quiet)
		say("%" PRIu64 " session%s %s%s", done, done == 1 ? " is" : "s are", state,
		    done ? hint : "");
	return answer->as.answer.count ? CLI_EXIT_NOT_STARTED : 0;
}
