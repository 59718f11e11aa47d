/* alarm.c - names and sentences of alarms. */
#include "schemas/alarm.h"

static const struct {
	const char *name, *sentence;
} rows[ALARM_COUNT] = {
    [ALARM_CLOCK_JUMP] = {"clock_jump", "the wall clock jumped by more than 5 minutes and is not followed: set it right, or "
                                        "accept it with `laju clock confirm`"},
    [ALARM_STORAGE_FULL] = {"storage_full", "the log has no room and events are refused: make room, and they are taken again"},
    [ALARM_STORAGE_FAILED] = {"storage_failed", "the log could not be written and events are refused: mend the disk, then "
                                                "restart the service"},
    [ALARM_AUDIT_MISMATCH] = {"audit_mismatch", "a recount found a wrong total, so that figures may be wrong: restart the "
                                                "service, and report it"},
    [ALARM_MEMORY_FULL] = {"memory_full", "memory_max is used up and events are refused: raise it, or wait until windows "
                                          "give memory back"},
    [ALARM_IMAGE_FAILED] = {"image_failed", "the last image of the state could not be made and a start has to read more of the "
                                            "journal: stderr says why; it is tried again every minute"},
};

const char *
alarm_name(enum alarm alarm)
{
	return (unsigned)alarm < ALARM_COUNT ? rows[alarm].name : NULL;
}

enum alarm
alarm_of(struct slice name)
{
	unsigned alarm = 0;
	while (alarm < ALARM_COUNT && !slice_is(name, rows[alarm].name))
		alarm++;
	return (enum alarm)alarm;
}

const char *
alarm_sentence(struct slice name)
{
	enum alarm alarm = alarm_of(name);
	return alarm < ALARM_COUNT ? rows[alarm].sentence : "this laju does not know it: see the documents of the server's version";
}
