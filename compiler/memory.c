/*
 * Loads and stores, scalar and SIMD, and the size of memories.
 * Trust: the module is validated, so every memory and lane exists and operands have their types.
 * Indices are the guest's.
 * Invariant: an access of the window is at a zero-extended 32-bit index plus an offset below 2^32,
 * so it stays inside NATIVE_WINDOW_SIZE; any other access stands behind its own check. A store of a
 * Wasm value is one store instruction, so that it writes all or, when it traps, nothing.
 */
#include "compiler/function.h"

#define MEMORY_PAGE_LOG2 16

/* ---- addresses ------------------------------------------------------------------------------- */

bool memory_in_window(const struct unit *u, uint32_t memory)
{
	return memory == 0 && !(u->plan->options->flags & NATIVE_CHECKED);
}

/* An index as i64. */
static LLVMValueRef memory_index(struct function *f, LLVMValueRef index)
{
	return f->u->form >= UNIT_OPAQUE ? opaque_index(f, index)
					 : LLVMBuildZExt(f->b, index, f->u->i64, "");
}

static LLVMValueRef memory_offset(struct function *f, LLVMValueRef pointer, LLVMValueRef offset)
{
	LLVMValueRef p = LLVMBuildGEP2(f->b, f->u->i8, pointer, &offset, 1, "");

	/* neither sum can wrap: 33 bits from the start of a memory */
	if (LLVMIsAGetElementPtrInst(p))
		LLVMGEPSetNoWrapFlags(p, LLVMGEPFlagNUW | LLVMGEPFlagNUSW);
	return p;
}

/* The window begins at GS, so a pointer is a distance from null (doc/native.md). */
static LLVMValueRef memory_window_pointer(struct function *f, LLVMValueRef index, uint64_t offset)
{
	LLVMValueRef null = LLVMConstNull(f->u->ptr_gs);

	if (LLVMIsAConstantInt(index))
		return memory_offset(f, null,
				     const_i64(f, LLVMConstIntGetZExtValue(index) + offset));
	LLVMValueRef p = memory_offset(f, null, memory_index(f, index));

	return offset ? memory_offset(f, p, const_i64(f, offset)) : p;
}

static uint32_t memory_slot(const struct function *f, uint32_t memory)
{
	return f->u->plan->layout.memories + 16 * memory;
}

LLVMValueRef memory_size_bytes(struct function *f, uint32_t memory)
{
	return slot_load(f, memory_slot(f, memory) + 8, f->u->i64);
}

static LLVMValueRef memory_helper_size(struct function *f, uint32_t memory)
{
	LLVMValueRef args[] = {const_i32(f, memory)};

	return helper_call(f, NATIVE_HELPER_memory_size, args);
}

/* The slot of a shared memory may hold an earlier size: only the runtime can say no. When it is asked, it puts
 * the size of now into the slot. */
static void memory_check_shared(struct function *f, uint32_t memory, LLVMValueRef end,
				LLVMValueRef beyond)
{
	LLVMBasicBlockRef ask = block_new(f, "ask"), inside = block_new(f, "inside");
	LLVMValueRef way = LLVMBuildCondBr(f->b, beyond, ask, inside);

	LLVMSetMetadata(way, f->u->prof_kind, f->u->unlikely);
	block_begin(f, ask);
	memory_helper_size(f, memory);
	LLVMValueRef size = memory_size_bytes(f, memory);

	trap_if(f, LLVMBuildICmp(f->b, LLVMIntUGT, end, size, ""), TRAP_MEMORY_BOUNDS);
	LLVMBuildBr(f->b, inside);
	block_begin(f, inside);
}

/* For the verifier: index and offset as one number below 2^32, of which nothing else is known. */
static LLVMValueRef memory_simple_index(struct function *f, LLVMValueRef index, uint64_t offset)
{
	LLVMValueRef wide = LLVMBuildZExt(f->b, index, f->u->i64, "");
	LLVMValueRef at = LLVMBuildNUWAdd(f->b, wide, const_i64(f, offset), "");

	trap_if(f, LLVMBuildICmp(f->b, LLVMIntUGT, at, const_i64(f, UINT32_MAX), ""),
		TRAP_MEMORY_BOUNDS);
	return LLVMBuildTrunc(f->b, at, f->u->i32, "");
}

static LLVMValueRef memory_checked_pointer(struct function *f, uint32_t memory, LLVMValueRef index,
					   uint64_t offset, uint32_t size)
{
	if (f->u->form >= UNIT_OPAQUE && offset) {
		index = memory_simple_index(f, index, offset);
		offset = 0;
	}
	LLVMValueRef wide = memory_index(f, index);
	LLVMValueRef end = LLVMBuildNUWAdd(f->b, wide, const_i64(f, offset + size), "");
	LLVMValueRef beyond =
		LLVMBuildICmp(f->b, LLVMIntUGT, end, memory_size_bytes(f, memory), "");

	if (f->m->memories[memory].shared)
		memory_check_shared(f, memory, end, beyond);
	else
		trap_if(f, beyond, TRAP_MEMORY_BOUNDS);
	LLVMValueRef p = memory_offset(f, slot_load(f, memory_slot(f, memory), f->u->ptr), wide);

	return offset ? memory_offset(f, p, const_i64(f, offset)) : p;
}

LLVMValueRef memory_pointer(struct function *f, uint32_t memory, LLVMValueRef index,
			    uint64_t offset, uint32_t size)
{
	if (memory_in_window(f->u, memory))
		return memory_window_pointer(f, index, offset);
	return memory_checked_pointer(f, memory, index, offset, size);
}

/* ---- accesses -------------------------------------------------------------------------------- */

LLVMValueRef memory_access(struct function *f, LLVMValueRef insn, unsigned align)
{
	LLVMSetAlignment(insn, align ? align : 1);
	LLVMSetMetadata(insn, f->u->tbaa_kind, f->u->tbaa_memory);
	return insn;
}

/* Only what is in the window is kept: elsewhere it is the check that traps. */
static LLVMValueRef memory_load(struct function *f, const struct wasm_insn *insn, LLVMTypeRef type,
				uint32_t size)
{
	LLVMValueRef p = memory_pointer(f, insn->mem.memory, value_pop(f), insn->mem.offset, size);
	LLVMValueRef load = memory_access(f, LLVMBuildLoad2(f->b, type, p, ""), 0);

	if (memory_in_window(f->u, insn->mem.memory))
		keep_load(f, load);
	else if (f->u->form >=
		 UNIT_OPAQUE) /* or one of two loads becomes a load of one of two addresses */
		LLVMSetVolatile(load, true);
	return load;
}

static void memory_store(struct function *f, const struct wasm_insn *insn, LLVMValueRef v,
			 uint32_t size)
{
	LLVMValueRef p = memory_pointer(f, insn->mem.memory, value_pop(f), insn->mem.offset, size);

	memory_access(f, LLVMBuildStore(f->b, v, p), 0);
}

static LLVMTypeRef memory_int(const struct unit *u, uint32_t size)
{
	return LLVMIntTypeInContext(u->context, size * 8);
}

/* ---- scalar ---------------------------------------------------------------------------------- */

static void load_plain(struct function *f, const struct wasm_insn *insn, uint32_t type,
		       uint32_t size)
{
	value_push(f, memory_load(f, insn, value_type(f->u, type), size), type);
}

static void load_extend(struct function *f, const struct wasm_insn *insn, uint32_t type,
			uint32_t size, bool is_signed)
{
	LLVMValueRef v = memory_load(f, insn, memory_int(f->u, size), size);
	LLVMTypeRef to = value_type(f->u, type);

	value_push(f, is_signed ? LLVMBuildSExt(f->b, v, to, "") : LLVMBuildZExt(f->b, v, to, ""),
		   type);
}

static void store_plain(struct function *f, const struct wasm_insn *insn, uint32_t size)
{
	memory_store(f, insn, value_pop(f), size);
}

static void store_narrow(struct function *f, const struct wasm_insn *insn, uint32_t size)
{
	LLVMValueRef v = LLVMBuildTrunc(f->b, value_pop(f), memory_int(f->u, size), "");

	memory_store(f, insn, v, size);
}

static bool memory_emit_load(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_I32_LOAD:
		load_plain(f, insn, WASM_I32, 4);
		return true;
	case WASM_OP_I64_LOAD:
		load_plain(f, insn, WASM_I64, 8);
		return true;
	case WASM_OP_F32_LOAD:
		load_plain(f, insn, WASM_F32, 4);
		return true;
	case WASM_OP_F64_LOAD:
		load_plain(f, insn, WASM_F64, 8);
		return true;
	case WASM_OP_V128_LOAD:
		load_plain(f, insn, WASM_V128, 16);
		return true;
	case WASM_OP_I32_LOAD8_S:
		load_extend(f, insn, WASM_I32, 1, true);
		return true;
	case WASM_OP_I32_LOAD8_U:
		load_extend(f, insn, WASM_I32, 1, false);
		return true;
	case WASM_OP_I32_LOAD16_S:
		load_extend(f, insn, WASM_I32, 2, true);
		return true;
	case WASM_OP_I32_LOAD16_U:
		load_extend(f, insn, WASM_I32, 2, false);
		return true;
	case WASM_OP_I64_LOAD8_S:
		load_extend(f, insn, WASM_I64, 1, true);
		return true;
	case WASM_OP_I64_LOAD8_U:
		load_extend(f, insn, WASM_I64, 1, false);
		return true;
	case WASM_OP_I64_LOAD16_S:
		load_extend(f, insn, WASM_I64, 2, true);
		return true;
	case WASM_OP_I64_LOAD16_U:
		load_extend(f, insn, WASM_I64, 2, false);
		return true;
	case WASM_OP_I64_LOAD32_S:
		load_extend(f, insn, WASM_I64, 4, true);
		return true;
	case WASM_OP_I64_LOAD32_U:
		load_extend(f, insn, WASM_I64, 4, false);
		return true;
	default:
		return false;
	}
}

static bool memory_emit_store(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_I32_STORE:
	case WASM_OP_F32_STORE:
		store_plain(f, insn, 4);
		return true;
	case WASM_OP_I64_STORE:
	case WASM_OP_F64_STORE:
		store_plain(f, insn, 8);
		return true;
	case WASM_OP_V128_STORE:
		store_plain(f, insn, 16);
		return true;
	case WASM_OP_I32_STORE8:
	case WASM_OP_I64_STORE8:
		store_narrow(f, insn, 1);
		return true;
	case WASM_OP_I32_STORE16:
	case WASM_OP_I64_STORE16:
		store_narrow(f, insn, 2);
		return true;
	case WASM_OP_I64_STORE32:
		store_narrow(f, insn, 4);
		return true;
	default:
		return false;
	}
}

/* ---- vectors --------------------------------------------------------------------------------- */

static void vector_push(struct function *f, LLVMValueRef v)
{
	value_push(f, LLVMBuildBitCast(f->b, v, f->u->v128, ""), WASM_V128);
}

/* As lanes of `size` bytes. */
static LLVMValueRef vector_lanes(struct function *f, LLVMValueRef v, uint32_t size)
{
	return LLVMBuildBitCast(f->b, v, LLVMVectorType(memory_int(f->u, size), 16 / size), "");
}

/* Eight bytes as lanes of `size` bytes, each to twice its width. */
static void vector_load_extend(struct function *f, const struct wasm_insn *insn, uint32_t size,
			       bool is_signed)
{
	uint32_t lanes = 8 / size;
	LLVMTypeRef wide = LLVMVectorType(memory_int(f->u, 2 * size), lanes);
	LLVMValueRef v = memory_load(f, insn, LLVMVectorType(memory_int(f->u, size), lanes), 8);

	vector_push(f, is_signed ? LLVMBuildSExt(f->b, v, wide, "")
				 : LLVMBuildZExt(f->b, v, wide, ""));
}

static void vector_load_splat(struct function *f, const struct wasm_insn *insn, uint32_t size)
{
	LLVMValueRef v = memory_load(f, insn, memory_int(f->u, size), size);
	LLVMTypeRef type = LLVMVectorType(memory_int(f->u, size), 16 / size);
	LLVMTypeRef mask = LLVMVectorType(f->u->i32, 16 / size);
	LLVMValueRef one =
		LLVMBuildInsertElement(f->b, LLVMGetPoison(type), v, const_i32(f, 0), "");

	vector_push(
		f, LLVMBuildShuffleVector(f->b, one, LLVMGetPoison(type), LLVMConstNull(mask), ""));
}

static void vector_load_zero(struct function *f, const struct wasm_insn *insn, uint32_t size)
{
	LLVMValueRef v = memory_load(f, insn, memory_int(f->u, size), size);
	LLVMTypeRef type = LLVMVectorType(memory_int(f->u, size), 16 / size);

	vector_push(f, LLVMBuildInsertElement(f->b, LLVMConstNull(type), v, const_i32(f, 0), ""));
}

static void vector_load_lane(struct function *f, const struct wasm_insn *insn, uint32_t size)
{
	LLVMValueRef lanes = vector_lanes(f, value_pop(f), size);
	LLVMValueRef v = memory_load(f, insn, memory_int(f->u, size), size);

	vector_push(f, LLVMBuildInsertElement(f->b, lanes, v, const_i32(f, insn->mem.lane), ""));
}

static void vector_store_lane(struct function *f, const struct wasm_insn *insn, uint32_t size)
{
	LLVMValueRef lanes = vector_lanes(f, value_pop(f), size);

	memory_store(f, insn,
		     LLVMBuildExtractElement(f->b, lanes, const_i32(f, insn->mem.lane), ""), size);
}

static bool memory_emit_extend(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_V128_LOAD8X8_S:
		vector_load_extend(f, insn, 1, true);
		return true;
	case WASM_OP_V128_LOAD8X8_U:
		vector_load_extend(f, insn, 1, false);
		return true;
	case WASM_OP_V128_LOAD16X4_S:
		vector_load_extend(f, insn, 2, true);
		return true;
	case WASM_OP_V128_LOAD16X4_U:
		vector_load_extend(f, insn, 2, false);
		return true;
	case WASM_OP_V128_LOAD32X2_S:
		vector_load_extend(f, insn, 4, true);
		return true;
	case WASM_OP_V128_LOAD32X2_U:
		vector_load_extend(f, insn, 4, false);
		return true;
	default:
		return false;
	}
}

static bool memory_emit_vector(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_V128_LOAD8_SPLAT:
		vector_load_splat(f, insn, 1);
		return true;
	case WASM_OP_V128_LOAD16_SPLAT:
		vector_load_splat(f, insn, 2);
		return true;
	case WASM_OP_V128_LOAD32_SPLAT:
		vector_load_splat(f, insn, 4);
		return true;
	case WASM_OP_V128_LOAD64_SPLAT:
		vector_load_splat(f, insn, 8);
		return true;
	case WASM_OP_V128_LOAD32_ZERO:
		vector_load_zero(f, insn, 4);
		return true;
	case WASM_OP_V128_LOAD64_ZERO:
		vector_load_zero(f, insn, 8);
		return true;
	default:
		return false;
	}
}

static bool memory_emit_lane(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_V128_LOAD8_LANE:
		vector_load_lane(f, insn, 1);
		return true;
	case WASM_OP_V128_LOAD16_LANE:
		vector_load_lane(f, insn, 2);
		return true;
	case WASM_OP_V128_LOAD32_LANE:
		vector_load_lane(f, insn, 4);
		return true;
	case WASM_OP_V128_LOAD64_LANE:
		vector_load_lane(f, insn, 8);
		return true;
	case WASM_OP_V128_STORE8_LANE:
		vector_store_lane(f, insn, 1);
		return true;
	case WASM_OP_V128_STORE16_LANE:
		vector_store_lane(f, insn, 2);
		return true;
	case WASM_OP_V128_STORE32_LANE:
		vector_store_lane(f, insn, 4);
		return true;
	case WASM_OP_V128_STORE64_LANE:
		vector_store_lane(f, insn, 8);
		return true;
	default:
		return false;
	}
}

/* ---- whole memories -------------------------------------------------------------------------- */

static void memory_emit_size(struct function *f, uint32_t memory)
{
	if (f->m->memories[memory].shared) {
		value_push(f, memory_helper_size(f, memory), WASM_I32);
		return;
	}
	LLVMValueRef pages = LLVMBuildLShr(f->b, memory_size_bytes(f, memory),
					   const_i64(f, MEMORY_PAGE_LOG2), "");

	value_push(f, LLVMBuildTrunc(f->b, pages, f->u->i32, ""), WASM_I32);
}

static void memory_emit_grow(struct function *f, uint32_t memory)
{
	LLVMValueRef args[] = {const_i32(f, memory), value_pop(f)};

	value_push(f, helper_call(f, NATIVE_HELPER_memory_grow, args), WASM_I32);
}

bool memory_emit(struct function *f, const struct wasm_insn *insn)
{
	if (insn->op == WASM_OP_MEMORY_SIZE)
		memory_emit_size(f, insn->index);
	else if (insn->op == WASM_OP_MEMORY_GROW)
		memory_emit_grow(f, insn->index);
	else
		return memory_emit_load(f, insn) || memory_emit_store(f, insn) ||
		       memory_emit_extend(f, insn) || memory_emit_vector(f, insn) ||
		       memory_emit_lane(f, insn);
	return true;
}
