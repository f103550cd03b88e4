/*
 * Integer and float arithmetic and comparisons (Core 3.0, 4.3.2 and 4.3.3).
 * Trust: validated code; the operands are of the types that the instruction takes.
 * Invariant: nothing made here is undefined in LLVM for any operand: shift counts are below the
 * width, divisors are not 0, and a quotient fits. Float instructions carry no fast-math flags.
 */
#include "compiler/number.h"

#include "base/cc.h"

LLVMValueRef call_alike(struct function *f, const char *name, const LLVMValueRef *x, unsigned count)
{
	LLVMTypeRef type = LLVMTypeOf(x[0]);
	LLVMValueRef args[WASM_OP_MAX_IN];

	for (unsigned i = 0; i < count; i++)
		args[i] = x[i];
	return intrinsic(f, name, &type, 1, args, count);
}

LLVMValueRef make_operator(struct function *f, const struct number_rule *rule,
			   const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return LLVMBuildBinOp(f->b, rule->what, x[0], x[1], "");
}

LLVMValueRef make_call(struct function *f, const struct number_rule *rule,
		       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	return call_alike(f, rule->name, x, wasm_op_info(insn->op)->in_count);
}

/* ---- integers --------------------------------------------------------------------------------- */

static unsigned int_width(LLVMValueRef x)
{
	return LLVMGetIntTypeWidth(LLVMTypeOf(x));
}

static LLVMValueRef int_const(LLVMValueRef like, int64_t n)
{
	return LLVMConstInt(LLVMTypeOf(like), (uint64_t)n, true);
}

static LLVMValueRef make_shift(struct function *f, const struct number_rule *rule,
			       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef count = LLVMBuildAnd(f->b, x[1], int_const(x[1], int_width(x[1]) - 1), "");

	(void)insn;
	return LLVMBuildBinOp(f->b, rule->what, x[0], count, "");
}

/* llvm.fshl and fshr of twice the same, which take the count modulo the width. */
static LLVMValueRef make_rotate(struct function *f, const struct number_rule *rule,
				const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return call_alike(f, rule->name, (LLVMValueRef[]){x[0], x[0], x[1]}, 3);
}

/* llvm.ctlz, cttz, abs: defined for every operand if the second is false. */
static LLVMValueRef call_defined(struct function *f, const char *name, LLVMValueRef x)
{
	LLVMTypeRef type = LLVMTypeOf(x);

	return intrinsic(f, name, &type, 1, (LLVMValueRef[]){x, LLVMConstInt(f->u->i1, 0, false)},
			 2);
}

static LLVMValueRef make_count(struct function *f, const struct number_rule *rule,
			       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return call_defined(f, rule->name, x[0]);
}

LLVMValueRef make_abs(struct function *f, const struct number_rule *rule,
		      const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return call_defined(f, "llvm.abs", x[0]);
}

static LLVMValueRef int_is(struct function *f, LLVMValueRef x, int64_t n)
{
	return LLVMBuildICmp(f->b, LLVMIntEQ, x, int_const(x, n), "");
}

static void trap_if_any(struct function *f, LLVMValueRef condition, enum wasm_trap trap)
{
	if (!LLVMIsAConstantInt(condition) || LLVMConstIntGetZExtValue(condition))
		trap_if(f, condition, trap);
}

static LLVMValueRef make_divide_u(struct function *f, const struct number_rule *rule,
				  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	trap_if_any(f, int_is(f, x[1], 0), TRAP_DIVIDE_BY_ZERO);
	return LLVMBuildBinOp(f->b, rule->what, x[0], x[1], "");
}

static LLVMValueRef make_div_s(struct function *f, const struct number_rule *rule,
			       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	int64_t least = int_width(x[0]) == 32 ? INT32_MIN : INT64_MIN;

	(void)rule, (void)insn;
	trap_if_any(f, int_is(f, x[1], 0), TRAP_DIVIDE_BY_ZERO);
	trap_if_any(f, LLVMBuildAnd(f->b, int_is(f, x[1], -1), int_is(f, x[0], least), ""),
		    TRAP_INTEGER_OVERFLOW);
	return LLVMBuildSDiv(f->b, x[0], x[1], "");
}

/* By 1 instead of -1: the remainder is 0 as well, and there is no overflow. */
static LLVMValueRef make_rem_s(struct function *f, const struct number_rule *rule,
			       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	trap_if_any(f, int_is(f, x[1], 0), TRAP_DIVIDE_BY_ZERO);
	LLVMValueRef y = LLVMBuildSelect(f->b, int_is(f, x[1], -1), int_const(x[1], 1), x[1], "");

	return LLVMBuildSRem(f->b, x[0], y, "");
}

static LLVMValueRef make_compare(struct function *f, const struct number_rule *rule,
				 const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return LLVMBuildZExt(f->b, LLVMBuildICmp(f->b, rule->what, x[0], x[1], ""), f->u->i32, "");
}

static LLVMValueRef make_eqz(struct function *f, const struct number_rule *rule,
			     const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return LLVMBuildZExt(f->b, int_is(f, x[0], 0), f->u->i32, "");
}

/* ---- floats ------------------------------------------------------------------------------------ */

static LLVMValueRef make_float_compare(struct function *f, const struct number_rule *rule,
				       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return LLVMBuildZExt(f->b, LLVMBuildFCmp(f->b, rule->what, x[0], x[1], ""), f->u->i32, "");
}

LLVMValueRef float_hide(struct function *f, LLVMValueRef x)
{
	return call_alike(f, "llvm.arithmetic.fence", &x, 1);
}

static bool number_is_telling(LLVMValueRef x)
{
	LLVMBool lost;
	double value = LLVMIsAConstantFP(x) ? LLVMConstRealGetDouble(x, &lost) : 0;

	return value == 0 || value == 1 || value == -1;
}

/* Is it a constant with which LLVM takes an operation to be none? */
static bool float_is_telling(LLVMValueRef x)
{
	if (!LLVMIsAConstant(x))
		return false;
	if (LLVMGetTypeKind(LLVMTypeOf(x)) != LLVMVectorTypeKind)
		return number_is_telling(x);
	for (unsigned i = 0; i < LLVMGetVectorSize(LLVMTypeOf(x)); i++)
		if (number_is_telling(LLVMGetAggregateElement(x, i)))
			return true;
	return false;
}

/*
 * To LLVM every NaN is as good as another: x * 1, x - 0 are x, signalling or not; -0 - x is x with the
 * other sign; and what it computes of constants is not the processor's NaN. So it does not get to know
 * constants with which it could.
 */
LLVMValueRef float_guard(struct function *f, LLVMValueRef x)
{
	return float_is_telling(x) ? float_hide(f, x) : x;
}

LLVMValueRef float_operator(struct function *f, LLVMOpcode what, LLVMValueRef x, LLVMValueRef y)
{
	y = LLVMIsConstant(x) && LLVMIsConstant(y) ? float_hide(f, y) : float_guard(f, y);
	return LLVMBuildBinOp(f->b, what, float_guard(f, x), y, "");
}

LLVMValueRef make_float_operator(struct function *f, const struct number_rule *rule,
				 const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return float_operator(f, rule->what, x[0], x[1]);
}

LLVMValueRef make_float_neg(struct function *f, const struct number_rule *rule,
			    const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return LLVMBuildFNeg(f->b, x[0], "");
}

LLVMValueRef float_pick(struct function *f, LLVMRealPredicate predicate, LLVMValueRef x,
			LLVMValueRef y)
{
	return LLVMBuildSelect(f->b, LLVMBuildFCmp(f->b, predicate, x, y, ""), x, y, "");
}

static LLVMTypeRef bits_type(const struct unit *u, LLVMTypeRef type)
{
	if (LLVMGetTypeKind(type) == LLVMVectorTypeKind)
		return LLVMVectorType(bits_type(u, LLVMGetElementType(type)),
				      LLVMGetVectorSize(type));
	return type == u->f32 ? u->i32 : u->i64;
}

LLVMValueRef float_bits(struct function *f, LLVMValueRef x)
{
	return LLVMBuildBitCast(f->b, x, bits_type(f->u, LLVMTypeOf(x)), "");
}

/* llvm.minimum branches, and a signalling NaN passes through it. Of equal operands, which differ at
 * most in the sign of zero, OR takes the negative one, AND the positive. */
static LLVMValueRef float_extreme(struct function *f, LLVMRealPredicate predicate, LLVMOpcode joins,
				  const LLVMValueRef *x)
{
	LLVMValueRef one = float_pick(f, predicate, x[0], x[1]);
	LLVMValueRef other = float_pick(f, predicate, x[1], x[0]);
	LLVMValueRef bits =
		LLVMBuildBinOp(f->b, joins, float_bits(f, one), float_bits(f, other), "");
	LLVMValueRef number = LLVMBuildBitCast(f->b, bits, LLVMTypeOf(x[0]), "");
	LLVMValueRef nan = float_operator(f, LLVMFAdd, x[0], x[1]);

	return LLVMBuildSelect(f->b, LLVMBuildFCmp(f->b, LLVMRealUNO, x[0], x[1], ""), nan, number,
			       "");
}

LLVMValueRef make_float_min(struct function *f, const struct number_rule *rule,
			    const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return float_extreme(f, LLVMRealOLT, LLVMOr, x);
}

LLVMValueRef make_float_max(struct function *f, const struct number_rule *rule,
			    const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return float_extreme(f, LLVMRealOGT, LLVMAnd, x);
}

/* ---- the table --------------------------------------------------------------------------------- */

/* clang-format off */
#define INT(name, ...)   [WASM_OP_I32_##name] = {__VA_ARGS__}, [WASM_OP_I64_##name] = {__VA_ARGS__}
#define FLOAT(name, ...) [WASM_OP_F32_##name] = {__VA_ARGS__}, [WASM_OP_F64_##name] = {__VA_ARGS__}

static const struct number_rule rules[WASM_OP_COUNT] = {
	INT(ADD, .make = make_operator, .what = LLVMAdd),
	INT(SUB, .make = make_operator, .what = LLVMSub),
	INT(MUL, .make = make_operator, .what = LLVMMul),
	INT(AND, .make = make_operator, .what = LLVMAnd),
	INT(OR, .make = make_operator, .what = LLVMOr),
	INT(XOR, .make = make_operator, .what = LLVMXor),
	INT(SHL, .make = make_shift, .what = LLVMShl),
	INT(SHR_S, .make = make_shift, .what = LLVMAShr),
	INT(SHR_U, .make = make_shift, .what = LLVMLShr),
	INT(ROTL, .make = make_rotate, .name = "llvm.fshl"),
	INT(ROTR, .make = make_rotate, .name = "llvm.fshr"),
	INT(DIV_S, .make = make_div_s),
	INT(DIV_U, .make = make_divide_u, .what = LLVMUDiv),
	INT(REM_S, .make = make_rem_s),
	INT(REM_U, .make = make_divide_u, .what = LLVMURem),
	INT(CLZ, .make = make_count, .name = "llvm.ctlz"),
	INT(CTZ, .make = make_count, .name = "llvm.cttz"),
	INT(POPCNT, .make = make_call, .name = "llvm.ctpop"),
	INT(EQZ, .make = make_eqz),
	INT(EQ, .make = make_compare, .what = LLVMIntEQ),
	INT(NE, .make = make_compare, .what = LLVMIntNE),
	INT(LT_S, .make = make_compare, .what = LLVMIntSLT),
	INT(LT_U, .make = make_compare, .what = LLVMIntULT),
	INT(GT_S, .make = make_compare, .what = LLVMIntSGT),
	INT(GT_U, .make = make_compare, .what = LLVMIntUGT),
	INT(LE_S, .make = make_compare, .what = LLVMIntSLE),
	INT(LE_U, .make = make_compare, .what = LLVMIntULE),
	INT(GE_S, .make = make_compare, .what = LLVMIntSGE),
	INT(GE_U, .make = make_compare, .what = LLVMIntUGE),
	FLOAT(EQ, .make = make_float_compare, .what = LLVMRealOEQ),
	FLOAT(NE, .make = make_float_compare, .what = LLVMRealUNE),
	FLOAT(LT, .make = make_float_compare, .what = LLVMRealOLT),
	FLOAT(GT, .make = make_float_compare, .what = LLVMRealOGT),
	FLOAT(LE, .make = make_float_compare, .what = LLVMRealOLE),
	FLOAT(GE, .make = make_float_compare, .what = LLVMRealOGE),
	FLOAT(ADD, .make = make_float_operator, .what = LLVMFAdd),
	FLOAT(SUB, .make = make_float_operator, .what = LLVMFSub),
	FLOAT(MUL, .make = make_float_operator, .what = LLVMFMul),
	FLOAT(DIV, .make = make_float_operator, .what = LLVMFDiv),
	FLOAT(MIN, .make = make_float_min),
	FLOAT(MAX, .make = make_float_max),
	FLOAT(COPYSIGN, .make = make_call, .name = "llvm.copysign"),
	FLOAT(ABS, .make = make_call, .name = "llvm.fabs"),
	FLOAT(NEG, .make = make_float_neg),
	FLOAT(CEIL, .make = make_call, .name = "llvm.ceil"),
	FLOAT(FLOOR, .make = make_call, .name = "llvm.floor"),
	FLOAT(TRUNC, .make = make_call, .name = "llvm.trunc"),
	FLOAT(NEAREST, .make = make_call, .name = "llvm.roundeven"),
	FLOAT(SQRT, .make = make_call, .name = "llvm.sqrt"),
};
/* clang-format on */

void number_apply(struct function *f, const struct number_rule *rule, const struct wasm_insn *insn)
{
	const struct wasm_op_info *info = wasm_op_info(insn->op);
	LLVMValueRef x[WASM_OP_MAX_IN];

	for (unsigned i = info->in_count; i-- > 0;)
		x[i] = value_pop(f);
	value_push(f, rule->make(f, rule, insn, x), info->out);
}

bool number_emit(struct function *f, const struct wasm_insn *insn)
{
	if (!rules[insn->op].make)
		return convert_emit(f, insn);
	number_apply(f, &rules[insn->op], insn);
	return true;
}
