/*
 * clock_shim.c - preloaded into the service by test_clock.py: its clocks are ahead by the ms that a file says.
 *
 * CLOCK_SHIFT names the file: two integers of 8 bytes as the machine has them, for the wall clock and for the
 * boot clock, changed in place. It is mapped, so a reading costs nothing but the system call; calls go to the
 * kernel by themselves, so that the shim may stand before a sanitizer's interceptors.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { WALL = 0, BOOT, CLOCKS };

static const int64_t unshifted[CLOCKS];
static const volatile int64_t *shift_ms = unshifted;

__attribute__((constructor)) static void
map_shift(void)
{
	const char *path = getenv("CLOCK_SHIFT");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	void *page = mmap(NULL, sizeof(unshifted), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (page != MAP_FAILED)
		shift_ms = page;
}

static int64_t
shift_of(clockid_t clock)
{
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		return shift_ms[WALL];
	return clock == CLOCK_BOOTTIME ? shift_ms[BOOT] : 0;
}

int
clock_gettime(clockid_t clock, struct timespec *out)
{
	long rc = syscall(SYS_clock_gettime, clock, out);
	if (rc != 0)
		return (int)rc;
	int64_t ms = shift_of(clock), ns = out->tv_nsec + ms % 1000 * 1000000;
	out->tv_sec += (time_t)(ms / 1000 + (ns >= 1000000000) - (ns < 0));
	out->tv_nsec = (long)(ns + (ns < 0 ? 1000000000 : ns >= 1000000000 ? -1000000000 : 0));
	return 0;
}

int
gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	int rc = clock_gettime(CLOCK_REALTIME, &now);
	*out = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
	return rc;
}

time_t
time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
