/* recover.c - see recover.h. */
#include "laju/recover.h"
#include <errno.h>

int
recover(const struct log *log, struct aggregator *aggregator, uint64_t until, recover_progress_fn *progress,
        void *context, uint64_t *lsn)
{
	struct group *group = group_new(GROUP_BATCHES);
	uint64_t last = log_durable(log) < until ? log_durable(log) : until, events = 0;
	int rc = 0;
	for (*lsn = aggregator_lsn(aggregator) + 1; *lsn <= last; ++*lsn) {
		rc = log_read(log, *lsn, group);
		if (rc < 0)
			break;
		aggregator_apply(aggregator, group);
		events += group->event_count;
		if (progress != NULL && (*lsn % RECOVER_EVERY == 0 || *lsn == last))
			progress(context, *lsn, events);
	}
	group_free(group);
	return rc;
}
