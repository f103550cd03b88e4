/*
 * Code that the verifier can follow (doc/verifier.md): it knows intervals, and what has been compared with what;
 * LLVM knows more. Where that matters a value goes through an instruction that LLVM cannot look into.
 *
 * Always: the index of a table's entry, so that the value that is checked is the value that is used.
 * In functions that did not verify (compiler/prove.c), once the passes are done: every address in the window. The
 * code generator, and at -O2 and -O3 the vectorizer, count in addresses, or from their end; what is added
 * to what is right, but not to be seen. An index is extended again, which costs a move; any other address is masked:
 * that changes nothing, for index and offset are below 2^32 each and so their sum is below 2^33. What is masked
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
	LLVMValueRef base;
	int64_t offset; /* of its address from the base */
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

static void access_find_base(struct accesses *a, struct access *access, LLVMValueRef pointer)
{
	int64_t step;

	access->base = pointer;
	for (unsigned i = 0; i < DEPTH_MAX && is_constant_step(a->data, access->base, &step); i++) {
		access->base = LLVMGetOperand(access->base, 0);
		access->offset += step;
	}
}

/* The distance from null of a base that is an index, extended; NULL: it is none. */
static LLVMValueRef base_index(LLVMValueRef base)
{
	if (!LLVMIsAGetElementPtrInst(base) || LLVMGetNumOperands(base) != 2 ||
	    !LLVMIsNull(LLVMGetOperand(base, 0)))
		return NULL;
	LLVMValueRef n = LLVMGetOperand(base, 1);

	return LLVMIsAZExtInst(n) && LLVMGetIntTypeWidth(LLVMTypeOf(LLVMGetOperand(n, 0))) == 32
		       ? n
		       : NULL;
}

static bool base_is_opaque(LLVMValueRef base)
{
	if (!LLVMIsAGetElementPtrInst(base) || LLVMGetNumOperands(base) != 2 ||
	    !LLVMIsNull(LLVMGetOperand(base, 0)))
		return false;
	LLVMValueRef n = LLVMGetOperand(base, 1);

	return LLVMIsACallInst(n) && LLVMIsAInlineAsm(LLVMGetCalledValue(n));
}

/* The index is extended where the base is made, for all that use it. */
static void base_extend(struct unit *u, LLVMValueRef base, LLVMValueRef index)
{
	LLVMBuilderRef b = LLVMCreateBuilderInContext(u->context);

	LLVMPositionBuilderBefore(b, base);
	LLVMSetOperand(base, 1, opaque_extend(u, b, LLVMGetOperand(index, 0), false));
	LLVMDisposeBuilder(b);
}

/* The accesses of the same base get their addresses from the lowest, masked. */
static void accesses_mask(struct accesses *a, uint32_t first)
{
	struct unit *u = a->u;
	struct access *low = &a->list[first];
	LLVMBuilderRef b = LLVMCreateBuilderInContext(u->context);
	LLVMValueRef base = low->base, null = LLVMConstNull(u->ptr_gs);

	for (uint32_t i = first; i < a->count; i++)
		if (a->list[i].base == base && a->list[i].offset < low->offset)
			low = &a->list[i];
	int64_t least = low->offset;
	LLVMValueRef step = LLVMConstInt(u->i64, (uint64_t)least, true);

	LLVMPositionBuilderBefore(b, a->list[first].insn);
	LLVMValueRef address = LLVMBuildGEP2(b, u->i8, base, &step, 1, "");
	LLVMValueRef masked = opaque_mask(u, b, LLVMBuildPtrToInt(b, address, u->i64, ""));
	LLVMValueRef from = LLVMBuildGEP2(b, u->i8, null, &masked, 1, "");

	for (uint32_t i = first; i < a->count; i++) {
		struct access *access = &a->list[i];

		if (access->base != base)
			continue;
		step = LLVMConstInt(u->i64, (uint64_t)(access->offset - least), false);
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
	LLVMValueRef index = base_index(access.base);

	if (LLVMIsConstant(access.base) || base_is_opaque(access.base))
		return;
	if (index) {
		base_extend(a->u, access.base, index);
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

static void block_mask(struct accesses *a, LLVMBasicBlockRef block)
{
	for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
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
