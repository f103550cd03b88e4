/*
 * Loads that may trap, kept where they stand.
 * Trust: the module is valid; nothing else is asked of it.
 *
 * What a program can rely on. An access beyond a memory traps, whether its value is used or not,
 * before any later visible effect and after every earlier one: calls of the host and of helpers,
 * atomics, other traps, the end of the function. Between two visible effects, plain accesses of
 * unshared memory are made in any order that gives the same result if none of them traps, and
 * stores may be merged or overwritten ones left out. So when a trap ends the program, memory holds
 * what was stored up to the last visible effect, and of the stores since then up to the next one
 * some may have been made and others not; of one store all bytes or none. Only an embedder or a
 * test can look.
 *
 * How. LLVM takes an ordinary load for something that cannot fail: it drops one whose value is not
 * used, moves it into the branch that uses it, reads fewer bytes if fewer are needed. A volatile
 * load would be safe, but neither vectorised nor combined. So until the passes are done each load
 * is held in its place and at its width by
 *	call void @llvm.assume(i1 true) ["noundef"(T %value)]
 * which is a use that no pass removes and that may write memory, so nothing sinks past it; and each
 * loop by llvm.sideeffect, or else a loop that is finite and has nothing but such loads would be
 * deleted. A load that is replaced takes its assume along to the value that replaces it: then
 * another access of that address has been made before. After the passes, assumes and side effects
 * go, and every load from the window becomes volatile, for the code generator would drop, narrow or
 * reorder others. It still folds them into instructions: less than 1 % on the kernels of bench/.
 *
 * Known limit, at -O2 and -O3: where the passes find only late that nothing needs a load, whoever takes
 * what an assume uses for nothing may leave it out together with its branch. SimplifyCFG did; its
 * speculation is switched off (target_init).
 *
 * What else could drop, move or split an access in the code generator is switched off by name: see
 * target_init. A store that it would split becomes volatile, too.
 *
 * Trust: none.
 * Invariant: after keep_finish each load from the window is volatile.
 */
#include "compiler/function.h"

#include <string.h>

/* ---- while the IR is made -------------------------------------------------------------------- */

#define ASSUME	    "llvm.assume"
#define SIDE_EFFECT "llvm.sideeffect"

static bool keep_by_passes(const struct unit *u)
{
	return u->level > 0;
}

static LLVMValueRef keep_intrinsic(struct unit *u, const char *name)
{
	LLVMValueRef func = LLVMGetNamedFunction(u->module, name);

	if (func)
		return func;
	unsigned id = LLVMLookupIntrinsicID(name, strlen(name));

	must(id != 0);
	return LLVMGetIntrinsicDeclaration(u->module, id, NULL, 0);
}

void keep_load(struct function *f, LLVMValueRef load)
{
	static const char tag[] = "noundef";

	if (!keep_by_passes(f->u)) {
		LLVMSetVolatile(load, true);
		return;
	}
	LLVMValueRef assume = keep_intrinsic(f->u, ASSUME);
	LLVMValueRef yes = LLVMConstInt(f->u->i1, 1, false);
	LLVMOperandBundleRef bundle = LLVMCreateOperandBundle(tag, sizeof tag - 1, &load, 1);

	LLVMBuildCallWithOperandBundles(f->b, LLVMGlobalGetValueType(assume), assume, &yes, 1,
					&bundle, 1, "");
	LLVMDisposeOperandBundle(bundle);
}

void keep_loop(struct function *f)
{
	if (!keep_by_passes(f->u))
		return;
	LLVMValueRef effect = keep_intrinsic(f->u, SIDE_EFFECT);

	LLVMBuildCall2(f->b, LLVMGlobalGetValueType(effect), effect, NULL, 0, "");
}

static bool is_in_window(LLVMValueRef pointer)
{
	return LLVMGetPointerAddressSpace(LLVMTypeOf(pointer)) == 256;
}

/* Where nothing is to be gained, be plain; and of a conditional load that is vectorised, and so
 * becomes one with a mask, the passes drop the assume. */
void keep_dropped(LLVMValueRef v)
{
	if (LLVMIsACastInst(v))
		v = LLVMGetOperand(v, 0);
	if (LLVMIsALoadInst(v) && is_in_window(LLVMGetOperand(v, 0)))
		LLVMSetVolatile(v, true);
}

/* ---- after the passes -------------------------------------------------------------------------- */

static void keep_erase_calls(struct unit *u, const char *name)
{
	LLVMValueRef func = LLVMGetNamedFunction(u->module, name);

	while (func) {
		LLVMUseRef use = LLVMGetFirstUse(func);

		if (!use)
			return;
		LLVMInstructionEraseFromParent(LLVMGetUser(use));
	}
}

/* Two halves put together, one perhaps from a floating-point register: to be stored as they came,
 * in two stores (CodeGenPrepare, splitMergedValStore; isMultiStoresCheaperThanBitsMerge). */
static void keep_finish_store(LLVMValueRef store)
{
	LLVMValueRef v = LLVMGetOperand(store, 0);

	if (!LLVMIsABinaryOperator(v) || LLVMGetInstructionOpcode(v) != LLVMOr)
		return;
	for (unsigned i = 0; i < 2; i++) {
		LLVMValueRef half = LLVMGetOperand(v, i);

		if (LLVMIsABinaryOperator(half) && LLVMGetInstructionOpcode(half) == LLVMShl &&
		    LLVMIsAZExtInst(LLVMGetOperand(half, 0)))
			LLVMSetVolatile(store, true);
	}
}

static void keep_finish_block(LLVMBasicBlockRef block)
{
	for (LLVMValueRef i = LLVMGetFirstInstruction(block); i; i = LLVMGetNextInstruction(i)) {
		if (LLVMIsALoadInst(i) && is_in_window(LLVMGetOperand(i, 0)))
			LLVMSetVolatile(i, true);
		else if (LLVMIsAStoreInst(i) && is_in_window(LLVMGetOperand(i, 1)))
			keep_finish_store(i);
	}
}

void keep_finish(struct unit *u)
{
	keep_erase_calls(u, ASSUME);
	keep_erase_calls(u, SIDE_EFFECT);
	for (LLVMValueRef func = LLVMGetFirstFunction(u->module); func;
	     func = LLVMGetNextFunction(func))
		for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(func); b;
		     b = LLVMGetNextBasicBlock(b))
			keep_finish_block(b);
}
