/*
 * A stack of value types, for type checking: on the heap, of one owner, used again and again.
 * Zeroed is a valid empty stack.
 */
#ifndef WASM_TYPE_STACK_H
#define WASM_TYPE_STACK_H

#include "base/err.h"

struct type_stack {
	uint8_t *types; /* enum wasm_type, bottom first */
	uint32_t height;
	uint32_t capacity;
	uint32_t max; /* highest since the last reset */
};

/* Makes room for `count` more. Errors: E_WASM_HIGH_STACK, E_NOMEM. */
MUST_USE enum err type_stack_grow(struct type_stack *s, uint32_t count);

void type_stack_reset(struct type_stack *s);
void type_stack_fini(struct type_stack *s);

MUST_USE static ALWAYS_INLINE enum err type_stack_push(struct type_stack *s, uint8_t type)
{
	if (unlikely(s->height == s->capacity)) {
		enum err e = type_stack_grow(s, 1);

		if (e)
			return e;
	}
	s->types[s->height++] = type;
	if (s->height > s->max)
		s->max = s->height;
	return E_OK;
}

#endif
