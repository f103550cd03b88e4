/*
 * Tables. Their entries are read here and written by the runtime alone.
 * Trust: the module is validated.
 */
#include "compiler/table.h"

#include "compiler/abi.h"

/* What the table's type fixes, the code need not look up. */
static bool table_is_fixed(const struct wasm_table *t)
{
	return t->type.limits.has_max && t->type.limits.min == t->type.limits.max;
}

static uint32_t table_slot(struct function *f, uint32_t table)
{
	return f->u->plan->layout.tables + 16 * table;
}

LLVMValueRef table_count(struct function *f, uint32_t table)
{
	const struct wasm_table *t = &f->m->tables[table];

	if (table_is_fixed(t))
		return const_i64(f, t->type.limits.min);
	return slot_load(f, table_slot(f, table) + 8, f->u->i64);
}

LLVMValueRef entry_pointer(struct function *f, uint32_t slot, LLVMValueRef index)
{
	LLVMValueRef base = slot_load(f, slot, f->u->ptr);
	LLVMTypeRef entry = LLVMArrayType2(f->u->i8, sizeof(struct native_entry));

	return LLVMBuildGEP2(f->b, entry, base, &index, 1, "");
}

LLVMValueRef table_entry(struct function *f, uint32_t table, LLVMValueRef index,
			 enum wasm_trap trap)
{
	LLVMValueRef wide = opaque_index(f, index);

	trap_if(f, LLVMBuildICmp(f->b, LLVMIntUGE, wide, table_count(f, table), ""), trap);
	return entry_pointer(f, table_slot(f, table), wide);
}

LLVMValueRef entry_load(struct function *f, LLVMValueRef entry, uint32_t offset, LLVMTypeRef type)
{
	LLVMValueRef at = const_i64(f, offset);
	LLVMValueRef p = LLVMBuildGEP2(f->b, f->u->i8, entry, &at, 1, "");
	LLVMValueRef v = LLVMBuildLoad2(f->b, type, p, "");

	LLVMSetAlignment(v, offset ? 4 : 8);
	abi_mark_access(f, v, f->u->tbaa_table);
	return v;
}

static void table_get(struct function *f, uint32_t table)
{
	LLVMValueRef entry = table_entry(f, table, value_pop(f), TRAP_TABLE_BOUNDS);
	LLVMValueRef ref = entry_load(f, entry, offsetof(struct native_entry, ref), f->u->i32);

	value_push(f, ref, f->m->tables[table].type.elem);
}

/* The topmost n values, in their order, after what names the table. */
static LLVMValueRef call_with_operands(struct function *f, enum native_helper helper,
				       LLVMValueRef *args, unsigned named, unsigned n)
{
	for (unsigned i = n; i-- > 0;)
		args[named + i] = value_pop(f);
	return helper_call(f, helper, args);
}

bool table_emit(struct function *f, const struct wasm_insn *insn)
{
	LLVMValueRef args[NATIVE_INT_ARGS] = {const_i32(f, insn->index)};

	switch (insn->op) {
	case WASM_OP_TABLE_GET:
		table_get(f, insn->index);
		return true;
	case WASM_OP_TABLE_SET:
		call_with_operands(f, NATIVE_HELPER_table_set, args, 1, 2);
		return true;
	case WASM_OP_TABLE_SIZE:
		value_push(f, LLVMBuildTrunc(f->b, table_count(f, insn->index), f->u->i32, ""),
			   WASM_I32);
		return true;
	case WASM_OP_TABLE_GROW:
		value_push(f, call_with_operands(f, NATIVE_HELPER_table_grow, args, 1, 2),
			   WASM_I32);
		return true;
	case WASM_OP_TABLE_FILL:
		call_with_operands(f, NATIVE_HELPER_table_fill, args, 1, 3);
		return true;
	case WASM_OP_TABLE_COPY:
		args[1] = const_i32(f, insn->index2);
		call_with_operands(f, NATIVE_HELPER_table_copy, args, 2, 3);
		return true;
	case WASM_OP_TABLE_INIT:
		args[0] = const_i32(f, insn->index2);
		args[1] = const_i32(f, insn->index);
		call_with_operands(f, NATIVE_HELPER_table_init, args, 2, 3);
		return true;
	case WASM_OP_ELEM_DROP:
		helper_call(f, NATIVE_HELPER_elem_drop, args);
		return true;
	default:
		return false;
	}
}
