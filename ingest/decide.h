/*
 * decide.h - inside accept: what is decided about one well-formed event.
 *
 * Pure: the same event gives the same decisions in every process with the same
 * configuration and key.
 */
#ifndef INGEST_DECIDE_H
#define INGEST_DECIDE_H
#include "ingest/accept.h"

enum { CHANNEL_NAMES_MAX = 24 };

/* One message being read into a group. */
struct decider {
	const struct accept_config *config;
	struct group *group;
	const uint8_t *message; /* what events' slices point into ... */
	uint32_t base;          /* ... and where its copy starts in group->bytes */
	/* Derived channel names that are already in group->bytes: once a message, not once an event. */
	uint32_t name_count;
	struct {
		const char *name;
		uint32_t off;
		uint16_t len;
	} name[CHANNEL_NAMES_MAX];
};

/* Where a byte of the message stands in group->bytes. */
static inline uint32_t
decider_offset(const struct decider *decider, const uint8_t *at)
{
	return decider->base + (uint32_t)(at - decider->message);
}

/*
 * Fills out (the newest of the group; index and raw are set) from event, or says in
 * fault why it is refused; a refused event keeps no decision but its verdict. event is used up: its
 * customer may have become another text.
 */
enum verdict decide(struct decider *decider, struct event *event, struct group_event *out, struct event_fault *fault);

#endif
