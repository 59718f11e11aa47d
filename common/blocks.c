/* blocks.c - runs of units in huge pages, the tightest fit first. */
#include "common/blocks.h"
#include "common/mem.h"
#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define FROM_MALLOC true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FROM_MALLOC true
#endif
#endif
#ifndef FROM_MALLOC
#define FROM_MALLOC false
#endif

enum {
	UNITS = BLOCK_MAX / BLOCK_MIN,
	WORDS = UNITS / 64,
	READY_MAX = 8, /* pages; one, and one for each 64 in use, below that */
	READY_PART = 64,
	SPACE_PARTS = 2, /* address space: so many times the machine's memory */
};

/* A bit a unit. */
struct page {
	uint64_t taken[WORDS];
	uint64_t dirty[WORDS]; /* was taken before: it may hold something */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wanted; /* pages to be made ready */
	uint8_t *base;         /* address space, in which pages follow each other */
	struct page **page;
	uint16_t *longest;     /* units that follow each other free in a page; 0: it is full, ready or returned */
	uint32_t begun, end;   /* pages that were used before; room */
	uint32_t *returned, returned_count; /* begun pages that the system has back */
	uint64_t free_units;
	uint32_t held, whole;  /* pages; of these: used before, and all free */
	uint32_t ready[READY_MAX], ready_count;
	bool thread_runs, thread_ends;
	pthread_t thread;
	int64_t thread_ns;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .wanted = PTHREAD_COND_INITIALIZER};

/* None under a limit of address space, which all else needs, too: then everything comes from malloc(). */
static void
begin(void)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t end = memory * SPACE_PARTS / BLOCK_MAX < UINT32_MAX / 2 ? memory * SPACE_PARTS / BLOCK_MAX : UINT32_MAX / 2;
	struct rlimit limit;
	void *space = MAP_FAILED;
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		end = 0;
	while (end > 0 && (space = mmap(NULL, (end + 1) * BLOCK_MAX, PROT_NONE,
	                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) == MAP_FAILED)
		end /= 2;
	if (space != MAP_FAILED)
		all.base = (uint8_t *)(((uintptr_t)space + BLOCK_MAX - 1) / BLOCK_MAX * BLOCK_MAX);
	all.end = (uint32_t)end;
	all.page = mem_zalloc(end + 1, sizeof(*all.page));
	all.returned = mem_zalloc(end + 1, sizeof(*all.returned));
	all.longest = mem_zalloc(end + 1, sizeof(*all.longest));
}

static uint8_t *
page_start(uint32_t number)
{
	return all.base + (size_t)number * BLOCK_MAX;
}

/* The number of a page to open; UINT32_MAX: there is no room for more. */
static uint32_t
page_reserve(void)
{
	if (all.returned_count > 0)
		return all.returned[--all.returned_count];
	if (all.begun == all.end)
		return UINT32_MAX;
	all.page[all.begun] = mem_alloc(sizeof(struct page));
	return all.begun++;
}

/* False: the system gives no memory. */
static bool
page_open(uint32_t number)
{
	if (mprotect(page_start(number), BLOCK_MAX, PROT_READ | PROT_WRITE) != 0)
		return false;
	madvise(page_start(number), BLOCK_MAX, MADV_HUGEPAGE);
	return true;
}

static uint32_t
ready_wanted(void)
{
	uint32_t wanted = 1 + all.held / READY_PART;
	return wanted < READY_MAX ? wanted : READY_MAX;
}

static bool
is_set(const uint64_t *bits, uint32_t unit)
{
	return bits[unit / 64] >> unit % 64 & 1;
}

/* The first unit at or behind `from` that is taken, or is not; UNITS: none. */
static uint32_t
seek(const struct page *page, uint32_t from, bool taken)
{
	while (from < UNITS) {
		uint64_t word = (taken ? page->taken[from / 64] : ~page->taken[from / 64]) >> from % 64;
		if (word != 0)
			return from + (uint32_t)__builtin_ctzll(word);
		from = (from / 64 + 1) * 64;
	}
	return UNITS;
}

static uint32_t
aligned(uint32_t unit, uint32_t align)
{
	return (unit + align - 1) / align * align;
}

/* Where the first run of free units begins that is as long from a multiple of align on. There must be one. */
static uint32_t
run_find(const struct page *page, uint32_t units, uint32_t align)
{
	uint32_t from = 0, to;
	while ((from = seek(page, from, false)) < UNITS && (to = seek(page, from, true)) < aligned(from, align) + units)
		from = to;
	assert(from < UNITS);
	return aligned(from, align);
}

static uint16_t
longest_run(const struct page *page)
{
	uint32_t longest = 0;
	for (uint32_t from = 0, to; (from = seek(page, from, false)) < UNITS; from = to) {
		to = seek(page, from, true);
		longest = to - from > longest ? to - from : longest;
	}
	return (uint16_t)longest;
}

/* A page with nothing but zeroes; UINT32_MAX: none is to be had. */
static uint32_t
page_take(void)
{
	uint32_t number = UINT32_MAX;
	if (all.ready_count > 0) {
		number = all.ready[--all.ready_count];
	} else {
		number = page_reserve();
		if (number == UINT32_MAX)
			return UINT32_MAX;
		if (!page_open(number)) {
			all.returned[all.returned_count++] = number;
			return UINT32_MAX;
		}
		all.held++;
	}
	if (all.thread_runs && all.ready_count < ready_wanted())
		pthread_cond_signal(&all.wanted);
	*all.page[number] = (struct page){0};
	all.longest[number] = UNITS;
	all.free_units += UNITS;
	all.whole++;
	return number;
}

static void
page_return(uint32_t number)
{
	if (madvise(page_start(number), BLOCK_MAX, MADV_DONTNEED) != 0)
		return; /* it is locked, and stays as it is: used before */
	all.returned[all.returned_count++] = number;
	all.longest[number] = 0;
	all.free_units -= UNITS;
	all.whole--;
	all.held--;
}

/* The page with the shortest run that is long enough. */
static uint32_t
page_for(uint32_t units)
{
	uint32_t best = UINT32_MAX, shortest = UNITS + 1;
	for (uint32_t number = 0; number < all.begun && shortest > units; number++)
		if (all.longest[number] >= units && all.longest[number] < shortest) {
			best = number;
			shortest = all.longest[number];
		}
	return best != UINT32_MAX ? best : page_take();
}

static void
mark(uint64_t *bits, uint32_t from, uint32_t to, bool set)
{
	for (uint32_t unit = from; unit < to; unit++)
		if (set)
			bits[unit / 64] |= UINT64_C(1) << unit % 64;
		else
			bits[unit / 64] &= ~(UINT64_C(1) << unit % 64);
}

static uint8_t *
take_units(uint32_t units, uint32_t align, struct page *was, uint32_t *from)
{
	uint32_t number = page_for(units + align - 1 < UNITS ? units + align - 1 : UNITS);
	if (number == UINT32_MAX)
		return NULL;
	struct page *page = all.page[number];
	*from = run_find(page, units, align);
	*was = *page;
	mark(page->taken, *from, *from + units, true);
	mark(page->dirty, *from, *from + units, true);
	all.whole -= all.longest[number] == UNITS;
	all.longest[number] = longest_run(page);
	all.free_units -= units;
	return page_start(number) + (size_t)*from * BLOCK_MIN;
}

static void
give_back_units(uint32_t number, uint32_t from, uint32_t units)
{
	struct page *page = all.page[number];
	assert(from + units <= UNITS);
	for (uint32_t unit = from; unit < from + units; unit++)
		assert(is_set(page->taken, unit)); /* of this size, and not given back before */
	mark(page->taken, from, from + units, false);
	all.longest[number] = longest_run(page);
	all.free_units += units;
	all.whole += all.longest[number] == UNITS;
	if (all.longest[number] == UNITS && all.whole > ready_wanted()) /* the next growth will want some */
		page_return(number);
}

static uint32_t
units_of(size_t bytes)
{
	return (uint32_t)((bytes + BLOCK_MIN - 1) / BLOCK_MIN);
}

static bool
is_cut(size_t bytes)
{
	return !FROM_MALLOC && bytes >= BLOCK_MIN && bytes <= BLOCK_MAX;
}

static void *
take(size_t bytes, uint32_t align)
{
	struct page was;
	uint32_t units = units_of(bytes), from = 0;
	uint8_t *block = NULL;
	if (is_cut(bytes)) {
		pthread_mutex_lock(&all.lock);
		if (all.page == NULL)
			begin();
		block = take_units(units, align, &was, &from);
		pthread_mutex_unlock(&all.lock);
	}
	if (block == NULL)
		return align > 1 ? mem_zalloc_aligned(bytes) : mem_zalloc(1, bytes);
	for (uint32_t i = 0; i < units; i++)
		if (is_set(was.dirty, from + i))
			memset(block + (size_t)i * BLOCK_MIN, 0, BLOCK_MIN);
	return block;
}

void *
blocks_take(size_t bytes)
{
	return take(bytes, 1);
}

void *
blocks_take_aligned(size_t bytes)
{
	assert((bytes & (bytes - 1)) == 0 && bytes >= BLOCK_MIN && bytes <= BLOCK_MAX);
	return take(bytes, units_of(bytes));
}

void
blocks_give_back(void *block, size_t bytes)
{
	uint8_t *at = block;
	if (block == NULL)
		return;
	pthread_mutex_lock(&all.lock);
	bool cut = is_cut(bytes) && at >= all.base && at < page_start(all.end);
	if (cut) {
		size_t offset = (size_t)(at - all.base);
		give_back_units((uint32_t)(offset / BLOCK_MAX), (uint32_t)(offset % BLOCK_MAX / BLOCK_MIN), units_of(bytes));
	}
	pthread_mutex_unlock(&all.lock);
	if (!cut)
		free(block);
}

static int64_t
thread_cpu_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Returns with the lock held, as it was called. */
static bool
make_one(void)
{
	uint32_t number = page_reserve();
	if (number == UINT32_MAX)
		return false;
	pthread_mutex_unlock(&all.lock);
	bool open = page_open(number);
	for (size_t at = 0; open && at < BLOCK_MAX; at += BLOCK_MIN)
		*(volatile uint8_t *)(page_start(number) + at) = 0;
	pthread_mutex_lock(&all.lock);
	if (open)
		all.ready[all.ready_count++] = number;
	else
		all.returned[all.returned_count++] = number;
	all.held += open;
	all.thread_ns = thread_cpu_ns();
	return open;
}

static void *
make_ready(void *nothing)
{
	pthread_mutex_lock(&all.lock);
	if (all.page == NULL)
		begin();
	while (!all.thread_ends)
		if ((all.ready_count >= ready_wanted() || !make_one()) && !all.thread_ends)
			pthread_cond_wait(&all.wanted, &all.lock);
	pthread_mutex_unlock(&all.lock);
	return nothing;
}

void
blocks_ready_start(void)
{
	if (FROM_MALLOC)
		return;
	pthread_mutex_lock(&all.lock);
	all.thread_ends = false;
	all.thread_runs = pthread_create(&all.thread, NULL, make_ready, NULL) == 0; /* without it all goes on, slower */
	if (all.thread_runs)
		pthread_setname_np(all.thread, "laju-memory");
	pthread_mutex_unlock(&all.lock);
}

void
blocks_ready_stop(void)
{
	if (!all.thread_runs)
		return;
	pthread_mutex_lock(&all.lock);
	all.thread_ends = true;
	pthread_cond_signal(&all.wanted);
	pthread_mutex_unlock(&all.lock);
	pthread_join(all.thread, NULL);
	pthread_mutex_lock(&all.lock);
	all.thread_runs = false;
	pthread_mutex_unlock(&all.lock);
}

/* The free runs of a page that is in use: they come back as zeroes. */
static void
page_thin(uint32_t number)
{
	struct page *page = all.page[number];
	for (uint32_t from = 0, to; (from = seek(page, from, false)) < UNITS; from = to) {
		to = seek(page, from, true);
		if (madvise(page_start(number) + (size_t)from * BLOCK_MIN, (size_t)(to - from) * BLOCK_MIN, MADV_DONTNEED) == 0)
			mark(page->dirty, from, to, false);
	}
}

void
blocks_trim(void)
{
	pthread_mutex_lock(&all.lock);
	for (uint32_t number = 0; number < all.begun; number++) {
		if (all.longest[number] == UNITS)
			page_return(number);
		else if (all.longest[number] > 0)
			page_thin(number);
	}
	pthread_mutex_unlock(&all.lock);
}

void
blocks_count(struct blocks_counters *out)
{
	pthread_mutex_lock(&all.lock);
	*out = (struct blocks_counters){all.held, all.ready_count, all.free_units * BLOCK_MIN, all.thread_ns};
	pthread_mutex_unlock(&all.lock);
}
