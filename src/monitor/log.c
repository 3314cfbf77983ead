/* The monitor's voice: whole lines on the standard error it was given.
 *
 * A line goes out by one write(2), so that broker and monitor do not mix within one. What cannot
 * be written, or not without waiting for whoever reads it, is lost: there is nobody to tell, and the
 * sessions do not depend on that reader. SIGPIPE is blocked by main.c.
 */
#include "monitor/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "util/io.h"

void monitor_log(const char *format, ...)
{
	static const char prefix[] = "aaau-monitor: ";
	char line[512] = "aaau-monitor: ";
	const size_t start = sizeof(prefix) - 1, room = sizeof(line) - start - 1;
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(line + start, room, format, arguments);
	va_end(arguments);
	if (n < 0)
		return;
	size_t end = start + ((size_t)n < room ? (size_t)n : room - 1);

	line[end++] = '\n';
	io_write_line(STDERR_FILENO, line, end);
}
