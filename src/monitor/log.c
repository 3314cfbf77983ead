/* The monitor's voice: whole lines on the standard error it was given.
 *
 * A line goes out by one write(2), so that broker and monitor do not mix within one. What cannot
 * be written is lost: there is nobody to tell. SIGPIPE is blocked by main.c.
 */
#include "monitor/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

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
	if (write(STDERR_FILENO, line, end) < 0)
		return;
}
