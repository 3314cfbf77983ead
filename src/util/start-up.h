/* What only the start of a process needed. */
#ifndef AAAU_UTIL_START_UP_H
#define AAAU_UTIL_START_UP_H

/* Gives back the memory of the code that has run so far and will not run again. Costs some 10 us,
 * so it belongs where the process is about to wait. */
void start_up_forget(void);

#endif
