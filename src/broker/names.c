/* Names of users, remembered for a minute.
 *
 * A look-up may ask a daemon over a socket (nscd, sssd, systemd-userdbd), and it blocks: once a
 * minute for a user is bearable, once a connection is not. The uid decides everything; a name that
 * changed within the minute is only an old name in the record, beside the uid. Never fails.
 */
#include "broker/names.h"

#include <stdio.h>
#include <string.h>

#include "util/clock.h"
#include "util/users.h"
#include "util/utf8.h"

#define SLOTS 64
#define KEEP_US UINT64_C(60000000)

static struct {
	uid_t uid;
	uint64_t until_us; /* 0: empty */
	char name[NAMES_MAX];
} slots[SLOTS];

const char *names_of_uid(uid_t uid)
{
	typeof(&slots[0]) slot = &slots[uid % SLOTS];
	uint64_t now = clock_monotonic_us();
	struct user user;

	if (slot->until_us > now && slot->uid == uid)
		return slot->name;
	/* A directory service may have any bytes; version 1 shows them on a terminal as they are. */
	if (user_by_uid(uid, &user) < 0 || !utf8_is_printable(user.name))
		snprintf(slot->name, sizeof(slot->name), "%u", uid);
	else
		memcpy(slot->name, user.name, sizeof(slot->name));
	slot->uid = uid;
	slot->until_us = now + KEEP_US;
	return slot->name;
}

void names_prepare(void)
{
	struct user user;

	/* A uid that nobody has is asked of every module. */
	(void)user_by_uid((uid_t)-3, &user);
}
