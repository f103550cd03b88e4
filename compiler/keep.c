/*
 * Loads that may trap, kept where they stand.
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
 * go; a load of whose last byte nothing depends on any more becomes volatile, for the code
 * generator would drop or narrow it.
 *
 * What else could drop, move or split an access in the code generator is switched off by name: see
 * target_init. A store that it would split becomes volatile, too.
 *
 * Trust: none.
 * Invariant: after keep_finish each load from the window is volatile, or something that is done
 * depends on its last byte.
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

/* ---- who depends on it ----------------------------------------------------------------------- */

/* Values that one search looks at. Beyond that something is taken to depend on the load: what does
 * not is short chains and loops of values that lead nowhere. */
#define SEARCH_MAX 64

/* Bits [low, high) of a value carry what is searched for. A vector's bits are counted from its
 * first lane on, as they lie in memory. */
struct carrier {
	LLVMValueRef v;
	uint32_t low, high;
};

struct search {
	struct carrier found[SEARCH_MAX]; /* each value once */
	uint32_t count;
	bool needed;
};

/* Lanes and their width; 0 lanes: no type that bits are followed through. */
struct shape {
	uint32_t lanes, width;
};

static uint32_t scalar_width(LLVMTypeRef type)
{
	switch (LLVMGetTypeKind(type)) {
	case LLVMIntegerTypeKind:
		return LLVMGetIntTypeWidth(type);
	case LLVMHalfTypeKind:
		return 16;
	case LLVMFloatTypeKind:
		return 32;
	case LLVMDoubleTypeKind:
	case LLVMPointerTypeKind:
		return 64;
	default:
		return 0;
	}
}

static struct shape shape_of(LLVMTypeRef type)
{
	uint32_t lanes = 1;

	if (LLVMGetTypeKind(type) == LLVMVectorTypeKind) {
		lanes = LLVMGetVectorSize(type);
		type = LLVMGetElementType(type);
	}
	uint32_t width = scalar_width(type);

	return (struct shape){width ? lanes : 0, width};
}

static struct shape shape_of_value(LLVMValueRef v)
{
	return shape_of(LLVMTypeOf(v));
}

/* Bits [low, high) of v, as far as v has them. */
static void search_add(struct search *s, LLVMValueRef v, int64_t low, int64_t high)
{
	const struct shape shape = shape_of_value(v);
	const int64_t width = (int64_t)shape.lanes * shape.width;

	low = low < 0 ? 0 : low;
	high = high > width ? width : high;
	if (low >= high)
		return;
	for (uint32_t i = 0; i < s->count; i++)
		if (s->found[i].v == v)
			return;
	if (s->count == SEARCH_MAX)
		s->needed = true;
	else
		s->found[s->count++] = (struct carrier){v, (uint32_t)low, (uint32_t)high};
}

/* Any bit of the result may depend on it; of a vector, any bit of the same lane. */
static void search_add_all(struct search *s, const struct carrier *c, LLVMValueRef user)
{
	const struct shape from = shape_of_value(c->v), to = shape_of_value(user);

	if (to.lanes == 0) {
		s->needed = true;
		return;
	}
	int64_t lane = from.lanes == to.lanes ? c->low / from.width : 0;
	int64_t end = from.lanes == to.lanes ? lane + 1 : to.lanes;

	search_add(s, user, lane * to.width, end * to.width);
}

/* The same bits of the lane, which has another width there. */
static void search_add_resized(struct search *s, const struct carrier *c, LLVMValueRef user)
{
	const struct shape from = shape_of_value(c->v), to = shape_of_value(user);
	const int64_t lane = c->low / from.width;
	const int64_t low = c->low % from.width;
	int64_t high = low + (c->high - c->low);

	high = high > to.width ? to.width : high;
	search_add(s, user, lane * to.width + low, lane * to.width + high);
}

/* The other operand of two; NULL: it is no constant of at most 64 bits. */
static LLVMValueRef constant_beside(const struct carrier *c, LLVMValueRef user)
{
	LLVMValueRef other = LLVMGetOperand(user, LLVMGetOperand(user, 0) == c->v ? 1 : 0);

	return LLVMIsAConstantInt(other) && LLVMGetIntTypeWidth(LLVMTypeOf(other)) <= 64 ? other
											 : NULL;
}

/* Only the bits of `through` get through. */
static void search_add_masked(struct search *s, const struct carrier *c, LLVMValueRef user,
			      uint64_t through)
{
	int64_t low = c->low, high = c->high;

	while (low < high && !(through >> low & 1))
		low++;
	while (high > low && !(through >> (high - 1) & 1))
		high--;
	search_add(s, user, low, high);
}

/* A vector with a constant: it may stop any bit. */
static void search_logic(struct search *s, const struct carrier *c, LLVMValueRef user, bool is_and)
{
	LLVMValueRef mask = constant_beside(c, user);
	LLVMValueRef other = LLVMGetOperand(user, LLVMGetOperand(user, 0) == c->v ? 1 : 0);

	if (mask) {
		uint64_t bits = LLVMConstIntGetZExtValue(mask);

		search_add_masked(s, c, user, is_and ? bits : ~bits);
	} else if (!LLVMIsConstant(other)) {
		search_add(s, user, c->low, c->high);
	}
}

static void search_shift(struct search *s, const struct carrier *c, LLVMValueRef user,
			 LLVMOpcode opcode)
{
	LLVMValueRef amount = LLVMGetOperand(user, 1);

	if (amount == c->v) {
		search_add_all(s, c, user);
		return;
	}
	if (shape_of_value(user).lanes > 1 || !LLVMIsAConstantInt(amount)) {
		search_add_resized(s, c, user);
		return;
	}
	int64_t by = (int64_t)LLVMConstIntGetZExtValue(amount);

	if (opcode == LLVMShl)
		search_add(s, user, c->low + by, c->high + by);
	else if (opcode == LLVMAShr && c->high == shape_of_value(user).width)
		search_add(s, user, c->low - by, c->high); /* copies of the sign */
	else
		search_add(s, user, c->low - by, c->high - by);
}

/* Carries go upwards only, so the bits above count, too. */
static void search_sum(struct search *s, const struct carrier *c, LLVMValueRef user,
		       LLVMOpcode opcode)
{
	LLVMValueRef factor = opcode == LLVMMul ? constant_beside(c, user) : NULL;

	if (factor && !(LLVMConstIntGetZExtValue(factor) & 1))
		return; /* may be as good as a shift */
	search_add_resized(s, c, user);
}

static void search_extract(struct search *s, const struct carrier *c, LLVMValueRef user)
{
	LLVMValueRef index = LLVMGetOperand(user, 1);

	if (LLVMGetOperand(user, 0) != c->v || !LLVMIsAConstantInt(index)) {
		search_add_all(s, c, user);
		return;
	}
	int64_t first = (int64_t)(LLVMConstIntGetZExtValue(index) * shape_of_value(user).width);

	search_add(s, user, c->low - first, c->high - first);
}

static void search_insert(struct search *s, const struct carrier *c, LLVMValueRef user)
{
	LLVMValueRef index = LLVMGetOperand(user, 2);

	if (index == c->v || !LLVMIsAConstantInt(index)) {
		search_add_all(s, c, user);
		return;
	}
	int64_t width = shape_of_value(user).width;
	int64_t first = (int64_t)LLVMConstIntGetZExtValue(index) * width;

	if (LLVMGetOperand(user, 1) == c->v)
		search_add(s, user, first + c->low, first + c->high);
	else if (c->low < first || c->low >= first + width)
		search_add(s, user, c->low, c->high);
}

static void search_shuffle(struct search *s, const struct carrier *c, LLVMValueRef user)
{
	const struct shape from = shape_of_value(c->v);
	const bool second = LLVMGetOperand(user, 0) != c->v;
	const uint32_t lane = c->low / from.width + (second ? from.lanes : 0);
	const int64_t low = c->low % from.width, size = c->high - c->low;
	const unsigned count = LLVMGetNumMaskElements(user);

	for (unsigned i = 0; i < count; i++) {
		if (LLVMGetMaskValue(user, i) != (int)lane)
			continue;
		int64_t at = (int64_t)i * from.width + low;

		search_add(s, user, at, at + size);
		return;
	}
}

/* An intrinsic without a result does something. */
static void search_call(struct search *s, const struct carrier *c, LLVMValueRef user)
{
	LLVMValueRef callee = LLVMGetCalledValue(user);

	if (callee && LLVMIsAFunction(callee) && LLVMGetIntrinsicID(callee) != 0 &&
	    LLVMGetTypeKind(LLVMTypeOf(user)) != LLVMVoidTypeKind)
		search_add_all(s, c, user);
	else
		s->needed = true;
}

/* How deep a constant may be hidden that the code generator still finds it. */
#define DISGUISE_MAX 8

/* A value of constants alone that the passes did not compute, such as the bits of a constant
 * comparison of vectors: the code generator may. */
static bool is_constant_in_disguise(LLVMValueRef v, unsigned depth)
{
	if (LLVMIsConstant(v))
		return depth > 0 || LLVMIsAConstantExpr(v);
	if (depth == DISGUISE_MAX || !LLVMIsAInstruction(v) || LLVMIsALoadInst(v) ||
	    LLVMIsAPHINode(v) || LLVMIsAAllocaInst(v) ||
	    (LLVMIsACallInst(v) && !LLVMIsAIntrinsicInst(v)))
		return false;
	const int count = LLVMGetNumOperands(v);

	for (int i = 0; i < count; i++) {
		if (!is_constant_in_disguise(LLVMGetOperand(v, (unsigned)i), depth + 1))
			return false;
	}
	return true;
}

/* May the user turn out to need the carrier as little as `x & 0` does? */
static bool user_may_be_constant(const struct carrier *c, LLVMValueRef user)
{
	if (!LLVMIsABinaryOperator(user) && !LLVMIsACmpInst(user) && !LLVMIsASelectInst(user))
		return false;
	for (unsigned i = 0; i < (unsigned)LLVMGetNumOperands(user); i++) {
		LLVMValueRef v = LLVMGetOperand(user, i);

		if (v != c->v && is_constant_in_disguise(v, 0))
			return true;
	}
	return false;
}

/* What depends on the carrier's bits through this user. */
static void search_user(struct search *s, const struct carrier *c, LLVMValueRef user)
{
	const LLVMOpcode opcode = LLVMGetInstructionOpcode(user);

	if (user_may_be_constant(c, user))
		return;
	switch (opcode) {
	case LLVMTrunc:
	case LLVMZExt:
	case LLVMSExt:
		search_add_resized(s, c, user);
		break;
	case LLVMBitCast:
	case LLVMFreeze:
	case LLVMPHI:
	case LLVMXor:
		search_add(s, user, c->low, c->high);
		break;
	case LLVMSelect:
		if (LLVMGetOperand(user, 0) == c->v)
			search_add_all(s, c, user);
		else
			search_add(s, user, c->low, c->high);
		break;
	case LLVMAnd:
	case LLVMOr:
		search_logic(s, c, user, opcode == LLVMAnd);
		break;
	case LLVMAdd:
	case LLVMSub:
	case LLVMMul:
		search_sum(s, c, user, opcode);
		break;
	case LLVMShl:
	case LLVMLShr:
	case LLVMAShr:
		search_shift(s, c, user, opcode);
		break;
	case LLVMExtractElement:
		search_extract(s, c, user);
		break;
	case LLVMInsertElement:
		search_insert(s, c, user);
		break;
	case LLVMShuffleVector:
		search_shuffle(s, c, user);
		break;
	case LLVMCall:
		search_call(s, c, user);
		break;
	case LLVMLoad: /* its address: it is kept itself */
	case LLVMStore:
	case LLVMAtomicRMW:
	case LLVMAtomicCmpXchg:
	case LLVMFence:
	case LLVMRet:
	case LLVMBr:
	case LLVMSwitch:
	case LLVMExtractValue:
	case LLVMInsertValue:
		s->needed = true;
		break;
	default:
		search_add_all(s, c, user);
		break;
	}
}

/* Does anything that is done depend on the last byte of the loaded value? */
static bool load_is_needed(LLVMValueRef load)
{
	const struct shape shape = shape_of_value(load);
	const int64_t width = (int64_t)shape.lanes * shape.width;
	struct search s = {0};

	search_add(&s, load, width - 8, width);
	for (uint32_t i = 0; i < s.count && !s.needed; i++) {
		const struct carrier c = s.found[i];

		for (LLVMUseRef use = LLVMGetFirstUse(c.v); use && !s.needed;
		     use = LLVMGetNextUse(use))
			search_user(&s, &c, LLVMGetUser(use));
	}
	return s.needed;
}

/* ---- after the passes ------------------------------------------------------------------------ */

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

static void keep_finish_load(LLVMValueRef load)
{
	if (!LLVMGetVolatile(load) && is_in_window(LLVMGetOperand(load, 0)) &&
	    !load_is_needed(load))
		LLVMSetVolatile(load, true);
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
		if (LLVMIsALoadInst(i))
			keep_finish_load(i);
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
