/* support.c - see support.h. */
#include "support.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void
line_add(struct channel_lists *lists, int *list, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	size_t n = strlen(line);
	if (strncmp(line, "    - ", 6) == 0) {
		assert_true(*list >= 0);
		if (channel_lists_add(lists, (enum channel_list) * list, slice_of(line + 6)) != 0)
			fail_msg("not taken: %s", line);
	} else if (strncmp(line, "  ", 2) == 0 && line[2] != '#' && n > 3 && line[n - 1] == ':') {
		line[n - 1] = '\0';
		*list = channel_list_of(slice_of(line + 2));
		assert_true(*list >= 0);
	}
}

struct channel_lists *
lists_shipped(void)
{
	struct channel_lists *lists = channel_lists_new();
	FILE *file = fopen("laju/channels.yaml", "r");
	char line[512];
	int list = -1;
	assert_non_null(file); /* tests run in the top folder of the sources */
	while (fgets(line, sizeof(line), file) != NULL)
		line_add(lists, &list, line);
	fclose(file);
	return lists;
}

void
accept_config_init(struct accept_config *config)
{
	static const uint8_t key[HASH_KEY_BYTES] = "sixteen byte key";
	struct money_rates *rates = money_rates_new(slice_of("IDR"));
	*config = (struct accept_config){.channels = lists_shipped(), .rates = rates, .dims_mask = 0x3f};
	assert_non_null(rates);
	assert_int_equal(money_rates_add(rates, slice_of("USD"), 0, 16000, 1), 0);
	assert_int_equal(money_rates_add(rates, slice_of("USD"), 20000, 15000, 1), 0);
	hash_key_init(&config->key, key);
}

void
accept_config_fini(struct accept_config *config)
{
	channel_lists_free((struct channel_lists *)config->channels);
	money_rates_free((struct money_rates *)config->rates);
}

uint64_t
random_seed(const char *test)
{
	const char *given = getenv("LAJU_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL);
	print_message("%s: LAJU_SEED=%" PRIu64 "\n", test, seed);
	return seed * 2 + 1;
}

uint64_t
random_next(uint64_t *state) /* xorshift64* */
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(2685821657736338717);
}

uint32_t
random_below(uint64_t *state, uint32_t end)
{
	return (uint32_t)((random_next(state) >> 33) % end);
}

void
event_text(struct event *event, enum event_text text, const char *value)
{
	event->text[text] = slice_of(value);
	event->text_mask |= 1u << text;
}

void
event_num(struct event *event, enum event_num num, int64_t value)
{
	event->num[num] = value;
	event->num_mask |= 1u << num;
}

struct event
event_make(enum event_type type, const char *id, int64_t ts_ms)
{
	struct event event = {.type = (uint8_t)type};
	event_text(&event, TEXT_ID, id);
	event_num(&event, NUM_TS, ts_ms);
	return event;
}

struct event
event_good(enum event_type type, const char *id, int64_t ts_ms)
{
	struct event event = event_make(type, id, ts_ms);
	if (type == EVENT_LEAD)
		event_text(&event, TEXT_LEAD, "L1");
	if (type == EVENT_SALE || type == EVENT_REFUND || type == EVENT_SPEND)
		event_num(&event, NUM_AMT, 1000);
	if (type == EVENT_ENGAGE)
		event.kind = KIND_LIKE;
	if (type == EVENT_CORRECT || type == EVENT_VOID)
		event_text(&event, TEXT_REF, "r1");
	return event;
}
