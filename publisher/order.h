/*
 * order.h - byte strings in order, each standing for a number: find, prefix, resume.
 *
 * A crit-bit tree: 12 bytes a string beyond the string itself, which stays with
 * its owner (the key function). Finding, inserting, removing and seeking look at
 * one node per distinguishing bit. Strings hold no NUL byte (topics never do) and
 * are at most ORDER_KEY_MAX bytes. One thread owns it.
 */
#ifndef PUBLISHER_ORDER_H
#define PUBLISHER_ORDER_H
#include "common/slice.h"
#include <stddef.h>

#define ORDER_NONE UINT32_MAX
enum { ORDER_KEY_MAX = 255, ORDER_DEPTH_MAX = 8 * (ORDER_KEY_MAX + 1) };

/* The string of a leaf; must not change while the leaf is in the tree. */
typedef struct slice order_key_fn(const void *context, uint32_t leaf);

struct order {
	struct order_node {
		uint32_t child[2]; /* leaf << 1 | 1, or node << 1 */
		uint32_t bit;      /* position of the distinguishing bit */
	} *node;
	uint32_t used, cap, free_node;
	uint32_t root, leaves;
	uint64_t generation; /* grows with each insert and remove: a cursor of an older one is to be sought again */
	order_key_fn *key;
	const void *context;
};

void order_init(struct order *order, order_key_fn *key, const void *context);
void order_fini(struct order *order);

/* ORDER_NONE: absent. */
uint32_t order_find(const struct order *order, struct slice key);
/* leaf < 2^31; its key, already visible to the key function, must be absent from the tree. */
void order_insert(struct order *order, uint32_t leaf);
/* The leaf must be in the tree and still have its key. */
void order_remove(struct order *order, uint32_t leaf);

/* A walk in ascending byte order. Valid until the next insert or remove. */
struct order_cursor {
	const struct order *order;
	uint32_t depth;
	uint32_t stack[ORDER_DEPTH_MAX];
};
/* The walk begins at the first string >= from (any bytes, any length). */
void order_seek(struct order_cursor *cursor, const struct order *order, struct slice from);
/* ORDER_NONE at the end. */
uint32_t order_next(struct order_cursor *cursor);

static inline size_t
order_bytes(const struct order *order)
{
	return order->cap * sizeof(struct order_node);
}
#endif
