/*
 * A stack of value types, for type checking: on the heap, of one owner, used again and again.
 * Zeroed is a valid empty stack.
 */
#ifndef WASM_TYPE_STACK_H
#define WASM_TYPE_STACK_H

#include "base/err.h"
#include "wasm/types.h"

struct type_stack {
	uint32_t *types; /* enum wasm_type, bottom first */
	uint32_t height;
	uint32_t wide; /* slots beyond one for each type: of vectors, and what the user adds */
	uint32_t capacity;
	uint32_t max;  /* slots at most since the last reset */
	bool had_v128; /* since the last reset */
};

/* Makes room for `count` more. Errors: E_WASM_HIGH_STACK, E_NOMEM. */
MUST_USE enum err type_stack_grow(struct type_stack *s, uint32_t count);

void type_stack_reset(struct type_stack *s);
void type_stack_fini(struct type_stack *s);

/* Has the stack become higher than ever? To be said after `wide` was raised. */
static ALWAYS_INLINE void type_stack_note(struct type_stack *s)
{
	if (s->height + s->wide > s->max)
		s->max = s->height + s->wide;
}

MUST_USE static ALWAYS_INLINE enum err type_stack_push(struct type_stack *s, uint32_t type)
{
	if (unlikely(s->height == s->capacity)) {
		enum err e = type_stack_grow(s, 1);

		if (e)
			return e;
	}
	s->types[s->height++] = type;
	if (unlikely(type == WASM_V128)) {
		s->wide++;
		s->had_v128 = true;
	}
	type_stack_note(s);
	return E_OK;
}

/* Takes the uppermost type off; there is one. */
static ALWAYS_INLINE uint32_t type_stack_pop(struct type_stack *s)
{
	uint32_t type = s->types[--s->height];

	s->wide -= type == WASM_V128;
	return type;
}

#endif
