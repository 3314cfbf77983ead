/* Whole reads and writes on blocking descriptors, EINTR handled. */
#ifndef AAAU_UTIL_IO_H
#define AAAU_UTIL_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Writes all n bytes. 0, or a negative errno. */
int io_write_all(int fd, const void *data, size_t n);

/* For a line to a standard error that nobody may be reading any more: one write(2) if that need not
 * wait, which holds for a line of up to PIPE_BUF bytes; otherwise the line is lost. */
void io_write_line(int fd, const char *line, size_t n);

/* Reads until n bytes are there or the end comes. Number of bytes read, or a negative errno. */
ssize_t io_read_full(int fd, void *data, size_t n);

#endif
