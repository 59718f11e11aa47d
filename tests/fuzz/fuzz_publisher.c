/*
 * fuzz_publisher.c - arbitrary frames at the publisher: subscriptions, snapshot requests, questions,
 * between updates, alerts, dead letters and heartbeats.
 *
 * Input: steps of [what, n, n bytes]. Holds: no crash; everything that goes out can be decoded;
 * chunks keep to their size and to the peer's credit.
 */
#include "tests/publisher/support.c"
#include "schemas/event_view.h"
#include "schemas/info.h"
#include <assert.h>

enum { PEERS = 3, SERIES = 12, STEPS_MAX = 200 };

struct world {
	struct publisher *publisher;
	struct model_series series[SERIES];
	uint32_t granted[PEERS], chunks[PEERS]; /* credit ever given, chunks ever got */
	int64_t now_ms;
	uint64_t lsn;
	uint32_t asked;
};

static void
on_row(void *context, struct slice topic, struct slice row)
{
	static struct row kpi;
	struct alert_row alert;
	struct heartbeat_head heartbeat;
	struct hello_head hello;
	struct roll_head roll;
	struct dead_row dead;
	(void)context;
	assert(topic.n > 0 && topic.n <= 240);
	switch (topic.p[0]) {
	case 'k':
		assert(row_decode(&kpi, row) == 0);
		break;
	case 'a':
		assert(alert_decode(&alert, row) == 0);
		break;
	case 'h':
		assert(topic.p[1] == 'b' ? heartbeat_decode(&heartbeat, row) == 0 : hello_decode(&hello, row) == 0);
		break;
	case 'r':
		assert(roll_decode(&roll, row) == 0);
		break;
	default:
		assert(topic.p[0] == 'd' && dead_decode(&dead, row) == 0);
	}
}

static void
on_reply(void *context, struct slice peer, struct slice bytes)
{
	struct world *world = context;
	struct snapshot_reply reply;
	struct slice topic, row;
	static struct info info;
	struct confirmed confirmed;
	uint64_t rows;
	assert(peer.n == 1 && peer.p[0] < PEERS);
	assert(bytes.n <= SNAPSHOT_CHUNK_BYTES);
	if (info_decode(&info, bytes) == 0) {
		assert(info_find(&info, INFO_STATE, "rows", &rows));
		return;
	}
	if (confirmed_decode(&confirmed, bytes) == 0)
		return;
	assert(snapshot_reply_decode(&reply, bytes) == 0);
	if (reply.kind != SNAPSHOT_ROWS)
		return;
	assert(reply.rows > 0);
	while (snapshot_reply_next(&reply, &topic, &row))
		on_row(NULL, topic, row);
	world->chunks[peer.p[0]]++;
	assert(world->chunks[peer.p[0]] <= world->granted[peer.p[0]]);
}

/* Every second one finds no room. */
static bool
on_ask(void *context, struct slice peer, struct slice cust, struct slice id)
{
	struct world *world = context;
	assert(peer.n == 1 && peer.p[0] < PEERS);
	assert(id.n > 0 && id.n <= EVENT_ID_BYTES_MAX && cust.n <= EVENT_TEXT_BYTES_MAX);
	return ++world->asked & 1;
}

static void
step_update(struct world *world, struct slice input)
{
	struct updater updater = {0};
	bool told[SERIES] = {false};
	world->now_ms += input.n > 0 ? input.p[0] * 10000 : 100;
	for (unsigned w = 0; w < WINDOW_COUNT; w++)
		updater.head.bounds[w].part[PART_CUR] = (struct span_ms){world->now_ms - 1000, world->now_ms};
	updater_begin(&updater, ++world->lsn, world->now_ms);
	for (uint32_t i = 1; i + 1 < input.n; i += 2) {
		uint32_t id = input.p[i] % SERIES;
		struct model_series *series = &world->series[id];
		if (told[id])
			continue; /* an update names a series once */
		told[id] = true;
		char key[2] = {(char)('a' + id), 0};
		if (input.p[i] & 0x80 && series->live) {
			*series = (struct model_series){0};
		} else {
			model_name(series, id % R_COUNT, id % R_COUNT > 0 ? key : NULL, id % R_COUNT > 1 ? "Direct/1" : NULL);
			model_set(series, input.p[i + 1] % WINDOW_COUNT, input.p[i + 1] / 16 % M_COUNT, input.p[i + 1]);
		}
		updater_add(&updater, id, series);
	}
	publisher_update(world->publisher, updater_end(&updater));
	updater_fini(&updater);
}

static void
step_alert(struct world *world, struct slice input)
{
	const struct alert_row alert = {
	    .at_ms = world->now_ms, .rule = slice_of("r"), .kpi = slice_of("cpl"), .window = slice_of("d"),
	    .rollup = slice_of("campaign"), .key = slice_of("a"), .from = slice_of("pending"), .op = slice_of("above"),
	    .to = slice_of(input.n > 0 && input.p[0] & 1 ? "ok" : "firing"), .severity = slice_of("info"),
	    .text = slice_of("x")};
	char topic[32];
	snprintf(topic, sizeof(topic), "alert/info/r/%u", input.n > 0 ? input.p[0] / 2u : 0);
	publisher_alert(world->publisher, slice_of(topic), &alert);
}

/* Letters of up to 100 KiB, so that a few of them do not fit one chunk. */
static void
step_dead(struct world *world, struct slice input)
{
	static const uint8_t raw[100 << 10];
	uint32_t n = input.n > 0 ? input.p[0] * 400u : 0;
	publisher_dead(world->publisher, world->now_ms, slice_of("peer"), slice_of("bad_field"), slice_of("why"),
	               (struct slice){raw, n});
}

static void
step_request(struct world *world, uint8_t what, struct slice frame)
{
	struct snapshot_request request;
	uint8_t peer = what / 8 % PEERS;
	char why[120];
	if (snapshot_request_decode(&request, frame, why) == 0)
		world->granted[peer] += request.credit;
	publisher_request(world->publisher, (struct slice){&peer, 1}, frame);
}

static void
step(struct world *world, uint8_t what, struct slice input)
{
	switch (what % 8) {
	case 0:
	case 1:
		publisher_subscription(world->publisher, what / 8 % PEERS, input);
		if (what == 255)
			publisher_subscriber_gone(world->publisher, (uint32_t)input.n % PEERS);
		break;
	case 2:
	case 3:
		step_request(world, what, input);
		break;
	case 4:
		step_update(world, input);
		break;
	case 5:
		step_alert(world, input);
		break;
	case 6:
		step_dead(world, input);
		break;
	default:
		publisher_heartbeat(world->publisher, world->now_ms += 1000 * (1 + (int64_t)what / 8));
		publisher_work(world->publisher);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = {.now_ms = INT64_C(1795392000000)};
	struct publisher_config config = support_config();
	struct publisher_out out = {on_row, on_reply, &world, on_ask, NULL};
	struct publisher_counters counters;

	world.publisher = publisher_new(&config, &out);
	for (int steps = 0; steps < STEPS_MAX && size >= 2; steps++) {
		size_t n = data[1] < size - 2 ? data[1] : size - 2;
		step(&world, data[0], (struct slice){data + 2, (uint32_t)n});
		data += 2 + n;
		size -= 2 + n;
	}
	publisher_count(world.publisher, &counters);
	publisher_free(world.publisher);
	return 0;
}
