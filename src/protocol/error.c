/* The table of protocol/error.h, and the two ways of writing an error to a client.
 *
 * Exit statuses: 64 where the request itself is at fault (the same request would fail again), 126
 * and 127 as a shell has them, 254 where a connection that had worked is cut, 255 for everything
 * else that keeps a session from being started or joined.
 *
 * Messages may quote what a client sent, so they are hostile: version 1 prints the line on a
 * terminal and therefore gets no control character (C0, DEL or C1) and no invalid UTF-8; version 2
 * relies on JSON's escapes. Nothing here fails but for memory, which sticks to the str.
 */
#include "protocol/error.h"

#include <stddef.h>
#include <string.h>

#include "util/json-write.h"
#include "util/utf8.h"

struct entry {
	const char *code;
	const char *message;
	const char *remedy;
	int exit_status;
};

/* One shape for every entry, whatever its length. */
/* clang-format off */
static const struct entry table[] = {
	[PROTOCOL_OK] = {"ok", "", "", 0},
	[PROTOCOL_MALFORMED] = {"malformed-request", "the request is malformed",
		"this server speaks protocol versions 1 and 2 (AAAU/2); aaau-protocol(7) describes them", 64},
	[PROTOCOL_TOO_LONG] = {"request-too-long", "the request is longer than 65536 bytes",
		"pass fewer or shorter arguments and environment variables, for example through a file", 64},
	[PROTOCOL_TIMEOUT] = {"handshake-timeout", "no whole request arrived in time",
		"connect again and send the first line at once; handshake_timeout in aaau.conf(5) is the limit", 255},
	[PROTOCOL_UNKNOWN_OP] = {"unknown-op", "this server does not know the operation",
		"update the server if it is older than the client", 64},
	[PROTOCOL_BAD_SIZE] = {"bad-size", "rows and columns must be between 1 and 65535",
		"give a size in that range, or none for 24x80", 64},
	[PROTOCOL_NOT_AUTHORIZED] = {"not-authorized", "you are not a member of the group that may use this server",
		"ask an administrator to add you to the server's group (sudo usermod -aG GROUP USER), then log in again", 255},
	[PROTOCOL_AGENT_REFUSED] = {"agent-refused", "agent users may not connect",
		"connect as a human user: a session cannot open or control sessions", 255},
	[PROTOCOL_PERMISSION] = {"permission-denied", "your permission level does not allow this",
		"ask the session's creator or an administrator (admin_group in aaau.conf(5)) to do it", 255},
	[PROTOCOL_NO_SESSION] = {"no-such-session", "there is no such session",
		"list the sessions with: aaau ls", 255},
	[PROTOCOL_AMBIGUOUS] = {"ambiguous-session", "more than one session matches",
		"give more characters of the id; list the sessions with: aaau ls", 255},
	[PROTOCOL_NAME_TAKEN] = {"name-taken", "another session has this name",
		"choose another name, or join that session with: aaau attach NAME", 255},
	[PROTOCOL_BAD_NAME] = {"bad-name", "this cannot be the name of a session",
		"use 1 to 64 of A-Z a-z 0-9 . _ - that do not start with - or . and do not look like an id", 64},
	[PROTOCOL_UNKNOWN_AGENT] = {"unknown-agent", "there is no such agent",
		"name an agent of aaau.conf(5) or a built-in one (claude, codex, gemini, opencode), or give a program with: aaau run -- PROGRAM", 64},
	[PROTOCOL_NO_PROGRAM] = {"no-program", "no program was given and the profile has none",
		"give a program with: aaau run -- PROGRAM, or set program in aaau.conf(5)", 64},
	[PROTOCOL_NOT_FOUND] = {"program-not-found", "the program was not found",
		"install it where the agent user finds it, set path in aaau.conf(5), or give an absolute path", 127},
	[PROTOCOL_NOT_EXECUTABLE] = {"program-not-executable", "the program cannot be executed",
		"let the agent user read and execute it and every directory above it", 126},
	[PROTOCOL_START_FAILED] = {"start-failed", "the session could not be started",
		"an administrator finds the reason in the server's log and with: aaau-server doctor", 255},
	[PROTOCOL_TOO_MANY] = {"too-many-sessions", "the server has as many sessions as it may",
		"end a session with: aaau kill SESSION, or raise max_sessions in aaau.conf(5)", 255},
	[PROTOCOL_STALLED] = {"record-stalled", "the session's record cannot be written, so the session stands still",
		"make room in the log directory; the session goes on by itself", 255},
	[PROTOCOL_NOT_FROZEN] = {"not-frozen", "the session is not frozen yet: one of its processes cannot be interrupted",
		"the order stands, and it freezes as soon as it can: aaau ls shows when; or end it with: aaau kill SESSION", 255},
	[PROTOCOL_FRAME_TOO_LONG] = {"frame-too-long", "a frame is longer than its type allows",
		"split input into frames of at most 1000000 bytes; other frames hold at most 4096", 254},
	[PROTOCOL_BAD_FRAME] = {"bad-frame", "a frame is malformed or of an unknown type",
		"send frames as aaau-protocol(7) describes them", 255},
	[PROTOCOL_READ_ONLY] = {"read-only", "Read-only mode",
		"attach without -r, as a user whose level is interactive or admin", 255},
	[PROTOCOL_TOO_SLOW] = {"too-slow", "the connection did not keep up with the output",
		"attach again; the session goes on", 254},
	[PROTOCOL_SHUTTING_DOWN] = {"shutting-down", "the server is shutting down",
		"try again when it is back", 255},
	[PROTOCOL_BUSY] = {"busy", "the session did not answer in time",
		"try again in a moment", 255},
	[PROTOCOL_INTERNAL] = {"internal-error", "something went wrong in the server",
		"try again; if it stays, an administrator finds the reason in the server's log", 255},
};
/* clang-format on */

_Static_assert(sizeof(table) / sizeof(table[0]) == PROTOCOL_ERROR_COUNT, "an error has no entry");

static const struct entry *entry_of(enum protocol_error error)
{
	return &table[(unsigned)error < PROTOCOL_ERROR_COUNT ? error : PROTOCOL_INTERNAL];
}

const char *protocol_error_code(enum protocol_error error)
{
	return entry_of(error)->code;
}

const char *protocol_error_message(enum protocol_error error)
{
	return entry_of(error)->message;
}

const char *protocol_error_remedy(enum protocol_error error)
{
	return entry_of(error)->remedy;
}

int protocol_error_exit_status(enum protocol_error error)
{
	return entry_of(error)->exit_status;
}

/* Appends text fit for one line of a terminal: each control character becomes a space, each byte
 * that is not UTF-8 a question mark. */
static void append_printable(struct str *out, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		size_t valid = utf8_valid_prefix(text, n);

		for (size_t i = 0; i < valid; i++) {
			unsigned char c = (unsigned char)text[i];

			if (c < 0x20 || c == 0x7f) {
				str_append_byte(out, ' ');
			} else if (c == 0xc2 && (unsigned char)text[i + 1] < 0xa0) {
				str_append_byte(out, ' '); /* C1: U+0080 to U+009F */
				i++;
			} else {
				str_append_byte(out, text[i]);
			}
		}
		if (valid < n) {
			str_append_byte(out, '?');
			valid++;
		}
		text += valid;
		n -= valid;
	}
}

void protocol_put_error_v1(struct str *out, enum protocol_error error, const char *message,
			   const char *remedy)
{
	const struct entry *entry = entry_of(error);

	if (!message)
		message = entry->message;
	if (!remedy)
		remedy = entry->remedy;
	str_append_text(out, "Error: ");
	append_printable(out, message);
	if (*remedy) {
		str_append_text(out, " (");
		append_printable(out, remedy);
		str_append_byte(out, ')');
	}
	str_append_byte(out, '\n');
}

void protocol_put_error_json(struct str *out, enum protocol_error error, const char *message,
			     const char *remedy)
{
	const struct entry *entry = entry_of(error);

	str_append_byte(out, '{');
	json_append_text_member(out, "code", entry->code);
	json_append_text_member(out, "message", message ? message : entry->message);
	json_append_text_member(out, "remedy", remedy ? remedy : entry->remedy);
	json_append_u64_member(out, "exit_status", (uint64_t)entry->exit_status);
	str_append_byte(out, '}');
}
