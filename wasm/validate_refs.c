/*
 * Calls and references (Core 3.0, 3.4.2, 3.4.3 and 3.4.6).
 * Trust: the bytes are untrusted.
 */
#include "wasm/validate_impl.h"

/* ---- calls ----------------------------------------------------------------------------------- */

/* A call in the place of a return: what it yields are the results of the function. */
static enum err validate_return_call(struct validator *v, const struct wasm_func_type *type)
{
	if (type->result_count != v->type->result_count)
		return E_WASM_TYPE_MISMATCH;
	for (uint32_t i = 0; i < type->result_count; i++) {
		if (!types_match(type->results[i], v->type->results[i]))
			return E_WASM_TYPE_MISMATCH;
	}
	enum err e = validate_pop_types(v, types_params(type));

	if (!e)
		validate_end_path(v);
	return e;
}

static enum err validate_apply(struct validator *v, const struct wasm_func_type *type)
{
	enum err e = validate_pop_types(v, types_params(type));

	return e ? e : validate_push_types(v, types_results(type));
}

enum err validate_call(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index >= v->m->func_count)
		return E_WASM_NO_SUCH_FUNC;
	const struct wasm_func_type *type = wasm_func_type(v->m, insn->index);

	return insn->op == WASM_OP_CALL ? validate_apply(v, type) : validate_return_call(v, type);
}

enum err validate_call_indirect(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index2 >= v->m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	if (!wasm_type_matches(v->m->tables[insn->index2].type.elem, WASM_FUNCREF))
		return E_WASM_TYPE_MISMATCH;
	if (insn->index >= v->m->type_count)
		return E_WASM_NO_SUCH_TYPE;
	const struct wasm_func_type *type = &v->m->types[insn->index];
	enum err e = validate_pop(v, WASM_I32);

	if (e)
		return e;
	return insn->op == WASM_OP_CALL_INDIRECT ? validate_apply(v, type)
						 : validate_return_call(v, type);
}

enum err validate_call_ref(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index >= v->m->type_count)
		return E_WASM_NO_SUCH_TYPE;
	const struct wasm_func_type *type = &v->m->types[insn->index];
	enum err e = validate_pop(v, WASM_REF | WASM_NULLABLE | type->canonical);

	if (e)
		return e;
	return insn->op == WASM_OP_CALL_REF ? validate_apply(v, type)
					    : validate_return_call(v, type);
}

/* ---- references ------------------------------------------------------------------------------ */

enum err validate_ref_func(struct validator *v, uint32_t func)
{
	if (func >= v->m->func_count)
		return E_WASM_NO_SUCH_FUNC;
	if (!v->m->funcs[func].declared)
		return E_WASM_UNDECLARED_REF;
	return validate_push(v, WASM_REF | wasm_func_type(v->m, func)->canonical);
}

enum err validate_ref_is_null(struct validator *v)
{
	uint32_t type;
	enum err e = validate_pop_ref(v, &type);

	return e ? e : validate_push(v, WASM_I32);
}

enum err validate_ref_as_non_null(struct validator *v)
{
	uint32_t type;
	enum err e = validate_pop_ref(v, &type);

	return e ? e : validate_push(v, type & ~WASM_NULLABLE);
}

enum err validate_br_on_null(struct validator *v, uint32_t label)
{
	struct frame *frame;
	uint32_t type;
	enum err e = validate_label(v, &frame, label);

	if (!e)
		e = validate_pop_ref(v, &type);
	if (!e)
		e = validate_retype(v, validate_label_types(frame));
	return e ? e : validate_push(v, type & ~WASM_NULLABLE);
}

/* The branch takes the reference along, as the last of the label's types. */
enum err validate_br_on_non_null(struct validator *v, uint32_t label)
{
	struct frame *frame;
	uint32_t type;
	enum err e = validate_label(v, &frame, label);

	if (!e)
		e = validate_pop_ref(v, &type);
	if (e)
		return e;
	struct types types = validate_label_types(frame);

	if (types.count == 0 || !types_match(type & ~WASM_NULLABLE, types.p[types.count - 1]))
		return E_WASM_TYPE_MISMATCH;
	types.count--;
	return validate_retype(v, types);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static enum err validate_table_get(struct validator *v, uint32_t elem)
{
	enum err e = validate_pop(v, WASM_I32);

	return e ? e : validate_push(v, elem);
}

static enum err validate_table_set(struct validator *v, uint32_t elem)
{
	enum err e = validate_pop(v, elem);

	return e ? e : validate_pop(v, WASM_I32);
}

static enum err validate_table_grow(struct validator *v, uint32_t elem)
{
	enum err e = validate_pop(v, WASM_I32);

	if (!e)
		e = validate_pop(v, elem);
	return e ? e : validate_push(v, WASM_I32);
}

static enum err validate_table_fill(struct validator *v, uint32_t elem)
{
	enum err e = validate_pop(v, WASM_I32);

	return e ? e : validate_table_set(v, elem);
}

enum err validate_table(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index >= v->m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	uint32_t elem = v->m->tables[insn->index].type.elem;

	switch (insn->op) {
	case WASM_OP_TABLE_GET:
		return validate_table_get(v, elem);
	case WASM_OP_TABLE_SET:
		return validate_table_set(v, elem);
	case WASM_OP_TABLE_GROW:
		return validate_table_grow(v, elem);
	case WASM_OP_TABLE_FILL:
		return validate_table_fill(v, elem);
	default:
		must(false);
	}
}
