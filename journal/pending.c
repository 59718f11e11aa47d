/* pending.c - see pending.h. */
#include "journal/pending.h"
#include "common/mem.h"
#include "schemas/codes.h"
#include <errno.h>
#include <stdlib.h>

static uint8_t
refusal_of(int rc)
{
	return rc == -ENOSPC ? BATCH_STORAGE_FULL : BATCH_STORAGE_FAILED;
}

void
pending_add(struct pending *pending, struct group *group)
{
	int rc = log_append(pending->log, group);
	if (rc < 0)
		group->refusal = refusal_of(rc);
	if (pending->count == pending->cap) {
		pending->cap = pending->cap * 2 + 64;
		pending->group = mem_realloc(pending->group, pending->cap * sizeof(*pending->group));
	}
	pending->group[pending->count++] = group;
}

bool
pending_commit(struct pending *pending)
{
	int rc = log_commit(pending->log);
	pending->waits = rc < 0 && log_failed(pending->log) == 0;
	if (rc < 0 && !pending->waits)
		pending_refuse(pending, rc);
	return !pending->waits;
}

void
pending_refuse(struct pending *pending, int rc)
{
	uint64_t durable = log_durable(pending->log);
	for (uint32_t i = 0; i < pending->count; i++) {
		struct group *group = pending->group[i];
		if (group->lsn <= durable)
			continue;
		group->lsn = 0;
		group->refusal = refusal_of(rc);
	}
}

void
pending_clear(struct pending *pending)
{
	pending->count = 0;
}

void
pending_fini(struct pending *pending)
{
	free(pending->group);
	*pending = (struct pending){0};
}
