/*
 * Locals, globals, constants, drop, select, references.
 * Trust: the module is validated.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "compiler/abi.h"

/* ---- constants --------------------------------------------------------------------------------
 */

/* From the bits, so that a NaN keeps its payload. */
static LLVMValueRef const_bits(struct function *f, uint64_t bits, uint32_t type)
{
	switch (type) {
	case WASM_I64:
		return const_i64(f, bits);
	case WASM_F32:
		return LLVMConstBitCast(const_i32(f, (uint32_t)bits), f->u->f32);
	case WASM_F64:
		return LLVMConstBitCast(const_i64(f, bits), f->u->f64);
	default:
		return const_i32(f, (uint32_t)bits);
	}
}

static LLVMValueRef const_v128(struct function *f, const uint8_t bytes[16])
{
	LLVMValueRef lanes[16];

	for (unsigned i = 0; i < 16; i++)
		lanes[i] = LLVMConstInt(f->u->i8, bytes[i], false);
	return LLVMConstVector(lanes, 16);
}

/* The constant that an instruction makes, or NULL. */
static LLVMValueRef const_of_insn(struct function *f, const struct wasm_insn *insn, uint32_t *type)
{
	switch (insn->op) {
	case WASM_OP_I32_CONST:
	case WASM_OP_I64_CONST:
	case WASM_OP_F32_CONST:
	case WASM_OP_F64_CONST:
		*type = wasm_op_info(insn->op)->out;
		return const_bits(f, insn->bits, *type);
	case WASM_OP_V128_CONST:
		*type = WASM_V128;
		return const_v128(f, insn->v128);
	case WASM_OP_REF_NULL:
		*type = insn->type;
		return const_i32(f, 0);
	default:
		return NULL;
	}
}

/* ---- globals ----------------------------------------------------------------------------------
 */

/* The value of a global that never changes and that the module itself knows, or NULL. */
static LLVMValueRef global_constant(struct function *f, uint32_t index)
{
	const struct wasm_global *g = &f->m->globals[index];
	struct wasm_insn insn;
	uint32_t type;

	if (g->type.mutable || index < f->m->import_global_count)
		return NULL;
	struct reader r = wasm_span_reader(f->m, g->init.code);

	must(code_next(f->m, &r, &insn) == E_OK);
	LLVMValueRef v = const_of_insn(f, &insn, &type);

	if (!v)
		return NULL;
	must(code_next(f->m, &r, &insn) == E_OK);
	return insn.op == WASM_OP_END ? v : NULL;
}

/* Each global is an alias class of its own. */
static void global_mark(struct function *f, LLVMValueRef access, uint32_t index)
{
	char name[32];

	snprintf(name, sizeof name, "global %" PRIu32, index);
	LLVMSetAlignment(access, 16);
	abi_mark_access(f, access, unit_alias_class(f->u, name));
}

static LLVMValueRef global_pointer(struct function *f, uint32_t index)
{
	return slot_pointer(f, f->u->plan->layout.globals + 16 * index);
}

static void global_get(struct function *f, uint32_t index)
{
	uint32_t type = f->m->globals[index].type.type;
	LLVMValueRef v = global_constant(f, index);

	if (!v) {
		v = LLVMBuildLoad2(f->b, value_type(f->u, type), global_pointer(f, index), "");
		global_mark(f, v, index);
	}
	value_push(f, v, type);
}

/* Imports may be the same global under several indices, each with a slot. */
static bool global_may_have_twin(const struct wasm_module *m, uint32_t index)
{
	for (uint32_t i = 0; i < m->import_global_count; i++) {
		if (i != index && index < m->import_global_count && m->globals[i].type.mutable)
			return true;
	}
	return false;
}

static void global_set(struct function *f, uint32_t index)
{
	LLVMValueRef number = const_i32(f, index);

	global_mark(f, LLVMBuildStore(f->b, value_pop(f), global_pointer(f, index)), index);
	if (global_may_have_twin(f->m, index))
		helper_call(f, NATIVE_HELPER_global_changed, &number);
}

/* ---- locals and values ------------------------------------------------------------------------
 */

static void local_get(struct function *f, uint32_t index)
{
	uint32_t type = f->local_types[index];

	value_push(f, LLVMBuildLoad2(f->b, value_type(f->u, type), f->locals[index], ""), type);
}

static void emit_select(struct function *f)
{
	LLVMValueRef condition = value_pop_condition(f);
	LLVMValueRef otherwise = value_pop(f);
	struct value first = value_pop_typed(f);

	value_push(f, LLVMBuildSelect(f->b, condition, first.v, otherwise, ""), first.type);
}

/* ---- references -------------------------------------------------------------------------------
 */

static void ref_is_null(struct function *f)
{
	LLVMValueRef v = LLVMBuildICmp(f->b, LLVMIntEQ, value_pop(f), const_i32(f, 0), "");

	value_push(f, LLVMBuildZExt(f->b, v, f->u->i32, ""), WASM_I32);
}

static void ref_func(struct function *f, uint32_t index)
{
	const struct native_layout *l = &f->u->plan->layout;
	uint32_t imports = f->m->import_func_count;
	LLVMValueRef v;

	if (index < imports) {
		v = slot_load(f, l->imports + 16 * index + 8, f->u->i32);
	} else {
		v = slot_load(f, l->ref_base, f->u->i32);
		v = LLVMBuildAdd(f->b, v, const_i32(f, index - imports), "");
	}
	value_push(f, v, WASM_FUNCREF);
}

static void ref_as_non_null(struct function *f)
{
	LLVMValueRef v = value_top(f, 0)->v;

	trap_if(f, LLVMBuildICmp(f->b, LLVMIntEQ, v, const_i32(f, 0), ""), TRAP_NULL_REFERENCE);
}

/* ---- instructions -----------------------------------------------------------------------------
 */

static bool const_emit(struct function *f, const struct wasm_insn *insn)
{
	uint32_t type;
	LLVMValueRef v = const_of_insn(f, insn, &type);

	if (v)
		value_push(f, v, type);
	return v;
}

bool variable_emit(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_DROP:
		keep_dropped(value_pop(f));
		return true;
	case WASM_OP_SELECT:
	case WASM_OP_SELECT_T:
		emit_select(f);
		return true;
	case WASM_OP_LOCAL_GET:
		local_get(f, insn->index);
		return true;
	case WASM_OP_LOCAL_SET:
		LLVMBuildStore(f->b, value_pop(f), f->locals[insn->index]);
		return true;
	case WASM_OP_LOCAL_TEE:
		LLVMBuildStore(f->b, value_top(f, 0)->v, f->locals[insn->index]);
		return true;
	case WASM_OP_GLOBAL_GET:
		global_get(f, insn->index);
		return true;
	case WASM_OP_GLOBAL_SET:
		global_set(f, insn->index);
		return true;
	case WASM_OP_REF_IS_NULL:
		ref_is_null(f);
		return true;
	case WASM_OP_REF_FUNC:
		ref_func(f, insn->index);
		return true;
	case WASM_OP_REF_AS_NON_NULL:
		ref_as_non_null(f);
		return true;
	default:
		return const_emit(f, insn);
	}
}
