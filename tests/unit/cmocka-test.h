/* cmocka.h and the headers that must come before it, in the order that it wants. */
#ifndef AAAU_UNIT_CMOCKA_TEST_H
#define AAAU_UNIT_CMOCKA_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
