/* Between the stand-ins and the test that plays their parts: each connects to the socket `control`
 * in the sessions directory, sends text and descriptors, and lives until the test hangs up. */
#ifndef AAAU_TEST_MONITOR_CONTROL_H
#define AAAU_TEST_MONITOR_CONTROL_H

#define CONTROL_SOCKET "control"
#define CONTROL_MAX_TEXT 4096

#endif
