/*
 * Type checking of function bodies (Core 2.0, 3.3 and appendix A.3).
 * Trust: the module is decoded; its bodies are untrusted.
 * Invariant: the operand stack is never lower than the height of the innermost frame. All work is
 * bounded by the body's bytes times the largest arity: a br_table looks at each label once.
 */
#include "wasm/validate.h"

#include <string.h>

#include "base/heap.h"
#include "wasm/code.h"
#include "wasm/leb.h"
#include "wasm/limits.h"
#include "wasm/type_stack.h"
#include "wasm/value_type.h"

enum frame_kind { FRAME_BLOCK, FRAME_LOOP, FRAME_IF, FRAME_ELSE };

/* An open block. Below an unreachable point its stack yields values of any type (WASM_NO_TYPE). */
struct frame {
	const struct wasm_func_type *type;
	uint32_t height; /* of the operand stack below its parameters */
	uint32_t stamp;	 /* of the last br_table that looked at it */
	uint8_t kind;	 /* enum frame_kind */
	bool unreachable;
};

struct validator {
	const struct wasm_module *m;
	struct wasm_body *body;
	const struct wasm_func_type *type; /* of the function */
	struct reader r;
	const uint8_t *at; /* the present instruction */
	struct type_stack stack;
	struct frame *frames; /* outermost first */
	struct frame *top;    /* innermost; valid while depth > 0 */
	uint32_t depth;
	uint32_t frame_capacity;
	uint32_t local_count;
	uint8_t *locals; /* WASM_MAX_LOCALS types */
	uint32_t stamp;	 /* of the last br_table */
};

#define VALIDATE_FIRST_FRAMES 64u

/* ---- block types -------------------------------------------------------------------------------
 */

/* The function types that a block type without an index stands for. */
enum { ONE_I32, ONE_I64, ONE_F32, ONE_F64, ONE_FUNCREF, ONE_EXTERNREF, ONE_COUNT };

static const uint8_t one_types[ONE_COUNT] = {WASM_I32, WASM_I64,     WASM_F32,
					     WASM_F64, WASM_FUNCREF, WASM_EXTERNREF};
static const struct wasm_func_type one_result[ONE_COUNT] = {
	{.results = &one_types[ONE_I32], .result_count = 1},
	{.results = &one_types[ONE_I64], .result_count = 1},
	{.results = &one_types[ONE_F32], .result_count = 1},
	{.results = &one_types[ONE_F64], .result_count = 1},
	{.results = &one_types[ONE_FUNCREF], .result_count = 1},
	{.results = &one_types[ONE_EXTERNREF], .result_count = 1},
};
static const struct wasm_func_type no_result;

static enum err validate_block_type(const struct validator *v, const struct wasm_func_type **out,
				    const struct wasm_block_type *block)
{
	if (block->has_index) {
		if (block->index >= v->m->type_count)
			return E_WASM_NO_SUCH_TYPE;
		*out = &v->m->types[block->index];
		return E_OK;
	}
	*out = &no_result;
	for (unsigned i = 0; i < ONE_COUNT; i++) {
		if (one_types[i] == block->result)
			*out = &one_result[i];
	}
	return E_OK;
}

/* ---- operands ----------------------------------------------------------------------------------
 */

static ALWAYS_INLINE enum err validate_push(struct validator *v, uint8_t type)
{
	return type_stack_push(&v->stack, type);
}

/* Pops a value of any type. */
static enum err validate_pop_any(struct validator *v, uint8_t *out)
{
	struct type_stack *s = &v->stack;

	if (s->height > v->top->height) {
		*out = s->types[--s->height];
		return E_OK;
	}
	*out = WASM_NO_TYPE;
	return v->top->unreachable ? E_OK : E_WASM_TYPE_MISMATCH;
}

static NOINLINE enum err validate_pop_slowly(struct validator *v, uint8_t type)
{
	uint8_t got;
	enum err e = validate_pop_any(v, &got);

	if (e)
		return e;
	return got == type || got == WASM_NO_TYPE ? E_OK : E_WASM_TYPE_MISMATCH;
}

static ALWAYS_INLINE enum err validate_pop(struct validator *v, uint8_t type)
{
	struct type_stack *s = &v->stack;

	if (likely(s->height > v->top->height && s->types[s->height - 1] == type)) {
		s->height--;
		return E_OK;
	}
	return validate_pop_slowly(v, type);
}

/* Are the uppermost values of these types? They stay. */
static bool validate_top_matches(const struct validator *v, const uint8_t *types, uint32_t count)
{
	const struct type_stack *s = &v->stack;
	uint32_t there = s->height - v->top->height;

	if (there < count && !v->top->unreachable)
		return false;
	if (there >= count && count > 4 && memcmp(s->types + s->height - count, types, count) == 0)
		return true; /* for types of hundreds of values, which hostile code repeats */
	for (uint32_t i = 0; i < count && i < there; i++) {
		uint8_t got = s->types[s->height - 1 - i];

		if (got != types[count - 1 - i] && got != WASM_NO_TYPE)
			return false;
	}
	return true;
}

static enum err validate_pop_types(struct validator *v, const uint8_t *types, uint32_t count)
{
	uint32_t there = v->stack.height - v->top->height;

	if (!validate_top_matches(v, types, count))
		return E_WASM_TYPE_MISMATCH;
	v->stack.height -= count < there ? count : there;
	return E_OK;
}

static enum err validate_push_types(struct validator *v, const uint8_t *types, uint32_t count)
{
	struct type_stack *s = &v->stack;

	if (count == 0)
		return E_OK;
	enum err e = type_stack_grow(s, count);

	if (e)
		return e;
	memcpy(s->types + s->height, types, count);
	s->height += count;
	if (s->height > s->max)
		s->max = s->height;
	return E_OK;
}

/* Nothing after this point runs. */
static void validate_end_path(struct validator *v)
{
	v->stack.height = v->top->height;
	v->top->unreachable = true;
}

/* ---- blocks and branches -----------------------------------------------------------------------
 */

static enum err validate_grow_frames(struct validator *v)
{
	uint32_t capacity = v->frame_capacity ? v->frame_capacity * 2 : VALIDATE_FIRST_FRAMES;
	struct frame *frames = heap_resize(v->frames, v->frame_capacity * sizeof(*frames),
					   capacity * sizeof(*frames));

	if (!frames)
		return E_NOMEM;
	v->frames = frames;
	v->frame_capacity = capacity;
	return E_OK;
}

/* Opens a block over the operands that are its parameters. */
static enum err validate_open(struct validator *v, enum frame_kind kind,
			      const struct wasm_func_type *type)
{
	if (v->depth == v->frame_capacity) {
		enum err e = validate_grow_frames(v);

		if (e)
			return e;
	}
	v->top = &v->frames[v->depth++];
	*v->top = (struct frame){
		.type = type, .height = v->stack.height, .kind = (uint8_t)kind, .stamp = 0};
	if (v->depth > v->body->max_depth)
		v->body->max_depth = v->depth;
	return E_OK;
}

static enum err validate_block(struct validator *v, const struct wasm_insn *insn)
{
	static const uint8_t kinds[] = {FRAME_BLOCK, FRAME_LOOP, FRAME_IF};
	const struct wasm_func_type *type;
	enum err e = validate_block_type(v, &type, &insn->block);

	if (!e && insn->op == WASM_OP_IF)
		e = validate_pop(v, WASM_I32);
	if (!e)
		e = validate_pop_types(v, type->params, type->param_count);
	if (!e)
		e = validate_open(v, (enum frame_kind)kinds[insn->op - WASM_OP_BLOCK], type);
	if (e)
		return e;
	v->body->block_count++;
	return validate_push_types(v, type->params, type->param_count);
}

/* The innermost block's results, and nothing else, are on the stack; they are popped. */
static enum err validate_results(struct validator *v)
{
	const struct wasm_func_type *type = v->top->type;
	enum err e = validate_pop_types(v, type->results, type->result_count);

	if (e)
		return e;
	return v->stack.height == v->top->height ? E_OK : E_WASM_TYPE_MISMATCH;
}

static enum err validate_else(struct validator *v)
{
	if (v->top->kind != FRAME_IF)
		return E_WASM_ELSE_WITHOUT_IF;
	enum err e = validate_results(v);

	if (e)
		return e;
	v->top->kind = FRAME_ELSE;
	v->top->unreachable = false;
	return validate_push_types(v, v->top->type->params, v->top->type->param_count);
}

/* Without an else the parameters are the results. */
static bool validate_passes_through(const struct wasm_func_type *type)
{
	if (type->param_count != type->result_count)
		return false;
	return type->param_count == 0 ||
	       memcmp(type->params, type->results, type->param_count) == 0;
}

static enum err validate_end(struct validator *v)
{
	const struct wasm_func_type *type = v->top->type;
	enum err e = validate_results(v);

	if (e)
		return e;
	if (v->top->kind == FRAME_IF && !validate_passes_through(type))
		return E_WASM_TYPE_MISMATCH;
	if (--v->depth == 0)
		return E_OK;
	v->top--;
	return validate_push_types(v, type->results, type->result_count);
}

/* What a branch to the frame takes along: a loop's parameters, another block's results. */
static const uint8_t *validate_label_types(const struct frame *frame, uint32_t *count)
{
	bool loop = frame->kind == FRAME_LOOP;

	*count = loop ? frame->type->param_count : frame->type->result_count;
	return loop ? frame->type->params : frame->type->results;
}

static enum err validate_label(const struct validator *v, struct frame **out, uint32_t label)
{
	if (label >= v->depth)
		return E_WASM_NO_SUCH_LABEL;
	*out = v->top - label;
	return E_OK;
}

static enum err validate_br(struct validator *v, const struct wasm_insn *insn)
{
	struct frame *frame;
	uint32_t count;
	enum err e = validate_label(v, &frame, insn->index);

	if (e)
		return e;
	const uint8_t *types = validate_label_types(frame, &count);

	e = validate_pop_types(v, types, count);
	if (!e)
		validate_end_path(v);
	return e;
}

static enum err validate_br_if(struct validator *v, const struct wasm_insn *insn)
{
	struct frame *frame;
	uint32_t count;
	enum err e = validate_label(v, &frame, insn->index);

	if (!e)
		e = validate_pop(v, WASM_I32);
	if (e)
		return e;
	const uint8_t *types = validate_label_types(frame, &count);

	e = validate_pop_types(v, types, count);
	return e ? e : validate_push_types(v, types, count);
}

/* One target of a br_table: *arity is that of the first. */
static enum err validate_target(struct validator *v, uint32_t label, bool first, uint32_t *arity)
{
	struct frame *frame;
	uint32_t count;
	enum err e = validate_label(v, &frame, label);

	if (e || frame->stamp == v->stamp)
		return e;
	const uint8_t *types = validate_label_types(frame, &count);

	frame->stamp = v->stamp;
	if (first)
		*arity = count;
	if (count != *arity || !validate_top_matches(v, types, count))
		return E_WASM_TYPE_MISMATCH;
	return E_OK;
}

static enum err validate_br_table(struct validator *v, const struct wasm_insn *insn)
{
	struct reader targets = insn->labels.targets;
	uint32_t arity = 0;
	enum err e = validate_pop(v, WASM_I32);

	v->stamp++;
	for (uint32_t i = 0; !e && i <= insn->labels.count; i++)
		e = validate_target(v, code_label_next(&targets), i == 0, &arity);
	if (!e)
		validate_end_path(v);
	return e;
}

static enum err validate_return(struct validator *v)
{
	enum err e = validate_pop_types(v, v->type->results, v->type->result_count);

	if (!e)
		validate_end_path(v);
	return e;
}

/* ---- calls -------------------------------------------------------------------------------------
 */

static enum err validate_apply(struct validator *v, const struct wasm_func_type *type)
{
	enum err e = validate_pop_types(v, type->params, type->param_count);

	return e ? e : validate_push_types(v, type->results, type->result_count);
}

static enum err validate_call(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index >= v->m->func_count)
		return E_WASM_NO_SUCH_FUNC;
	return validate_apply(v, wasm_func_type(v->m, insn->index));
}

static enum err validate_call_indirect(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index2 >= v->m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	if (v->m->tables[insn->index2].elem != WASM_FUNCREF)
		return E_WASM_TYPE_MISMATCH;
	if (insn->index >= v->m->type_count)
		return E_WASM_NO_SUCH_TYPE;
	enum err e = validate_pop(v, WASM_I32);

	return e ? e : validate_apply(v, &v->m->types[insn->index]);
}

/* ---- values ------------------------------------------------------------------------------------
 */

/* Without a written type only numbers can be selected (3.3.2.2). */
static enum err validate_select(struct validator *v)
{
	uint8_t a, b;
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

static enum err validate_select_typed(struct validator *v, uint8_t type)
{
	enum err e = validate_pop(v, WASM_I32);

	if (!e)
		e = validate_pop(v, type);
	if (!e)
		e = validate_pop(v, type);
	return e ? e : validate_push(v, type);
}

static enum err validate_local(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index >= v->local_count)
		return E_WASM_NO_SUCH_LOCAL;
	uint8_t type = v->locals[insn->index];

	if (insn->op == WASM_OP_LOCAL_GET)
		return validate_push(v, type);
	enum err e = validate_pop(v, type);

	if (e || insn->op == WASM_OP_LOCAL_SET)
		return e;
	return validate_push(v, type);
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

static enum err validate_ref_func(struct validator *v, uint32_t func)
{
	if (func >= v->m->func_count)
		return E_WASM_NO_SUCH_FUNC;
	if (!v->m->funcs[func].declared)
		return E_WASM_UNDECLARED_REF;
	return validate_push(v, WASM_FUNCREF);
}

static enum err validate_ref_is_null(struct validator *v)
{
	uint8_t type;
	enum err e = validate_pop_any(v, &type);

	if (e)
		return e;
	if (type != WASM_NO_TYPE && !wasm_type_is_ref(type))
		return E_WASM_TYPE_MISMATCH;
	return validate_push(v, WASM_I32);
}

static enum err validate_table_get(struct validator *v, uint8_t elem)
{
	enum err e = validate_pop(v, WASM_I32);

	return e ? e : validate_push(v, elem);
}

static enum err validate_table_set(struct validator *v, uint8_t elem)
{
	enum err e = validate_pop(v, elem);

	return e ? e : validate_pop(v, WASM_I32);
}

static enum err validate_table_grow(struct validator *v, uint8_t elem)
{
	enum err e = validate_pop(v, WASM_I32);

	if (!e)
		e = validate_pop(v, elem);
	return e ? e : validate_push(v, WASM_I32);
}

static enum err validate_table_fill(struct validator *v, uint8_t elem)
{
	enum err e = validate_pop(v, WASM_I32);

	return e ? e : validate_table_set(v, elem);
}

/* Instructions whose operands have the type of a table's elements. */
static enum err validate_table(struct validator *v, const struct wasm_insn *insn)
{
	if (insn->index >= v->m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	uint8_t elem = v->m->tables[insn->index].elem;

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

/* ---- instructions with a fixed signature
 * --------------------------------------------------------- */

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

static enum err validate_table_copy(const struct validator *v, const struct wasm_insn *insn)
{
	const struct wasm_module *m = v->m;

	if (insn->index >= m->table_count || insn->index2 >= m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	return m->tables[insn->index].elem == m->tables[insn->index2].elem ? E_OK
									   : E_WASM_TYPE_MISMATCH;
}

static enum err validate_table_init(const struct validator *v, const struct wasm_insn *insn)
{
	const struct wasm_module *m = v->m;

	if (insn->index2 >= m->table_count)
		return E_WASM_NO_SUCH_TABLE;
	if (insn->index >= m->elem_count)
		return E_WASM_NO_SUCH_ELEM;
	return m->elems[insn->index].type == m->tables[insn->index2].elem ? E_OK
									  : E_WASM_TYPE_MISMATCH;
}

static enum err validate_memarg(const struct validator *v, const struct wasm_insn *insn,
				uint8_t imm)
{
	if (insn->mem.memory >= v->m->memory_count)
		return E_WASM_NO_SUCH_MEMORY;
	return insn->mem.align <= (uint32_t)(imm - WASM_IMM_MEM0) ? E_OK : E_WASM_ALIGNMENT;
}

/* The immediates of an instruction whose operands and result the table has. */
static enum err validate_imm(const struct validator *v, const struct wasm_insn *insn, uint8_t imm)
{
	enum err e;

	switch ((enum wasm_imm)imm) {
	case WASM_IMM_NONE:
	case WASM_IMM_I32:
	case WASM_IMM_I64:
	case WASM_IMM_F32:
	case WASM_IMM_F64:
		return E_OK;
	case WASM_IMM_MEM0:
	case WASM_IMM_MEM1:
	case WASM_IMM_MEM2:
	case WASM_IMM_MEM3:
		return validate_memarg(v, insn, imm);
	case WASM_IMM_MEMORY:
		return validate_memory_index(v, insn->index);
	case WASM_IMM_MEMORY_MEMORY:
		e = validate_memory_index(v, insn->index);
		return e ? e : validate_memory_index(v, insn->index2);
	case WASM_IMM_DATA:
		return validate_data_index(v, insn->index);
	case WASM_IMM_DATA_MEMORY:
		e = validate_memory_index(v, insn->index2);
		return e ? e : validate_data_index(v, insn->index);
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
	case WASM_IMM_TYPES:
	case WASM_IMM_LOCAL:
	case WASM_IMM_GLOBAL:
	case WASM_IMM_REF_TYPE:
		break;
	}
	must(false); /* no instruction with such an immediate has a fixed signature */
}

static ALWAYS_INLINE enum err validate_fixed(struct validator *v, const struct wasm_insn *insn,
					     const struct wasm_op_info *info)
{
	enum err e = validate_imm(v, insn, info->imm);

	for (unsigned i = info->in_count; !e && i-- > 0;)
		e = validate_pop(v, info->in[i]);
	if (e || info->out == WASM_NO_TYPE)
		return e;
	return validate_push(v, info->out);
}

static enum err validate_insn(struct validator *v, const struct wasm_insn *insn)
{
	const struct wasm_op_info *info = wasm_op_info(insn->op);
	uint8_t type;

	if (info->in_count != WASM_OP_SPECIAL)
		return validate_fixed(v, insn, info);
	switch (insn->op) {
	case WASM_OP_UNREACHABLE:
		validate_end_path(v);
		return E_OK;
	case WASM_OP_BLOCK:
	case WASM_OP_LOOP:
	case WASM_OP_IF:
		return validate_block(v, insn);
	case WASM_OP_ELSE:
		return validate_else(v);
	case WASM_OP_END:
		return validate_end(v);
	case WASM_OP_BR:
		return validate_br(v, insn);
	case WASM_OP_BR_IF:
		return validate_br_if(v, insn);
	case WASM_OP_BR_TABLE:
		return validate_br_table(v, insn);
	case WASM_OP_RETURN:
		return validate_return(v);
	case WASM_OP_CALL:
		return validate_call(v, insn);
	case WASM_OP_CALL_INDIRECT:
		return validate_call_indirect(v, insn);
	case WASM_OP_DROP:
		return validate_pop_any(v, &type);
	case WASM_OP_SELECT:
		return validate_select(v);
	case WASM_OP_SELECT_T:
		return validate_select_typed(v, insn->type);
	case WASM_OP_LOCAL_GET:
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
	default:
		must(false); /* every instruction that is marked SPECIAL is above */
	}
}

/* ---- bodies
 * ---------------------------------------------------------------------------------------- */

static enum err validate_add_locals(struct validator *v, uint32_t count, uint8_t type)
{
	if (count > WASM_MAX_LOCALS - v->local_count)
		return E_WASM_MANY_LOCALS;
	memset(v->locals + v->local_count, type, count);
	v->local_count += count;
	return E_OK;
}

/* Parameters, then the runs that the body declares. */
static enum err validate_take_locals(struct validator *v)
{
	uint32_t runs, count;
	uint8_t type;

	v->local_count = v->type->param_count; /* at most WASM_MAX_PARAMS */
	if (v->local_count != 0)
		memcpy(v->locals, v->type->params, v->local_count);
	enum err e = leb_take_u32(&v->r, &runs);

	for (uint32_t i = 0; !e && i < runs; i++) {
		e = leb_take_u32(&v->r, &count);
		if (!e)
			e = value_type_take(&v->r, &type);
		if (!e)
			e = validate_add_locals(v, count, type);
	}
	return e;
}

static enum err validate_code(struct validator *v)
{
	struct wasm_insn insn;
	enum err e = validate_open(v, FRAME_BLOCK, v->type);

	while (!e && v->depth != 0) {
		v->at = v->r.p;
		e = code_next(&v->r, &insn);
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

	v->body = body;
	v->type = wasm_func_type(v->m, func);
	v->r = wasm_span_reader(v->m, body->span);
	v->at = NULL;
	v->depth = 0;
	type_stack_reset(&v->stack);
	body->max_depth = 0;
	body->block_count = 0;
	enum err e = validate_take_locals(v);

	if (e)
		return e;
	body->code = (uint32_t)(v->r.p - v->m->bytes);
	e = validate_code(v);
	body->local_count = v->local_count;
	body->max_stack = v->stack.max;
	return e;
}

enum err wasm_validate(struct wasm_module *m, struct wasm_error *error)
{
	struct validator v = {.m = m, .locals = heap_alloc(WASM_MAX_LOCALS)};
	uint32_t func = m->import_func_count;
	enum err e = v.locals ? E_OK : E_NOMEM;

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
	heap_free(v.locals);
	heap_free(v.frames);
	type_stack_fini(&v.stack);
	return e;
}
