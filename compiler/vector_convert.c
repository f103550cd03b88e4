/*
 * SIMD conversions. LLVM's saturating ones of vectors go lane by lane; these are written out of the
 * processor's, which give 0x80000000 for what they cannot convert.
 * Trust: validated code.
 */
#include "compiler/vector.h"

#define CVTTPS2DQ "llvm.x86.sse2.cvttps2dq"
#define CVTTPD2DQ "llvm.x86.sse2.cvttpd2dq" /* the upper lanes of the result are 0 */

LLVMValueRef vector_extend(struct function *f, LLVMValueRef x, unsigned how)
{
	LLVMValueRef half = vector_half(f, x, how & EXTEND_HIGH);
	unsigned count = LLVMGetVectorSize(LLVMTypeOf(half));
	LLVMTypeRef type = LLVMVectorType(LLVMIntTypeInContext(f->u->context, 128 / count), count);

	return how & EXTEND_SIGNED ? LLVMBuildSExt(f->b, half, type, "")
				   : LLVMBuildZExt(f->b, half, type, "");
}

LLVMValueRef make_extend(struct function *f, const struct number_rule *rule,
			 const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return vector_extend(f, x[0], rule->what);
}

/* 0 for NaN. */
static LLVMValueRef number_or_zero(struct function *f, LLVMValueRef x)
{
	LLVMValueRef is_number = LLVMBuildFCmp(f->b, LLVMRealORD, x, x, "");

	return LLVMBuildSelect(f->b, is_number, x, LLVMConstNull(LLVMTypeOf(x)), "");
}

/* 0x80000000 becomes 0x7fffffff where x is at least `limit`. */
static LLVMValueRef vector_truncate(struct function *f, LLVMValueRef x, LLVMValueRef limit)
{
	LLVMValueRef whole = vector_instruction(f, CVTTPS2DQ, x, NULL);
	LLVMValueRef above = LLVMBuildFCmp(f->b, LLVMRealOGE, x, limit, "");

	return LLVMBuildXor(f->b, whole, vector_mask(f, above), "");
}

LLVMValueRef make_trunc_sat_f32_s(struct function *f, const struct number_rule *rule,
				  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return vector_truncate(f, number_or_zero(f, x[0]),
			       vector_splat_float(f, rule->lanes, 0x1p31));
}

/* The part below 2^31 gives 0x80000000 if there is one above, which adds the rest, saturated. */
LLVMValueRef make_trunc_sat_f32_u(struct function *f, const struct number_rule *rule,
				  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef half = vector_splat_float(f, rule->lanes, 0x1p31);
	LLVMValueRef number = float_pick(f, LLVMRealOGT, x[0], LLVMConstNull(LLVMTypeOf(x[0])));
	LLVMValueRef rest = vector_truncate(f, LLVMBuildFSub(f->b, number, half, ""), half);
	LLVMValueRef above[2] = {rest, LLVMConstNull(LLVMTypeOf(rest))};

	(void)insn;
	return LLVMBuildAdd(f->b, vector_instruction(f, CVTTPS2DQ, number, NULL),
			    call_alike(f, "llvm.smax", above, 2), "");
}

LLVMValueRef make_trunc_sat_f64_s(struct function *f, const struct number_rule *rule,
				  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef highest = vector_splat_float(f, rule->lanes, 2147483647.0);

	(void)insn;
	return vector_instruction(
		f, CVTTPD2DQ, float_pick(f, LLVMRealOLT, number_or_zero(f, x[0]), highest), NULL);
}

/* 2^52 + n has n in its low bits. */
LLVMValueRef make_trunc_sat_f64_u(struct function *f, const struct number_rule *rule,
				  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	static const uint8_t low[4] = {0, 2, 4, 4};
	LLVMValueRef highest = vector_splat_float(f, rule->lanes, 4294967295.0);
	LLVMValueRef number = float_pick(f, LLVMRealOGT, x[0], LLVMConstNull(LLVMTypeOf(x[0])));

	(void)insn;
	number = float_pick(f, LLVMRealOLT, number, highest);
	number = call_alike(f, "llvm.trunc", &number, 1);
	number = LLVMBuildFAdd(f->b, number, vector_splat_float(f, rule->lanes, 0x1p52), "");
	LLVMValueRef bits = vector_cast(f, number, LANES_I32);

	return vector_shuffle(f, bits, LLVMConstNull(LLVMTypeOf(bits)), low, 4);
}

static LLVMValueRef vector_convert(struct function *f, const struct number_rule *rule,
				   LLVMValueRef x, enum lanes to)
{
	return LLVMBuildCast(f->b, rule->what, x, lanes_type(f->u, to), "");
}

LLVMValueRef make_convert(struct function *f, const struct number_rule *rule,
			  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return vector_convert(f, rule, x[0], LANES_F32);
}

LLVMValueRef make_convert_low(struct function *f, const struct number_rule *rule,
			      const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return vector_convert(f, rule, vector_half(f, x[0], false), LANES_F64);
}

/* Of promoted floats LLVM would take the floats themselves, signalling or not. */
LLVMValueRef make_demote(struct function *f, const struct number_rule *rule,
			 const struct wasm_insn *insn, const LLVMValueRef *x)
{
	static const uint8_t all[4] = {0, 1, 2, 3};
	LLVMValueRef wide = LLVMIsAFPExtInst(x[0]) ? float_hide(f, x[0]) : x[0];
	LLVMTypeRef type = LLVMVectorType(f->u->f32, 2);
	LLVMValueRef low = LLVMBuildFPTrunc(f->b, wide, type, "");

	(void)rule, (void)insn;
	return vector_shuffle(f, low, LLVMConstNull(type), all, 4);
}
