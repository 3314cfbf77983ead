/* The record of the server's own events, which every broker of this monitor appends to. */
#ifndef AAAU_MONITOR_SERVER_RECORD_H
#define AAAU_MONITOR_SERVER_RECORD_H

#include <sys/types.h>

/* Opens server.jsonl in the directory of the records for appending, and makes it if need be: 0640,
 * root's, of that group (0: root's). The descriptor, or a negative errno. */
int server_record_open(int directory, gid_t group);

/* Ends the line that a broker was writing when it was killed, so that the next broker's first line
 * stands by itself. 0, or a negative errno. */
int server_record_mend(int directory, int record);

#endif
