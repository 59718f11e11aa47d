/* unknown_keys.c - keys that no event has, each told once. */
#include "laju/unknown_keys.h"
#include "laju/text.h"
#include <stdio.h>

bool
unknown_keys_add(struct unknown_keys *keys, const char *key)
{
	char name[NDJSON_KEY_MAX + 1];
	snprintf(name, sizeof(name), "%s", key);
	for (uint32_t i = 0; i < keys->count; i++)
		if (strcmp(keys->name[i], name) == 0)
			return false;
	if (keys->count == UNKNOWN_KEYS_MAX)
		return false;
	memcpy(keys->name[keys->count++], name, sizeof(name));
	return true;
}

void
unknown_keys_say(const struct unknown_keys *keys, const char *file, uint64_t line, const char *near)
{
	text_say("%s:%llu: unknown key '%s' passed over%s%s%s%s", file, (unsigned long long)line, keys->name[keys->count - 1],
	         near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "",
	         keys->count == UNKNOWN_KEYS_MAX ? "; no further ones are told" : "");
}
