/*
 * budget.h - whether the process takes more memory than it may. Pure.
 *
 * Over once the resident size passes max, until it is a BUDGET_SLACK-th of it below: at the edge one
 * state, not many changes.
 */
#ifndef INGEST_BUDGET_H
#define INGEST_BUDGET_H
#include <stdbool.h>
#include <stdint.h>

enum { BUDGET_SLACK = 20 }; /* 5 % */

struct budget {
	int64_t max_bytes; /* above 0 */
	bool over;
};

/* Above it the budget is, or stays, passed. */
static inline int64_t
budget_limit(const struct budget *budget)
{
	return budget->max_bytes - (budget->over ? budget->max_bytes / BUDGET_SLACK : 0);
}

/* True when `over` changed. */
static inline bool
budget_step(struct budget *budget, int64_t resident_bytes)
{
	bool over = resident_bytes > budget_limit(budget), changed = over != budget->over;

	budget->over = over;
	return changed;
}
#endif
