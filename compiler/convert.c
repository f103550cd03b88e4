/*
 * Conversions between numbers (Core 3.0, 4.3.2 to 4.3.4).
 * Trust: validated code.
 * Invariant: an unsaturated conversion to an integer is reached only by floats whose whole part the
 * integer can hold; to LLVM the others are undefined.
 */
#include "compiler/number.h"

static LLVMTypeRef result_type(const struct function *f, const struct wasm_insn *insn)
{
	return value_type(f->u, wasm_op_info(insn->op)->out);
}

static LLVMValueRef make_cast(struct function *f, const struct number_rule *rule,
			      const struct wasm_insn *insn, const LLVMValueRef *x)
{
	return LLVMBuildCast(f->b, rule->what, x[0], result_type(f, insn), "");
}

/* The low `what` bits with their sign. */
static LLVMValueRef make_extend_low(struct function *f, const struct number_rule *rule,
				    const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMTypeRef narrow = LLVMIntTypeInContext(f->u->context, rule->what);

	return LLVMBuildSExt(f->b, LLVMBuildTrunc(f->b, x[0], narrow, ""), result_type(f, insn),
			     "");
}

/* Of a promoted float LLVM would take the float itself, signalling or not. */
static LLVMValueRef make_demote(struct function *f, const struct number_rule *rule,
				const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef wide = LLVMIsAFPExtInst(x[0]) ? float_hide(f, x[0]) : x[0];

	return make_cast(f, rule, insn, &wide);
}

static LLVMValueRef make_trunc_sat(struct function *f, const struct number_rule *rule,
				   const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef arg = x[0];

	return intrinsic(f, rule->name, (LLVMTypeRef[]){result_type(f, insn), LLVMTypeOf(arg)}, 2,
			 &arg, 1);
}

/* What can be converted lies between these, or is the lower one if that is inside: the bounds are
 * floats of the operand's type. */
struct range {
	double low, high;
	bool low_inside;
};

static struct range range_of(const struct function *f, bool is_signed, LLVMTypeRef from,
			     LLVMTypeRef to)
{
	bool wide = to == f->u->i64;

	if (!is_signed)
		return (struct range){-1.0, wide ? 0x1p64 : 0x1p32, false};
	if (wide)
		return (struct range){-0x1p63, 0x1p63, true};
	/* Floats next to -2^31 are too far from it to be truncated to it, doubles are not. */
	return from == f->u->f32 ? (struct range){-0x1p31, 0x1p31, true}
				 : (struct range){-0x1p31 - 1, 0x1p31, false};
}

static LLVMValueRef is_within(struct function *f, LLVMValueRef x, const struct range *range)
{
	LLVMTypeRef type = LLVMTypeOf(x);
	LLVMValueRef above = LLVMBuildFCmp(f->b, range->low_inside ? LLVMRealOGE : LLVMRealOGT, x,
					   LLVMConstReal(type, range->low), "");
	LLVMValueRef below =
		LLVMBuildFCmp(f->b, LLVMRealOLT, x, LLVMConstReal(type, range->high), "");

	return LLVMBuildAnd(f->b, above, below, "");
}

/* NaN is looked for only where something is wrong. */
static LLVMValueRef make_trunc(struct function *f, const struct number_rule *rule,
			       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMTypeRef to = result_type(f, insn);
	struct range range = range_of(f, rule->what == LLVMFPToSI, LLVMTypeOf(x[0]), to);
	LLVMBasicBlockRef good = block_new(f, "trunc"), bad = block_new(f, "trunc.bad");

	LLVMBuildCondBr(f->b, is_within(f, x[0], &range), good, bad);
	block_begin(f, bad);
	trap_if(f, LLVMBuildFCmp(f->b, LLVMRealUNO, x[0], x[0], ""), TRAP_INVALID_CONVERSION);
	trap_now(f, TRAP_INTEGER_OVERFLOW);
	block_begin(f, good);
	return make_cast(f, rule, insn, x);
}

/* clang-format off */
#define TRUNC(to, from)                                                                            \
	[WASM_OP_##to##_TRUNC_##from##_S] = {.make = make_trunc, .what = LLVMFPToSI},              \
	[WASM_OP_##to##_TRUNC_##from##_U] = {.make = make_trunc, .what = LLVMFPToUI},              \
	[WASM_OP_##to##_TRUNC_SAT_##from##_S] = {.make = make_trunc_sat, .name = "llvm.fptosi.sat"}, \
	[WASM_OP_##to##_TRUNC_SAT_##from##_U] = {.make = make_trunc_sat, .name = "llvm.fptoui.sat"}
#define CONVERT(to, from)                                                                          \
	[WASM_OP_##to##_CONVERT_##from##_S] = {.make = make_cast, .what = LLVMSIToFP},             \
	[WASM_OP_##to##_CONVERT_##from##_U] = {.make = make_cast, .what = LLVMUIToFP}

static const struct number_rule rules[WASM_OP_COUNT] = {
	[WASM_OP_I32_WRAP_I64] = {.make = make_cast, .what = LLVMTrunc},
	[WASM_OP_I64_EXTEND_I32_S] = {.make = make_cast, .what = LLVMSExt},
	[WASM_OP_I64_EXTEND_I32_U] = {.make = make_cast, .what = LLVMZExt},
	[WASM_OP_I32_EXTEND8_S] = {.make = make_extend_low, .what = 8},
	[WASM_OP_I32_EXTEND16_S] = {.make = make_extend_low, .what = 16},
	[WASM_OP_I64_EXTEND8_S] = {.make = make_extend_low, .what = 8},
	[WASM_OP_I64_EXTEND16_S] = {.make = make_extend_low, .what = 16},
	[WASM_OP_I64_EXTEND32_S] = {.make = make_extend_low, .what = 32},
	TRUNC(I32, F32), TRUNC(I32, F64), TRUNC(I64, F32), TRUNC(I64, F64),
	CONVERT(F32, I32), CONVERT(F32, I64), CONVERT(F64, I32), CONVERT(F64, I64),
	[WASM_OP_F32_DEMOTE_F64] = {.make = make_demote, .what = LLVMFPTrunc},
	[WASM_OP_F64_PROMOTE_F32] = {.make = make_cast, .what = LLVMFPExt},
	[WASM_OP_I32_REINTERPRET_F32] = {.make = make_cast, .what = LLVMBitCast},
	[WASM_OP_I64_REINTERPRET_F64] = {.make = make_cast, .what = LLVMBitCast},
	[WASM_OP_F32_REINTERPRET_I32] = {.make = make_cast, .what = LLVMBitCast},
	[WASM_OP_F64_REINTERPRET_I64] = {.make = make_cast, .what = LLVMBitCast},
};
/* clang-format on */

bool convert_emit(struct function *f, const struct wasm_insn *insn)
{
	if (!rules[insn->op].make)
		return false;
	number_apply(f, &rules[insn->op], insn);
	return true;
}
