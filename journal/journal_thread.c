/* journal_thread.c - links and timers around the log. */
#include "journal/journal_thread.h"
#include "common/clock.h"
#include "common/link.h"
#include "common/mem.h"
#include "common/zloop.h"
#include "journal/pending.h"
#include "schemas/note.h"
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

static const double LOOK_S = 0.25; /* for ticks, and for room */
enum {
	LOOKS_A_NOTE = 4,
	TRIM_RECORDS = 4096,
	TRIM_US = 20000, /* of a look: commits wait that long */
	/* Of a start, as measured (docs/benchmarks.md): events that lie in one minute are applied faster, over weeks slower. */
	IMAGE_BYTES_A_MS = 300000,
	JOURNAL_BYTES_A_MS = 100000,
};

struct journal_state {
	struct journal_thread *thread;
	struct ev_loop *loop;
	struct zloop source[JOURNAL_SOURCES_MAX];
	unsigned ended;
	ev_timer look;
	ev_prepare commit;
	struct pending pending;
	unsigned looks;
	pthread_mutex_t told_lock;
	struct log_figures figures;  /* under it, as the images */
	struct log_images images;
	struct group *oldest;        /* for a look at the age of records */
	bool more_to_delete;         /* of what is trimmed */
	bool told[ALARM_COUNT]; /* to the publisher */
	bool unproved; /* the disk was full in the midst of a commit, and has taken none since */
};

static void
hand_on(struct journal_state *state)
{
	struct pending *pending = &state->pending;
	atomic_store_explicit(&state->thread->durable, log_durable(pending->log), memory_order_release);
	for (uint32_t i = 0; i < pending->count; i++)
		link_put(state->thread->groups, pending->group[i]); /* there is room: what is in flight is bounded below it */
	pending_clear(pending);
}

static void
say_failed(int rc)
{
	if (rc == -ENOSPC)
		fprintf(stderr, "laju: storage_full: the disk was full in the midst of a commit; events are refused until it has room\n");
	else
		fprintf(stderr, "laju: storage_failed: the log cannot be written any more: %s; events are refused, what was counted can "
		                "be read; mend the disk, then restart\n", strerror(-rc));
}

static void
commit(struct journal_state *state)
{
	struct log *log = state->thread->log;
	if (state->pending.count == 0)
		return;
	int failed_before = log_failed(log);
	if (!pending_commit(&state->pending))
		return; /* tried again by on_look() */
	if (log_failed(log) < 0 && failed_before == 0)
		say_failed(log_failed(log));
	if (log_durable(log) > atomic_load(&state->thread->durable))
		state->unproved = false;
	state->unproved |= log_failed(log) == -ENOSPC;
	hand_on(state);
}

static void
take(struct journal_state *state, struct group *group)
{
	pending_add(&state->pending, group);
	if (log_gathered(state->thread->log) >= LOG_COMMIT_BYTES && !state->pending.waits)
		commit(state);
}

static bool
on_group(struct zloop *watcher)
{
	struct journal_state *state = watcher->data;
	void *group;
	if (!link_receive(watcher->socket, &group))
		return false;
	if (group != NULL) {
		take(state, group);
		return true;
	}
	if (++state->ended == state->thread->sources)
		ev_break(state->loop, EVBREAK_ALL);
	return false;
}

/* A note that finds no room is made up for at a later look. */
static void
tell(struct journal_state *state, struct note *note)
{
	if (!link_send(state->thread->notes, note))
		note_free(note);
}

static void
tell_alarm(struct journal_state *state, enum alarm alarm, bool on)
{
	if (on == state->told[alarm])
		return;
	struct note *note = note_alarm(alarm, on);
	if (link_send(state->thread->notes, note))
		state->told[alarm] = on;
	else
		note_free(note);
}

static void
forecast(const struct log *log, const struct log_figures *figures, struct log_images *images)
{
	uint64_t behind = figures->durable > images->lsn ? figures->durable - images->lsn : 0;
	uint64_t bytes = figures->records > 0 ? figures->bytes / figures->records * behind : 0;
	images->start_ms = images->bytes / IMAGE_BYTES_A_MS + bytes / JOURNAL_BYTES_A_MS;
	if (images->lsn > 0 && log_time(log) > images->time_ms)
		images->age_ms = (uint64_t)(log_time(log) - images->time_ms);
}

static void
tell_figures(struct journal_state *state)
{
	struct log_figures figures;
	struct note *note = note_new(NOTE_LOG, 0);
	log_figures(state->thread->log, &figures);
	pthread_mutex_lock(&state->told_lock);
	state->figures = figures;
	struct log_images images = state->images;
	pthread_mutex_unlock(&state->told_lock);
	forecast(state->thread->log, &figures, &images);
	buf_add(&note->bytes, &figures, sizeof(figures));
	buf_add(&note->bytes, &images, sizeof(images));
	tell(state, note);
	tell_alarm(state, ALARM_IMAGE_FAILED, images.failed > 0);
}

/* Up to where records are older than they need to be kept, a few thousand at a time. */
static uint64_t
outlived(struct journal_state *state, uint64_t below)
{
	struct log *log = state->thread->log;
	uint64_t lsn = log_first(log) + TRIM_RECORDS;
	if (lsn >= below)
		lsn = below - 1;
	if (lsn < log_first(log) || log_read(log, lsn, state->oldest) < 0 ||
	    state->oldest->time_ms >= log_time(log) - state->thread->keep_ms)
		return 0;
	return lsn + 1;
}

/* Trimmed records cannot be read any more, but take their room until they are deleted: a few commits a transaction. */
static void
delete_trimmed(struct journal_state *state)
{
	struct log *log = state->thread->log;
	int64_t end_us = clock_steady_us() + TRIM_US;
	do
		state->more_to_delete = log_trim(log, log_first(log)) == 1;
	while (state->more_to_delete && clock_steady_us() < end_us);
}

/* Only what images that can be relied on have; the next step when the one before is deleted. */
static void
trim_some(struct journal_state *state)
{
	struct log *log = state->thread->log;
	pthread_mutex_lock(&state->told_lock);
	uint64_t below = state->images.trim_below;
	pthread_mutex_unlock(&state->told_lock);
	if (log_failed(log) != 0)
		return;
	if (state->more_to_delete || below <= log_first(log)) {
		if (state->more_to_delete)
			delete_trimmed(state);
		return;
	}
	bool is_short = log_bytes(log) > log_max_bytes(log) / 5 * 4 || state->pending.waits || atomic_load(state->thread->full);
	uint64_t to = is_short ? log_first(log) + (log_last(log) - log_first(log)) / 20 + 1 : outlived(state, below);
	if (to == 0)
		return;
	state->more_to_delete = log_trim(log, to < below ? to : below) == 1;
	if (state->more_to_delete)
		delete_trimmed(state);
}

static void
say_room(struct log *log, bool full)
{
	bool by_limit = log_bytes(log) + LOG_COMMIT_BYTES + LOG_RESERVE_BYTES + LOG_RESERVE_BYTES / 2 > log_max_bytes(log);
	const char *words = !full      ? "laju: there is room for events again: %llu of %llu MiB of journal_max are used\n"
	                    : by_limit ? "laju: storage_full: %llu of %llu MiB of journal_max are used; events are refused\n"
	                               : "laju: storage_full: the disk is full (%llu of %llu MiB of journal_max are used); events "
	                                 "are refused\n";
	fprintf(stderr, words, (unsigned long long)log_bytes(log) >> 20, (unsigned long long)log_max_bytes(log) >> 20);
}

/* Is there room again, and is there none? A disk says that it has some before it has taken anything: see unproved. */
static void
look_for_room(struct journal_state *state)
{
	struct log *log = state->thread->log;
	bool was_full = log_failed(log) == -ENOSPC || atomic_load(state->thread->full);
	if (log_failed(log) == -ENOSPC && state->pending.count == 0)
		log_reopen(log); /* for ticks at least: events take more room */
	bool takes = log_takes(log, LOG_COMMIT_BYTES);
	int failed = log_failed(log);
	bool full = failed == -ENOSPC || (failed == 0 && !takes);
	if (full != was_full && failed == 0)
		say_room(log, full);
	atomic_store(state->thread->full, full || failed != 0);
	tell_alarm(state, ALARM_STORAGE_FULL, full || (failed == 0 && state->unproved));
	tell_alarm(state, ALARM_STORAGE_FAILED, failed != 0 && !full);
}

static void
on_look(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct journal_state *state = timer->data;
	(void)loop, (void)revents;
	if (state->pending.waits)
		commit(state);
	trim_some(state);
	look_for_room(state); /* with nothing pending, but what waits */
	bool ticks = state->thread->ticks && !state->pending.waits; /* else it would be due at every look */
	struct group *tick = ticks ? log_tick_due(state->thread->log, clock_now_ms()) : NULL;
	if (tick != NULL)
		take(state, tick);
	if (state->thread->look != NULL)
		state->thread->look(state->thread->log);
	if (state->looks++ % LOOKS_A_NOTE == 0)
		tell_figures(state);
}

/* Before the loop sleeps: what a turn has brought. */
static void
on_commit(struct ev_loop *loop, ev_prepare *prepare, int revents)
{
	struct journal_state *state = prepare->data;
	(void)loop, (void)revents;
	if (!state->pending.waits)
		commit(state);
}

static void *
run(void *argument)
{
	struct journal_thread *thread = argument;
	struct journal_state *state = thread->state;
	ev_run(state->loop, 0);
	commit(state);
	if (state->pending.waits) { /* and will for ever: nobody is told that it was stored */
		pending_refuse(&state->pending, -ENOSPC);
		hand_on(state);
	}
	link_end(thread->groups);
	link_end(thread->notes);
	return NULL;
}

void
journal_thread_start(struct journal_thread *thread)
{
	struct journal_state *state = mem_zalloc(1, sizeof(*state));
	thread->state = state;
	state->thread = thread;
	state->pending.log = thread->log;
	atomic_store(&thread->durable, log_durable(thread->log));
	pthread_mutex_init(&state->told_lock, NULL);
	log_figures(thread->log, &state->figures);
	state->oldest = group_new(GROUP_BATCHES);
	state->loop = ev_loop_new(EVBACKEND_EPOLL);
	for (unsigned s = 0; s < thread->sources; s++) {
		zloop_start(&state->source[s], state->loop, thread->source[s], on_group, state);
		state->source[s].only_receives = true;
	}
	ev_timer_init(&state->look, on_look, 0, LOOK_S);
	state->look.data = state;
	ev_timer_start(state->loop, &state->look);
	ev_prepare_init(&state->commit, on_commit);
	ev_set_priority(&state->commit, EV_MINPRI); /* behind all that receives */
	state->commit.data = state;
	ev_prepare_start(state->loop, &state->commit);
	pthread_create(&thread->thread, NULL, run, thread);
	pthread_setname_np(thread->thread, "laju-journal");
}

void
journal_thread_figures(const struct journal_thread *thread, struct log_figures *out)
{
	pthread_mutex_lock(&thread->state->told_lock);
	*out = thread->state->figures;
	pthread_mutex_unlock(&thread->state->told_lock);
}

void
journal_thread_images(struct journal_thread *thread, const struct log_images *images)
{
	pthread_mutex_lock(&thread->state->told_lock);
	thread->state->images = *images;
	pthread_mutex_unlock(&thread->state->told_lock);
}

void
journal_thread_join(struct journal_thread *thread)
{
	pthread_join(thread->thread, NULL);
	for (unsigned s = 0; s < thread->sources; s++)
		zmq_close(thread->source[s]);
	zmq_close(thread->groups);
	zmq_close(thread->notes);
	ev_loop_destroy(thread->state->loop);
	pthread_mutex_destroy(&thread->state->told_lock);
	group_free(thread->state->oldest);
	pending_fini(&thread->state->pending);
	free(thread->state);
}
