/*
 * The type section (Core 3.0, 5.5.4). Value types become words, equal function types one: every
 * index that is kept is that of the first of them.
 * Trust: the bytes are untrusted.
 */
#include "wasm/decode.h"

#include <string.h>

#include "wasm/leb.h"
#include "wasm/limits.h"
#include "wasm/type_set.h"
#include "wasm/value_type.h"

/* A vector of value types, put onto the scratch stack. */
static enum err decode_types(struct decoder *d, uint32_t *count, uint32_t *slots, uint32_t max,
			     enum err too_many)
{
	uint32_t type;
	enum err e = decode_take_count(d, count, max, too_many);

	*slots = 0;
	for (uint32_t i = 0; !e && i < *count; i++) {
		e = value_type_take(d->m, &d->r, &type);
		if (!e)
			e = type_stack_push(&d->stack, type);
		if (!e)
			*slots += wasm_type_slots(type);
	}
	return e;
}

/* Parameters and results lie on the scratch stack until it is known whether the type is new. */
static enum err decode_func_type(struct decoder *d, struct wasm_func_type *type)
{
	uint8_t form;

	if (!leb_take_byte(&d->r, &form))
		return E_WASM_END;
	if (form >= 0x4e && form <= 0x5f) /* rec, sub, struct, array, … */
		return E_WASM_NEEDS_GC;
	if (form != 0x60)
		return E_WASM_BAD_TYPE;
	type_stack_reset(&d->stack);
	enum err e = decode_types(d, &type->param_count, &type->param_slots, WASM_MAX_PARAMS,
				  E_WASM_MANY_PARAMS);

	if (!e)
		e = decode_types(d, &type->result_count, &type->result_slots, WASM_MAX_RESULTS,
				 E_WASM_MANY_RESULTS);
	if (e)
		return e;
	type->params = d->stack.types; /* NULL if nothing was ever put there */
	type->results = type->params;
	if (type->param_count != 0)
		type->results += type->param_count;
	return E_OK;
}

/* Moves a new type off the scratch stack. */
static enum err decode_keep_type(struct decoder *d, struct wasm_func_type *type)
{
	uint32_t count = type->param_count + type->result_count;
	uint32_t *types = arena_alloc_array(&d->m->arena, count, sizeof(*types));

	if (!types)
		return E_NOMEM;
	if (count != 0)
		memcpy(types, type->params, count * sizeof(*types));
	type->params = types;
	type->results = types + type->param_count;
	return E_OK;
}

/* A type is known to itself (2.3.8), and to those that follow. */
static enum err decode_next_type(struct decoder *d, struct type_set *set)
{
	struct wasm_module *m = d->m;
	uint32_t index = m->type_count++;
	struct wasm_func_type *type = &m->types[index];

	type->canonical = index;
	enum err e = decode_func_type(d, type);

	if (e)
		return e;
	uint32_t canonical = type_set_add(set, m->types, index);

	if (canonical == index)
		return decode_keep_type(d, type);
	*type = m->types[canonical];
	return E_OK;
}

enum err decode_type_section(struct decoder *d)
{
	struct wasm_module *m = d->m;
	struct type_set set;
	uint32_t count;
	enum err e = decode_take_count(d, &count, WASM_MAX_TYPES, E_WASM_MANY_TYPES);

	if (e)
		return e;
	m->types = arena_alloc_array(&m->arena, count, sizeof(*m->types));
	if (!m->types)
		return E_NOMEM;
	e = type_set_init(&set, count);
	for (uint32_t i = 0; i < count && !e; i++)
		e = decode_next_type(d, &set);
	type_set_fini(&set);
	return e;
}
