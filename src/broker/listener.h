/* The public socket. */
#ifndef AAAU_BROKER_LISTENER_H
#define AAAU_BROKER_LISTENER_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

struct broker;

struct listener {
	struct event acceptable;
	struct event resume; /* pending only while accepting is paused */
};

/* 0, or a negative errno. */
int listener_init(struct broker *broker, int fd);
/* From now on connections are accepted. */
void listener_start(struct broker *broker);
/* A descriptor became free: goes on at once if accepting was paused for want of one. */
void listener_resume(struct broker *broker);

#endif
