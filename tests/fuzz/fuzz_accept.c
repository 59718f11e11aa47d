/*
 * fuzz_accept.c - arbitrary bytes as acked batches and push messages.
 *
 * Holds: no crash; a batch that is taken has every announced event; what is refused leaves
 * nothing behind; all offsets lie inside the group; the group survives the log's form.
 */
#include "ingest/accept.h"
#include <assert.h>
#include <stdlib.h>

static struct accept_config config;

static void
config_init(void)
{
	static const uint8_t key[HASH_KEY_BYTES] = "fuzz";
	struct channel_lists *lists = channel_lists_new();
	channel_lists_add(lists, LIST_SEARCH, slice_of("google.*"));
	channel_lists_add(lists, LIST_SEARCH, slice_of("bing.com"));
	channel_lists_add(lists, LIST_SOCIAL, slice_of("facebook"));
	channel_lists_add(lists, LIST_OWN, slice_of("pay.id"));
	struct money_rates *rates = money_rates_new(slice_of("IDR"));
	money_rates_add(rates, slice_of("USD"), 0, 16000, 1);
	config = (struct accept_config){.channels = lists, .rates = rates, .dims_mask = 0x7f, .ticks = true};
	hash_key_init(&config.key, key);
}

/* With a phone_country, a customer is what it would become again. */
static void
check_customer(const struct group *group, const struct group_event *event)
{
	char phone[PHONE_BYTES_MAX];
	struct slice cust = group_text(group, event, TEXT_CUST);
	if (config.phone_country[0] == '\0')
		return;
	uint32_t n = phone_normalise(cust, slice_of(config.phone_country), phone);
	assert(n == 0 || slice_equal(cust, (struct slice){(const uint8_t *)phone, n}));
}

/* An amount as given stands beside the converted one; without a currency they are the same. */
static void
check_amount(const struct group_event *event)
{
	assert(event->given >= -ACCEPT_AMOUNT_MAX && event->given <= ACCEPT_AMOUNT_MAX);
	if (event->cur[0] == '\0')
		assert(event->given == event->num[NUM_AMT]);
	else
		assert(strcmp(event->cur, "USD") == 0 && event->num[NUM_AMT] == event->given * 16000);
	if (event->given != 0)
		assert(event->flags & EVENT_HAS_AMT);
}

static void
check_event(const struct group *group, const struct group_event *event)
{
	size_t bytes = group->bytes.len;
	assert(event->verdict < VERDICT_COUNT);
	assert(event->verdict != VERDICT_DUPLICATE);
	assert((size_t)event->raw_off + event->raw_len <= bytes);
	for (int i = 0; i < TEXT_CUR; i++)
		assert((size_t)event->text_off[i] + event->text_len[i] <= bytes);
	if (event->verdict != VERDICT_OK)
		return;
	assert(event->type > EVENT_NONE && event->type < EVENT_TYPE_COUNT);
	assert(event->flags <= EVENT_FLAGS_ALL);
	assert(event->text_len[TEXT_ID] > 0 && event->text_len[TEXT_ID] <= EVENT_ID_BYTES_MAX);
	assert(event->ts_ms >= 0 && event->ts_ms < ACCEPT_TS_END);
	assert(event->type != EVENT_VISIT || event->text_len[TEXT_CHAN] > 0);
	bool correction = event->type == EVENT_CORRECT || event->type == EVENT_VOID;
	assert(!correction || event->text_len[TEXT_REF] > 0);
	assert(correction || event->rev == 0);
	check_amount(event);
	check_customer(group, event);
	for (int i = 0; i < EVENT_MEASURABLE; i++)
		assert(event->num[i] >= -ACCEPT_AMOUNT_MAX && event->num[i] <= ACCEPT_AMOUNT_MAX);
}

static void
check_group(const struct group *group)
{
	uint32_t next = 0;
	for (uint32_t i = 0; i < group->batch_count; i++) {
		const struct group_batch *batch = &group->batches[i];
		assert(batch->first == next);
		next += batch->count;
		assert((size_t)batch->id_off + batch->id_len <= group->bytes.len);
		for (uint32_t j = 0; j < batch->count; j++)
			assert(group->events[batch->first + j].index == j);
	}
	assert(next == group->event_count);
	for (uint32_t i = 0; i < group->event_count; i++)
		check_event(group, &group->events[i]);
	for (uint32_t i = 0; i < group->fault_count; i++)
		assert(group->events[group->faults[i].event].verdict != VERDICT_OK);
}

static void
check_log_form(const struct group *group)
{
	struct buf first = {0}, second = {0};
	char why[128];
	struct group *copy = group_new(GROUP_BATCHES);
	group_write(group, &first);
	assert(group_read(copy, buf_slice(&first), why) == 0);
	group_write(copy, &second);
	assert(slice_equal(buf_slice(&first), buf_slice(&second)));
	group_free(copy);
	buf_fini(&first);
	buf_fini(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (config.channels == NULL)
		config_init();
	if (size > BATCH_BYTES_MAX + 64)
		return 0;
	struct slice message = {data, (uint32_t)size}, id;
	struct group *group = group_new(GROUP_BATCHES);
	/* Half of the inputs with phone numbers told apart, by no byte that the corpus would miss. */
	strcpy(config.phone_country, size % 2 ? "62" : "");
	struct batch_envelope envelope;
	char why[120];

	enum batch_code code = accept_batch(&config, group, 1, message, &id, why);
	if (code == BATCH_OK) {
		assert(batch_open(&envelope, message, why) == BATCH_OK);
		assert(group->batch_count == 1);
		assert(group->event_count == (envelope.is_tick ? 0 : envelope.events));
		assert(slice_equal((struct slice){group->bytes.data + group->batches[0].id_off, group->batches[0].id_len}, id));
	} else {
		assert(group->batch_count == 0 && group->event_count == 0);
		assert(group->fault_count == 0 && group->bytes.len == 0);
		assert(why[0] != '\0');
	}
	uint32_t events = group->event_count, batches = group->batch_count;
	if (size <= PUSH_BYTES_MAX) {
		accept_push(&config, group, 2, message);
		assert(group->batch_count == batches + 1);
		assert(group->event_count > events);
	}
	check_group(group);
	if (group->bytes.len <= GROUP_BYTES_MAX && group->batch_count > 0)
		check_log_form(group);
	group_free(group);
	return 0;
}
