/*
 * The translation of one function: its frame, the stack of values, and the walk over its body.
 * Trust: the module is validated, so operands are there and have their types; sizes and depths are
 * untrusted, nothing recurses on them.
 */
#include "compiler/function.h"

#include <string.h>

#include "base/heap.h"
#include "compiler/abi.h"
#include "compiler/unit.h"

#define BLOCK_WEIGHT_MAX 256u

/* ---- the stack of values ----------------------------------------------------------------------
 */

void value_push(struct function *f, LLVMValueRef v, uint32_t type)
{
	must(f->height < f->body->max_stack);
	f->stack[f->height++] = (struct value){v, type};
}

struct value value_pop_typed(struct function *f)
{
	must(f->height > 0);
	return f->stack[--f->height];
}

LLVMValueRef value_pop(struct function *f)
{
	return value_pop_typed(f).v;
}

struct value *value_top(struct function *f, uint32_t down)
{
	must(down < f->height);
	return &f->stack[f->height - 1 - down];
}

LLVMTypeRef value_type(const struct unit *u, uint32_t type)
{
	switch (type) {
	case WASM_I64:
		return u->i64;
	case WASM_F32:
		return u->f32;
	case WASM_F64:
		return u->f64;
	case WASM_V128:
		return u->v128;
	default:
		return u->i32; /* references, too */
	}
}

LLVMValueRef value_pop_condition(struct function *f)
{
	LLVMValueRef v = value_pop(f);

	if (LLVMIsAZExtInst(v)) {
		LLVMValueRef from = LLVMGetOperand(v, 0);

		if (LLVMTypeOf(from) == f->u->i1)
			return from;
	}
	return LLVMBuildICmp(f->b, LLVMIntNE, v, const_i32(f, 0), "");
}

/* ---- blocks and traps -------------------------------------------------------------------------
 */

LLVMBasicBlockRef block_new(struct function *f, const char *name)
{
	return LLVMAppendBasicBlockInContext(f->u->context, f->func, name);
}

void block_begin(struct function *f, LLVMBasicBlockRef block)
{
	LLVMMoveBasicBlockAfter(block, LLVMGetInsertBlock(f->b));
	LLVMPositionBuilderAtEnd(f->b, block);
}

void block_split(struct function *f)
{
	LLVMBasicBlockRef next = block_new(f, "");

	LLVMBuildBr(f->b, next);
	block_begin(f, next);
}

LLVMValueRef intrinsic(struct function *f, const char *name, LLVMTypeRef *types,
		       unsigned type_count, LLVMValueRef *args, unsigned arg_count)
{
	unsigned id = LLVMLookupIntrinsicID(name, strlen(name));

	must(id != 0);
	LLVMValueRef func = LLVMGetIntrinsicDeclaration(f->u->module, id, types, type_count);
	LLVMTypeRef type = LLVMIntrinsicGetType(f->u->context, id, types, type_count);

	return LLVMBuildCall2(f->b, type, func, args, arg_count, "");
}

/* The block that traps, one of each kind for the whole function. */
static LLVMBasicBlockRef trap_block(struct function *f, enum wasm_trap trap)
{
	static_assert(TRAP_COUNT <= COUNT_OF(f->traps), "a block for each trap");

	if (f->traps[trap])
		return f->traps[trap];
	LLVMBasicBlockRef back = LLVMGetInsertBlock(f->b);
	LLVMValueRef kind = LLVMConstInt(f->u->i8, trap, false);

	f->traps[trap] = block_new(f, "trap");
	LLVMPositionBuilderAtEnd(f->b, f->traps[trap]);
	intrinsic(f, "llvm.ubsantrap", NULL, 0, &kind, 1);
	LLVMBuildUnreachable(f->b);
	LLVMPositionBuilderAtEnd(f->b, back);
	return f->traps[trap];
}

void trap_if(struct function *f, LLVMValueRef condition, enum wasm_trap trap)
{
	LLVMBasicBlockRef next = block_new(f, "");
	LLVMValueRef branch = LLVMBuildCondBr(f->b, condition, trap_block(f, trap), next);

	LLVMSetMetadata(branch, f->u->prof_kind, f->u->unlikely);
	block_begin(f, next);
}

void trap_now(struct function *f, enum wasm_trap trap)
{
	LLVMBuildBr(f->b, trap_block(f, trap));
}

/* ---- the walk ---------------------------------------------------------------------------------
 */

uint32_t insn_weight(const struct wasm_module *m, const struct wasm_insn *insn)
{
	const struct wasm_func_type *type;

	switch ((enum wasm_imm)wasm_op_info(insn->op)->imm) {
	case WASM_IMM_FUNC:
		type = wasm_func_type(m, insn->index);
		break;
	case WASM_IMM_CALL_INDIRECT:
	case WASM_IMM_TYPE:
		type = &m->types[insn->index];
		break;
	default:
		return 1;
	}
	return 1 + type->param_count + type->result_count;
}

static void function_emit(struct function *f, const struct wasm_insn *insn)
{
	if (insn->op == WASM_OP_NOP)
		return;
	must(variable_emit(f, insn) || number_emit(f, insn) || memory_emit(f, insn) ||
	     control_emit(f, insn) || call_emit(f, insn) || vector_emit(f, insn) ||
	     table_emit(f, insn) || bulk_emit(f, insn) || atomic_emit(f, insn) ||
	     exception_emit(f, insn));
}

static void block_open_dead(struct function *f)
{
	must(f->depth <= f->body->max_depth);
	f->blocks[f->depth++] = (struct block){.dead_outside = true};
}

/* In unreachable code only the structure of blocks matters. */
static void function_skip(struct function *f, const struct wasm_insn *insn)
{
	bool inner = f->blocks[f->depth - 1].dead_outside;

	switch (insn->op) {
	case WASM_OP_BLOCK:
	case WASM_OP_LOOP:
	case WASM_OP_IF:
	case WASM_OP_TRY:
	case WASM_OP_TRY_TABLE:
		block_open_dead(f);
		break;
	case WASM_OP_ELSE:
	case WASM_OP_CATCH:
	case WASM_OP_CATCH_ALL:
		if (!inner)
			function_emit(f, insn);
		break;
	case WASM_OP_END:
	case WASM_OP_DELEGATE:
		if (inner)
			f->depth--;
		else
			function_emit(f, insn);
		break;
	default:
		break;
	}
}

/* Without passes, blocks stay as they are made here. Short ones, or the code generator takes the
 * square of their length. */
static void split_block(struct function *f, const struct wasm_insn *insn)
{
	if (f->u->level > 0)
		return;
	f->block_weight += insn_weight(f->m, insn);
	if (f->block_weight < BLOCK_WEIGHT_MAX)
		return;
	block_split(f);
	f->block_weight = 0;
}

static void function_walk(struct function *f)
{
	const bool metered = f->u->plan->options->flags & NATIVE_METERED;
	struct wasm_insn insn;

	while (f->depth && !unit_failed(f->u)) {
		must(code_next(f->m, &f->r, &insn) == E_OK);
		if (f->dead) {
			function_skip(f, &insn);
			continue;
		}
		split_block(f, &insn);
		if (metered)
			fuel_count(f, &insn);
		function_emit(f, &insn);
	}
}

/* ---- the frame --------------------------------------------------------------------------------
 */

static void local_add(struct function *f, uint32_t i, uint32_t type)
{
	LLVMTypeRef t = value_type(f->u, type);

	f->local_types[i] = type;
	f->locals[i] = LLVMBuildAlloca(f->entry, t, "");
}

/* Locals that the body declares are zero at first. */
static void function_declare_locals(struct function *f)
{
	struct reader r = wasm_span_reader(f->m, f->body->span);
	uint32_t runs = wasm_locals_begin(&r);
	uint32_t at = f->type->param_count;

	for (uint32_t i = 0; i < runs; i++) {
		uint32_t count, type;

		wasm_locals_next(f->m, &r, &count, &type);
		for (uint32_t k = 0; k < count; k++, at++) {
			local_add(f, at, type);
			LLVMBuildStore(f->b, LLVMConstNull(value_type(f->u, type)), f->locals[at]);
		}
	}
	must(at == f->body->local_count);
	f->r = r;
}

/* The first block has the allocas alone, so that they can be added at any time. */
static void function_begin(struct function *f)
{
	LLVMBasicBlockRef entry = block_new(f, "entry");
	LLVMBasicBlockRef start = block_new(f, "");

	LLVMPositionBuilderAtEnd(f->entry, entry);
	LLVMPositionBuilderBefore(f->entry, LLVMBuildBr(f->entry, start));
	LLVMPositionBuilderAtEnd(f->b, start);
	for (uint32_t i = 0; i < f->type->param_count; i++)
		local_add(f, i, f->type->params[i]);
	abi_take_params(f);
	function_declare_locals(f);
	f->blocks[f->depth++] = (struct block){.kind = BLOCK_FUNC,
					       .result_types = f->type->results,
					       .result_count = f->type->result_count,
					       .target = block_new(f, "return")};
	fuel_enter(f);
}

static bool function_init(struct function *f)
{
	f->locals = heap_alloc_array(f->body->local_count, sizeof(LLVMValueRef));
	f->local_types = heap_alloc_array(f->body->local_count, sizeof(*f->local_types));
	f->stack = heap_alloc_array(f->body->max_stack, sizeof(*f->stack));
	f->blocks = heap_alloc_array((size_t)f->body->max_depth + 1, sizeof(*f->blocks));
	if (!f->locals || !f->local_types || !f->stack || !f->blocks)
		return false;
	f->b = LLVMCreateBuilderInContext(f->u->context);
	f->entry = LLVMCreateBuilderInContext(f->u->context);
	f->func = abi_func(f->u, f->index);
	return true;
}

static void function_fini(struct function *f)
{
	if (f->b)
		LLVMDisposeBuilder(f->b);
	if (f->entry)
		LLVMDisposeBuilder(f->entry);
	for (uint32_t i = 0; f->blocks && i < f->depth; i++)
		heap_free(f->blocks[i].phis);
	heap_free(f->blocks);
	heap_free(f->stack);
	heap_free(f->local_types);
	heap_free(f->locals);
}

void function_translate(struct unit *u, uint32_t index)
{
	struct function f = {.u = u,
			     .m = u->plan->m,
			     .index = index,
			     .type = wasm_func_type(u->plan->m, index),
			     .body = wasm_func_body(u->plan->m, index)};

	if (function_init(&f)) {
		function_begin(&f);
		function_walk(&f);
	} else {
		unit_fail(u, "out of memory");
	}
	function_fini(&f);
}
