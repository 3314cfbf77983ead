/* The broker locks itself in. */
#ifndef AAAU_BROKER_SANDBOX_H
#define AAAU_BROKER_SANDBOX_H

/* 0, or a negative errno. Does nothing but hiding in a build without -Dsandbox. */
int broker_sandbox(void);

#endif
