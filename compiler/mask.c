/*
 * Code that the verifier can follow (doc/verifier.md): it knows intervals, and what has been compared with what;
 * LLVM knows more. Where that matters a value goes through an instruction that LLVM cannot look into.
 *
 * Always: the index of a table's entry, so that the value that is checked is the value that is used.
 * In functions that did not verify (compiler/prove.c), once the passes are done: addresses in the window. The
 * passes, and at -O2 and -O3 the vectorizer, count in addresses, or from their end; what is added
 * to what is right, but not to be seen. What is no extended index plus an offset is masked; if that was not
 * enough, each index is extended again, too, which costs a move. The mask changes nothing, for index and offset are below 2^32 each and so their sum is below 2^33. What is masked
 * is the lowest address of those that a block has of the same base, since only of real addresses that is known.
 *
 * Trust: none; the verifier has the last word.
 */
#include "compiler/unit.h"

#include <llvm-c/Target.h>
#include <string.h>

#include "base/heap.h"

#define ADDRESS_MASK ((UINT64_C(1) << 33) - 1)
#define DEPTH_MAX    8u /* of constants that are added to a base */

/* ---- what LLVM cannot look into ------------------------------------------------------------------ */

static void opaque_attribute(struct unit *u, LLVMValueRef call, const char *name)
{
	unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));

	must(kind != 0);
	LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
				 LLVMCreateEnumAttribute(u->context, kind, 0));
}

/* pinned: it stays where it is; else it may go wherever its operands are known. */
static LLVMValueRef opaque_build(struct unit *u, LLVMBuilderRef b, const char *text,
				 const char *constraints, LLVMValueRef *args, unsigned count,
				 bool pinned)
{
	LLVMTypeRef types[2];

	must(count <= COUNT_OF(types));
	for (unsigned i = 0; i < count; i++)
		types[i] = LLVMTypeOf(args[i]);
	LLVMTypeRef type = LLVMFunctionType(u->i64, types, count, false);
	LLVMValueRef code =
		LLVMGetInlineAsm(type, text, strlen(text), constraints, strlen(constraints), pinned,
				 false, LLVMInlineAsmDialectATT, false);
	LLVMValueRef call = LLVMBuildCall2(b, type, code, args, count, "");

	opaque_attribute(u, call, "nounwind");
	opaque_attribute(u, call, "willreturn");
	if (!pinned)
		opaque_attribute(u, call, "memory"); /* 0: none */
	return call;
}

/* A move; or what the verifier does not look into, either: a constant, or a multiple of another value, is known
 * as such to it, and then it does not remember what it was compared with. */
static LLVMValueRef opaque_extend(struct unit *u, LLVMBuilderRef b, LLVMValueRef v, bool pinned)
{
	const char *text = u->form >= UNIT_OPAQUE
				   ? "movl ${1:k}, ${0:k}\n\tbswapl ${0:k}\n\tbswapl ${0:k}"
				   : "movl ${1:k}, ${0:k}";

	return opaque_build(u, b, text, "=r,r", &v, 1, pinned);
}

LLVMValueRef opaque_index(struct function *f, LLVMValueRef index)
{
	/* in a loop nothing that is made of it stands outside, apart from the check */
	return opaque_extend(f->u, f->b, index, true);
}

static LLVMValueRef opaque_mask(struct unit *u, LLVMBuilderRef b, LLVMValueRef address)
{
	LLVMValueRef args[] = {address, LLVMConstInt(u->i64, ADDRESS_MASK, false)};

	return opaque_build(u, b, "andq $2, $0", "=r,0,r,~{flags}", args, 2, false);
}

/* ---- addresses in the window ---------------------------------------------------------------------- */

/* An access of the window. */
struct access {
	LLVMValueRef insn;
	unsigned operand;
	LLVMValueRef base;  /* a pointer */
	LLVMValueRef index; /* not NULL: the base is a constant, in the offset, plus this number */
	int64_t offset;	    /* of its address from the base, or from the index */
	bool done;
};

/* Of a block, one after the other. */
struct accesses {
	struct unit *u;
	LLVMTargetDataRef data;
	struct access *list;
	uint32_t count, room;
};

static bool is_window_pointer(LLVMValueRef v)
{
	LLVMTypeRef type = LLVMTypeOf(v);

	return LLVMGetTypeKind(type) == LLVMPointerTypeKind &&
	       LLVMGetPointerAddressSpace(type) == 256;
}

/* A pointer plus a constant. */
static bool is_constant_step(LLVMTargetDataRef data, LLVMValueRef v, int64_t *step)
{
	if (!LLVMIsAGetElementPtrInst(v) || LLVMGetNumOperands(v) != 2 ||
	    !LLVMIsAConstantInt(LLVMGetOperand(v, 1)))
		return false;
	uint64_t size = LLVMABISizeOfType(data, LLVMGetGEPSourceElementType(v));
	int64_t n = LLVMConstIntGetSExtValue(LLVMGetOperand(v, 1));

	return !__builtin_mul_overflow(n, (int64_t)size, step) && *step > INT32_MIN &&
	       *step < INT32_MAX;
}

/* A pointer that is a number of bytes from the window's begin. */
static bool is_constant_pointer(const struct unit *u, LLVMValueRef v, int64_t *at)
{
	if (!LLVMIsConstant(v))
		return false;
	LLVMValueRef n = LLVMConstPtrToInt(v, u->i64);

	if (!LLVMIsAConstantInt(n))
		return false;
	*at = LLVMConstIntGetSExtValue(n);
	return *at >= 0 && *at <= (int64_t)ADDRESS_MASK;
}

static bool is_index_step(struct accesses *a, LLVMValueRef v, int64_t *at)
{
	return LLVMIsAGetElementPtrInst(v) && LLVMGetNumOperands(v) == 2 &&
	       LLVMABISizeOfType(a->data, LLVMGetGEPSourceElementType(v)) == 1 &&
	       LLVMTypeOf(LLVMGetOperand(v, 1)) == a->u->i64 &&
	       is_constant_pointer(a->u, LLVMGetOperand(v, 0), at);
}

static void access_find_base(struct accesses *a, struct access *access, LLVMValueRef pointer)
{
	int64_t step;

	access->base = pointer;
	for (unsigned i = 0; i < DEPTH_MAX && is_constant_step(a->data, access->base, &step); i++) {
		access->base = LLVMGetOperand(access->base, 0);
		access->offset += step;
	}
	if (is_index_step(a, access->base, &step)) {
		access->index = LLVMGetOperand(access->base, 1);
		access->offset += step;
	}
}

static bool access_has_base(const struct access *access, const struct access *other)
{
	return access->index ? access->index == other->index : access->base == other->base;
}

static bool index_is_extended(LLVMValueRef n)
{
	return LLVMIsAZExtInst(n) && LLVMGetIntTypeWidth(LLVMTypeOf(LLVMGetOperand(n, 0))) == 32;
}

static bool index_is_opaque(LLVMValueRef n)
{
	return LLVMIsACallInst(n) && LLVMIsAInlineAsm(LLVMGetCalledValue(n));
}

/* The index is extended where the base is made, for all that use it. */
static void access_extend(struct unit *u, const struct access *access)
{
	LLVMBuilderRef b = LLVMCreateBuilderInContext(u->context);

	LLVMPositionBuilderBefore(b, access->base);
	LLVMSetOperand(access->base, 1,
		       opaque_extend(u, b, LLVMGetOperand(access->index, 0), false));
	LLVMDisposeBuilder(b);
}

/* What an access of that base reaches, `least` bytes from it. */
static LLVMValueRef access_address(struct unit *u, LLVMBuilderRef b, const struct access *access,
				   int64_t least)
{
	LLVMValueRef step = LLVMConstInt(u->i64, (uint64_t)least, true);

	if (access->index)
		return LLVMBuildAdd(b, access->index, step, "");
	return LLVMBuildPtrToInt(b, LLVMBuildGEP2(b, u->i8, access->base, &step, 1, ""), u->i64,
				 "");
}

/* The accesses of the same base get their addresses from the lowest, masked. */
static void accesses_mask(struct accesses *a, uint32_t first)
{
	struct unit *u = a->u;
	const struct access of = a->list[first];
	LLVMBuilderRef b = LLVMCreateBuilderInContext(u->context);
	LLVMValueRef null = LLVMConstNull(u->ptr_gs);
	int64_t least = of.offset;

	for (uint32_t i = first; i < a->count; i++)
		if (access_has_base(&of, &a->list[i]) && a->list[i].offset < least)
			least = a->list[i].offset;
	LLVMPositionBuilderBefore(b, of.insn);
	LLVMValueRef masked = opaque_mask(u, b, access_address(u, b, &of, least));
	LLVMValueRef from = LLVMBuildGEP2(b, u->i8, null, &masked, 1, "");

	for (uint32_t i = first; i < a->count; i++) {
		struct access *access = &a->list[i];

		if (!access_has_base(&of, access))
			continue;
		LLVMValueRef step = LLVMConstInt(u->i64, (uint64_t)(access->offset - least), false);

		LLVMPositionBuilderBefore(b, access->insn);
		LLVMSetOperand(access->insn, access->operand,
			       LLVMBuildGEP2(b, u->i8, from, &step, 1, ""));
		access->done = true;
	}
	LLVMDisposeBuilder(b);
}

static void accesses_finish(struct accesses *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (!a->list[i].done)
			accesses_mask(a, i);
	a->count = 0;
}

static void accesses_add(struct accesses *a, LLVMValueRef insn, unsigned operand)
{
	struct access access = {.insn = insn, .operand = operand};

	access_find_base(a, &access, LLVMGetOperand(insn, operand));
	bool is_index = access.index && access.offset >= 0;

	if (LLVMIsConstant(access.base) || (is_index && index_is_opaque(access.index)))
		return;
	if (is_index && index_is_extended(access.index)) {
		if (a->u->form >= UNIT_EXTENDED)
			access_extend(a->u, &access);
		return;
	}
	if (a->count == a->room) {
		uint32_t room = a->room ? 2 * a->room : 64;
		struct access *list =
			heap_resize(a->list, a->room * sizeof *list, room * sizeof *list);

		if (!list) {
			unit_fail(a->u, "out of memory");
			return;
		}
		a->list = list;
		a->room = room;
	}
	a->list[a->count++] = access;
}

static bool insn_accesses(LLVMValueRef insn)
{
	return LLVMIsALoadInst(insn) || LLVMIsAStoreInst(insn) || LLVMIsAAtomicRMWInst(insn) ||
	       LLVMIsAAtomicCmpXchgInst(insn) || LLVMIsACallInst(insn);
}

/* What a call of a function is behind may not come to be: of its addresses nothing is known before. */
static bool insn_may_end(LLVMValueRef insn)
{
	return LLVMIsACallInst(insn) && !LLVMIsAIntrinsicInst(insn) &&
	       !LLVMIsAInlineAsm(LLVMGetCalledValue(insn));
}

/* An index plus a constant may become an index and a displacement. */
static bool is_offset(LLVMValueRef insn)
{
	LLVMValueRef n = LLVMGetOperand(insn, 1);

	return LLVMIsAConstantInt(n) && LLVMConstIntGetSExtValue(n) >= 0;
}

/* What is known not to wrap the code generator computes with 64 bits, so that it need not be extended. Without
 * that knowledge it stays an index of 32 bits. */
static void insn_forget(LLVMValueRef insn)
{
	switch (LLVMGetInstructionOpcode(insn)) {
	case LLVMAdd:
		if (is_offset(insn))
			break;
		LLVMSetNUW(insn, false);
		LLVMSetNSW(insn, false);
		break;
	case LLVMSub:
	case LLVMMul:
	case LLVMShl:
		LLVMSetNUW(insn, false);
		LLVMSetNSW(insn, false);
		break;
	case LLVMZExt:
		LLVMSetNNeg(insn, false);
		break;
	default:
		break;
	}
}

static void block_mask(struct accesses *a, LLVMBasicBlockRef block)
{
	for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
		insn_forget(i);
		if (insn_may_end(i))
			accesses_finish(a);
		else if (insn_accesses(i))
			for (unsigned k = 0; k < (unsigned)LLVMGetNumOperands(i); k++)
				if (is_window_pointer(LLVMGetOperand(i, k)))
					accesses_add(a, i, k);
	}
	accesses_finish(a);
}

void mask_function(struct unit *u, LLVMValueRef func)
{
	struct accesses a = {.u = u, .data = LLVMGetModuleDataLayout(u->module)};

	for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(func); b && !unit_failed(u);
	     b = LLVMGetNextBasicBlock(b))
		block_mask(&a, b);
	heap_free(a.list);
}
