/* Lines into a record.
 *
 * Owns what is not in the file yet; the descriptor is the caller's. The file system is trusted to
 * keep what it took, and for nothing else: a line may be taken in parts, and a full disk may take
 * the half of one. Such a line is finished, byte after byte, before anything else is written.
 *
 * Memory: while the file takes lines, pending holds one, and a buffer that one large line made
 * grow beyond AUDIT_WRITER_KEEP is given back. While it does not, pending grows to at most
 * AUDIT_WRITER_MAX; what would pass that is refused as a whole. A caller that stops at the first
 * error, as it must, never gets there.
 */
#include "audit/writer.h"

#include <errno.h>
#include <unistd.h>

void audit_writer_init(struct audit_writer *writer, int fd)
{
	*writer = (struct audit_writer){.fd = fd, .pending = {.limit = AUDIT_WRITER_MAX}};
}

void audit_writer_free(struct audit_writer *writer)
{
	if (!writer)
		return;
	str_free(&writer->pending);
	writer->written = 0;
}

static void forget_pending(struct audit_writer *writer)
{
	if (writer->pending.capacity > AUDIT_WRITER_KEEP)
		str_free(&writer->pending);
	else
		str_clear(&writer->pending);
	writer->written = 0;
}

int audit_writer_flush(struct audit_writer *writer)
{
	while (audit_writer_stalled(writer)) {
		ssize_t n = write(writer->fd, writer->pending.data + writer->written,
				  writer->pending.length - writer->written);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			/* -ENOMEM means "not taken" to our caller, and this line was. */
			return errno == ENOMEM ? -EIO : -errno;
		}
		if (n == 0) /* no file system does this; do not spin if one does */
			return -EIO;
		writer->written += (size_t)n;
	}
	forget_pending(writer);
	return 0;
}

int audit_writer_put(struct audit_writer *writer, const struct audit_record *record)
{
	size_t before = writer->pending.length;

	audit_put_record(&writer->pending, record);
	if (str_error(&writer->pending) < 0) {
		str_truncate(&writer->pending, before);
		return -ENOMEM;
	}
	return audit_writer_flush(writer);
}
