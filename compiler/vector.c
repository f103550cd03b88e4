/*
 * SIMD (Core 3.0, 4.3.6): lanes of a v128, and the table of all instructions but loads and stores.
 * Relaxed instructions have the results of the deterministic profile (appendix "Profiles").
 * Trust: validated code: lane numbers are in range.
 */
#include "compiler/vector.h"

#include "base/cc.h"
#include "compiler/unit.h"

/* ---- lanes ------------------------------------------------------------------------------------- */

unsigned lanes_bits(enum lanes lanes)
{
	static const uint8_t bits[] = {
		[LANES_I8] = 8,	  [LANES_I16] = 16, [LANES_I32] = 32,
		[LANES_I64] = 64, [LANES_F32] = 32, [LANES_F64] = 64,
	};

	return bits[lanes];
}

unsigned lanes_count(enum lanes lanes)
{
	return 128 / lanes_bits(lanes);
}

static LLVMTypeRef lane_type(const struct unit *u, enum lanes lanes)
{
	const LLVMTypeRef types[] = {
		[LANES_I8] = u->i8,   [LANES_I16] = u->i16, [LANES_I32] = u->i32,
		[LANES_I64] = u->i64, [LANES_F32] = u->f32, [LANES_F64] = u->f64,
	};

	return types[lanes];
}

LLVMTypeRef lanes_type(const struct unit *u, enum lanes lanes)
{
	return LLVMVectorType(lane_type(u, lanes), lanes_count(lanes));
}

/* The value before a cast of it is looked for: the next instruction may know it. */
static LLVMValueRef vector_cast_to(struct function *f, LLVMValueRef x, LLVMTypeRef type)
{
	while (LLVMIsABitCastInst(x))
		x = LLVMGetOperand(x, 0);
	return LLVMTypeOf(x) == type ? x : LLVMBuildBitCast(f->b, x, type, "");
}

LLVMValueRef vector_cast(struct function *f, LLVMValueRef x, enum lanes lanes)
{
	return vector_cast_to(f, x, lanes_type(f->u, lanes));
}

static LLVMValueRef vector_splat_of(enum lanes lanes, LLVMValueRef lane)
{
	LLVMValueRef all[16];

	for (unsigned i = 0; i < lanes_count(lanes); i++)
		all[i] = lane;
	return LLVMConstVector(all, lanes_count(lanes));
}

LLVMValueRef vector_splat(struct function *f, enum lanes lanes, uint64_t n)
{
	return vector_splat_of(lanes, LLVMConstInt(lane_type(f->u, lanes), n, false));
}

LLVMValueRef vector_splat_float(struct function *f, enum lanes lanes, double x)
{
	return vector_splat_of(lanes, LLVMConstReal(lane_type(f->u, lanes), x));
}

LLVMValueRef vector_shuffle(struct function *f, LLVMValueRef x, LLVMValueRef y,
			    const uint8_t *lanes, unsigned count)
{
	LLVMValueRef numbers[16];

	for (unsigned i = 0; i < count; i++)
		numbers[i] = const_i32(f, lanes[i]);
	return LLVMBuildShuffleVector(f->b, x, y, LLVMConstVector(numbers, count), "");
}

LLVMValueRef vector_half(struct function *f, LLVMValueRef x, bool high)
{
	unsigned half = LLVMGetVectorSize(LLVMTypeOf(x)) / 2;
	uint8_t lanes[8];

	for (unsigned i = 0; i < half; i++)
		lanes[i] = (uint8_t)(high ? half + i : i);
	return vector_shuffle(f, x, LLVMGetPoison(LLVMTypeOf(x)), lanes, half);
}

LLVMValueRef vector_mask(struct function *f, LLVMValueRef truth)
{
	unsigned count = LLVMGetVectorSize(LLVMTypeOf(truth));
	LLVMTypeRef lane = LLVMIntTypeInContext(f->u->context, 128 / count);

	return LLVMBuildSExt(f->b, truth, LLVMVectorType(lane, count), "");
}

LLVMValueRef vector_instruction(struct function *f, const char *name, LLVMValueRef x,
				LLVMValueRef y)
{
	LLVMValueRef args[2] = {x, y};

	return intrinsic(f, name, NULL, 0, args, y ? 2 : 1);
}

/* ---- comparisons ------------------------------------------------------------------------------- */

static LLVMValueRef make_compare(struct function *f, const struct number_rule *rule,
				 const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return vector_mask(f, LLVMBuildICmp(f->b, rule->what, x[0], x[1], ""));
}

static LLVMValueRef make_float_compare(struct function *f, const struct number_rule *rule,
				       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return vector_mask(f, LLVMBuildFCmp(f->b, rule->what, x[0], x[1], ""));
}

/* ---- floats ------------------------------------------------------------------------------------ */

/* pmin is y < x ? y : x, pmax x < y ? y : x (4.3.3, fpmin, fpmax). */
static LLVMValueRef make_pseudo(struct function *f, const struct number_rule *rule,
				const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)insn;
	return float_pick(f, rule->what, x[1], x[0]);
}

/* x * y + z with one rounding, or -(x * y) + z. Without the instruction LLVM would call a library. */
static LLVMValueRef fused(struct function *f, const struct wasm_insn *insn, LLVMValueRef x,
			  LLVMValueRef y, LLVMValueRef z)
{
	if (f->u->plan->options->isa < NATIVE_ISA_V3)
		unit_fail(f->u, "%s needs an instruction set of x86-64-v3",
			  wasm_op_info(insn->op)->text);
	return call_alike(f, "llvm.fma",
			  (LLVMValueRef[]){float_guard(f, x), float_guard(f, y), float_guard(f, z)},
			  3);
}

static LLVMValueRef make_madd(struct function *f, const struct number_rule *rule,
			      const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule;
	return fused(f, insn, x[0], x[1], x[2]);
}

static LLVMValueRef make_nmadd(struct function *f, const struct number_rule *rule,
			       const struct wasm_insn *insn, const LLVMValueRef *x)
{
	(void)rule;
	return fused(f, insn, LLVMBuildFNeg(f->b, x[0], ""), x[1], x[2]);
}

/* ---- the table --------------------------------------------------------------------------------- */

/* clang-format off */
#define ROW(lane, prefix, name, ...) [WASM_OP_##prefix##_##name] = {.lanes = LANES_##lane, __VA_ARGS__}
#define I8(name, ...)	   ROW(I8, I8X16, name, __VA_ARGS__)
#define I16(name, ...)	   ROW(I16, I16X8, name, __VA_ARGS__)
#define I32(name, ...)	   ROW(I32, I32X4, name, __VA_ARGS__)
#define I64(name, ...)	   ROW(I64, I64X2, name, __VA_ARGS__)
#define F32(name, ...)	   ROW(F32, F32X4, name, __VA_ARGS__)
#define F64(name, ...)	   ROW(F64, F64X2, name, __VA_ARGS__)
#define V128(name, ...)	   ROW(I64, V128, name, __VA_ARGS__)
#define I8_I16(name, ...)  I8(name, __VA_ARGS__), I16(name, __VA_ARGS__)
#define I8_I32(name, ...)  I8_I16(name, __VA_ARGS__), I32(name, __VA_ARGS__)
#define I16_I64(name, ...) I16(name, __VA_ARGS__), I32(name, __VA_ARGS__), I64(name, __VA_ARGS__)
#define INTS(name, ...)	   I8_I32(name, __VA_ARGS__), I64(name, __VA_ARGS__)
#define FLOATS(name, ...)  F32(name, __VA_ARGS__), F64(name, __VA_ARGS__)
#define ALL(name, ...)	   INTS(name, __VA_ARGS__), FLOATS(name, __VA_ARGS__)
/* An instruction that widens integers: lanes are the operand's. */
#define WIDEN(to, name, from, sign)	[WASM_OP_##to##_##name##_##from##_##sign]
#define WIDENS(to, from, lane, verb, maker)                                                        \
	WIDEN(to, verb##_LOW, from, S) = {.lanes = lane, .make = maker, .what = EXTEND_SIGNED},    \
	WIDEN(to, verb##_HIGH, from, S) =                                                          \
		{.lanes = lane, .make = maker, .what = EXTEND_SIGNED | EXTEND_HIGH},               \
	WIDEN(to, verb##_LOW, from, U) = {.lanes = lane, .make = maker},                           \
	WIDEN(to, verb##_HIGH, from, U) = {.lanes = lane, .make = maker, .what = EXTEND_HIGH}

static const struct number_rule rules[WASM_OP_COUNT] = {
	I8(SHUFFLE, .make = make_shuffle),
	I8(SWIZZLE, .make = make_swizzle),
	I8(RELAXED_SWIZZLE, .make = make_swizzle),
	ALL(SPLAT, .make = make_splat),
	I8_I16(EXTRACT_LANE_S, .make = make_extract_s),
	I8_I16(EXTRACT_LANE_U, .make = make_extract_u),
	I32(EXTRACT_LANE, .make = make_extract_u),
	I64(EXTRACT_LANE, .make = make_extract_u),
	FLOATS(EXTRACT_LANE, .make = make_extract_u),
	ALL(REPLACE_LANE, .make = make_replace),

	V128(NOT, .make = make_not),
	V128(AND, .make = make_operator, .what = LLVMAnd),
	V128(ANDNOT, .make = make_andnot),
	V128(OR, .make = make_operator, .what = LLVMOr),
	V128(XOR, .make = make_operator, .what = LLVMXor),
	V128(BITSELECT, .make = make_bitselect),
	INTS(RELAXED_LANESELECT, .make = make_bitselect),
	V128(ANY_TRUE, .make = make_any_true),
	INTS(ALL_TRUE, .make = make_all_true),
	INTS(BITMASK, .make = make_bitmask),

	INTS(EQ, .make = make_compare, .what = LLVMIntEQ),
	INTS(NE, .make = make_compare, .what = LLVMIntNE),
	INTS(LT_S, .make = make_compare, .what = LLVMIntSLT),
	INTS(GT_S, .make = make_compare, .what = LLVMIntSGT),
	INTS(LE_S, .make = make_compare, .what = LLVMIntSLE),
	INTS(GE_S, .make = make_compare, .what = LLVMIntSGE),
	I8_I32(LT_U, .make = make_compare, .what = LLVMIntULT),
	I8_I32(GT_U, .make = make_compare, .what = LLVMIntUGT),
	I8_I32(LE_U, .make = make_compare, .what = LLVMIntULE),
	I8_I32(GE_U, .make = make_compare, .what = LLVMIntUGE),
	FLOATS(EQ, .make = make_float_compare, .what = LLVMRealOEQ),
	FLOATS(NE, .make = make_float_compare, .what = LLVMRealUNE),
	FLOATS(LT, .make = make_float_compare, .what = LLVMRealOLT),
	FLOATS(GT, .make = make_float_compare, .what = LLVMRealOGT),
	FLOATS(LE, .make = make_float_compare, .what = LLVMRealOLE),
	FLOATS(GE, .make = make_float_compare, .what = LLVMRealOGE),

	INTS(ABS, .make = make_abs),
	INTS(NEG, .make = make_neg),
	INTS(SHL, .make = make_shift, .what = LLVMShl),
	INTS(SHR_S, .make = make_shift, .what = LLVMAShr),
	INTS(SHR_U, .make = make_shift, .what = LLVMLShr),
	INTS(ADD, .make = make_operator, .what = LLVMAdd),
	INTS(SUB, .make = make_operator, .what = LLVMSub),
	I16_I64(MUL, .make = make_operator, .what = LLVMMul),
	I8_I16(ADD_SAT_S, .make = make_call, .name = "llvm.sadd.sat"),
	I8_I16(ADD_SAT_U, .make = make_call, .name = "llvm.uadd.sat"),
	I8_I16(SUB_SAT_S, .make = make_call, .name = "llvm.ssub.sat"),
	I8_I16(SUB_SAT_U, .make = make_call, .name = "llvm.usub.sat"),
	I8_I32(MIN_S, .make = make_call, .name = "llvm.smin"),
	I8_I32(MIN_U, .make = make_call, .name = "llvm.umin"),
	I8_I32(MAX_S, .make = make_call, .name = "llvm.smax"),
	I8_I32(MAX_U, .make = make_call, .name = "llvm.umax"),
	I8(AVGR_U, .make = make_instruction, .name = "llvm.x86.sse2.pavg.b"),
	I16(AVGR_U, .make = make_instruction, .name = "llvm.x86.sse2.pavg.w"),
	I8(POPCNT, .make = make_call, .name = "llvm.ctpop"),

	/* lanes: of the operands */
	ROW(I16, I8X16, NARROW_I16X8_S, .make = make_instruction, .name = "llvm.x86.sse2.packsswb.128"),
	ROW(I16, I8X16, NARROW_I16X8_U, .make = make_instruction, .name = "llvm.x86.sse2.packuswb.128"),
	ROW(I32, I16X8, NARROW_I32X4_S, .make = make_instruction, .name = "llvm.x86.sse2.packssdw.128"),
	ROW(I32, I16X8, NARROW_I32X4_U, .make = make_instruction, .name = "llvm.x86.sse41.packusdw"),
	ROW(I8, I16X8, EXTADD_PAIRWISE_I8X16_S, .make = make_ones_instruction,
	    .name = "llvm.x86.ssse3.pmadd.ub.sw.128"),
	ROW(I8, I16X8, EXTADD_PAIRWISE_I8X16_U, .make = make_instruction_ones,
	    .name = "llvm.x86.ssse3.pmadd.ub.sw.128"),
	ROW(I16, I32X4, EXTADD_PAIRWISE_I16X8_S, .make = make_instruction_ones,
	    .name = "llvm.x86.sse2.pmadd.wd"),
	ROW(I32, I32X4, EXTADD_PAIRWISE_I16X8_U, .make = make_extadd_u16),
	ROW(I16, I32X4, DOT_I16X8_S, .make = make_instruction, .name = "llvm.x86.sse2.pmadd.wd"),
	I16(Q15MULR_SAT_S, .make = make_q15mulr),
	I16(RELAXED_Q15MULR_S, .make = make_q15mulr),
	I16(RELAXED_DOT_I8X16_I7X16_S, .make = make_relaxed_dot),
	ROW(I16, I32X4, RELAXED_DOT_I8X16_I7X16_ADD_S, .make = make_relaxed_dot_add),
	WIDENS(I16X8, I8X16, LANES_I8, EXTEND, make_extend),
	WIDENS(I32X4, I16X8, LANES_I16, EXTEND, make_extend),
	WIDENS(I64X2, I32X4, LANES_I32, EXTEND, make_extend),
	WIDENS(I16X8, I8X16, LANES_I8, EXTMUL, make_extmul),
	WIDENS(I32X4, I16X8, LANES_I16, EXTMUL, make_extmul),
	WIDENS(I64X2, I32X4, LANES_I32, EXTMUL, make_extmul),

	FLOATS(ABS, .make = make_call, .name = "llvm.fabs"),
	FLOATS(NEG, .make = make_float_neg),
	FLOATS(SQRT, .make = make_call, .name = "llvm.sqrt"),
	FLOATS(CEIL, .make = make_call, .name = "llvm.ceil"),
	FLOATS(FLOOR, .make = make_call, .name = "llvm.floor"),
	FLOATS(TRUNC, .make = make_call, .name = "llvm.trunc"),
	FLOATS(NEAREST, .make = make_call, .name = "llvm.roundeven"),
	FLOATS(ADD, .make = make_float_operator, .what = LLVMFAdd),
	FLOATS(SUB, .make = make_float_operator, .what = LLVMFSub),
	FLOATS(MUL, .make = make_float_operator, .what = LLVMFMul),
	FLOATS(DIV, .make = make_float_operator, .what = LLVMFDiv),
	FLOATS(MIN, .make = make_float_min),
	FLOATS(MAX, .make = make_float_max),
	FLOATS(RELAXED_MIN, .make = make_float_min),
	FLOATS(RELAXED_MAX, .make = make_float_max),
	FLOATS(PMIN, .make = make_pseudo, .what = LLVMRealOLT),
	FLOATS(PMAX, .make = make_pseudo, .what = LLVMRealOGT),
	FLOATS(RELAXED_MADD, .make = make_madd),
	FLOATS(RELAXED_NMADD, .make = make_nmadd),

	/* lanes: of the operand */
	ROW(F32, I32X4, TRUNC_SAT_F32X4_S, .make = make_trunc_sat_f32_s),
	ROW(F32, I32X4, TRUNC_SAT_F32X4_U, .make = make_trunc_sat_f32_u),
	ROW(F64, I32X4, TRUNC_SAT_F64X2_S_ZERO, .make = make_trunc_sat_f64_s),
	ROW(F64, I32X4, TRUNC_SAT_F64X2_U_ZERO, .make = make_trunc_sat_f64_u),
	ROW(F32, I32X4, RELAXED_TRUNC_F32X4_S, .make = make_trunc_sat_f32_s),
	ROW(F32, I32X4, RELAXED_TRUNC_F32X4_U, .make = make_trunc_sat_f32_u),
	ROW(F64, I32X4, RELAXED_TRUNC_F64X2_S_ZERO, .make = make_trunc_sat_f64_s),
	ROW(F64, I32X4, RELAXED_TRUNC_F64X2_U_ZERO, .make = make_trunc_sat_f64_u),
	ROW(I32, F32X4, CONVERT_I32X4_S, .make = make_convert, .what = LLVMSIToFP),
	ROW(I32, F32X4, CONVERT_I32X4_U, .make = make_convert, .what = LLVMUIToFP),
	ROW(I32, F64X2, CONVERT_LOW_I32X4_S, .make = make_convert_low, .what = LLVMSIToFP),
	ROW(I32, F64X2, CONVERT_LOW_I32X4_U, .make = make_convert_low, .what = LLVMUIToFP),
	ROW(F64, F32X4, DEMOTE_F64X2_ZERO, .make = make_demote),
	ROW(F32, F64X2, PROMOTE_LOW_F32X4, .make = make_convert_low, .what = LLVMFPExt),
};
/* clang-format on */

bool vector_emit(struct function *f, const struct wasm_insn *insn)
{
	const struct number_rule *rule = &rules[insn->op];
	const struct wasm_op_info *info = wasm_op_info(insn->op);
	LLVMValueRef x[WASM_OP_MAX_IN];

	if (!rule->make)
		return false;
	for (unsigned i = info->in_count; i-- > 0;) {
		x[i] = value_pop(f);
		if (info->in[i] == WASM_V128)
			x[i] = vector_cast(f, x[i], rule->lanes);
	}
	LLVMValueRef result = rule->make(f, rule, insn, x);

	if (info->out == WASM_V128)
		result = vector_cast_to(f, result, f->u->v128);
	value_push(f, result, info->out);
	return true;
}
