/* What only the start of the client needed. */
#ifndef AAAU_CLI_START_UP_H
#define AAAU_CLI_START_UP_H

/* Gives back the memory of the code that has run so far and will not run again. Costs some 10 us,
 * so it belongs where the client is about to wait. */
void start_up_forget(void);

#endif
