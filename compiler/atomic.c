/*
 * Atomic accesses, fences, waiting (threads proposal). All are sequentially consistent, and
 * volatile, as the code generator must not take an access that changes nothing for a mere fence.
 * Trust: the module is validated. Indices and values are the guest's.
 * Invariant: alignment is checked before bounds, on the whole effective address.
 */
#include "compiler/function.h"

/* ---- accesses -------------------------------------------------------------------------------- */

static LLVMTypeRef atomic_int(const struct function *f, uint32_t size)
{
	return LLVMIntTypeInContext(f->u->context, size * 8);
}

/* Bits of the sum that an alignment of at most 8 looks at are those of the sum modulo 2^32. */
static void atomic_check_alignment(struct function *f, LLVMValueRef index, uint64_t offset,
				   uint32_t size)
{
	if (size == 1)
		return;
	LLVMValueRef at = LLVMBuildAdd(f->b, index, const_i32(f, (uint32_t)offset), "");
	LLVMValueRef low = LLVMBuildAnd(f->b, at, const_i32(f, size - 1), "");

	trap_if(f, LLVMBuildICmp(f->b, LLVMIntNE, low, const_i32(f, 0), ""), TRAP_UNALIGNED_ATOMIC);
}

static LLVMValueRef atomic_pointer(struct function *f, const struct wasm_insn *insn, uint32_t size)
{
	LLVMValueRef index = value_pop(f);

	atomic_check_alignment(f, index, insn->mem.offset, size);
	return memory_pointer(f, insn->mem.memory, index, insn->mem.offset, size);
}

static LLVMValueRef atomic_mark(struct function *f, LLVMValueRef access, uint32_t size)
{
	LLVMSetVolatile(access, true);
	return memory_access(f, access, size);
}

/* Takes an operand as `size` bytes: it is cut. */
static LLVMValueRef atomic_operand(struct function *f, uint32_t size)
{
	return LLVMBuildTrunc(f->b, value_pop(f), atomic_int(f, size), "");
}

static void atomic_push(struct function *f, LLVMValueRef v, uint32_t type)
{
	value_push(f, LLVMBuildZExt(f->b, v, value_type(f->u, type), ""), type);
}

static void atomic_load(struct function *f, const struct wasm_insn *insn, uint32_t type,
			uint32_t size)
{
	LLVMValueRef p = atomic_pointer(f, insn, size);
	LLVMValueRef load = LLVMBuildLoad2(f->b, atomic_int(f, size), p, "");

	LLVMSetOrdering(load, LLVMAtomicOrderingSequentiallyConsistent);
	atomic_push(f, atomic_mark(f, load, size), type);
}

static void atomic_store(struct function *f, const struct wasm_insn *insn, uint32_t size)
{
	LLVMValueRef v = atomic_operand(f, size);
	LLVMValueRef store = LLVMBuildStore(f->b, v, atomic_pointer(f, insn, size));

	LLVMSetOrdering(store, LLVMAtomicOrderingSequentiallyConsistent);
	atomic_mark(f, store, size);
}

/*
 * The same value, of unknown origin. LLVM 19 makes LOCK BTS and its kind, or LOCK ADD and a
 * condition, of an exchange whose result is only looked at in part, and forgets the segment on the
 * way (X86ISelLowering: emitBitTestAtomicRMWIntrinsic, emitCmpArithAtomicRMWIntrinsic): that would
 * be an access outside the window. It sees no such use through this.
 */
static LLVMValueRef atomic_hide(struct function *f, LLVMValueRef v)
{
	LLVMTypeRef type = LLVMTypeOf(v);
	LLVMTypeRef func = LLVMFunctionType(type, &type, 1, false);
	LLVMValueRef same = LLVMGetInlineAsm(func, "", 0, "=r,0", 4, false, false,
					     LLVMInlineAsmDialectATT, false);

	return LLVMBuildCall2(f->b, func, same, &v, 1, "");
}

static void atomic_change(struct function *f, const struct wasm_insn *insn, LLVMAtomicRMWBinOp op,
			  uint32_t type, uint32_t size)
{
	LLVMValueRef v = atomic_operand(f, size);
	LLVMValueRef old = LLVMBuildAtomicRMW(f->b, op, atomic_pointer(f, insn, size), v,
					      LLVMAtomicOrderingSequentiallyConsistent, false);

	atomic_push(f, atomic_hide(f, atomic_mark(f, old, size)), type);
}

static void atomic_compare(struct function *f, const struct wasm_insn *insn, uint32_t type,
			   uint32_t size)
{
	LLVMValueRef v = atomic_operand(f, size);
	LLVMValueRef expected = atomic_operand(f, size);
	LLVMValueRef pair = LLVMBuildAtomicCmpXchg(f->b, atomic_pointer(f, insn, size), expected, v,
						   LLVMAtomicOrderingSequentiallyConsistent,
						   LLVMAtomicOrderingSequentiallyConsistent, false);

	atomic_mark(f, pair, size);
	atomic_push(f, LLVMBuildExtractValue(f->b, pair, 0, ""), type);
}

/* ---- waiting --------------------------------------------------------------------------------- */

/* Alignment, bounds and the kind of memory are the helper's to check. */
static LLVMValueRef atomic_address(struct function *f, const struct wasm_insn *insn)
{
	LLVMValueRef wide = LLVMBuildZExt(f->b, value_pop(f), f->u->i64, "");

	return LLVMBuildAdd(f->b, wide, const_i64(f, insn->mem.offset), "");
}

static void atomic_wait(struct function *f, const struct wasm_insn *insn, enum native_helper helper)
{
	LLVMValueRef timeout = value_pop(f), expected = value_pop(f);
	LLVMValueRef args[] = {const_i32(f, insn->mem.memory), atomic_address(f, insn), expected,
			       timeout};

	value_push(f, helper_call(f, helper, args), WASM_I32);
}

static void atomic_notify(struct function *f, const struct wasm_insn *insn)
{
	LLVMValueRef count = value_pop(f);
	LLVMValueRef args[] = {const_i32(f, insn->mem.memory), atomic_address(f, insn), count};

	value_push(f, helper_call(f, NATIVE_HELPER_notify, args), WASM_I32);
}

/* ---- instructions ---------------------------------------------------------------------------- */

static bool atomic_emit_wait(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_MEMORY_ATOMIC_NOTIFY:
		atomic_notify(f, insn);
		return true;
	case WASM_OP_MEMORY_ATOMIC_WAIT32:
		atomic_wait(f, insn, NATIVE_HELPER_wait32);
		return true;
	case WASM_OP_MEMORY_ATOMIC_WAIT64:
		atomic_wait(f, insn, NATIVE_HELPER_wait64);
		return true;
	case WASM_OP_ATOMIC_FENCE:
		LLVMBuildFence(f->b, LLVMAtomicOrderingSequentiallyConsistent, false, "");
		return true;
	default:
		return false;
	}
}

/* What a group of instructions does: the first is of i32, then i64, then narrow ones of i32 (8, 16)
 * and of i64 (8, 16, 32), as their codes have it. */
static const struct atomic_width {
	uint8_t type, size;
} atomic_widths[] = {
	{WASM_I32, 4}, {WASM_I64, 8}, {WASM_I32, 1}, {WASM_I32, 2},
	{WASM_I64, 1}, {WASM_I64, 2}, {WASM_I64, 4},
};

enum { ATOMIC_WIDTHS = COUNT_OF(atomic_widths) };

static const struct atomic_group {
	enum wasm_op first;
	enum atomic_kind { ATOMIC_LOAD, ATOMIC_STORE, ATOMIC_CHANGE, ATOMIC_COMPARE } kind;
	LLVMAtomicRMWBinOp op;
} atomic_groups[] = {
	{WASM_OP_I32_ATOMIC_LOAD, ATOMIC_LOAD, 0},
	{WASM_OP_I32_ATOMIC_STORE, ATOMIC_STORE, 0},
	{WASM_OP_I32_ATOMIC_RMW_ADD, ATOMIC_CHANGE, LLVMAtomicRMWBinOpAdd},
	{WASM_OP_I32_ATOMIC_RMW_SUB, ATOMIC_CHANGE, LLVMAtomicRMWBinOpSub},
	{WASM_OP_I32_ATOMIC_RMW_AND, ATOMIC_CHANGE, LLVMAtomicRMWBinOpAnd},
	{WASM_OP_I32_ATOMIC_RMW_OR, ATOMIC_CHANGE, LLVMAtomicRMWBinOpOr},
	{WASM_OP_I32_ATOMIC_RMW_XOR, ATOMIC_CHANGE, LLVMAtomicRMWBinOpXor},
	{WASM_OP_I32_ATOMIC_RMW_XCHG, ATOMIC_CHANGE, LLVMAtomicRMWBinOpXchg},
	{WASM_OP_I32_ATOMIC_RMW_CMPXCHG, ATOMIC_COMPARE, 0},
};

/* opcode.def is dense: a group is ATOMIC_WIDTHS instructions from its first on. */
static_assert(WASM_OP_I64_ATOMIC_LOAD32_U - WASM_OP_I32_ATOMIC_LOAD == ATOMIC_WIDTHS - 1, "loads");
static_assert(WASM_OP_I32_ATOMIC_STORE - WASM_OP_I32_ATOMIC_LOAD == ATOMIC_WIDTHS, "stores");
static_assert(WASM_OP_I64_ATOMIC_RMW_ADD - WASM_OP_I32_ATOMIC_RMW_ADD == 1 &&
		      WASM_OP_I32_ATOMIC_RMW16_ADD_U - WASM_OP_I32_ATOMIC_RMW_ADD == 3 &&
		      WASM_OP_I64_ATOMIC_RMW32_ADD_U - WASM_OP_I32_ATOMIC_RMW_ADD == 6,
	      "widths");
static_assert(WASM_OP_I64_ATOMIC_RMW32_CMPXCHG_U - WASM_OP_I32_ATOMIC_LOAD ==
		      COUNT_OF(atomic_groups) * ATOMIC_WIDTHS - 1,
	      "groups");

static void atomic_emit_group(struct function *f, const struct wasm_insn *insn,
			      const struct atomic_group *group, struct atomic_width width)
{
	switch (group->kind) {
	case ATOMIC_LOAD:
		atomic_load(f, insn, width.type, width.size);
		break;
	case ATOMIC_STORE:
		atomic_store(f, insn, width.size);
		break;
	case ATOMIC_CHANGE:
		atomic_change(f, insn, group->op, width.type, width.size);
		break;
	case ATOMIC_COMPARE:
		atomic_compare(f, insn, width.type, width.size);
		break;
	}
}

bool atomic_emit(struct function *f, const struct wasm_insn *insn)
{
	if (atomic_emit_wait(f, insn))
		return true;
	if (insn->op < WASM_OP_I32_ATOMIC_LOAD || insn->op > WASM_OP_I64_ATOMIC_RMW32_CMPXCHG_U)
		return false;
	const uint32_t at = (uint32_t)insn->op - WASM_OP_I32_ATOMIC_LOAD;
	const struct atomic_group *group = &atomic_groups[at / ATOMIC_WIDTHS];

	must(group->first + at % ATOMIC_WIDTHS == (uint32_t)insn->op);
	atomic_emit_group(f, insn, group, atomic_widths[at % ATOMIC_WIDTHS]);
	return true;
}
