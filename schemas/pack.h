/* pack.h - msgpack-c's packer over a struct buf, with the key-value pairs that our messages are made of. */
#ifndef SCHEMAS_PACK_H
#define SCHEMAS_PACK_H
#include "common/buf.h"
#include <msgpack.h>

static inline msgpack_packer
pack_to(struct buf *out)
{
	msgpack_packer packer;
	msgpack_packer_init(&packer, out, buf_msgpack_write);
	return packer;
}

static inline void
pack_text(msgpack_packer *packer, struct slice text)
{
	msgpack_pack_str(packer, text.n);
	msgpack_pack_str_body(packer, text.p, text.n);
}

static inline void
pack_word(msgpack_packer *packer, const char *word)
{
	pack_text(packer, slice_of(word));
}

static inline void
pack_bin(msgpack_packer *packer, struct slice bytes)
{
	msgpack_pack_bin(packer, bytes.n);
	msgpack_pack_bin_body(packer, bytes.p, bytes.n);
}

/* A value that is MessagePack already. */
static inline void
pack_raw(msgpack_packer *packer, struct slice value)
{
	packer->callback(packer->data, (const char *)value.p, value.n);
}

static inline void
pack_bool(msgpack_packer *packer, bool value)
{
	if (value)
		msgpack_pack_true(packer);
	else
		msgpack_pack_false(packer);
}

static inline void
pack_key_text(msgpack_packer *packer, const char *key, struct slice text)
{
	pack_word(packer, key);
	pack_text(packer, text);
}

static inline void
pack_key_u64(msgpack_packer *packer, const char *key, uint64_t value)
{
	pack_word(packer, key);
	msgpack_pack_uint64(packer, value);
}

static inline void
pack_key_i64(msgpack_packer *packer, const char *key, int64_t value)
{
	pack_word(packer, key);
	msgpack_pack_int64(packer, value);
}

static inline void
pack_key_bool(msgpack_packer *packer, const char *key, bool value)
{
	pack_word(packer, key);
	pack_bool(packer, value);
}
#endif
