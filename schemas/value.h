/* value.h - a KPI value on the wire: int | [num, den] | [nil, reason]. Shared by rows and alerts. */
#ifndef SCHEMAS_VALUE_H
#define SCHEMAS_VALUE_H
#include "schemas/cursor.h"
#include "schemas/pack.h"
#include "schemas/row.h"

/* The name is the map's key and not part of it. */
void value_pack(msgpack_packer *packer, const struct row_value *value);
/* Leaves value->name as it is. */
bool value_read(struct cursor *cursor, struct row_value *value);
/* v of every message: an integer of at least 1. Newer versions only add keys, so they are read. */
bool version_read(struct cursor *cursor);
#endif
