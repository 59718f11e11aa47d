/*
 * figures.h - clocks, samples and the one form in which every bench says what it measured:
 * name, tab, value, tab, unit. tests/bench/run reads these lines.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H
#include <stddef.h>
#include <stdint.h>

int64_t figures_now_ns(void);        /* monotonic */
int64_t figures_thread_cpu_ns(void); /* of the calling thread; a call costs 0.6 us */
int64_t figures_process_cpu_ns(void);

void figure(const char *name, double value, const char *unit);
/* prefix + suffix is the name. */
void figure_of(const char *prefix, const char *suffix, double value, const char *unit);

struct samples {
	double *value;
	size_t count, cap;
};
void samples_add(struct samples *samples, double value);
/* <prefix>.p50, .p99, .p99.9, .max; sorts them. Nothing when there are none. */
void samples_figures(struct samples *samples, const char *prefix, const char *unit);
/* How many are larger than that. */
size_t samples_above(const struct samples *samples, double value);
void samples_fini(struct samples *samples);
#endif
