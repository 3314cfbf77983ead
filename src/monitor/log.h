/* One line to standard error, "aaau-monitor: " before it. */
#ifndef AAAU_MONITOR_LOG_H
#define AAAU_MONITOR_LOG_H

void monitor_log(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
