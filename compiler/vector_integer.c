/*
 * SIMD instructions of integers and bits that are more than one LLVM operator.
 * Trust: validated code.
 */
#include "compiler/vector.h"

/* ---- bits -------------------------------------------------------------------------------------- */

LLVMValueRef make_not(struct function *f, const struct number_rule *rule,
		      const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return LLVMBuildNot(f->b, x[0], "");
}

LLVMValueRef make_andnot(struct function *f, const struct number_rule *rule,
			 const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return LLVMBuildAnd(f->b, x[0], LLVMBuildNot(f->b, x[1], ""), "");
}

/* Of lanes that a comparison has made it is a selection of lanes. */
static LLVMValueRef select_lanes(struct function *f, LLVMValueRef x, LLVMValueRef y,
				 LLVMValueRef mask)
{
	LLVMValueRef truth = LLVMGetOperand(mask, 0);
	LLVMTypeRef type = LLVMTypeOf(mask);
	LLVMValueRef yes = LLVMBuildBitCast(f->b, x, type, "");
	LLVMValueRef no = LLVMBuildBitCast(f->b, y, type, "");

	return LLVMBuildSelect(f->b, truth, yes, no, "");
}

LLVMValueRef make_bitselect(struct function *f, const struct number_rule *rule,
			    const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef mask = LLVMIsABitCastInst(x[2]) ? LLVMGetOperand(x[2], 0) : x[2];

	(void)rule, (void)insn;
	if (LLVMIsASExtInst(mask) &&
	    LLVMGetElementType(LLVMTypeOf(LLVMGetOperand(mask, 0))) == f->u->i1)
		return select_lanes(f, x[0], x[1], mask);
	LLVMValueRef yes = LLVMBuildAnd(f->b, x[0], x[2], "");
	LLVMValueRef no = LLVMBuildAnd(f->b, x[1], LLVMBuildNot(f->b, x[2], ""), "");

	return LLVMBuildOr(f->b, yes, no, "");
}

static LLVMValueRef number_of(struct function *f, LLVMIntPredicate predicate, LLVMValueRef bits)
{
	LLVMValueRef zero = LLVMConstNull(LLVMTypeOf(bits));

	return LLVMBuildZExt(f->b, LLVMBuildICmp(f->b, predicate, bits, zero, ""), f->u->i32, "");
}

LLVMValueRef make_any_true(struct function *f, const struct number_rule *rule,
			   const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMTypeRef all = LLVMIntTypeInContext(f->u->context, 128);

	(void)rule, (void)insn;
	return number_of(f, LLVMIntNE, LLVMBuildBitCast(f->b, x[0], all, ""));
}

/* One bit per lane. */
static LLVMValueRef lane_bits(struct function *f, LLVMIntPredicate predicate, LLVMValueRef x)
{
	LLVMTypeRef type = LLVMTypeOf(x);
	LLVMValueRef truth = LLVMBuildICmp(f->b, predicate, x, LLVMConstNull(type), "");

	return LLVMBuildBitCast(f->b, truth,
				LLVMIntTypeInContext(f->u->context, LLVMGetVectorSize(type)), "");
}

LLVMValueRef make_all_true(struct function *f, const struct number_rule *rule,
			   const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return number_of(f, LLVMIntEQ, lane_bits(f, LLVMIntEQ, x[0]));
}

LLVMValueRef make_bitmask(struct function *f, const struct number_rule *rule,
			  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return LLVMBuildZExt(f->b, lane_bits(f, LLVMIntSLT, x[0]), f->u->i32, "");
}

/* ---- arithmetic -------------------------------------------------------------------------------- */

LLVMValueRef make_neg(struct function *f, const struct number_rule *rule,
		      const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule, (void)insn;
	return LLVMBuildNeg(f->b, x[0], "");
}

LLVMValueRef make_shift(struct function *f, const struct number_rule *rule,
			const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef count =
		LLVMBuildAnd(f->b, x[1], const_i32(f, lanes_bits(rule->lanes) - 1), "");

	if (rule->lanes == LANES_I64)
		count = LLVMBuildZExt(f->b, count, f->u->i64, "");
	count = make_splat(f, rule, insn, &count);
	return LLVMBuildBinOp(f->b, rule->what, x[0], count, "");
}

LLVMValueRef make_instruction(struct function *f, const struct number_rule *rule,
			      const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef y = wasm_op_info(insn->op)->in_count == 2 ? x[1] : NULL;

	return vector_instruction(f, rule->name, x[0], y);
}

LLVMValueRef make_instruction_ones(struct function *f, const struct number_rule *rule,
				   const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return vector_instruction(f, rule->name, x[0], vector_splat(f, rule->lanes, 1));
}

LLVMValueRef make_ones_instruction(struct function *f, const struct number_rule *rule,
				   const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return vector_instruction(f, rule->name, vector_splat(f, rule->lanes, 1), x[0]);
}

/* x: the pairs as lanes of 32 bits. */
LLVMValueRef make_extadd_u16(struct function *f, const struct number_rule *rule,
			     const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef high = LLVMBuildLShr(f->b, x[0], vector_splat(f, rule->lanes, 16), "");
	LLVMValueRef low = LLVMBuildAnd(f->b, x[0], vector_splat(f, rule->lanes, 0xffff), "");

	(void)insn;
	return LLVMBuildAdd(f->b, high, low, "");
}

/* PMULHRSW but for the one product that overflows. */
LLVMValueRef make_q15mulr(struct function *f, const struct number_rule *rule,
			  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef product = vector_instruction(f, "llvm.x86.ssse3.pmul.hr.sw.128", x[0], x[1]);
	LLVMValueRef least = vector_splat(f, rule->lanes, 0x8000);
	LLVMValueRef is_least = LLVMBuildICmp(f->b, LLVMIntEQ, product, least, "");

	(void)insn;
	return LLVMBuildXor(f->b, product, vector_mask(f, is_least), "");
}

LLVMValueRef make_extmul(struct function *f, const struct number_rule *rule,
			 const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return LLVMBuildMul(f->b, vector_extend(f, x[0], rule->what),
			    vector_extend(f, x[1], rule->what), "");
}

/* ---- relaxed dot products ---------------------------------------------------------------------- */

/* Bytes with their signs in lanes of 16 bits: the even ones, the odd ones. */
static LLVMValueRef bytes_odd(struct function *f, LLVMValueRef x)
{
	return LLVMBuildAShr(f->b, x, vector_splat(f, LANES_I16, 8), "");
}

static LLVMValueRef bytes_even(struct function *f, LLVMValueRef x)
{
	return bytes_odd(f, LLVMBuildShl(f->b, x, vector_splat(f, LANES_I16, 8), ""));
}

/* A product of two bytes fits into 16 bits; only the sum of (-128)^2 with itself does not: it is
 * saturated (4.3.6, ivdot_sat). */
LLVMValueRef make_relaxed_dot(struct function *f, const struct number_rule *rule,
			      const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef products[2] = {
		LLVMBuildMul(f->b, bytes_even(f, x[0]), bytes_even(f, x[1]), ""),
		LLVMBuildMul(f->b, bytes_odd(f, x[0]), bytes_odd(f, x[1]), ""),
	};

	(void)rule, (void)insn;
	return call_alike(f, "llvm.sadd.sat", products, 2);
}

LLVMValueRef make_relaxed_dot_add(struct function *f, const struct number_rule *rule,
				  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef pairs =
		vector_instruction(f, "llvm.x86.sse2.pmadd.wd", make_relaxed_dot(f, rule, insn, x),
				   vector_splat(f, LANES_I16, 1));

	return LLVMBuildAdd(f->b, pairs, vector_cast(f, x[2], LANES_I32), "");
}
