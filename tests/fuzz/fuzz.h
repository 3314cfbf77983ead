/* What every fuzz target shares. A target is one fuzz-NAME.c with LLVMFuzzerTestOneInput(); it ends
 * by abort(3) when something that must hold does not. */
#ifndef AAAU_FUZZ_H
#define AAAU_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
