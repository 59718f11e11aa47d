/*
 * info.h - how a server is, asked and told on the snapshot port; and its clock confirmed. See info.md.
 *
 * client: ["I1", {}]
 * server: ["J1", {e, s, laju, zone, cur, dec, clock, dur, demo, now, at, lag_ms, lsn, rows, alarms, events, state,
 *         since, bytes}]
 *
 * and the wall clock accepted as it is, after a jump:
 * client: ["K1", {}]
 * server: ["L1", {jump, now}]
 *
 * The last four of a J1 are maps of figures by name: what there is to count grows, so readers take
 * the names as they come. Pure.
 */
#ifndef SCHEMAS_INFO_H
#define SCHEMAS_INFO_H
#include "common/buf.h"

enum { INFO_FIGURES_MAX = 64 /* of a group */, INFO_ALARMS_MAX = 32 }; /* a reader passes over more */

enum info_group {
	INFO_EVENTS = 0, /* events since the start, by verdict */
	INFO_STATE,      /* how many there are now */
	INFO_SINCE,      /* how often something happened since the start */
	INFO_BYTES,      /* what they take */
	INFO_GROUPS
};

struct info_figure {
	struct slice name;
	uint64_t value;
};
struct info_figures {
	uint32_t count;
	struct info_figure figure[INFO_FIGURES_MAX];
};

struct info {
	uint64_t epoch, seq;
	uint64_t lsn;           /* applied; the figures are as of it */
	uint64_t rows_lsn;      /* up to it the rows are told */
	int64_t now_ms, lag_ms; /* wall clock; as a heartbeat has them */
	int64_t at_ms;          /* log time; INT64_MIN: nothing was logged yet */
	struct slice version, zone, currency, clock, durability;
	int decimals;
	bool demo;
	uint32_t alarms;
	struct slice alarm[INFO_ALARMS_MAX]; /* names: alarm.h */
	struct info_figures group[INFO_GROUPS];
};

void info_request_encode(struct buf *out);
/* The message begins as a request of this kind; whether it is a good one info_request_decode() tells. */
bool info_is_request(struct slice message);
/* 0, or -EBADMSG with a sentence. */
int info_request_decode(struct slice bytes, char why[120]);

void info_encode(const struct info *info, struct buf *out);
int info_decode(struct info *info, struct slice bytes); /* 0 or -EBADMSG; slices point into bytes */

/* What became of a wall clock that was to be accepted. */
struct confirmed {
	int64_t jump_ms; /* how far it was ahead of the service's time; 0: it was followed already */
	int64_t now_ms;  /* the service's time now */
};
void confirm_request_encode(struct buf *out);
bool confirm_is_request(struct slice message);
int confirm_request_decode(struct slice bytes, char why[120]);
void confirmed_encode(const struct confirmed *confirmed, struct buf *out);
int confirmed_decode(struct confirmed *confirmed, struct slice bytes); /* 0 or -EBADMSG */

/* INFO_FIGURES_MAX at most. name must live as long as the info. */
void info_add(struct info *info, enum info_group group, const char *name, uint64_t value);
/* alarms: bits 1 << enum alarm. */
void info_alarms(struct info *info, uint32_t alarms);
/* False: it was not told (*value is 0). */
bool info_find(const struct info *info, enum info_group group, const char *name, uint64_t *value);
const char *info_group_name(enum info_group group); /* events, state, since, bytes */
#endif
