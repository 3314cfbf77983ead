/* Launch records: any bytes are refused, or are exactly what encoding the result gives. */
#include <string.h>

#include "fuzz.h"
#include "ipc/launch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_str struct str again = {0};
	struct launch launch;

	if (launch_decode(data, size, &launch) < 0)
		return 0;
	launch_encode(&again, &launch);
	MUST(!str_error(&again));
	MUST(again.length == size && memcmp(again.data, data, size) == 0);
	launch_free(&launch);
	return 0;
}
