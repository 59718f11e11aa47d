/*
 * row.h - what subscribers get: rows, heartbeats, hello, roll, alerts, dead letters. See row.md.
 *
 * Packed with msgpack-c into a buf; decoded (for our own clients: query, top,
 * tests) by a bounded cursor. Pure.
 */
#ifndef SCHEMAS_ROW_H
#define SCHEMAS_ROW_H
#include "common/buf.h"
#include "schemas/window.h"

enum { ROW_VERSION = 1, ROW_MEASURES_MAX = 64, ROW_KPIS_MAX = 64 };
enum row_flag { ROW_DEMO = 1, ROW_GONE = 2 /* tombstone: the series was freed */, ROW_HASHED_KEY = 4 /* full key in `key` */ };

struct row_value {
	struct slice name;
	uint8_t kind;          /* 0 number, 1 ratio num/den, 2 none: reason */
	int64_t num, den;
	struct slice reason;
};
struct row_measure {
	struct slice name;
	int64_t value;
};
struct row_part {
	struct span_ms bounds;
	uint32_t measures, kpis;
	struct row_measure measure[ROW_MEASURES_MAX];
	struct row_value kpi[ROW_KPIS_MAX];
};
/*
 * {v, e, s, c, at, lo, hi, f, cur: {measure: int}, kpi: {name: int | [num, den] | [nil, reason]},
 *  prev: {lo, hi, cur, kpi}, ptd: {lo, hi, cur, kpi} | nil, key?: full key}
 */
struct row {
	uint64_t epoch, seq, channel_seq;
	int64_t at_ms;         /* log time of the numbers */
	uint32_t flags;        /* enum row_flag */
	struct row_part part[PART_COUNT];
	bool has_ptd;
	struct slice key;      /* only with ROW_HASHED_KEY */
};
void row_encode(const struct row *row, struct buf *out);
int row_decode(struct row *row, struct slice bytes); /* 0 or -EBADMSG */

/*
 * hb/: {v, e, s, now, lsn, lag_ms, dur, demo, full, ch: {"<window>/<rollup>": c}, feeds: {name: age_ms},
 *  stale: [name...], alarms: [name...]}
 */
struct heartbeat {
	uint64_t epoch, seq, lsn;
	int64_t now_ms, lag_ms;
	struct slice durability; /* "none" */
	bool demo;
	bool full; /* memory_max is used up: events are refused for now */
	uint32_t channels;
	const struct heartbeat_channel {
		struct slice name; /* "r1d/campaign" */
		uint64_t seq;
	} *channel;
	uint32_t feeds;
	const struct heartbeat_feed {
		struct slice name;
		int64_t age_ms;
		bool stale;
	} *feed;
	uint32_t alarms; /* bits 1 << enum alarm (alarm.h) */
};
void heartbeat_encode(const struct heartbeat *heartbeat, struct buf *out);
/* For clients: the head of a heartbeat; channel and feed maps are left raw. */
struct heartbeat_head {
	uint64_t epoch, seq, lsn;
	int64_t now_ms, lag_ms;
	struct slice durability;
	bool demo, full;
	struct slice channels, feeds; /* raw maps, checked: see row_map_next() */
	struct slice stale, alarms;   /* raw arrays of names: see row_names_next() */
};
int heartbeat_decode(struct heartbeat_head *head, struct slice bytes);
/*
 * Walks a raw map of name: integer / array of names of a decoded message: begin once (left = how many),
 * then next until false.
 */
uint32_t row_walk_begin(struct slice *raw);
bool row_map_next(struct slice *raw, uint32_t *left, struct slice *name, int64_t *value);
bool row_names_next(struct slice *raw, uint32_t *left, struct slice *name);

/*
 * hello/: {v, e, s, laju: version, zone, cur: currency, dec: decimals, dur, demo, windows: [...], rollups: [...],
 *  kpis: [{name, unit, dir, id, en}...]}; id and en are the labels in Indonesian and English.
 */
struct hello {
	uint64_t epoch, seq;
	struct slice version, zone, currency, durability;
	int decimals;
	bool demo;
	uint32_t rollups;
	const struct slice *rollup;
	uint32_t kpis;
	const struct hello_kpi {
		struct slice name, unit, direction, label_id, label_en;
	} *kpi;
};
void hello_encode(const struct hello *hello, struct buf *out);
/* For clients. windows and rollups: row_names_next(); kpis: hello_kpi_next(). */
struct hello_head {
	uint64_t epoch, seq;
	struct slice version, zone, currency, durability;
	int decimals;
	bool demo;
	struct slice windows, rollups, kpis; /* raw arrays, checked */
};
int hello_decode(struct hello_head *head, struct slice bytes);
bool hello_kpi_next(struct slice *raw, uint32_t *left, struct hello_kpi *kpi);

/* roll/<window>: {v, e, s, at, lo, hi, plo, phi, tlo, thi}: the edges moved; rows without change are not repeated. */
void roll_encode(uint64_t epoch, uint64_t seq, int64_t at_ms, const struct window_bounds *bounds, struct buf *out);
struct roll_head {
	uint64_t epoch, seq;
	int64_t at_ms;
	struct window_bounds bounds;
};
int roll_decode(struct roll_head *head, struct slice bytes);

/* alert/<severity>/<rule>/<key>: {v, e, s, at, rule, kpi, window, rollup, key, from, to, since, value, limit, op, sev, text} */
struct alert_row {
	uint64_t epoch, seq;
	int64_t at_ms, since_ms;
	struct slice rule, kpi, window, rollup, key, from, to, op, severity, text;
	struct row_value value, limit;
};
void alert_encode(const struct alert_row *alert, struct buf *out);
int alert_decode(struct alert_row *alert, struct slice bytes);

/* dlq/<code>: {v, n, at, peer, code, text, raw: bin} */
struct dead_row {
	uint64_t number;
	int64_t at_ms;
	struct slice peer, code, text, raw;
};
void dead_encode(const struct dead_row *dead, struct buf *out);
int dead_decode(struct dead_row *dead, struct slice bytes);
#endif
