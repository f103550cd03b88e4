/*
 * Calls and tail calls: of functions of the module, of imports, through tables, through references.
 * Trust: the module is validated.
 */
#include "compiler/abi.h"
#include "compiler/table.h"

/* Whom a call goes to. */
struct callee {
	const struct wasm_func_type *type;
	LLVMValueRef code;
	LLVMValueRef ref; /* i32, of a call through memory; else NULL */
	bool may_throw;
};

static void call_finish(struct function *f, const struct callee *c, LLVMValueRef call)
{
	fuel_fetch(f);
	if (c->may_throw)
		exception_check(f);
	abi_push_results(f, c->type, call);
}

/* The caller's frame is gone: what is thrown does not come here. */
static void call_finish_tail(struct function *f, const struct callee *c, LLVMValueRef call)
{
	LLVMSetTailCallKind(call, LLVMTailCallKindMustTail);
	if (c->type->result_count)
		LLVMBuildRet(f->b, call);
	else
		LLVMBuildRetVoid(f->b);
	f->dead = true;
}

static void call_make(struct function *f, const struct callee *c, bool tail)
{
	LLVMValueRef args[ABI_ARGS_MAX];
	unsigned n = abi_pop_args(f, c->type, c->ref, args);
	LLVMTypeRef type = abi_func_type(f->u, c->type, c->ref);
	LLVMValueRef call = LLVMBuildCall2(f->b, type, c->code, args, n, "");

	abi_mark_call(f, call, c->ref);
	if (tail)
		call_finish_tail(f, c, call);
	else
		call_finish(f, c, call);
}

static void call_direct(struct function *f, uint32_t index, bool tail)
{
	struct callee c = {.type = wasm_func_type(f->m, index),
			   .may_throw = f->u->plan->may_throw[index]};

	if (index < f->m->import_func_count) {
		uint32_t slot = f->u->plan->layout.imports + 16 * index;

		c.ref = slot_load(f, slot + 8, f->u->i32);
		c.code = slot_load(f, slot, f->u->ptr);
	} else {
		c.code = abi_func(f->u, index);
	}
	call_make(f, &c, tail);
}

/* The entry is of another type, or null. */
static void trap_of_entry(struct function *f, LLVMValueRef entry)
{
	LLVMValueRef ref = entry_load(f, entry, offsetof(struct native_entry, ref), f->u->i32);

	trap_if(f, LLVMBuildICmp(f->b, LLVMIntEQ, ref, const_i32(f, 0), ""),
		TRAP_UNINITIALIZED_ELEMENT);
	trap_now(f, TRAP_INDIRECT_CALL_TYPE);
}

static void check_signature(struct function *f, LLVMValueRef entry, uint32_t type)
{
	uint32_t slot = f->u->plan->layout.sigs + 8 * type;
	LLVMBasicBlockRef wrong = block_new(f, ""), next = block_new(f, "");
	LLVMValueRef expected = slot_load(f, slot, f->u->i32);
	LLVMValueRef sig = entry_load(f, entry, offsetof(struct native_entry, sig), f->u->i32);
	LLVMValueRef differs = LLVMBuildICmp(f->b, LLVMIntNE, sig, expected, "");

	LLVMSetMetadata(LLVMBuildCondBr(f->b, differs, wrong, next), f->u->prof_kind,
			f->u->unlikely);
	block_begin(f, wrong);
	trap_of_entry(f, entry);
	block_begin(f, next);
}

static void call_indirect(struct function *f, const struct wasm_insn *insn, bool tail)
{
	LLVMValueRef entry = table_entry(f, insn->index2, value_pop(f), TRAP_UNDEFINED_ELEMENT);

	check_signature(f, entry, insn->index);
	struct callee c = {
		.type = &f->m->types[insn->index],
		.code = entry_load(f, entry, offsetof(struct native_entry, code), f->u->ptr),
		.ref = entry_load(f, entry, offsetof(struct native_entry, ref), f->u->i32),
		.may_throw = f->u->plan->indirect_may_throw};

	call_make(f, &c, tail);
}

static void call_reference(struct function *f, const struct wasm_insn *insn, bool tail)
{
	uint32_t table = f->u->plan->layout.function_table;
	LLVMValueRef ref = value_pop(f);
	LLVMValueRef count = slot_load(f, table + 8, f->u->i64);

	trap_if(f, LLVMBuildICmp(f->b, LLVMIntEQ, ref, const_i32(f, 0), ""), TRAP_NULL_FUNCTION);
	LLVMValueRef wide = opaque_index(f, ref);

	trap_if(f, LLVMBuildICmp(f->b, LLVMIntUGE, wide, count, ""), TRAP_NULL_FUNCTION);
	LLVMValueRef entry = entry_pointer(f, table, wide);
	struct callee c = {
		.type = &f->m->types[insn->index],
		.code = entry_load(f, entry, offsetof(struct native_entry, code), f->u->ptr),
		.ref = ref,
		.may_throw = f->u->plan->indirect_may_throw};

	call_make(f, &c, tail);
}

bool call_emit(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_CALL:
	case WASM_OP_RETURN_CALL:
		call_direct(f, insn->index, insn->op == WASM_OP_RETURN_CALL);
		return true;
	case WASM_OP_CALL_INDIRECT:
	case WASM_OP_RETURN_CALL_INDIRECT:
		call_indirect(f, insn, insn->op == WASM_OP_RETURN_CALL_INDIRECT);
		return true;
	case WASM_OP_CALL_REF:
	case WASM_OP_RETURN_CALL_REF:
		call_reference(f, insn, insn->op == WASM_OP_RETURN_CALL_REF);
		return true;
	default:
		return false;
	}
}
