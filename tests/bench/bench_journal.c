/*
 * bench_journal - the log on disk alone, in one thread: groups of 200-byte events appended, commits of so many
 * bytes, with and without a sync; then read back in order, and the same with a trim after each commit.
 *
 * Events/s, CPU ns an event of this thread, what a commit takes. The directory decides what is measured: it must lie
 * on the disk in question. usage: bench_journal DIRECTORY (it must not exist; removed at the end)
 */
#include "journal/log.h"
#include "tests/bench/figures.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	GROUP_EVENTS = 256,
	EVENT_RAW_BYTES = 120, /* a record of them is 200 bytes an event: 80 are hashes and numbers */
	EVENT_BYTES = 200,
	EVENTS = 1 << 21,
	EVENTS_SMALL = EVENTS / 8, /* for commits that take long */
	KEPT_BYTES = 64 << 20,
};
static const int64_t START_MS = INT64_C(1790000000000);

static void
must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "bench_journal: %s: %d\n", what, rc);
	exit(1);
}

static struct group *
make_group(void)
{
	struct group *group = group_new(GROUP_BATCHES);
	group->recv_ms = START_MS;
	group_add_batch(group)->count = GROUP_EVENTS;
	uint8_t *raw = buf_reserve(&group->bytes, GROUP_EVENTS * EVENT_RAW_BYTES);
	for (uint32_t i = 0; i < GROUP_EVENTS * EVENT_RAW_BYTES; i++)
		raw[i] = (uint8_t)(i * 2654435761u >> 24);
	group->bytes.len = GROUP_EVENTS * EVENT_RAW_BYTES;
	for (uint16_t e = 0; e < GROUP_EVENTS; e++) {
		struct group_event *event = group_add_event(group);
		event->type = EVENT_VISIT;
		event->ts_ms = START_MS + e;
		event->index = e;
		event->raw_off = (uint32_t)e * EVENT_RAW_BYTES;
		event->raw_len = EVENT_RAW_BYTES;
		event->num[NUM_QTY] = 10000000;
		for (int text = 0; text < 6; text++) {
			event->text_off[text] = event->raw_off + 10 * (uint32_t)text;
			event->text_len[text] = 8;
		}
		event->text_off[TEXT_ID] = event->raw_off + 90;
		event->text_len[TEXT_ID] = 16;
	}
	return group;
}

static void
remove_log(const char *directory)
{
	static const char *const names[] = {"data.mdb", "lock.mdb", "writer.lock"};
	char path[1100];
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

static struct log *
open_log(const char *directory, enum log_durability durability)
{
	const struct log_options options = {.map_bytes = UINT64_C(4) << 30, .durability = durability};
	char why[LOG_WHY_BYTES];
	struct log *log;
	int rc = log_open(&log, directory, &options, why);
	if (rc < 0)
		fprintf(stderr, "bench_journal: %s\n", why);
	must(rc, "open");
	return log;
}

static void
append_events(struct log *log, struct group *group, uint64_t commit_bytes, uint32_t events, bool trims,
              struct samples *commits)
{
	for (uint32_t e = 0; e < events; e += GROUP_EVENTS) {
		group->lsn = 0;
		group->recv_ms++;
		must(log_append(log, group), "append");
		if (log_gathered(log) < commit_bytes)
			continue;
		int64_t begin = figures_now_ns();
		must(log_commit(log), "commit");
		if (trims && log_bytes(log) > KEPT_BYTES)
			must(log_trim(log, log_first(log) + 2 * commit_bytes / (GROUP_EVENTS * EVENT_BYTES)), "trim");
		samples_add(commits, (double)(figures_now_ns() - begin) / 1e3);
	}
	must(log_commit(log), "commit");
}

static void
bench_write(const char *directory, enum log_durability durability, uint32_t commit_bytes, const char *name, bool trims)
{
	struct group *group = make_group();
	struct log *log = open_log(directory, durability);
	struct samples commits = {0};
	uint32_t events = durability == LOG_SYNC && commit_bytes < LOG_COMMIT_BYTES ? EVENTS_SMALL : EVENTS;
	int64_t start = figures_now_ns(), cpu = figures_thread_cpu_ns();
	append_events(log, group, commit_bytes, events, trims, &commits);
	double seconds = (double)(figures_now_ns() - start) / 1e9, cpu_ns = (double)(figures_thread_cpu_ns() - cpu);
	char prefix[64];
	snprintf(prefix, sizeof(prefix), "journal.%s.%s.%uk", durability == LOG_SYNC ? "sync" : "write", name,
	         commit_bytes >> 10);
	figure_of(prefix, ".rate", events / seconds / 1e6, "M/s");
	figure_of(prefix, ".cpu", cpu_ns / events, "ns");
	samples_figures(&commits, prefix, "us");
	figure_of(prefix, ".event", (double)log_counters(log).bytes / events, "B");
	samples_fini(&commits);
	group_free(group);
	log_free(log);
}

static void
bench_read(const char *directory)
{
	struct group *group = group_new(GROUP_BATCHES);
	int64_t start = figures_now_ns();
	struct log *log = open_log(directory, LOG_SYNC);
	figure("journal.open", (double)(figures_now_ns() - start) / 1e6, "ms");
	uint64_t events = 0;
	int64_t cpu = figures_thread_cpu_ns();
	start = figures_now_ns();
	for (uint64_t lsn = log_first(log); lsn <= log_last(log); lsn++) {
		must(log_read(log, lsn, group), "read");
		events += group->event_count;
	}
	figure("journal.read.rate", (double)events / ((double)(figures_now_ns() - start) / 1e3), "M/s");
	figure("journal.read.cpu", (double)(figures_thread_cpu_ns() - cpu) / (double)events, "ns");
	group_free(group);
	log_free(log);
}

int
main(int argc, char **argv)
{
	static const uint32_t commit_bytes[] = {64 << 10, 512 << 10, 1 << 20};
	if (argc != 2 || access(argv[1], F_OK) == 0) {
		fprintf(stderr, "usage: bench_journal DIRECTORY (it must not exist)\n");
		return 2;
	}
	for (int durability = LOG_SYNC; durability <= LOG_WRITE; durability++)
		for (size_t i = 0; i < sizeof(commit_bytes) / sizeof(*commit_bytes); i++)
			for (int trims = 0; trims < 2; trims++) {
				bench_write(argv[1], (enum log_durability)durability, commit_bytes[i], trims ? "trim" : "append", trims);
				if (durability == LOG_WRITE && i == 1 && !trims)
					bench_read(argv[1]);
				remove_log(argv[1]);
			}
	return 0;
}
