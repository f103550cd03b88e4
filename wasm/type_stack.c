/*
 * The stack of value types.
 * Trust: how much is pushed is the module's choice; WASM_MAX_STACK bounds it.
 * Invariant: height <= capacity <= WASM_MAX_STACK; each type takes at most two slots.
 */
#include "wasm/type_stack.h"

#include "base/heap.h"
#include "wasm/limits.h"

#define TYPE_STACK_FIRST 1024u

enum err type_stack_grow(struct type_stack *s, uint32_t count)
{
	uint32_t capacity = s->capacity ? s->capacity : TYPE_STACK_FIRST;

	if (count > WASM_MAX_STACK - s->height)
		return E_WASM_HIGH_STACK;
	while (capacity - s->height < count)
		capacity *= 2;
	if (capacity == s->capacity)
		return E_OK;
	uint32_t *types =
		heap_resize(s->types, s->capacity * sizeof(*types), capacity * sizeof(*types));

	if (!types)
		return E_NOMEM;
	s->types = types;
	s->capacity = capacity;
	return E_OK;
}

void type_stack_reset(struct type_stack *s)
{
	s->height = 0;
	s->wide = 0;
	s->max = 0;
	s->had_v128 = false;
}

void type_stack_fini(struct type_stack *s)
{
	heap_free(s->types);
	*s = (struct type_stack){0};
}
