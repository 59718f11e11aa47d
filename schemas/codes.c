/* codes.c - names of verdicts and batch codes. */
#include "schemas/codes.h"

const char *
verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICT_COUNT] = {
	    [VERDICT_OK] = "ok",
	    [VERDICT_DUPLICATE] = "duplicate",
	    [VERDICT_BAD_MSGPACK] = "bad_msgpack",
	    [VERDICT_MISSING_FIELD] = "missing_field",
	    [VERDICT_BAD_FIELD] = "bad_field",
	    [VERDICT_BAD_AMOUNT] = "bad_amount",
	    [VERDICT_TOO_LATE] = "too_late",
	    [VERDICT_FUTURE_TS] = "future_ts",
	    [VERDICT_ID_CONFLICT] = "id_conflict",
	    [VERDICT_BAD_STAGE] = "bad_stage",
	    [VERDICT_TOO_BIG] = "too_big",
	    [VERDICT_NOT_AUTHORIZED] = "not_authorized",
	};
	return (unsigned)verdict < VERDICT_COUNT ? names[verdict] : "unknown";
}

const char *
batch_code_name(enum batch_code code)
{
	static const char *const names[BATCH_CODE_COUNT] = {
	    [BATCH_OK] = "ok",
	    [BATCH_OVERLOADED] = "overloaded",
	    [BATCH_STORAGE_FULL] = "storage_full",
	    [BATCH_STORAGE_FAILED] = "storage_failed",
	    [BATCH_STARTING] = "starting",
	    [BATCH_SHUTTING_DOWN] = "shutting_down",
	    [BATCH_WRONG_VERSION] = "wrong_version",
	    [BATCH_BAD_MSGPACK] = "bad_msgpack",
	    [BATCH_TOO_BIG] = "too_big",
	    [BATCH_WRONG_CLOCK] = "wrong_clock",
	};
	return (unsigned)code < BATCH_CODE_COUNT ? names[code] : "unknown";
}
