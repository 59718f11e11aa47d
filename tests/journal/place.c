/* place.c - see place.h. */
#include "tests/journal/place.h"
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PLACES_MAX = 64 };
static char places[PLACES_MAX][PLACE_BYTES];
static unsigned place_count;
static pid_t owner;

void
place_remove(const char *place)
{
	DIR *dir = opendir(place);
	if (dir == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(place);
}

static void
remove_all(void)
{
	for (unsigned i = 0; i < place_count && getpid() == owner; i++)
		place_remove(places[i]);
}

void
place_new(char place[PLACE_BYTES])
{
	const char *top = getenv("TMPDIR");
	assert(place_count < PLACES_MAX);
	snprintf(place, PLACE_BYTES, "%.80s/laju-log-XXXXXX", top != NULL ? top : "/tmp");
	if (mkdtemp(place) == NULL) {
		perror(place);
		exit(1);
	}
	if (place_count == 0) {
		owner = getpid();
		atexit(remove_all);
	}
	strcpy(places[place_count++], place);
}

static int
open_in(const char *place, const char *name, int flags)
{
	char path[PLACE_BYTES + 32];
	snprintf(path, sizeof(path), "%s/%s", place, name);
	int fd = open(path, flags, 0600);
	assert(fd >= 0);
	return fd;
}

uint8_t *
place_read(const char *place, const char *name, size_t *n)
{
	struct stat there;
	int fd = open_in(place, name, O_RDONLY);
	int rc = fstat(fd, &there);
	assert(rc == 0);
	*n = (size_t)there.st_size;
	uint8_t *bytes = malloc(*n + 1);
	ssize_t got = read(fd, bytes, *n);
	assert(got == (ssize_t)*n);
	close(fd);
	return bytes;
}

void
place_write(const char *place, const char *name, const void *bytes, size_t n)
{
	int fd = open_in(place, name, O_WRONLY | O_CREAT | O_TRUNC);
	ssize_t put = write(fd, bytes, n);
	assert(put == (ssize_t)n);
	close(fd);
}

void
place_poke(const char *place, const char *name, size_t at, uint8_t byte)
{
	int fd = open_in(place, name, O_WRONLY);
	ssize_t put = pwrite(fd, &byte, 1, (off_t)at);
	assert(put == 1);
	close(fd);
}

unsigned
seed_of(const char *test)
{
	const char *given = getenv("LAJU_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 0) : (unsigned)time(NULL);
	printf("%s: LAJU_SEED=%u\n", test, seed);
	fflush(stdout);
	srand(seed);
	return seed;
}

static struct group *
group_with(int64_t recv_ms, uint32_t raw_len)
{
	struct group *group = group_new(GROUP_BATCHES);
	group->recv_ms = recv_ms;
	group_add_batch(group)->count = 1;
	struct group_event *event = group_add_event(group);
	event->type = EVENT_VISIT;
	event->ts_ms = recv_ms;
	event->raw_len = raw_len;
	return group;
}

struct group *
group_of(const char *text, int64_t recv_ms)
{
	struct group *group = group_with(recv_ms, (uint32_t)strlen(text));
	buf_add(&group->bytes, text, strlen(text));
	return group;
}

static uint8_t
byte_of(uint64_t lsn, uint32_t at)
{
	uint64_t mixed = (lsn << 24 | at) * UINT64_C(0x9e3779b97f4a7c15);
	mixed = (mixed ^ mixed >> 31) * UINT64_C(0xc2b2ae3d27d4eb4f);
	return (uint8_t)(mixed >> 56);
}

struct group *
group_of_size(uint64_t lsn, uint32_t n, int64_t recv_ms)
{
	struct group *group = group_with(recv_ms, n);
	uint8_t *to = buf_reserve(&group->bytes, n + 1);
	for (uint32_t i = 0; i < n; i++)
		to[i] = byte_of(lsn, i);
	group->bytes.len = n;
	return group;
}

bool
group_is_right(const struct group *group, uint64_t lsn)
{
	if (group->lsn != lsn || group->event_count != 1 || group->events[0].raw_len != group->bytes.len)
		return false;
	for (uint32_t i = 0; i < group->bytes.len; i++)
		if (group->bytes.data[i] != byte_of(lsn, i))
			return false;
	return true;
}

void
log_trim_all(struct log *log, uint64_t lsn)
{
	int rc;
	while ((rc = log_trim(log, lsn)) == 1)
		;
	assert(rc == 0);
}
