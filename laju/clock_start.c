/* clock_start.c - see clock_start.h. */
#include "laju/clock_start.h"
#include "common/clock.h"
#include "common/clock_guard.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOVED_MS = 60000 };
static const char name[] = "clock";

static int64_t
offset_of(const uint8_t kept[CLOCK_KEPT_BYTES])
{
	uint64_t offset = 0;
	for (int i = 7; i >= 0; i--)
		offset = offset << 8 | kept[CLOCK_BOOT_ID_BYTES + i];
	return (int64_t)offset;
}

/* Without a boot id, as on a system that has none, no boot is the same. */
static bool
same_boot(const uint8_t *a, const uint8_t *b)
{
	return a[0] != 0 && memcmp(a, b, CLOCK_BOOT_ID_BYTES) == 0;
}

int64_t
clock_start_ms(const uint8_t kept[CLOCK_KEPT_BYTES], const uint8_t now[CLOCK_KEPT_BYTES], int64_t boot_ms,
               int64_t log_ms)
{
	int64_t wall_ms = boot_ms + offset_of(now);
	if (same_boot(kept, now))
		return boot_ms + offset_of(kept);
	return log_ms != INT64_MIN && wall_ms < log_ms - CLOCK_STEP_MAX_MS ? log_ms : wall_ms;
}

static void
read_boot_id(uint8_t kept[CLOCK_KEPT_BYTES])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");
	if (file == NULL || fread(kept, CLOCK_BOOT_ID_BYTES, 1, file) != 1)
		memset(kept, 0, CLOCK_BOOT_ID_BYTES);
	if (file != NULL)
		fclose(file);
}

static void
put_offset(uint8_t kept[CLOCK_KEPT_BYTES], int64_t offset_ms)
{
	for (int i = 0; i < 8; i++)
		kept[CLOCK_BOOT_ID_BYTES + i] = (uint8_t)((uint64_t)offset_ms >> (8 * i));
}

static uint8_t last_kept[CLOCK_KEPT_BYTES]; /* a process has one clock */

void
clock_start(struct log *log)
{
	uint8_t kept[CLOCK_KEPT_BYTES] = {0}, now[CLOCK_KEPT_BYTES];
	int64_t boot_ms = clock_boot_ms();
	read_boot_id(now);
	put_offset(now, clock_wall_ms() - boot_ms);
	if (log == NULL || log_meta_get(log, name, kept, sizeof(kept)) < 0)
		memset(kept, 0, sizeof(kept));
	clock_begin(clock_start_ms(kept, now, boot_ms, log != NULL ? log_time(log) : INT64_MIN));
	memcpy(last_kept, now, CLOCK_BOOT_ID_BYTES);
	put_offset(last_kept, same_boot(kept, now) ? offset_of(kept) : INT64_MIN); /* kept at the first look */
}

void
clock_keep(struct log *log)
{
	int64_t offset_ms = clock_now_ms() - clock_boot_ms(), before = offset_of(last_kept);
	if (log_failed(log) != 0 || (before != INT64_MIN && llabs(offset_ms - before) < MOVED_MS))
		return;
	put_offset(last_kept, offset_ms);
	if (log_meta_put(log, name, last_kept, sizeof(last_kept)) < 0)
		put_offset(last_kept, before); /* tried again at the next look */
}
