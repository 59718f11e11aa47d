/*
 * alarm.h - what can be wrong with the service itself, by name: heartbeats (row.md) and answers (info.md) list it.
 *
 * Alarms of the service, not the alerts of a shop's figures. Names are added, never renamed. Pure.
 */
#ifndef SCHEMAS_ALARM_H
#define SCHEMAS_ALARM_H
#include "common/buf.h"

enum alarm {
	ALARM_CLOCK_JUMP = 0,
	ALARM_STORAGE_FULL,
	ALARM_STORAGE_FAILED,
	ALARM_AUDIT_MISMATCH,
	ALARM_MEMORY_FULL,
	ALARM_IMAGE_FAILED,
	ALARM_COUNT /* at most 32: a set of them is a uint32_t, bit 1 << alarm */
};

const char *alarm_name(enum alarm alarm); /* "clock_jump", ...; NULL beyond the last */
/* ALARM_COUNT: of a newer version. */
enum alarm alarm_of(struct slice name);
/* What it means and what to do about it, in a sentence for people; of one that is not known here, too. */
const char *alarm_sentence(struct slice name);
#endif
