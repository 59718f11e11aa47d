/*
 * recover.c - see recover.h. A thread of its own reads and decodes ahead of the caller's, which applies: that takes
 * several times as long. Records go over in chunks, so that handing over costs little where each holds a single event.
 */
#include "laju/recover.h"
#include <errno.h>
#include <pthread.h>

enum {
	CHUNKS = 2, /* one is filled while the other is applied */
	CHUNK_GROUPS = 64,
	CHUNK_EVENTS = 4096,   /* full with the group that reaches it */
	KEPT_BYTES = 16 << 10, /* a group of more gives its memory back, so that there are never many large ones */
};

struct chunk {
	bool filled; /* under the mutex: whose it is */
	bool end;    /* nothing comes behind it */
	int rc;      /* what log_read() said of the record behind its groups */
	uint32_t count;
	struct group *group[CHUNK_GROUPS]; /* NULL: to be made; those from count on are kept for later */
};

struct ahead {
	const struct log *log; /* the reader's while it runs */
	uint64_t from, last;
	pthread_mutex_t mutex;
	pthread_cond_t changed; /* only one of the two can be waiting */
	struct chunk chunk[CHUNKS];
};

static void
wait_for(struct ahead *ahead, struct chunk *chunk, bool filled)
{
	pthread_mutex_lock(&ahead->mutex);
	while (chunk->filled != filled)
		pthread_cond_wait(&ahead->changed, &ahead->mutex);
	pthread_mutex_unlock(&ahead->mutex);
}

static void
hand_over(struct ahead *ahead, struct chunk *chunk, bool filled)
{
	pthread_mutex_lock(&ahead->mutex);
	chunk->filled = filled;
	pthread_cond_signal(&ahead->changed);
	pthread_mutex_unlock(&ahead->mutex);
}

/* The lsn behind the last one read. */
static uint64_t
chunk_fill(struct chunk *chunk, const struct ahead *ahead, uint64_t lsn)
{
	uint32_t events = 0;
	for (chunk->count = 0; chunk->count < CHUNK_GROUPS && events < CHUNK_EVENTS && lsn <= ahead->last; lsn++) {
		struct group **group = &chunk->group[chunk->count];
		if (*group == NULL)
			*group = group_new(GROUP_BATCHES);
		chunk->rc = log_read(ahead->log, lsn, *group);
		if (chunk->rc < 0)
			break;
		events += (*group)->event_count;
		chunk->count++;
	}
	chunk->end = chunk->rc < 0 || lsn > ahead->last;
	return lsn;
}

static void *
read_ahead(void *argument)
{
	struct ahead *ahead = argument;
	uint64_t lsn = ahead->from;
	bool end = false;
	for (unsigned c = 0; !end; c = (c + 1) % CHUNKS) {
		struct chunk *chunk = &ahead->chunk[c];
		wait_for(ahead, chunk, false);
		lsn = chunk_fill(chunk, ahead, lsn);
		end = chunk->end;
		hand_over(ahead, chunk, true);
	}
	return NULL;
}

/* The events in it. */
static uint64_t
chunk_apply(struct chunk *chunk, struct aggregator *aggregator)
{
	uint64_t events = 0;
	for (uint32_t i = 0; i < chunk->count; i++) {
		struct group *group = chunk->group[i];
		aggregator_apply(aggregator, group);
		events += group->event_count;
		if (group->bytes.len > KEPT_BYTES) {
			group_free(group);
			chunk->group[i] = NULL;
		}
	}
	return events;
}

static void
free_groups(struct ahead *ahead)
{
	for (unsigned c = 0; c < CHUNKS; c++)
		for (unsigned i = 0; i < CHUNK_GROUPS; i++)
			group_free(ahead->chunk[c].group[i]);
}

int
recover(const struct log *log, struct aggregator *aggregator, uint64_t until, recover_progress_fn *progress,
        void *context, uint64_t *lsn)
{
	uint64_t from = aggregator_lsn(aggregator) + 1, last = log_durable(log) < until ? log_durable(log) : until;
	struct ahead ahead = {log, from, last, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {{0}}};
	struct chunk *chunk;
	uint64_t events = 0;
	pthread_t reader;
	*lsn = from;
	int rc = last >= from ? -pthread_create(&reader, NULL, read_ahead, &ahead) : 1;
	if (rc != 0)
		return rc < 0 ? rc : 0; /* there is nothing to read */
	pthread_setname_np(reader, "laju-recover");
	for (unsigned c = 0;; c = (c + 1) % CHUNKS) {
		chunk = &ahead.chunk[c];
		wait_for(&ahead, chunk, true);
		events += chunk_apply(chunk, aggregator);
		*lsn += chunk->count;
		if (progress != NULL && chunk->count > 0)
			progress(context, *lsn - 1, events);
		if (chunk->end)
			break;
		hand_over(&ahead, chunk, false);
	}
	rc = chunk->rc;
	pthread_join(reader, NULL);
	free_groups(&ahead);
	return rc;
}
