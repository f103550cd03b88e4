/*
 * The distinct function types of a module, to find the first one that equals another: types are
 * equal by structure, and each is a recursion group of its own (Core 3.0, 3.1 and 3.3). A binary
 * trie over the words of a type: a way down it is no longer than a type has bits, whatever types a
 * hostile module chooses.
 */
#ifndef WASM_TYPE_SET_H
#define WASM_TYPE_SET_H

#include "base/err.h"
#include "wasm/types.h"

struct type_set_node {
	uint32_t bit;	   /* that tells the two sides apart; those before are equal below here */
	uint32_t child[2]; /* a node, or TYPE_SET_LEAF and the index of a type */
};

struct type_set {
	struct type_set_node *nodes; /* one less than the types */
	uint32_t node_count;
	uint32_t node_capacity;
	uint32_t root;
	bool filled;
};

/* An empty set for so many types. Errors: E_NOMEM. */
MUST_USE enum err type_set_init(struct type_set *s, uint32_t type_count);
void type_set_fini(struct type_set *s);

/* Room for so many types in all; at least twice the old room, if any is added. E_NOMEM: as before. */
MUST_USE enum err type_set_reserve(struct type_set *s, uint32_t type_count);

/*
 * The index of the type in the set that equals types[index], which may refer to itself; if there is
 * none, types[index] is added and its index returned. The types in the set stay where they are.
 */
uint32_t type_set_add(struct type_set *s, const struct wasm_func_type *types, uint32_t index);

#endif
