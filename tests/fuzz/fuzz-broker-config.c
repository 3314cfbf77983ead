/* The broker's configuration: any bytes are refused, or are exactly what encoding the result
 * gives. */
#include <string.h>

#include "fuzz.h"
#include "ipc/broker-config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_str struct str again = {0};
	struct broker_config config;

	if (broker_config_decode(data, size, &config) < 0)
		return 0;
	broker_config_encode(&again, &config);
	MUST(!str_error(&again));
	MUST(again.length == size && memcmp(again.data, data, size) == 0);
	broker_config_free(&config);
	return 0;
}
