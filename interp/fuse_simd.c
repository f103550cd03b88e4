/*
 * Instructions of v128 values: the choice of the op. Most have one of their own name; its operands
 * go to the fields b, c, d in the order in which they are pushed, a lane number after them.
 * Trust: validated code.
 */
#include <string.h>

#include "interp/fuse.h"

enum simd_kind {
	SIMD_NONE,
	SIMD_PLAIN,
	SIMD_SHIFT, /* name_SS, then name_SI */
	SIMD_SPLAT,
	SIMD_HALF, /* a lane that is one of the two slots */
	SIMD_LOAD,
	SIMD_STORE,
	SIMD_LOAD_LANE,
	SIMD_STORE_LANE,
	SIMD_SHUFFLE,
	SIMD_CONST,
};

struct simd_rule {
	uint8_t kind;
	uint16_t id;
};

/* clang-format off */
static const struct simd_rule rules[WASM_OP_COUNT] = {
#define VEC_UNARY(name, T, value)	      [WASM_OP_##name] = {SIMD_PLAIN, INTERP_##name},
#define VEC_BINARY(name, T, value)	      [WASM_OP_##name] = {SIMD_PLAIN, INTERP_##name},
#define VEC_TERNARY(name, T, value)	      [WASM_OP_##name] = {SIMD_PLAIN, INTERP_##name},
#define VEC_TEST(name, T, value)	      [WASM_OP_##name] = {SIMD_PLAIN, INTERP_##name},
#define VEC_EXTRACT(name, ctype, value)	      [WASM_OP_##name] = {SIMD_PLAIN, INTERP_##name},
#define VEC_REPLACE(name, T, ctype, value)    [WASM_OP_##name] = {SIMD_PLAIN, INTERP_##name},
#define VEC_SHIFT(name, T, bits, value)	      [WASM_OP_##name] = {SIMD_SHIFT, INTERP_##name##_SS},
#define VEC_SPLAT(name, ctype, value)	      [WASM_OP_##name] = {SIMD_SPLAT, INTERP_##name},
#define VEC_LOAD(name, ctype, value)	      [WASM_OP_##name] = {SIMD_LOAD, INTERP_##name##_S},
#define VEC_STORE(name)			      [WASM_OP_##name] = {SIMD_STORE, INTERP_##name##_S},
#define VEC_LOAD_LANE(name, T, ctype, value)  [WASM_OP_##name] = {SIMD_LOAD_LANE, INTERP_##name},
#define VEC_STORE_LANE(name, ctype)	      [WASM_OP_##name] = {SIMD_STORE_LANE, INTERP_##name},
#include "interp/op_groups.h"
#include "interp/op_simd.def"
#include "interp/op_done.h"
	[WASM_OP_V128_CONST] = {SIMD_CONST, 0},
	[WASM_OP_I8X16_SHUFFLE] = {SIMD_SHUFFLE, 0},
	/* Lanes of floats are bits. */
	[WASM_OP_F32X4_SPLAT] = {SIMD_SPLAT, INTERP_I32X4_SPLAT},
	[WASM_OP_F64X2_SPLAT] = {SIMD_SPLAT, INTERP_I64X2_SPLAT},
	[WASM_OP_F32X4_EXTRACT_LANE] = {SIMD_PLAIN, INTERP_I32X4_EXTRACT_LANE},
	[WASM_OP_I64X2_EXTRACT_LANE] = {SIMD_HALF, 0},
	[WASM_OP_F64X2_EXTRACT_LANE] = {SIMD_HALF, 0},
	[WASM_OP_F32X4_REPLACE_LANE] = {SIMD_PLAIN, INTERP_I32X4_REPLACE_LANE},
	[WASM_OP_F64X2_REPLACE_LANE] = {SIMD_PLAIN, INTERP_I64X2_REPLACE_LANE},
	/* The deterministic profile (Core 3.0, appendix "Profiles"). */
	[WASM_OP_I8X16_RELAXED_SWIZZLE] = {SIMD_PLAIN, INTERP_I8X16_SWIZZLE},
	[WASM_OP_I32X4_RELAXED_TRUNC_F32X4_S] = {SIMD_PLAIN, INTERP_I32X4_TRUNC_SAT_F32X4_S},
	[WASM_OP_I32X4_RELAXED_TRUNC_F32X4_U] = {SIMD_PLAIN, INTERP_I32X4_TRUNC_SAT_F32X4_U},
	[WASM_OP_I32X4_RELAXED_TRUNC_F64X2_S_ZERO] =
		{SIMD_PLAIN, INTERP_I32X4_TRUNC_SAT_F64X2_S_ZERO},
	[WASM_OP_I32X4_RELAXED_TRUNC_F64X2_U_ZERO] =
		{SIMD_PLAIN, INTERP_I32X4_TRUNC_SAT_F64X2_U_ZERO},
	[WASM_OP_I8X16_RELAXED_LANESELECT] = {SIMD_PLAIN, INTERP_V128_BITSELECT},
	[WASM_OP_I16X8_RELAXED_LANESELECT] = {SIMD_PLAIN, INTERP_V128_BITSELECT},
	[WASM_OP_I32X4_RELAXED_LANESELECT] = {SIMD_PLAIN, INTERP_V128_BITSELECT},
	[WASM_OP_I64X2_RELAXED_LANESELECT] = {SIMD_PLAIN, INTERP_V128_BITSELECT},
	[WASM_OP_F32X4_RELAXED_MIN] = {SIMD_PLAIN, INTERP_F32X4_MIN},
	[WASM_OP_F32X4_RELAXED_MAX] = {SIMD_PLAIN, INTERP_F32X4_MAX},
	[WASM_OP_F64X2_RELAXED_MIN] = {SIMD_PLAIN, INTERP_F64X2_MIN},
	[WASM_OP_F64X2_RELAXED_MAX] = {SIMD_PLAIN, INTERP_F64X2_MAX},
	[WASM_OP_I16X8_RELAXED_Q15MULR_S] = {SIMD_PLAIN, INTERP_I16X8_Q15MULR_SAT_S},
};
/* clang-format on */

/* A product swallowed by what is done with it (op_simd.def, VEC_FUSED): which, when it is the first
 * operand of a sum or difference, and when it is the second. */
static const struct {
	uint16_t product, id, first, second;
} products[] = {
	{INTERP_I16X8_MUL, INTERP_I16X8_ADD, INTERP_I16X8_MUL_ADD, INTERP_I16X8_MUL_ADD},
	{INTERP_I32X4_MUL, INTERP_I32X4_ADD, INTERP_I32X4_MUL_ADD, INTERP_I32X4_MUL_ADD},
	{INTERP_F32X4_MUL, INTERP_F32X4_ADD, INTERP_F32X4_MUL_ADD, INTERP_F32X4_MUL_ADD},
	{INTERP_F32X4_MUL, INTERP_F32X4_SUB, INTERP_F32X4_MUL_SUB, INTERP_F32X4_SUB_MUL},
	{INTERP_F64X2_MUL, INTERP_F64X2_ADD, INTERP_F64X2_MUL_ADD, INTERP_F64X2_MUL_ADD},
	{INTERP_F64X2_MUL, INTERP_F64X2_SUB, INTERP_F64X2_MUL_SUB, INTERP_F64X2_SUB_MUL},
};

/* product + z, say, if the op before made the product. */
static bool simd_fuse_product(struct emitter *e, uint32_t product, uint32_t both,
			      const struct operand *x, const struct operand *z)
{
	const struct interp_op *producer = operand_producer(e, x);
	struct interp_op op = {.id = both};

	if (!producer || producer->id != product || z->kind == OPERAND_CONST ||
	    z->slot > EMIT_SLOT_MAX)
		return false;
	op.b = producer->b;
	op.c = producer->c;
	op.d = (uint16_t)z->slot;
	emit_undo(e);
	emit_result_wide(e, op, NULL);
	return true;
}

static bool simd_fuse_products(struct emitter *e, uint32_t id, struct operand x[2])
{
	for (size_t i = 0; i < COUNT_OF(products); i++) {
		if (products[i].id != id)
			continue;
		operand_pool(e, &x[0]);
		operand_pool(e, &x[1]);
		return simd_fuse_product(e, products[i].product, products[i].second, &x[1],
					 &x[0]) ||
		       simd_fuse_product(e, products[i].product, products[i].first, &x[0], &x[1]);
	}
	return false;
}

static void simd_plain(struct emitter *e, const struct wasm_insn *insn, uint32_t id)
{
	const struct wasm_op_info *info = wasm_op_info(insn->op);
	struct operand x[WASM_OP_MAX_IN];
	uint16_t fields[WASM_OP_MAX_IN + 1] = {0};

	for (unsigned i = info->in_count; i-- > 0;)
		x[i] = info->in[i] == WASM_V128 ? stack_pop_wide(e) : stack_pop(e);
	if (simd_fuse_products(e, id, x))
		return;
	for (unsigned i = 0; i < info->in_count; i++)
		fields[i] = operand_slot(e, &x[i], i);
	if (info->imm != WASM_IMM_NONE) /* a lane */
		fields[info->in_count] = (uint16_t)insn->index;
	struct interp_op op = {.id = id, .b = fields[0], .c = fields[1], .d = fields[2]};

	if (info->out == WASM_V128)
		emit_result_wide(e, op, NULL);
	else
		emit_result(e, op, NULL);
}

static void simd_shift(struct emitter *e, uint32_t id)
{
	struct operand y = stack_pop(e), x = stack_pop_wide(e);
	struct interp_op op = {.id = id};

	op.b = operand_slot(e, &x, 0);
	if (y.kind == OPERAND_CONST) {
		op.id = id + 1;
		op.imm = (uint32_t)y.bits;
	} else {
		op.c = operand_slot(e, &y, 1);
	}
	emit_result_wide(e, op, NULL);
}

/* The lane, repeated over 64 bits. */
static uint64_t splat_bits(uint32_t id, uint64_t bits)
{
	switch (id) {
	case INTERP_I8X16_SPLAT:
		return (uint8_t)bits * 0x0101010101010101u;
	case INTERP_I16X8_SPLAT:
		return (uint16_t)bits * 0x0001000100010001u;
	case INTERP_I32X4_SPLAT:
		return (uint32_t)bits * 0x0000000100000001u;
	default:
		return bits;
	}
}

static void simd_splat(struct emitter *e, uint32_t id)
{
	struct operand x = stack_pop(e);
	struct interp_op op = {.id = id};

	if (x.kind == OPERAND_CONST) {
		uint64_t bits = splat_bits(id, x.bits);

		stack_push_const_wide(e, bits, bits);
		return;
	}
	op.b = operand_slot(e, &x, 0);
	emit_result_wide(e, op, NULL);
}

static void simd_half(struct emitter *e, const struct wasm_insn *insn)
{
	struct operand x = stack_pop_wide(e);
	struct interp_op op = {.id = INTERP_COPY};

	if (x.kind == OPERAND_HOME && insn->index == 0) {
		e->producer = 0; /* it makes two slots, not this one */
		stack_push_home(e, 1);
		return;
	}
	op.imm = operand_slot(e, &x, 0) + insn->index;
	emit_result(e, op, NULL);
}

static void simd_load_lane(struct emitter *e, const struct wasm_insn *insn, uint32_t id)
{
	struct operand v = stack_pop_wide(e), x = stack_pop(e);
	struct interp_op op = {.id = id, .d = insn->mem.lane};

	op.b = operand_slot(e, &x, 0);
	op.c = operand_slot(e, &v, 1);
	emit_result_wide(e, op, &(struct interp_op){.value = insn->mem.offset});
}

static void simd_store_lane(struct emitter *e, const struct wasm_insn *insn, uint32_t id)
{
	struct operand v = stack_pop_wide(e), x = stack_pop(e);
	struct interp_op op = {.id = id, .c = insn->mem.lane};

	op.a = operand_slot(e, &x, 0);
	op.b = operand_slot(e, &v, 1);
	*emit_op(e, (enum interp_op_id)id) = op;
	emit_word(e, insn->mem.offset, 0, 0);
}

/* Do all lanes come from the first operand (0) or the second (16)? */
static bool lanes_are_from(const uint8_t lanes[16], unsigned which)
{
	for (unsigned i = 0; i < 16; i++)
		if ((lanes[i] & 16u) != which)
			return false;
	return true;
}

static void simd_shuffle(struct emitter *e, const struct wasm_insn *insn)
{
	struct operand y = stack_pop_wide(e), x = stack_pop_wide(e);
	bool first = lanes_are_from(insn->v128, 0), second = lanes_are_from(insn->v128, 16);
	struct interp_op op = {.id = INTERP_I8X16_SHUFFLE};
	struct interp_op word;

	memcpy(&word, insn->v128, sizeof word);
	if (first || second) { /* the handler looks at the low 4 bits of a lane number */
		op.id = INTERP_I8X16_SHUFFLE_ONE;
		op.b = operand_slot(e, first ? &x : &y, 0);
	} else {
		op.b = operand_slot(e, &x, 0);
		op.c = operand_slot(e, &y, 1);
	}
	emit_result_wide(e, op, &word);
}

static void simd_const(struct emitter *e, const struct wasm_insn *insn)
{
	uint64_t half[2];

	memcpy(half, insn->v128, sizeof half);
	stack_push_const_wide(e, half[0], half[1]);
}

bool fuse_simd_insn(struct emitter *e, const struct wasm_insn *insn)
{
	const struct simd_rule *rule = &rules[insn->op];

	switch (rule->kind) {
	case SIMD_PLAIN:
		simd_plain(e, insn, rule->id);
		return true;
	case SIMD_SHIFT:
		simd_shift(e, rule->id);
		return true;
	case SIMD_SPLAT:
		simd_splat(e, rule->id);
		return true;
	case SIMD_HALF:
		simd_half(e, insn);
		return true;
	case SIMD_LOAD:
		fuse_load(e, insn, rule->id, true);
		return true;
	case SIMD_STORE:
		fuse_store(e, insn, rule->id);
		return true;
	case SIMD_LOAD_LANE:
		simd_load_lane(e, insn, rule->id);
		return true;
	case SIMD_STORE_LANE:
		simd_store_lane(e, insn, rule->id);
		return true;
	case SIMD_SHUFFLE:
		simd_shuffle(e, insn);
		return true;
	case SIMD_CONST:
		simd_const(e, insn);
		return true;
	default:
		return false;
	}
}
