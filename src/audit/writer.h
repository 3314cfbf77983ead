/* Appends lines to a record that root opened. Never blocks on anything but the file system, never
 * loses a line: what could not be written stays in the writer, in order, and is finished first. */
#ifndef AAAU_AUDIT_WRITER_H
#define AAAU_AUDIT_WRITER_H

#include <stdbool.h>

#include "audit/record.h"
#include "util/str.h"

#define AUDIT_WRITER_MAX (4 * 1024 * 1024) /* bytes pending: a line that would pass it is refused */
#define AUDIT_WRITER_KEEP (256 * 1024)     /* bytes of buffer kept while nothing is pending */

struct audit_writer {
	int fd;             /* not owned; blocking, O_APPEND; SIGXFSZ is ignored */
	struct str pending; /* lines, or the rest of one, not in the file yet */
	size_t written;     /* bytes of pending that are in the file */
};

void audit_writer_init(struct audit_writer *writer, int fd);
void audit_writer_free(struct audit_writer *writer);

/* Formats the record behind what is pending and writes as much as the file takes. 0: everything is
 * in the file. A negative errno (-ENOSPC, -EIO, -EDQUOT, -EFBIG …): the line is kept and will be
 * written by the next call that succeeds; the caller must not let its bytes go to anybody before
 * audit_writer_flush() has given 0. -ENOMEM (no memory, or AUDIT_WRITER_MAX reached): the line was
 * not taken. */
int audit_writer_put(struct audit_writer *writer, const struct audit_record *record);
int audit_writer_flush(struct audit_writer *writer);
static inline bool audit_writer_stalled(const struct audit_writer *writer)
{
	return writer->written < writer->pending.length;
}

#endif
