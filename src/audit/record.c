/* One line of the record, as bytes.
 *
 * Owns nothing: it appends to the caller's string, and an error sticks there. Content, names and
 * metadata values are bytes of agents and people and are trusted in nothing; keys, types and
 * session ids are ours. Every byte of every terminal passes here once: no printf, no second pass
 * but for content that is not UTF-8.
 */
#include "audit/record.h"

#include <string.h>

#include "util/json-write.h"

static const char *source_name(enum audit_source source)
{
	switch (source) {
	case AUDIT_HUMAN: return "human";
	case AUDIT_AGENT: return "agent";
	case AUDIT_SYSTEM: break;
	}
	return "system";
}

/* Seconds with six decimals: 1711523456.789000. */
static void put_timestamp(struct str *out, uint64_t us)
{
	char fraction[7];
	uint64_t rest = us % 1000000;

	str_append_u64(out, us / 1000000);
	fraction[0] = '.';
	for (unsigned i = 6; i > 0; i--) {
		fraction[i] = (char)('0' + rest % 10);
		rest /= 10;
	}
	str_append(out, fraction, sizeof fraction);
}

void audit_put_record(struct str *out, const struct audit_record *record)
{
	str_append_text(out, "{\"timestamp\":");
	put_timestamp(out, record->timestamp_us);
	json_append_text_member(out, "source", source_name(record->source));
	json_append_text_member(out, "user", record->user);
	json_append_text_member(out, "session_id", record->session_id);
	json_append_text_member(out, "command_type", record->command_type);
	json_append_key(out, "content");
	bool replaced = json_append_lossy_string(out, record->content, record->content_length);
	json_append_key(out, "metadata");
	str_append_byte(out, '{');
	for (size_t i = 0; i < record->pair_count; i++)
		if (record->metadata[i].value)
			json_append_text_member(out, record->metadata[i].key,
						record->metadata[i].value);
	str_append_byte(out, '}');
	if (replaced) {
		json_append_key(out, "raw");
		json_append_base64(out, record->content, record->content_length);
	}
	str_append_text(out, "}\n");
}
