/* test_update.c - updates: what is packed is what is read. */
#include "aggregator/update.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t
next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint64_t
seed(const char *test)
{
	const char *given = getenv("LAJU_SEED");
	uint64_t value = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);

	printf("%s: LAJU_SEED=%llu\n", test, (unsigned long long)value);
	return value;
}

/* All sizes, both signs, often 0, sometimes the extremes. */
static int64_t
total(uint64_t *state)
{
	uint64_t r = next(state);

	if (r % 3 == 0)
		return 0;
	if (r % 17 == 1)
		return r % 2 ? INT64_MIN : INT64_MAX;
	int64_t value = (int64_t)(next(state) >> (r >> 32) % 64);
	return r >> 8 & 1 ? -value : value;
}

/* One window's totals as the kernel shows a series: other windows stay zero. */
static void
view_of(struct kernel_view *view, uint32_t measures, enum window window, const int64_t totals[PART_COUNT][MEASURES_MAX])
{
	memset(view, 0, sizeof(*view));
	view->measures = measures;
	for (uint32_t m = 0; m < measures; m++) {
		view->measure[m] = (uint8_t)m;
		for (unsigned part = 0; part < (window < WINDOW_ROLLING ? 2u : 3u); part++)
			view->total[m][slot_of(window, part)] = totals[part][m];
	}
}

static void
blob_add(struct buf *out, uint32_t measures, enum window window, const int64_t totals[PART_COUNT][MEASURES_MAX])
{
	static struct kernel_view view;
	view_of(&view, measures, window, totals);
	update_blob_add(out, window, &view);
}

static void
totals_survive_packing(void **unused)
{
	uint64_t state = seed(__func__);
	int64_t in[PART_COUNT][MEASURES_MAX], out[PART_COUNT][MEASURES_MAX];
	struct buf blob = {0};
	(void)unused;

	for (unsigned round = 0; round < 2000; round++) {
		enum window window = (enum window)(next(&state) % WINDOW_COUNT);
		memset(in, 0, sizeof(in));
		for (unsigned p = 0; p < (window < WINDOW_ROLLING ? 2u : 3u); p++)
			for (unsigned m = 0; m < MEASURES_MAX; m++)
				in[p][m] = total(&state);
		blob.len = 0;
		blob_add(&blob, MEASURES_MAX, window, (const int64_t(*)[MEASURES_MAX])in);
		memset(out, 0x55, sizeof(out));
		update_blob_totals(buf_slice(&blob), window, out);
		assert_memory_equal(in, out, sizeof(in));
	}
	buf_fini(&blob);
}

static void
all_zero_packs_to_nothing(void **unused)
{
	static const int64_t zero[PART_COUNT][MEASURES_MAX];
	int64_t out[PART_COUNT][MEASURES_MAX];
	struct buf blob = {0};
	(void)unused;

	blob_add(&blob, MEASURES_MAX, WINDOW_M, zero);
	assert_int_equal(blob.len, 0);
	update_blob_totals((struct slice){0}, WINDOW_M, out);
	assert_memory_equal(zero, out, sizeof(zero));
	buf_fini(&blob);
}

/* ptd is no part of a rolling window: what stands in its place must not make a blob differ. */
static void
rolling_windows_have_no_ptd(void **unused)
{
	int64_t totals[PART_COUNT][MEASURES_MAX] = {{5}, {6}, {0}};
	struct buf a = {0}, b = {0};
	(void)unused;

	blob_add(&a, 3, WINDOW_R7D, (const int64_t(*)[MEASURES_MAX])totals);
	totals[PART_PTD][0] = totals[PART_PTD][1] = 9;
	blob_add(&b, 3, WINDOW_R7D, (const int64_t(*)[MEASURES_MAX])totals);
	assert_true(slice_equal(buf_slice(&a), buf_slice(&b)));
	b.len = 0;
	blob_add(&b, 3, WINDOW_D, (const int64_t(*)[MEASURES_MAX])totals);
	assert_false(slice_equal(buf_slice(&a), buf_slice(&b)));
	buf_fini(&a);
	buf_fini(&b);
}

static void
entries_come_back_in_order(void **unused)
{
	struct update_head head = {.lsn = 77, .now_ms = -5}, read;
	struct update_entry live = {.series = 4000000000u, .rollup = 15, .live = 1, .key_count = 2};
	struct update_entry freed = {.series = 3, .rollup = 1}, entry;
	struct update_reader reader;
	struct buf out = {0};
	char longest[255];
	(void)unused;

	memset(longest, 'k', sizeof(longest));
	head.bounds[WINDOW_M].part[PART_PTD] = (struct span_ms){-1, 1};
	live.key[0] = (struct slice){(uint8_t *)longest, sizeof(longest)};
	live.key[1] = (struct slice){0};
	live.blob[WINDOW_M] = slice_of("blob");
	update_begin(&out, &head);
	update_add(&out, &live);
	update_add(&out, &freed);
	update_end(&out, 2);
	update_open(&reader, &read, buf_slice(&out));
	assert_int_equal(read.lsn, 77);
	assert_int_equal(read.now_ms, -5);
	assert_int_equal(read.entries, 2);
	assert_memory_equal(read.bounds, head.bounds, sizeof(head.bounds));
	assert_true(update_next(&reader, &entry));
	assert_int_equal(entry.series, 4000000000u);
	assert_int_equal(entry.rollup, 15);
	assert_int_equal(entry.key_count, 2);
	assert_true(slice_equal(entry.key[0], live.key[0]));
	assert_int_equal(entry.key[1].n, 0);
	assert_int_equal(entry.blob[WINDOW_R1D].n, 0);
	assert_true(slice_is(entry.blob[WINDOW_M], "blob"));
	assert_true(update_next(&reader, &entry));
	assert_int_equal(entry.series, 3);
	assert_int_equal(entry.live, 0);
	assert_int_equal(entry.blob[WINDOW_M].n, 0);
	assert_false(update_next(&reader, &entry));
	buf_fini(&out);
}

/* A used buffer does not shine through: begin clears, and padding is defined. */
static void
equal_updates_are_equal_bytes(void **unused)
{
	struct update_head head;
	struct buf a = {0}, b = {0};
	(void)unused;

	memset(&head, 0xff, sizeof(head));
	update_begin(&a, &head);
	update_end(&a, 0);
	buf_add(&b, "rubbish", 7);
	struct update_head other;
	memset(&other, 0, sizeof(other));
	other.lsn = head.lsn;
	other.now_ms = head.now_ms;
	memcpy(other.bounds, head.bounds, sizeof(other.bounds));
	update_begin(&b, &other);
	update_end(&b, 0);
	assert_true(slice_equal(buf_slice(&a), buf_slice(&b)));
	buf_fini(&a);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(totals_survive_packing),
	    cmocka_unit_test(all_zero_packs_to_nothing),
	    cmocka_unit_test(rolling_windows_have_no_ptd),
	    cmocka_unit_test(entries_come_back_in_order),
	    cmocka_unit_test(equal_updates_are_equal_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
