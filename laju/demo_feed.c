/* demo_feed.c - a made-up shop. */
#include "laju/demo_feed.h"
#include <stdio.h>

enum {
	HOUR_MS = 3600000,
	STEP_MS = 30000,
	LEAD_PERCENT = 12,
	SALE_PERCENT = 5,
	REGULARS = 25, /* visitors who come several times a week */
	REGULAR_PERCENT = 20,
	RETURN_PERCENT = 45, /* of the others */
};

static const struct origin {
	const char *campaign, *source, *medium, *team, *person;
	int weight;        /* of visits */
	int hourly_spend;  /* rupiah */
} origins[] = {
    {"harbolnas", "google", "cpc", "ads", "ads-1", 22, 90000},
    {"retargeting", "facebook", "cpc", "ads", "ads-2", 14, 60000},
    {"kreator-tiktok", "tiktok", "paid-social", "social", "social-1", 12, 45000},
    {"newsletter", "newsletter", "email", "crm", "crm-1", 10, 0},
    {NULL, "google", "organic", NULL, NULL, 22, 0},
    {NULL, "instagram", "social", NULL, NULL, 8, 0},
    {NULL, NULL, NULL, NULL, NULL, 12, 0},
};
enum { ORIGINS = sizeof(origins) / sizeof(origins[0]) };

/* Visits per hour by local hour: quiet nights, a lunch hump, the evening peak. */
static const int by_hour[24] = {6,  4,  3,  2,  2,  4,  9,  16, 22, 26, 28, 32,
                                40, 34, 28, 26, 26, 28, 34, 46, 52, 44, 28, 14};

static uint64_t
draw(struct demo_feed *feed, uint64_t below)
{
	uint64_t z = (feed->random += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

void
demo_feed_init(struct demo_feed *feed, const struct zone *zone, uint64_t seed)
{
	*feed = (struct demo_feed){.zone = zone, .random = seed, .run = seed & 0xffffff};
}

static void
set_text(struct event *event, enum event_text text, const char *value)
{
	if (value == NULL)
		return;
	event->text[text] = slice_of(value);
	event->text_mask |= 1u << text;
}

static void
set_num(struct event *event, enum event_num num, int64_t value)
{
	event->num[num] = value;
	event->num_mask |= 1u << num;
}

static void
send(struct demo_feed *feed, struct event *event, const char *of, demo_emit_fn *emit, void *context)
{
	char id[48];
	snprintf(id, sizeof(id), "demo-%06llx-%llu", (unsigned long long)feed->run, (unsigned long long)feed->number++);
	set_text(event, TEXT_ID, id);
	set_text(event, TEXT_FEED, of);
	emit(context, event);
}

static struct event
event_from(enum event_type type, int64_t ts_ms, const struct origin *origin)
{
	struct event event = {.type = (uint8_t)type};
	set_num(&event, NUM_TS, ts_ms);
	if (origin != NULL) {
		set_text(&event, TEXT_CAMP, origin->campaign);
		set_text(&event, TEXT_SRC, origin->source);
		set_text(&event, TEXT_MED, origin->medium);
		set_text(&event, TEXT_TEAM, origin->team);
		set_text(&event, TEXT_PERS, origin->person);
	}
	return event;
}

/* Who is here: a visitor, with a visit of its own. */
struct visitor {
	char cust[24], visit[24];
};

/* Some are regulars; many others come again, the newer ones more often. */
static struct visitor
draw_visitor(struct demo_feed *feed)
{
	struct visitor visitor;
	uint64_t number = feed->visitors;
	if (number > REGULARS && draw(feed, 100) < REGULAR_PERCENT)
		number = draw(feed, REGULARS);
	else if (number > 0 && draw(feed, 100) < RETURN_PERCENT)
		number -= 1 + draw(feed, 1 + draw(feed, number));
	else
		feed->visitors++;
	snprintf(visitor.cust, sizeof(visitor.cust), "C%llu", (unsigned long long)number);
	snprintf(visitor.visit, sizeof(visitor.visit), "V%llu", (unsigned long long)feed->number);
	return visitor;
}

static void
set_visitor(struct event *event, const struct visitor *visitor)
{
	set_text(event, TEXT_CUST, visitor->cust);
	set_text(event, TEXT_VISIT, visitor->visit);
}

static const struct origin *
draw_origin(struct demo_feed *feed)
{
	int at = (int)draw(feed, 100);
	for (unsigned o = 0; o < ORIGINS; o++)
		if ((at -= origins[o].weight) < 0)
			return &origins[o];
	return &origins[ORIGINS - 1];
}

static void
lead(struct demo_feed *feed, int64_t ts_ms, const struct origin *origin, const struct visitor *visitor,
     enum event_stage stage, uint64_t number, demo_emit_fn *emit, void *context)
{
	char name[32];
	struct event event = event_from(EVENT_LEAD, ts_ms, origin);
	snprintf(name, sizeof(name), "L%llu", (unsigned long long)number);
	event.stage = (uint8_t)stage;
	set_visitor(&event, visitor);
	set_text(&event, TEXT_LEAD, name);
	send(feed, &event, "crm", emit, context);
}

static void
sale(struct demo_feed *feed, int64_t ts_ms, const struct origin *origin, const struct visitor *visitor,
     demo_emit_fn *emit, void *context)
{
	char order[24];
	struct event event = event_from(EVENT_SALE, ts_ms, origin);
	int64_t units = (int64_t)draw(feed, 3) + 1;
	int64_t amount = units * (int64_t)(89 + draw(feed, 12) * 20) * 1000 * 100;
	set_num(&event, NUM_AMT, amount);
	set_num(&event, NUM_QTY, units);
	set_text(&event, TEXT_CUR, "IDR");
	snprintf(order, sizeof(order), "O%llu", (unsigned long long)feed->number);
	set_visitor(&event, visitor);
	set_text(&event, TEXT_ORDER, order);
	send(feed, &event, "shop", emit, context);
	if (draw(feed, 100) < 4) {
		struct event back = event_from(EVENT_REFUND, ts_ms + 1, origin);
		set_num(&back, NUM_AMT, amount / units);
		set_num(&back, NUM_QTY, 1);
		set_text(&back, TEXT_CUR, "IDR");
		set_visitor(&back, visitor);
		set_text(&back, TEXT_ORDER, order);
		send(feed, &back, "shop", emit, context);
	}
}

static void
visit(struct demo_feed *feed, int64_t ts_ms, demo_emit_fn *emit, void *context)
{
	const struct origin *origin = draw_origin(feed);
	struct visitor visitor = draw_visitor(feed);
	struct event event = event_from(EVENT_VISIT, ts_ms, origin);
	set_visitor(&event, &visitor);
	uint64_t number = feed->number;
	send(feed, &event, "web", emit, context);
	if (draw(feed, 100) < LEAD_PERCENT) {
		lead(feed, ts_ms, origin, &visitor, STAGE_LEAD, number, emit, context);
		if (draw(feed, 100) < 55)
			lead(feed, ts_ms, origin, &visitor, STAGE_MQL, number, emit, context);
		if (draw(feed, 100) < 22)
			lead(feed, ts_ms, origin, &visitor, STAGE_SQL, number, emit, context);
	}
	if (draw(feed, 100) < SALE_PERCENT)
		sale(feed, ts_ms, origin, &visitor, emit, context);
	if (draw(feed, 100) < 9) {
		static const uint8_t kinds[] = {KIND_LIKE, KIND_LIKE, KIND_LIKE, KIND_SHARE, KIND_COMMENT};
		struct event engage = event_from(EVENT_ENGAGE, ts_ms, &origins[5]);
		engage.kind = kinds[draw(feed, sizeof(kinds))];
		set_visitor(&engage, &visitor);
		set_num(&engage, NUM_N, (int64_t)draw(feed, 6) + 1);
		send(feed, &engage, "social", emit, context);
	}
}

static void
spend(struct demo_feed *feed, int64_t ts_ms, const struct origin *origin, int64_t minor, demo_emit_fn *emit,
      void *context)
{
	struct event event = event_from(EVENT_SPEND, ts_ms, origin);
	set_num(&event, NUM_AMT, minor);
	set_text(&event, TEXT_CUR, "IDR");
	set_text(&event, TEXT_CTYPE, "media");
	send(feed, &event, "ads", emit, context);
}

/* A triangle wave through -1000 .. 1000 within DEMO_SWING_MS. */
static int64_t
swing(int64_t ts_ms)
{
	int64_t at = ts_ms % DEMO_SWING_MS * 4000 / DEMO_SWING_MS; /* 0 .. 3999 */
	return at < 1000 ? at : at < 3000 ? 2000 - at : at - 4000;
}

/* One more lead, and spend (or a credit for invalid clicks) so that the cost per lead is where the wave is: +-20 %. */
static void
flash_sale(struct demo_feed *feed, int64_t ts_ms, demo_emit_fn *emit, void *context)
{
	static const struct origin origin = {"flash-sale", "instagram", "cpc", "ads", "ads-2", 0, 0};
	int64_t limit = DEMO_CPL_LIMIT * INT64_C(100);
	struct visitor visitor = draw_visitor(feed);
	lead(feed, ts_ms, &origin, &visitor, STAGE_LEAD, feed->number, emit, context);
	feed->flash_leads++;
	int64_t want = feed->flash_leads * (limit + limit / 5 * swing(ts_ms) / 1000);
	spend(feed, ts_ms, &origin, want - feed->flash_spend, emit, context);
	feed->flash_spend = want;
}

static void
hourly_spend(struct demo_feed *feed, int64_t ts_ms, demo_emit_fn *emit, void *context)
{
	int64_t hour = ts_ms / HOUR_MS;
	if (hour <= feed->spend_hour)
		return;
	feed->spend_hour = hour;
	for (unsigned o = 0; o < ORIGINS; o++)
		if (origins[o].hourly_spend > 0)
			spend(feed, hour * HOUR_MS, &origins[o],
			      (int64_t)origins[o].hourly_spend * (80 + (int64_t)draw(feed, 40)), emit, context);
}

void
demo_feed_run(struct demo_feed *feed, int64_t from_ms, int64_t to_ms, bool live, demo_emit_fn *emit, void *context)
{
	/* History by steps of half a minute; live: several events a call, so that the display is seen to move. */
	for (int64_t at = from_ms; at < to_ms; at += STEP_MS) {
		int64_t local = at + zone_offset(feed->zone, at);
		int hour = (int)(local / HOUR_MS % 24);
		int64_t end = at + STEP_MS < to_ms ? at + STEP_MS : to_ms;
		hourly_spend(feed, end, emit, context);
		uint64_t visits = live ? 1 + draw(feed, 4) : draw(feed, 12000) < (uint64_t)by_hour[hour] * 100;
		for (uint64_t v = 0; v < visits; v++)
			visit(feed, end, emit, context);
		if (live)
			flash_sale(feed, end, emit, context);
	}
}
