/*
 * codes.h - every verdict an event or a batch can get, with its name on the wire.
 *
 * Outcomes, not errors: each is counted and told to the sender.
 */
#ifndef SCHEMAS_CODES_H
#define SCHEMAS_CODES_H

/* What became of one event. The refusals are permanent: resending does not help. */
enum verdict {
	VERDICT_OK = 0,
	VERDICT_DUPLICATE,      /* same id, same content: already counted */
	VERDICT_BAD_MSGPACK,    /* not a well-formed MessagePack map of the event form */
	VERDICT_MISSING_FIELD,
	VERDICT_BAD_FIELD,
	VERDICT_BAD_AMOUNT,     /* float, wrong currency, or a sum that would overflow */
	VERDICT_TOO_LATE,       /* ts < log time - horizon */
	VERDICT_FUTURE_TS,      /* ts > log time + 5 min */
	VERDICT_ID_CONFLICT,    /* same id, other content */
	VERDICT_BAD_STAGE,
	VERDICT_TOO_BIG,
	VERDICT_NOT_AUTHORIZED,
	VERDICT_COUNT
};

/* Why a whole batch was answered N1: nothing of it was stored. */
enum batch_code {
	BATCH_OK = 0,
	BATCH_OVERLOADED,       /* retry after retry_ms */
	BATCH_STORAGE_FULL,
	BATCH_STORAGE_FAILED,
	BATCH_STARTING,
	BATCH_SHUTTING_DOWN,
	BATCH_WRONG_VERSION,    /* permanent: not "E1" */
	BATCH_BAD_MSGPACK,      /* permanent: the envelope itself cannot be read */
	BATCH_TOO_BIG,          /* permanent: more than 5000 events or 1 MiB */
	BATCH_WRONG_CLOCK,      /* permanent: a tick under `clock: wall` */
	BATCH_CODE_COUNT
};

/* "ok", "duplicate", "bad_msgpack", ...; never NULL for a value of the enum. */
const char *verdict_name(enum verdict verdict);
const char *batch_code_name(enum batch_code code);
#endif
