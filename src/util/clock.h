/* The two clocks, in microseconds. */
#ifndef AAAU_UTIL_CLOCK_H
#define AAAU_UTIL_CLOCK_H

#include <stdint.h>

uint64_t clock_realtime_us(void);  /* since the epoch, for the record */
uint64_t clock_monotonic_us(void); /* CLOCK_MONOTONIC, for durations */

#endif
