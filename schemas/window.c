/* window.c - names of the windows. */
#include "schemas/window.h"
#include <stddef.h>

static const char *const names[WINDOW_COUNT] = {"r1d", "r7d", "r30d", "d", "w", "m"};

const char *
window_name(enum window window)
{
	return (unsigned)window < WINDOW_COUNT ? names[window] : NULL;
}

int
window_of(struct slice name)
{
	for (int w = 0; w < WINDOW_COUNT; w++)
		if (slice_is(name, names[w]))
			return w;
	return -1;
}
