/* rules_kernel.c - the kernel's series as rows for the rules. */
#include "aggregator/rules.h"

static bool
live(void *context, uint32_t series)
{
	return kernel_series_live(context, series);
}

static uint32_t
rollup(void *context, uint32_t series)
{
	return kernel_series_rollup(context, series);
}

static uint32_t
key(void *context, uint32_t series, struct slice out[EVENT_DIMS])
{
	return kernel_series_key(context, series, out);
}

static void
totals(void *context, uint32_t series, enum window window, int64_t out[MEASURES_MAX])
{
	kernel_totals(context, series, window, PART_CUR, out);
}

void
rules_evaluate(struct rules *rules, struct kernel *kernel, alert_fn *changed, void *context)
{
	struct window_bounds bounds[WINDOW_COUNT];
	struct rules_source source = {
	    .context = kernel,
	    .now_ms = kernel_now(kernel),
	    .bounds = bounds,
	    .end = kernel_series_end(kernel),
	    .live = live,
	    .rollup = rollup,
	    .key = key,
	    .totals = totals,
	};

	if (source.now_ms == INT64_MIN)
		return;
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		kernel_bounds(kernel, w, &bounds[w]);
	rules_evaluate_source(rules, &source, changed, context);
}
