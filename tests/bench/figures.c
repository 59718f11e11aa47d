/* figures.c - clocks, samples, output of the benches. */
#include "tests/bench/figures.h"
#include "common/mem.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t
clock_ns(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t
figures_now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t
figures_thread_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t
figures_process_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

void
figure_of(const char *prefix, const char *suffix, double value, const char *unit)
{
	printf("%s%s\t%.6g\t%s\n", prefix, suffix, value, unit);
	fflush(stdout);
}

void
figure(const char *name, double value, const char *unit)
{
	figure_of(name, "", value, unit);
}

void
samples_add(struct samples *samples, double value)
{
	if (samples->count == samples->cap) {
		samples->cap = samples->cap ? samples->cap * 2 : 4096;
		samples->value = mem_realloc(samples->value, samples->cap * sizeof(*samples->value));
	}
	samples->value[samples->count++] = value;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

void
samples_figures(struct samples *samples, const char *prefix, const char *unit)
{
	if (samples->count == 0)
		return;
	qsort(samples->value, samples->count, sizeof(*samples->value), compare);
	figure_of(prefix, ".p50", samples->value[samples->count / 2], unit);
	figure_of(prefix, ".p99", samples->value[samples->count * 99 / 100], unit);
	figure_of(prefix, ".p99.9", samples->value[samples->count * 999 / 1000], unit);
	figure_of(prefix, ".max", samples->value[samples->count - 1], unit);
}

size_t
samples_above(const struct samples *samples, double value)
{
	size_t above = 0;
	for (size_t i = 0; i < samples->count; i++)
		above += samples->value[i] > value;
	return above;
}

void
samples_fini(struct samples *samples)
{
	free(samples->value);
	*samples = (struct samples){0};
}
