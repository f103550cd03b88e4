/*
 * Blocks and branches. What a branch takes along becomes phis at its target, made by the first
 * branch that needs them. Trust: the module is validated; lengths and depths are untrusted, nothing
 * recurses on them, and the number of values that branches take along is limited, as it can be the
 * square of the body's size.
 */
#include "base/heap.h"
#include "compiler/abi.h"
#include "compiler/unit.h"

#define EDGE_VALUES_MAX ((size_t)16 * 1024 * 1024)

struct block *block_at(struct function *f, uint32_t label)
{
	must(label < f->depth);
	return &f->blocks[f->depth - 1 - label];
}

static uint32_t label_count(const struct block *b)
{
	return b->kind == BLOCK_LOOP ? b->param_count : b->result_count;
}

static const uint32_t *label_types(const struct block *b)
{
	return b->kind == BLOCK_LOOP ? b->param_types : b->result_types;
}

/* Room for n values; NULL, and the unit fails, if there is none or all together are too many. */
static LLVMValueRef *values_new(struct function *f, uint32_t n)
{
	LLVMValueRef *values = heap_alloc_array(n, sizeof(LLVMValueRef));

	f->edge_values += n;
	if (values && f->edge_values <= EDGE_VALUES_MAX)
		return values;
	heap_free(values);
	unit_fail(f->u, "function %u: its branches take too many values along", f->index);
	return NULL;
}

/* ---- branches ---------------------------------------------------------------------------------
 */

static bool phis_make(struct function *f, struct block *b)
{
	LLVMBasicBlockRef back = LLVMGetInsertBlock(f->b);
	const uint32_t *types = label_types(b);

	if (b->phis || label_count(b) == 0)
		return true;
	b->phis = values_new(f, label_count(b));
	if (!b->phis)
		return false;
	LLVMPositionBuilderAtEnd(f->b, b->target);
	for (uint32_t i = 0; i < label_count(b); i++)
		b->phis[i] = LLVMBuildPhi(f->b, value_type(f->u, types[i]), "");
	LLVMPositionBuilderAtEnd(f->b, back);
	return true;
}

/* The branch that is about to be made here takes the topmost values along. */
static void edge_add(struct function *f, struct block *b)
{
	LLVMBasicBlockRef from = LLVMGetInsertBlock(f->b);
	uint32_t n = label_count(b);

	f->edge_values += n;
	if (f->edge_values > EDGE_VALUES_MAX)
		unit_fail(f->u, "function %u: its branches take too many values along", f->index);
	if (unit_failed(f->u) || !phis_make(f, b))
		return;
	must(n <= f->height);
	for (uint32_t i = 0; i < n; i++)
		LLVMAddIncoming(b->phis[i], &f->stack[f->height - n + i].v, &from, 1);
}

void block_branch(struct function *f, struct block *b)
{
	edge_add(f, b);
	LLVMBuildBr(f->b, b->target);
}

static void branch_if(struct function *f, LLVMValueRef condition, struct block *b)
{
	LLVMBasicBlockRef next = block_new(f, "");

	edge_add(f, b);
	LLVMBuildCondBr(f->b, condition, b->target, next);
	block_begin(f, next);
	fuel_end_run(f);
}

static LLVMValueRef is_null(struct function *f, LLVMValueRef ref)
{
	return LLVMBuildICmp(f->b, LLVMIntEQ, ref, const_i32(f, 0), "");
}

/* The reference stays if it is not null. */
static void br_on_null(struct function *f, uint32_t label)
{
	struct value ref = value_pop_typed(f);

	branch_if(f, is_null(f, ref.v), block_at(f, label));
	value_push(f, ref.v, ref.type);
}

/* The reference goes along; null is dropped. */
static void br_on_non_null(struct function *f, uint32_t label)
{
	LLVMValueRef null = is_null(f, value_top(f, 0)->v);

	branch_if(f, LLVMBuildNot(f->b, null, ""), block_at(f, label));
	value_pop(f);
}

/* One way to each label, however often the table names it: values go along once. */
static LLVMBasicBlockRef table_stub(struct function *f, struct block *b)
{
	if (b->stub_table != f->table_count) {
		LLVMBasicBlockRef back = LLVMGetInsertBlock(f->b);

		b->stub_table = f->table_count;
		b->stub = block_new(f, "");
		LLVMPositionBuilderAtEnd(f->b, b->stub);
		block_branch(f, b);
		LLVMPositionBuilderAtEnd(f->b, back);
	}
	return b->stub;
}

static void br_table(struct function *f, const struct wasm_insn *insn)
{
	LLVMValueRef index = value_pop(f);
	struct reader targets = insn->labels.targets;
	uint32_t count = insn->labels.count;

	f->table_count++;
	for (uint32_t i = 0; i < count; i++)
		code_label_next(&targets);
	LLVMBasicBlockRef otherwise = table_stub(f, block_at(f, code_label_next(&targets)));
	LLVMValueRef branch = LLVMBuildSwitch(f->b, index, otherwise, count);

	targets = insn->labels.targets;
	for (uint32_t i = 0; i < count && !unit_failed(f->u); i++) {
		LLVMBasicBlockRef stub = table_stub(f, block_at(f, code_label_next(&targets)));

		if (stub != otherwise)
			LLVMAddCase(branch, const_i32(f, i), stub);
	}
	f->dead = true;
}

static void branch(struct function *f, struct block *b)
{
	block_branch(f, b);
	f->dead = true;
}

/* ---- blocks -----------------------------------------------------------------------------------
 */

static void block_set_type(struct function *f, struct block *b, const struct wasm_block_type *type)
{
	if (type->has_index) {
		const struct wasm_func_type *t = &f->m->types[type->index];

		b->param_types = t->params;
		b->param_count = t->param_count;
		b->result_types = t->results;
		b->result_count = t->result_count;
	} else if (type->result != WASM_NO_TYPE) {
		b->one_result = type->result;
		b->result_types = &b->one_result;
		b->result_count = 1;
	}
}

struct block *block_open(struct function *f, const struct wasm_insn *insn, enum block_kind kind)
{
	must(f->depth <= f->body->max_depth);
	struct block *b = &f->blocks[f->depth++];

	*b = (struct block){.kind = kind, .target = block_new(f, ""), .catcher = b[-1].catcher};
	block_set_type(f, b, &insn->block);
	must(b->param_count <= f->height);
	b->height = f->height - b->param_count;
	return b;
}

static void push_values(struct function *f, const LLVMValueRef *values, const uint32_t *types,
			uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		value_push(f, values[i], types[i]);
}

static void loop_begin(struct function *f, const struct wasm_insn *insn)
{
	struct block *b = block_open(f, insn, BLOCK_LOOP);

	block_branch(f, b);
	block_begin(f, b->target);
	if (unit_failed(f->u))
		return;
	f->height = b->height;
	push_values(f, b->phis, b->param_types, b->param_count);
	keep_loop(f);
	fuel_end_run(f);
	fuel_loop(f);
}

static void if_begin(struct function *f, const struct wasm_insn *insn)
{
	LLVMValueRef condition = value_pop_condition(f);
	struct block *b = block_open(f, insn, BLOCK_IF);
	LLVMBasicBlockRef then = block_new(f, "");

	b->otherwise = block_new(f, "");
	b->params = values_new(f, b->param_count);
	if (!b->params)
		return;
	for (uint32_t i = 0; i < b->param_count; i++)
		b->params[i] = f->stack[b->height + i].v;
	LLVMBuildCondBr(f->b, condition, then, b->otherwise);
	block_begin(f, then);
	fuel_end_run(f);
}

/* The other way of an if begins, with its parameters. */
static void if_otherwise(struct function *f, struct block *b)
{
	if (!f->dead)
		block_branch(f, b);
	block_begin(f, b->otherwise);
	b->otherwise = NULL;
	f->dead = false;
	f->height = b->height;
	push_values(f, b->params, b->param_types, b->param_count);
	fuel_end_run(f);
}

static void block_pop(struct function *f)
{
	struct block *b = &f->blocks[--f->depth];

	heap_free(b->phis);
	heap_free(b->params);
	*b = (struct block){0};
}

/* Goes on at the block's end with its results, if any branch comes there. */
static void block_land(struct function *f, struct block *b)
{
	f->height = b->height;
	f->dead = LLVMGetFirstUse(LLVMBasicBlockAsValue(b->target)) == NULL;
	if (f->dead) {
		LLVMDeleteBasicBlock(b->target);
		return;
	}
	block_begin(f, b->target);
	if (!unit_failed(f->u) && b->kind != BLOCK_FUNC)
		push_values(f, b->phis, b->result_types, b->result_count);
}

static void block_end(struct function *f)
{
	struct block *b = block_at(f, 0);

	if (b->kind == BLOCK_LOOP) {
		fuel_end_run(f);
		block_pop(f);
		return;
	}
	if (b->otherwise)
		if_otherwise(f, b);
	if (!f->dead)
		block_branch(f, b);
	f->dead = true;
	fuel_end_run(f);
	exception_block_end(f, b);
	block_land(f, b);
	if (b->kind == BLOCK_FUNC && !f->dead && !unit_failed(f->u))
		abi_return(f, b->phis);
	block_pop(f);
}

/* ---- instructions -----------------------------------------------------------------------------
 */

static bool branch_emit(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_BR:
		branch(f, block_at(f, insn->index));
		return true;
	case WASM_OP_RETURN:
		branch(f, &f->blocks[0]);
		return true;
	case WASM_OP_BR_IF: {
		LLVMValueRef condition = value_pop_condition(f);

		branch_if(f, condition, block_at(f, insn->index));
		return true;
	}
	case WASM_OP_BR_TABLE:
		br_table(f, insn);
		return true;
	case WASM_OP_BR_ON_NULL:
		br_on_null(f, insn->index);
		return true;
	case WASM_OP_BR_ON_NON_NULL:
		br_on_non_null(f, insn->index);
		return true;
	default:
		return false;
	}
}

bool control_emit(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_UNREACHABLE:
		trap_now(f, TRAP_UNREACHABLE);
		f->dead = true;
		return true;
	case WASM_OP_BLOCK:
		block_open(f, insn, BLOCK_BLOCK);
		return true;
	case WASM_OP_LOOP:
		loop_begin(f, insn);
		return true;
	case WASM_OP_IF:
		if_begin(f, insn);
		return true;
	case WASM_OP_ELSE:
		if_otherwise(f, block_at(f, 0));
		return true;
	case WASM_OP_END:
		block_end(f);
		return true;
	default:
		return branch_emit(f, insn);
	}
}
