/* memory_watch.c - see memory_watch.h. */
#include "ingest/memory_watch.h"
#include "common/memory.h"
#include <stdio.h>

static const double LOOK_EVERY_S = 0.25;
enum { TRIM_EVERY = 8 /* looks */, MIB = 1 << 20 };

/* What was freed and not given back counts as resident: it is given back before anybody is refused for it. */
static int64_t
resident_trimmed(struct memory_watch *watch)
{
	int64_t resident = memory_resident();
	watch->rest -= watch->rest > 0;
	if (watch->rest > 0 || resident <= budget_limit(&watch->budget))
		return resident;
	memory_trim();
	watch->rest = TRIM_EVERY;
	return memory_resident();
}

static void
decide(struct memory_watch *watch)
{
	int64_t resident = resident_trimmed(watch);
	if (!budget_step(&watch->budget, resident))
		return;
	atomic_store(watch->full, watch->budget.over);
	fprintf(stderr, "laju: the process takes %lld MiB, memory_max is %lld MiB: %s\n", (long long)(resident / MIB),
	        (long long)(watch->budget.max_bytes / MIB),
	        watch->budget.over ? "events are refused for now (overloaded)" : "events are taken again");
}

static void
on_look(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct memory_watch *watch = timer->data;
	(void)loop, (void)revents;
	if (watch->leads && watch->budget.max_bytes > 0)
		decide(watch);
	watch->told(watch->context, atomic_load(watch->full));
}

void
memory_watch_start(struct memory_watch *watch, struct ev_loop *loop, int64_t max_bytes, bool leads,
                   atomic_bool *full, memory_fn *told, void *context)
{
	*watch = (struct memory_watch){
	    .budget = {.max_bytes = max_bytes}, .leads = leads, .full = full, .told = told, .context = context};
	ev_timer_init(&watch->timer, on_look, 0, LOOK_EVERY_S);
	watch->timer.data = watch;
	ev_timer_start(loop, &watch->timer);
}
