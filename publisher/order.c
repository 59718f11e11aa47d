/* order.c - the crit-bit tree. A string is read as if NUL bytes followed it for ever. */
#include "publisher/order.h"
#include "common/mem.h"
#include <assert.h>
#include <stdlib.h>

static bool
is_leaf(uint32_t ref)
{
	return (ref & 1) != 0;
}

static inline unsigned
bit_of(struct slice key, uint32_t position)
{
	uint32_t byte = position / 8;

	return byte < key.n ? (key.p[byte] >> (7 - position % 8)) & 1u : 0;
}

/* The first bit where a and b differ; UINT32_MAX if they are equal. */
static uint32_t
first_difference(struct slice a, struct slice b)
{
	uint32_t longest = a.n > b.n ? a.n : b.n;

	for (uint32_t i = 0; i < longest; i++) {
		unsigned x = i < a.n ? a.p[i] : 0, y = i < b.n ? b.p[i] : 0;
		if (x != y)
			return i * 8 + (uint32_t)__builtin_clz((x ^ y) << 24);
	}
	return UINT32_MAX;
}

static struct slice
key_of(const struct order *order, uint32_t ref)
{
	return order->key(order->context, ref >> 1);
}

void
order_init(struct order *order, order_key_fn *key, const void *context)
{
	*order = (struct order){.root = ORDER_NONE, .free_node = ORDER_NONE, .key = key, .context = context};
}

void
order_fini(struct order *order)
{
	free(order->node);
	*order = (struct order){.root = ORDER_NONE, .free_node = ORDER_NONE};
}

/* The leaf whose bits agree with key wherever the tree looks. The tree is not empty. */
static uint32_t
best_leaf(const struct order *order, struct slice key)
{
	uint32_t ref = order->root;

	while (!is_leaf(ref)) {
		const struct order_node *node = &order->node[ref >> 1];
		ref = node->child[bit_of(key, node->bit)];
	}
	return ref;
}

uint32_t
order_find(const struct order *order, struct slice key)
{
	if (order->leaves == 0)
		return ORDER_NONE;
	uint32_t ref = best_leaf(order, key);
	return slice_equal(key_of(order, ref), key) ? ref >> 1 : ORDER_NONE;
}

static uint32_t
node_new(struct order *order)
{
	uint32_t node = order->free_node;

	if (node != ORDER_NONE) {
		order->free_node = order->node[node].child[0];
		return node;
	}
	if (order->used == order->cap) {
		/* half as much again: doubling would leave up to 12 bytes a string unused */
		order->cap = order->cap + order->cap / 2 + 16;
		order->node = mem_realloc(order->node, order->cap * sizeof(*order->node));
	}
	return order->used++;
}

void
order_insert(struct order *order, uint32_t leaf)
{
	struct slice key = order->key(order->context, leaf);

	assert(leaf < UINT32_MAX >> 1);
	assert(key.n <= ORDER_KEY_MAX);
	order->generation++;
	if (order->leaves++ == 0) {
		order->root = leaf << 1 | 1;
		return;
	}
	uint32_t difference = first_difference(key, key_of(order, best_leaf(order, key)));
	assert(difference != UINT32_MAX);
	uint32_t fresh = node_new(order); /* before a pointer into the nodes is held */
	uint32_t *ref = &order->root;
	while (!is_leaf(*ref) && order->node[*ref >> 1].bit < difference)
		ref = &order->node[*ref >> 1].child[bit_of(key, order->node[*ref >> 1].bit)];
	unsigned side = bit_of(key, difference);
	order->node[fresh].bit = difference;
	order->node[fresh].child[side] = leaf << 1 | 1;
	order->node[fresh].child[1 - side] = *ref;
	*ref = fresh << 1;
}

void
order_remove(struct order *order, uint32_t leaf)
{
	struct slice key = order->key(order->context, leaf);
	uint32_t *ref = &order->root, *parent = NULL;
	unsigned side = 0;

	assert(order->leaves > 0);
	while (!is_leaf(*ref)) {
		struct order_node *node = &order->node[*ref >> 1];
		side = bit_of(key, node->bit);
		parent = ref;
		ref = &node->child[side];
	}
	assert(*ref == (leaf << 1 | 1));
	order->generation++;
	order->leaves--;
	if (parent == NULL) {
		order->root = ORDER_NONE;
		return;
	}
	uint32_t dead = *parent >> 1;
	*parent = order->node[dead].child[1 - side];
	order->node[dead].child[0] = order->free_node;
	order->free_node = dead;
}

void
order_seek(struct order_cursor *cursor, const struct order *order, struct slice from)
{
	cursor->order = order;
	cursor->depth = 0;
	if (order->leaves == 0)
		return;
	uint32_t difference = first_difference(from, key_of(order, best_leaf(order, from)));
	uint32_t ref = order->root;
	while (!is_leaf(ref) && order->node[ref >> 1].bit < difference) {
		const struct order_node *node = &order->node[ref >> 1];
		unsigned side = bit_of(from, node->bit);
		if (side == 0)
			cursor->stack[cursor->depth++] = node->child[1];
		ref = node->child[side];
	}
	/* Everything below ref agrees with from up to the difference: it is all before from, or none of it. */
	if (difference == UINT32_MAX || bit_of(from, difference) == 0)
		cursor->stack[cursor->depth++] = ref;
	assert(cursor->depth <= ORDER_DEPTH_MAX);
}

uint32_t
order_next(struct order_cursor *cursor)
{
	if (cursor->depth == 0)
		return ORDER_NONE;
	uint32_t ref = cursor->stack[--cursor->depth];
	while (!is_leaf(ref)) {
		const struct order_node *node = &cursor->order->node[ref >> 1];
		assert(cursor->depth < ORDER_DEPTH_MAX);
		cursor->stack[cursor->depth++] = node->child[1];
		ref = node->child[0];
	}
	return ref >> 1;
}
