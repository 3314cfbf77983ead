/* The public header alone, as C99 and as C++. */
#include <aaau/aaau.h>

int header_is_fine(struct aaau_client *client, struct aaau_event *event);

int header_is_fine(struct aaau_client *client, struct aaau_event *event)
{
	return aaau_next_event(client, event) == AAAU_EVENT_OUTPUT && event->as.output.length > 0;
}
