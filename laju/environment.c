/* environment.c - LAJU_* variables and --set flags as overrides. */
#include "laju/settings.h"
#include "laju/guess.h"
#include <stdio.h>
#include <unistd.h>

/* "publish.every_ms" -> "LAJU_PUBLISH_EVERY_MS". */
static void
variable_name(const char *setting, char out[64])
{
	size_t n = (size_t)snprintf(out, 64, "LAJU_%s", setting);
	for (size_t i = 5; i < n && i < 63; i++)
		out[i] = out[i] == '.' ? '_' : out[i] >= 'a' && out[i] <= 'z' ? (char)(out[i] - 32) : out[i];
}

static int
setting_of_variable(struct slice name, struct guess *guess)
{
	char candidate[64];
	guess_begin(guess, name);
	for (uint32_t s = 0; s < setting_count; s++) {
		variable_name(settings[s].name, candidate);
		if (slice_is(name, candidate))
			return (int)s;
		guess_offer(guess, candidate);
	}
	return -1;
}

uint32_t
config_environment(struct config_override *out, uint32_t max, struct config_problems *problems)
{
	uint32_t count = 0;
	for (char **entry = environ; entry && *entry; entry++) {
		size_t n = strcspn(*entry, "=");
		if (strncmp(*entry, "LAJU_", 5) != 0 || (*entry)[n] == '\0')
			continue;
		struct guess guess;
		int s = setting_of_variable((struct slice){(const uint8_t *)*entry, (uint32_t)n}, &guess);
		if (s < 0) {
			char name[128];
			snprintf(name, sizeof(name), "%.*s", (int)(n > 127 ? 127 : n), *entry);
			problem_warning(problems, name, "no such setting%s", guess_text(&guess));
		} else if (count < max) {
			out[count++] = (struct config_override){settings[s].name, *entry + n + 1, *entry};
		}
	}
	return count;
}

bool
config_override_parse(struct config_override *override, const char *text)
{
	const char *equals = strchr(text, '=');
	if (equals == NULL || equals == text)
		return false;
	*override = (struct config_override){text, equals + 1, NULL};
	return true;
}
