/*
 * The operand stack of the type checker (Core 3.0, appendix A.3).
 * Trust: what the module has on it is untrusted, and so are the types that an instruction wants.
 * Invariant: the stack is never lower than the height of the innermost frame.
 */
#include "wasm/validate_impl.h"

#include <string.h>

enum err validate_pop_any(struct validator *v, uint32_t *out)
{
	if (v->stack.height > v->top->height) {
		*out = type_stack_pop(&v->stack);
		return E_OK;
	}
	*out = WASM_NO_TYPE;
	return v->top->unreachable ? E_OK : E_WASM_TYPE_MISMATCH;
}

enum err validate_pop_ref(struct validator *v, uint32_t *out)
{
	uint32_t type;
	enum err e = validate_pop_any(v, &type);

	if (e)
		return e;
	if (type == WASM_NO_TYPE)
		type = WASM_REF_BOTTOM;
	*out = type;
	return wasm_type_is_ref(type) ? E_OK : E_WASM_TYPE_MISMATCH;
}

enum err validate_pop_slowly(struct validator *v, uint32_t type)
{
	uint32_t got;
	enum err e = validate_pop_any(v, &got);

	if (e)
		return e;
	return types_match(got, type) ? E_OK : E_WASM_TYPE_MISMATCH;
}

bool validate_top_matches(const struct validator *v, struct types types)
{
	const struct type_stack *s = &v->stack;
	uint32_t there = s->height - v->top->height;
	uint32_t count = types.count;

	if (there < count && !v->top->unreachable)
		return false;
	if (there >= count && count > 4 &&
	    memcmp(s->types + s->height - count, types.p, count * sizeof(*types.p)) == 0)
		return true; /* for types of hundreds of values, which hostile code repeats */
	for (uint32_t i = 0; i < count && i < there; i++) {
		if (!types_match(s->types[s->height - 1 - i], types.p[count - 1 - i]))
			return false;
	}
	return true;
}

enum err validate_pop_many(struct validator *v, struct types types)
{
	struct type_stack *s = &v->stack;

	if (!validate_top_matches(v, types))
		return E_WASM_TYPE_MISMATCH;
	for (uint32_t i = 0; i < types.count && s->height > v->top->height; i++)
		(void)type_stack_pop(s);
	return E_OK;
}

enum err validate_push_many(struct validator *v, struct types types)
{
	struct type_stack *s = &v->stack;
	enum err e = type_stack_grow(s, types.count);

	for (uint32_t i = 0; !e && i < types.count; i++)
		e = type_stack_push(s, types.p[i]);
	return e;
}

enum err validate_retype(struct validator *v, struct types types)
{
	enum err e = validate_pop_types(v, types);

	return e ? e : validate_push_types(v, types);
}

void validate_end_path(struct validator *v)
{
	v->stack.height = v->top->height;
	v->stack.wide = v->top->wide;
	v->top->unreachable = true;
}
