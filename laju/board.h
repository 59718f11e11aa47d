/*
 * board.h - the terminal display without a terminal: messages in, lines out.
 *
 * Shows one row in full (all KPIs, now and against the period before), a list of
 * rows below it, alerts, feeds. Keeps the newest version of each row, notices a
 * restarted server (another epoch) and lost rows (a channel's count in the
 * heartbeat is ahead of what came) and then asks for a snapshot. Old numbers are
 * never shown as live: without a heartbeat for BOARD_LOST_MS the header says LOST.
 *
 * Time is an argument (monotonic ms); local times are printed by the TZ of the process.
 */
#ifndef LAJU_BOARD_H
#define LAJU_BOARD_H
#include "laju/client.h"
#include "laju/rowset.h"

enum {
	BOARD_LOST_MS = 3000,      /* heartbeats come every second */
	BOARD_ALERTS_MAX = 1000,   /* further ones are counted, not kept */
	BOARD_CHANNELS_MAX = 256,
	BOARD_FEEDS_MAX = 64,
};

struct board_channel {
	char name[100];   /* "d/campaign" */
	uint64_t seen;    /* highest c of a row that came */
	uint64_t behind;  /* c of the heartbeat that was ahead; 0: none was */
};
struct board_alert {
	struct buf topic, row;
	uint64_t epoch, seq;
};

struct board {
	struct buf hero;   /* topic of the row shown in full */
	struct buf list;   /* pattern of the rows below; empty: none */
	struct client_hello hello;
	struct rowset rows;
	struct board_alert *alert;
	uint32_t alerts;
	struct board_channel channel[BOARD_CHANNELS_MAX];
	uint32_t channels;
	struct buf beat;   /* last heartbeat, packed */
	int64_t heard_ms;  /* when it came; 0: never */
	uint64_t epoch;    /* of the server now; 0: not told yet */
	uint64_t synced_epoch, synced_seq; /* everything up to here is held */
	bool wants_sync;
	uint64_t syncs, lost, broken; /* snapshots taken, gaps found, messages not understood */
};

enum board_change { BOARD_NOTHING = 0, BOARD_ROW, BOARD_ALERT, BOARD_OTHER };

/* typed: NULL for today and its campaigns. False with a sentence in why. */
bool board_init(struct board *board, const char *typed, char why[200]);
void board_fini(struct board *board);
/* Prefixes to subscribe to and to ask snapshots for: whole channels, so that gaps can be told. 0..2. */
uint32_t board_prefixes(const struct board *board, struct slice prefix[2]);

/* One message of the XPUB, or a row of a snapshot. */
enum board_change board_take(struct board *board, struct slice topic, struct slice bytes, int64_t now_ms);
/*
 * Before asking for everything: a row or an alert that the answer does not bring is no more (its tombstone
 * is forgotten after 10 minutes). Nothing newer is lost: the next snapshot holds it.
 */
void board_clear(struct board *board);
/* A snapshot of all prefixes has come; end: the first one's, which is the oldest. */
void board_synced(struct board *board, const struct snapshot_end *end);

/* This server has said hello: zone, currency, KPIs. A started one may have others than the one before. */
bool board_knows_units(const struct board *board);

struct board_view {
	uint32_t width, height; /* height 0: as many lines as there are */
	bool colour;
	int64_t now_ms;         /* monotonic */
	int64_t wall_ms;        /* Unix */
	const char *keys;       /* shown at the right of the last line; NULL: none */
};
/* Lines, each ended by a line feed; one that says so while the units are not known. */
void board_paint(const struct board *board, const struct board_view *view, struct buf *out);
#endif
