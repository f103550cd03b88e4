/*
 * SIMD instructions that move lanes.
 * Trust: validated code: lane numbers are in range.
 */
#include "compiler/vector.h"

/* A number as a lane: integers lose their upper bits. */
static LLVMValueRef lane_of(struct function *f, LLVMValueRef number, LLVMTypeRef vector)
{
	LLVMTypeRef type = LLVMGetElementType(vector);

	if (LLVMTypeOf(number) == type)
		return number;
	return LLVMBuildTrunc(f->b, number, type, "");
}

LLVMValueRef make_splat(struct function *f, const struct number_rule *rule,
			const struct wasm_insn *insn, const LLVMValueRef *x)
{
	static const uint8_t zeros[16];
	LLVMTypeRef type = lanes_type(f->u, rule->lanes);
	LLVMValueRef none = LLVMGetPoison(type);
	LLVMValueRef first =
		LLVMBuildInsertElement(f->b, none, lane_of(f, x[0], type), const_i32(f, 0), "");

	(void)insn;
	return vector_shuffle(f, first, none, zeros, lanes_count(rule->lanes));
}

static LLVMValueRef lane_extract(struct function *f, const struct wasm_insn *insn, LLVMValueRef x)
{
	return LLVMBuildExtractElement(f->b, x, const_i32(f, insn->index), "");
}

LLVMValueRef make_extract_s(struct function *f, const struct number_rule *rule,
			    const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule;
	return LLVMBuildSExt(f->b, lane_extract(f, insn, x[0]), f->u->i32, "");
}

LLVMValueRef make_extract_u(struct function *f, const struct number_rule *rule,
			    const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef lane = lane_extract(f, insn, x[0]);

	return lanes_bits(rule->lanes) < 32 ? LLVMBuildZExt(f->b, lane, f->u->i32, "") : lane;
}

LLVMValueRef make_replace(struct function *f, const struct number_rule *rule,
			  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule;
	return LLVMBuildInsertElement(f->b, x[0], lane_of(f, x[1], LLVMTypeOf(x[0])),
				      const_i32(f, insn->index), "");
}

LLVMValueRef make_shuffle(struct function *f, const struct number_rule *rule,
			  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule;
	return vector_shuffle(f, x[0], x[1], insn->v128, 16);
}

/* Can a byte of x have one of the bits 4 to 6 set, for all that is seen here? */
static bool bytes_may_be_large(struct function *f, LLVMValueRef x)
{
	if (LLVMIsABitCastInst(x))
		x = LLVMGetOperand(x, 0);
	if (LLVMIsAInstruction(x) && LLVMGetInstructionOpcode(x) == LLVMAnd)
		x = LLVMGetOperand(x, 1);
	if (!LLVMIsAConstant(x))
		return true;
	x = LLVMConstBitCast(x, f->u->v128);
	for (unsigned i = 0; i < 16; i++) {
		LLVMValueRef byte = LLVMGetAggregateElement(x, i);

		if (!byte || !LLVMIsAConstantInt(byte) || LLVMConstIntGetZExtValue(byte) & 0x70)
			return true;
	}
	return false;
}

/* PSHUFB gives 0 for a lane number with the top bit set; else it looks at the low 4 bits. */
LLVMValueRef make_swizzle(struct function *f, const struct number_rule *rule,
			  const struct wasm_insn *insn, const LLVMValueRef *x)
{
	LLVMValueRef numbers = x[1];

	(void)insn;
	if (bytes_may_be_large(f, x[1]))
		numbers = call_alike(f, "llvm.uadd.sat",
				     (LLVMValueRef[]){x[1], vector_splat(f, rule->lanes, 0x70)}, 2);
	return vector_instruction(f, "llvm.x86.ssse3.pshuf.b.128", x[0], numbers);
}
