/*
 * Type checking of function bodies (Core 3.0, 3.4 and appendix A.3): instructions with a fixed
 * signature, and which rule the others have.
 * Trust: the module is decoded; its bodies are untrusted.
 * Invariant: all work is bounded by the body's bytes times the largest arity.
 */
#include "wasm/validate.h"

#include "base/heap.h"
#include "wasm/validate_impl.h"

/* ---- values ---------------------------------------------------------------------------------- */

/* Without a written type only numbers and vectors can be selected (3.4.3). */
static enum err validate_select(struct validator *v)
{
	uint32_t a, b;
	enum err e = validate_pop(v, WASM_I32);

	if (!e)
		e = validate_pop_any(v, &a);
	if (!e)
		e = validate_pop_any(v, &b);
	if (e)
		return e;
	if (wasm_type_is_ref(a) || wasm_type_is_ref(b))
		return E_WASM_TYPE_MISMATCH;
	if (a != b && a != WASM_NO_TYPE && b != WASM_NO_TYPE)
		return E_WASM_TYPE_MISMATCH;
	return validate_push(v, a != WASM_NO_TYPE ? a : b);
}

static enum err validate_select_typed(struct validator *v, uint32_t type)
{
	enum err e = validate_pop(v, WASM_I32);

	if (!e)
		e = validate_pop(v, type);
	if (!e)
		e = validate_pop(v, type);
	return e ? e : validate_push(v, type);
}

/* The instruction that is by far the most frequent: without a call where nothing is special. */
static ALWAYS_INLINE enum err validate_local_get(struct validator *v, const struct wasm_insn *insn)
{
	const struct locals *l = v->locals;

	if (likely(insn->index < l->count && insn->index < VALIDATE_NEAR_LOCALS)) {
		uint32_t type = l->near[insn->index];

		if (likely(wasm_type_is_defaultable(type)))
			return validate_push(v, type);
	}
	return validate_local(v, insn);
}

static enum err validate_global(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index >= v->m->global_count)
		return E_WASM_NO_SUCH_GLOBAL;
	const struct wasm_global_type *global = &v->m->globals[insn->index].type;

	if (insn->op == WASM_OP_GLOBAL_GET)
		return validate_push(v, global->type);
	return global->mutable ? validate_pop(v, global->type) : E_WASM_IMMUTABLE;
}

/* ---- immediates of instructions with a fixed signature --------------------------------------- */

static enum err validate_data_index(const struct validator *v, uint32_t index)
{
	if (!v->m->has_data_count)
		return E_WASM_NO_DATA_COUNT;
	return index < v->m->data_count ? E_OK : E_WASM_NO_SUCH_DATA;
}

static enum err validate_memory_index(const struct validator *v, uint32_t index)
{
	return index < v->m->memory_count ? E_OK : E_WASM_NO_SUCH_MEMORY;
}

static enum err validate_memory_pair(const struct validator *v, const struct wasm_insn *insn)
{
	enum err e = validate_memory_index(v, insn->index);

	return e ? e : validate_memory_index(v, insn->index2);
}

static enum err validate_data_memory(const struct validator *v, const struct wasm_insn *insn)
{
	enum err e = validate_memory_index(v, insn->index2);

	return e ? e : validate_data_index(v, insn->index);
}

static enum err validate_table_copy(const struct validator *v, const struct wasm_insn *insn)
{
	const struct wasm_module *m = v->m;

	if (insn->index >= m->table_count || insn->index2 >= m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	return wasm_type_matches(m->tables[insn->index2].type.elem,
				 m->tables[insn->index].type.elem)
		       ? E_OK
		       : E_WASM_TYPE_MISMATCH;
}

static enum err validate_table_init(const struct validator *v, const struct wasm_insn *insn)
{
	const struct wasm_module *m = v->m;

	if (insn->index2 >= m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	if (insn->index >= m->elem_count)
		return E_WASM_NO_SUCH_ELEM;
	return wasm_type_matches(m->elems[insn->index].type, m->tables[insn->index2].type.elem)
		       ? E_OK
		       : E_WASM_TYPE_MISMATCH;
}

/* All memories have 32-bit addresses. */
static enum err validate_memarg(const struct validator *v, const struct wasm_insn *insn)
{
	if (insn->mem.memory >= v->m->memory_count)
		return E_WASM_NO_SUCH_MEMORY;
	return insn->mem.offset <= UINT32_MAX ? E_OK : E_WASM_OFFSET;
}

/* An access of 2^natural bytes. */
static enum err validate_access(const struct validator *v, const struct wasm_insn *insn,
				unsigned natural)
{
	enum err e = validate_memarg(v, insn);

	if (e)
		return e;
	return insn->mem.align <= natural ? E_OK : E_WASM_ALIGNMENT;
}

static enum err validate_atomic(const struct validator *v, const struct wasm_insn *insn,
				unsigned natural)
{
	enum err e = validate_memarg(v, insn);

	if (e)
		return e;
	return insn->mem.align == natural ? E_OK : E_WASM_ATOMIC_ALIGNMENT;
}

/* A lane of 2^natural bytes of a vector. */
static enum err validate_access_lane(const struct validator *v, const struct wasm_insn *insn,
				     unsigned natural)
{
	enum err e = validate_access(v, insn, natural);

	if (e)
		return e;
	return insn->mem.lane < 16u >> natural ? E_OK : E_WASM_LANE;
}

static enum err validate_lane(uint32_t lane, uint32_t count)
{
	return lane < count ? E_OK : E_WASM_LANE;
}

/* The lanes are those of two vectors. */
static enum err validate_shuffle(const struct wasm_insn *insn)
{
	for (unsigned i = 0; i < 16; i++) {
		if (insn->v128[i] >= 32)
			return E_WASM_LANE;
	}
	return E_OK;
}

/* The immediates of an instruction whose operands and result the table has. */
static enum err validate_imm(const struct validator *v, const struct wasm_insn *insn, uint8_t imm)
{
	switch ((enum wasm_imm)imm) {
	case WASM_IMM_NONE:
	case WASM_IMM_I32:
	case WASM_IMM_I64:
	case WASM_IMM_F32:
	case WASM_IMM_F64:
	case WASM_IMM_V128:
	case WASM_IMM_FENCE:
		return E_OK;
	case WASM_IMM_MEM0:
	case WASM_IMM_MEM1:
	case WASM_IMM_MEM2:
	case WASM_IMM_MEM3:
	case WASM_IMM_MEM4:
		return validate_access(v, insn, imm - (unsigned)WASM_IMM_MEM0);
	case WASM_IMM_MEMLANE0:
	case WASM_IMM_MEMLANE1:
	case WASM_IMM_MEMLANE2:
	case WASM_IMM_MEMLANE3:
		return validate_access_lane(v, insn, imm - (unsigned)WASM_IMM_MEMLANE0);
	case WASM_IMM_ATOMIC0:
	case WASM_IMM_ATOMIC1:
	case WASM_IMM_ATOMIC2:
	case WASM_IMM_ATOMIC3:
		return validate_atomic(v, insn, imm - (unsigned)WASM_IMM_ATOMIC0);
	case WASM_IMM_SHUFFLE:
		return validate_shuffle(insn);
	case WASM_IMM_LANE2:
		return validate_lane(insn->index, 2);
	case WASM_IMM_LANE4:
		return validate_lane(insn->index, 4);
	case WASM_IMM_LANE8:
		return validate_lane(insn->index, 8);
	case WASM_IMM_LANE16:
		return validate_lane(insn->index, 16);
	case WASM_IMM_MEMORY:
		return validate_memory_index(v, insn->index);
	case WASM_IMM_MEMORY_MEMORY:
		return validate_memory_pair(v, insn);
	case WASM_IMM_DATA:
		return validate_data_index(v, insn->index);
	case WASM_IMM_DATA_MEMORY:
		return validate_data_memory(v, insn);
	case WASM_IMM_ELEM:
		return insn->index < v->m->elem_count ? E_OK : E_WASM_NO_SUCH_ELEM;
	case WASM_IMM_ELEM_TABLE:
		return validate_table_init(v, insn);
	case WASM_IMM_TABLE:
		return insn->index < v->m->table_count ? E_OK : E_WASM_NO_SUCH_TABLE;
	case WASM_IMM_TABLE_TABLE:
		return validate_table_copy(v, insn);
	case WASM_IMM_BLOCK:
	case WASM_IMM_LABEL:
	case WASM_IMM_LABELS:
	case WASM_IMM_FUNC:
	case WASM_IMM_CALL_INDIRECT:
	case WASM_IMM_TYPE:
	case WASM_IMM_TAG:
	case WASM_IMM_TRY_TABLE:
	case WASM_IMM_TYPES:
	case WASM_IMM_LOCAL:
	case WASM_IMM_GLOBAL:
	case WASM_IMM_HEAP_TYPE:
		break;
	}
	must(false); /* no instruction with such an immediate has a fixed signature */
}

static ALWAYS_INLINE enum err validate_fixed(struct validator *v, const struct wasm_insn *insn,
					     const struct wasm_op_info *info)
{
	enum err e = info->imm == WASM_IMM_NONE ? E_OK : validate_imm(v, insn, info->imm);

	for (unsigned i = info->in_count; !e && i-- > 0;)
		e = validate_pop(v, info->in[i]);
	if (e || info->out == WASM_NO_TYPE)
		return e;
	return validate_push(v, info->out);
}

/* ---- bodies
 * ---------------------------------------------------------------------------------------- */

static enum err validate_insn(struct validator *v, const struct wasm_insn *insn)
{
	const struct wasm_op_info *info = wasm_op_info(insn->op);
	uint32_t type;

	if (info->in_count != WASM_OP_SPECIAL)
		return validate_fixed(v, insn, info);
	switch (insn->op) {
	case WASM_OP_UNREACHABLE:
		validate_end_path(v);
		return E_OK;
	case WASM_OP_BLOCK:
		return validate_block(v, insn, FRAME_BLOCK);
	case WASM_OP_LOOP:
		return validate_block(v, insn, FRAME_LOOP);
	case WASM_OP_IF:
		return validate_if(v, insn);
	case WASM_OP_ELSE:
		return validate_else(v);
	case WASM_OP_END:
		return validate_end(v);
	case WASM_OP_BR:
		return validate_br(v, insn->index);
	case WASM_OP_BR_IF:
		return validate_br_if(v, insn->index);
	case WASM_OP_BR_TABLE:
		return validate_br_table(v, insn);
	case WASM_OP_RETURN:
		return validate_return(v);
	case WASM_OP_CALL:
	case WASM_OP_RETURN_CALL:
		return validate_call(v, insn);
	case WASM_OP_CALL_INDIRECT:
	case WASM_OP_RETURN_CALL_INDIRECT:
		return validate_call_indirect(v, insn);
	case WASM_OP_CALL_REF:
	case WASM_OP_RETURN_CALL_REF:
		return validate_call_ref(v, insn);
	case WASM_OP_TRY_TABLE:
		return validate_try_table(v, insn);
	case WASM_OP_THROW:
		return validate_throw(v, insn->index);
	case WASM_OP_THROW_REF:
		return validate_throw_ref(v);
	case WASM_OP_TRY:
		return validate_block(v, insn, FRAME_TRY);
	case WASM_OP_CATCH:
		return validate_catch(v, insn->index);
	case WASM_OP_CATCH_ALL:
		return validate_catch_all(v);
	case WASM_OP_DELEGATE:
		return validate_delegate(v, insn->index);
	case WASM_OP_RETHROW:
		return validate_rethrow(v, insn->index);
	case WASM_OP_DROP:
		return validate_pop_any(v, &type);
	case WASM_OP_SELECT:
		return validate_select(v);
	case WASM_OP_SELECT_T:
		return validate_select_typed(v, insn->type);
	case WASM_OP_LOCAL_GET:
		return validate_local_get(v, insn);
	case WASM_OP_LOCAL_SET:
	case WASM_OP_LOCAL_TEE:
		return validate_local(v, insn);
	case WASM_OP_GLOBAL_GET:
	case WASM_OP_GLOBAL_SET:
		return validate_global(v, insn);
	case WASM_OP_TABLE_GET:
	case WASM_OP_TABLE_SET:
	case WASM_OP_TABLE_GROW:
	case WASM_OP_TABLE_FILL:
		return validate_table(v, insn);
	case WASM_OP_REF_NULL:
		return validate_push(v, insn->type);
	case WASM_OP_REF_IS_NULL:
		return validate_ref_is_null(v);
	case WASM_OP_REF_FUNC:
		return validate_ref_func(v, insn->index);
	case WASM_OP_REF_AS_NON_NULL:
		return validate_ref_as_non_null(v);
	case WASM_OP_BR_ON_NULL:
		return validate_br_on_null(v, insn->index);
	case WASM_OP_BR_ON_NON_NULL:
		return validate_br_on_non_null(v, insn->index);
	default:
		must(false); /* every instruction that is marked SPECIAL is above */
	}
}

static enum err validate_code(struct validator *v)
{
	struct wasm_insn insn;
	enum err e = validate_open_body(v);

	while (!e && v->depth != 0) {
		v->at = v->r.p;
		e = code_next(v->m, &v->r, &insn);
		if (!e)
			e = validate_insn(v, &insn);
	}
	if (e)
		return e;
	return v->r.left == 0 ? E_OK : E_WASM_BODY_SIZE;
}

static enum err validate_body(struct validator *v, uint32_t func)
{
	struct wasm_body *body = &v->m->bodies[func - v->m->import_func_count];

	*body = (struct wasm_body){.span = body->span};
	v->body = body;
	v->type = wasm_func_type(v->m, func);
	v->r = wasm_span_reader(v->m, body->span);
	v->at = NULL;
	v->depth = 0;
	type_stack_reset(&v->stack);
	enum err e = validate_take_locals(v);

	if (e)
		return e;
	body->code = (uint32_t)(v->r.p - v->m->bytes);
	e = validate_code(v);
	body->local_count = v->locals->count;
	body->local_slots = v->locals->slots;
	body->max_stack = v->stack.max;
	body->has_v128 = v->locals->has_v128 || v->stack.had_v128;
	return e;
}

enum err wasm_validate(struct wasm_module *m, struct wasm_error *error)
{
	struct validator v = {.m = m};
	uint32_t func = m->import_func_count;
	enum err e = locals_new(&v.locals);

	while (!e && func < m->func_count) {
		e = validate_body(&v, func);
		if (!e)
			func++;
	}
	if (e) {
		const uint8_t *at = v.at ? v.at : v.r.p;

		*error = (struct wasm_error){.code = e, .func = func};
		error->offset = at ? (uint64_t)(at - m->bytes) : 0;
	}
	locals_free(v.locals);
	heap_free(v.frames);
	type_stack_fini(&v.stack);
	return e;
}
