/*
 * A crit-bit trie of function types.
 * Trust: the types are decoded; which they are is the module's choice.
 * Invariant: bits grow on every way down: it is no longer than the longest type has bits.
 */
#include "wasm/type_set.h"

#include "base/heap.h"

#define TYPE_SET_LEAF 0x80000000u

enum err type_set_init(struct type_set *s, uint32_t type_count)
{
	*s = (struct type_set){0};
	return type_set_reserve(s, type_count);
}

enum err type_set_reserve(struct type_set *s, uint32_t type_count)
{
	size_t capacity = (size_t)s->node_capacity * 2;

	if (type_count <= 1 || type_count - 1 <= s->node_capacity)
		return E_OK;
	if (capacity < type_count - 1)
		capacity = type_count - 1;
	struct type_set_node *nodes =
		heap_resize(s->nodes, s->node_capacity * sizeof(*nodes), capacity * sizeof(*nodes));

	if (!nodes)
		return E_NOMEM;
	s->nodes = nodes;
	s->node_capacity = (uint32_t)capacity;
	return E_OK;
}

void type_set_fini(struct type_set *s)
{
	heap_free(s->nodes);
	*s = (struct type_set){0};
}

/* A value type as a key: a reference to the type that it stands in looks the same in every type. */
static uint32_t type_set_key(uint32_t type, uint32_t self)
{
	bool is_self = wasm_type_is_concrete(type) && (type & WASM_HEAP) == self;

	return is_self ? type | WASM_HEAP : type;
}

/* The type as a sequence of words: the counts, which tell how many follow, parameters, results. */
static uint32_t type_set_word(const struct wasm_func_type *types, uint32_t index, uint32_t i)
{
	const struct wasm_func_type *type = &types[index];

	if (i == 0)
		return type->param_count << 16 | type->result_count;
	if (i <= type->param_count)
		return type_set_key(type->params[i - 1], index);
	i -= type->param_count;
	return i <= type->result_count ? type_set_key(type->results[i - 1], index) : 0;
}

static unsigned type_set_bit(const struct wasm_func_type *types, uint32_t index, uint32_t bit)
{
	return type_set_word(types, index, bit / 32) >> (31 - bit % 32) & 1;
}

/* The type that is most like types[index]; the set is not empty. */
static uint32_t type_set_nearest(const struct type_set *s, const struct wasm_func_type *types,
				 uint32_t index)
{
	uint32_t at = s->root;

	while (!(at & TYPE_SET_LEAF)) {
		const struct type_set_node *node = &s->nodes[at];

		at = node->child[type_set_bit(types, index, node->bit)];
	}
	return at & ~TYPE_SET_LEAF;
}

/* The first bit that tells a from b; false when they are equal. */
static bool type_set_differ(const struct wasm_func_type *types, uint32_t a, uint32_t b,
			    uint32_t *bit)
{
	uint32_t count = types[a].param_count + types[a].result_count;

	for (uint32_t i = 0; i <= count; i++) {
		uint32_t x = type_set_word(types, a, i) ^ type_set_word(types, b, i);

		if (x != 0) {
			*bit = i * 32 + (uint32_t)__builtin_clz(x);
			return true;
		}
	}
	return false;
}

static void type_set_insert(struct type_set *s, const struct wasm_func_type *types, uint32_t index,
			    uint32_t bit)
{
	unsigned side = type_set_bit(types, index, bit);
	uint32_t *link = &s->root;

	while (!(*link & TYPE_SET_LEAF) && s->nodes[*link].bit < bit) {
		struct type_set_node *node = &s->nodes[*link];

		link = &node->child[type_set_bit(types, index, node->bit)];
	}
	struct type_set_node *node = &s->nodes[s->node_count];

	node->bit = bit;
	node->child[side] = TYPE_SET_LEAF | index;
	node->child[!side] = *link;
	*link = s->node_count++;
}

uint32_t type_set_add(struct type_set *s, const struct wasm_func_type *types, uint32_t index)
{
	uint32_t bit;

	if (!s->filled) {
		s->filled = true;
		s->root = TYPE_SET_LEAF | index;
		return index;
	}
	uint32_t nearest = type_set_nearest(s, types, index);

	if (!type_set_differ(types, index, nearest, &bit))
		return nearest;
	type_set_insert(s, types, index, bit);
	return index;
}
