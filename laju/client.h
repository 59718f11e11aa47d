/*
 * client.h - a client's sockets, with timeouts: endpoints, hello, snapshots, the acked port.
 *
 * Blocking calls for commands that have one thing to do. One thread. Times are
 * milliseconds of the monotonic clock.
 */
#ifndef LAJU_CLIENT_H
#define LAJU_CLIENT_H
#include "laju/command.h"
#include "laju/number.h"
#include "laju/sender.h"
#include "schemas/event_view.h"
#include "schemas/info.h"
#include "schemas/row.h"
#include <signal.h>

enum {
	CLIENT_WHY_MAX = 512,
	CLIENT_KPIS_MAX = ROW_KPIS_MAX,
	CLIENT_CHUNK_CREDIT = 8,
	CLIENT_ROLLUPS_MAX = 16,
	/* Of one snapshot, which might never end: twice what is kept (ROWSET_ROWS_MAX), for a pattern leaves rows out. */
	CLIENT_SNAPSHOT_ROWS_MAX = 2000000,
};
#define CLIENT_SNAPSHOT_BYTES_MAX (INT64_C(4) << 30)

struct client {
	void *context; /* ZeroMQ's */
	int64_t timeout_ms;
	volatile sig_atomic_t stopped; /* set from outside (a signal): what waits ends with STATUS_FAILED, "interrupted" */
	char acked[256], push[256], updates[256], snapshot[256];
};
/*
 * Endpoints: flags, then LAJU_*, then -c FILE, then defaults (laju/config.h); a bind
 * address that means "every interface" becomes the loopback. 0, or an exit status
 * after words on stderr; client_close() only after 0.
 */
int client_open(struct client *client, const struct options *options);
void client_close(struct client *client);

int64_t client_now_ms(void);
/* Unix ms, for showing ages. */
int64_t client_wall_ms(void);

/* --- connections that know whether they are connected --- */
struct client_link {
	void *socket, *monitor;
	bool up;             /* the ZeroMQ handshake is done */
	int64_t down_ms;     /* since when it is not up */
};
/* type: ZMQ_DEALER, ... 0, or -errno. hwm: messages queued each way, 0: no limit. */
int client_link_open(struct client_link *link, struct client *client, int type, const char *endpoint);
void client_link_close(struct client_link *link);
/* One line in why for a client_link_open() that gave rc; returns an exit status. */
int client_cannot_open(const char *endpoint, int rc, char why[CLIENT_WHY_MAX]);
/* Reads what the monitor has to say. */
void client_link_watch(struct client_link *link);

/* --- what the server says about itself --- */
struct client_kpi {
	char name[32];
	uint8_t unit;      /* enum number_unit */
	int8_t direction;  /* 1: up is good, -1: down, 0: neither */
	char label[64];
};
struct client_hello {
	bool known;        /* false: nothing below is */
	uint64_t epoch, seq;
	char version[32], zone[64], currency[8], durability[16];
	int decimals;
	bool demo;
	uint32_t kpis;
	struct client_kpi kpi[CLIENT_KPIS_MAX];
	uint32_t rollups; /* 0: more than fit */
	char rollup[CLIENT_ROLLUPS_MAX][64];
};
/* hello/'s row. 0 or -EBADMSG. Texts are cut to fit. */
int client_hello_read(struct client_hello *hello, struct slice bytes);
const struct client_kpi *client_hello_kpi(const struct client_hello *hello, struct slice name);
/* How to show a KPI; a plain count when the server did not tell. */
struct number_style client_style(const struct client_hello *hello, struct slice kpi, bool grouped);
/* Subscribes and waits that long; false: none came (hello->known is false). */
bool client_hello_get(struct client *client, struct client_hello *hello, int64_t wait_ms);

/* --- snapshots --- */
struct snapshot_ask {
	struct slice prefix;
	bool has_since, has_lsn;
	uint64_t since_epoch, since_seq, lsn;
};
struct snapshot_end {
	uint64_t epoch, seq;
	bool reset; /* a full set came although `since` was given */
};
typedef void client_row_fn(void *context, struct slice topic, struct slice row);
/*
 * 0, or an exit status with one line in why: also when no row comes for the timeout, or more than
 * CLIENT_SNAPSHOT_ROWS_MAX rows or CLIENT_SNAPSHOT_BYTES_MAX bytes.
 */
int client_snapshot(struct client *client, const struct snapshot_ask *ask, client_row_fn *row, void *context,
                    struct snapshot_end *end, char why[CLIENT_WHY_MAX]);

/* --- questions (schemas/info.md) --- */
/* Each: 0, or an exit status with one line in why. bytes: what the result points into; the caller's to free. */
int client_info(struct client *client, struct info *info, struct buf *bytes, char why[CLIENT_WHY_MAX]);
int client_confirm(struct client *client, struct confirmed *confirmed, char why[CLIENT_WHY_MAX]);
int client_event(struct client *client, const struct event_ask *ask, struct event_view *view, struct buf *bytes,
                 char why[CLIENT_WHY_MAX]);

/* --- the acked port --- */
struct delivery {
	struct client *client;
	struct client_link link;
	struct sender *sender;
	int64_t stuck_ms;  /* since when something is unsettled and the link is down; 0: is not so */
};
int delivery_open(struct delivery *delivery, struct client *client, const struct sender_config *config,
                  char why[CLIENT_WHY_MAX]);
void delivery_close(struct delivery *delivery);
/*
 * Sends what is due, takes answers, waits up to wait_ms for one, or for fd to be
 * readable (-1: none). 0, or an exit status with one line in why.
 */
int delivery_step(struct delivery *delivery, int64_t wait_ms, int fd, char why[CLIENT_WHY_MAX]);
#endif
