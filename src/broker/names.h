/* Names of peers, for the record and for people. */
#ifndef AAAU_BROKER_NAMES_H
#define AAAU_BROKER_NAMES_H

#include <sys/types.h>

#define NAMES_MAX 256

/* The user's name, or the uid in decimal where there is none that can be printed. Valid until the
 * next call. */
const char *names_of_uid(uid_t uid);

/* Loads what NSS loads at its first question, while that is still allowed. */
void names_prepare(void);

#endif
