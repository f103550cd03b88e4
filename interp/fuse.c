/*
 * Numeric instructions, loads, stores and conditional jumps: the choice of the op. Two are fused
 * only when the first is the producer of an operand of the second, so nothing can have changed in
 * between, and no jump comes to the second.
 * Trust: validated code.
 */
#include "interp/fuse.h"

#include "interp/thread.h"

enum rule_kind {
	RULE_NONE,
	RULE_BINARY, /* name_SS, then name_SI */
	RULE_DIVIDE,
	RULE_FLOAT,	    /* name */
	RULE_COMPARE,	    /* name_SS, then name_SI */
	RULE_FLOAT_COMPARE, /* name_SS */
	RULE_UNARY,
	RULE_SAME, /* the bits stay as they are */
	RULE_EQZ,  /* the id is that of the comparison with an immediate */
	RULE_LOAD,
	RULE_STORE,
	RULE_SELECT,
};

struct rule {
	uint8_t kind;
	uint16_t id;
};

/* clang-format off */
static const struct rule rules[WASM_OP_COUNT] = {
#define INT_BINARY(name, T, value)	     [WASM_OP_##name] = {RULE_BINARY, INTERP_##name##_SS},
#define INT_DIVIDE(name, T, overflow, value) [WASM_OP_##name] = {RULE_DIVIDE, INTERP_##name##_SS},
#define INT_COMPARE(name, T, truth)	     [WASM_OP_##name] = {RULE_COMPARE, INTERP_##name##_SS},
#define FLOAT_COMPARE(name, T, truth)                                                              \
	[WASM_OP_##name] = {RULE_FLOAT_COMPARE, INTERP_##name##_SS},
#define FLOAT_BINARY(name, T, value)	     [WASM_OP_##name] = {RULE_FLOAT, INTERP_##name},
#define UNARY(name, from, to, value)	     [WASM_OP_##name] = {RULE_UNARY, INTERP_##name},
#define TRUNCATE(name, sat, from, to, ctype, inside, low, high)                                    \
	[WASM_OP_##name] = {RULE_UNARY, INTERP_##name},                                            \
	[WASM_OP_##sat] = {RULE_UNARY, INTERP_##sat},
#define LOAD(name, ctype, value) [WASM_OP_##name] = {RULE_LOAD, INTERP_##name##_S},
#define STORE(name, ctype)	 [WASM_OP_##name] = {RULE_STORE, INTERP_##name##_S},
#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"
	[WASM_OP_F32_LOAD] = {RULE_LOAD, INTERP_I32_LOAD_S},
	[WASM_OP_F64_LOAD] = {RULE_LOAD, INTERP_I64_LOAD_S},
	[WASM_OP_I64_LOAD8_U] = {RULE_LOAD, INTERP_I32_LOAD8_U_S},
	[WASM_OP_I64_LOAD16_U] = {RULE_LOAD, INTERP_I32_LOAD16_U_S},
	[WASM_OP_I64_LOAD32_U] = {RULE_LOAD, INTERP_I32_LOAD_S},
	[WASM_OP_F32_STORE] = {RULE_STORE, INTERP_I32_STORE_S},
	[WASM_OP_F64_STORE] = {RULE_STORE, INTERP_I64_STORE_S},
	[WASM_OP_I64_STORE8] = {RULE_STORE, INTERP_I32_STORE8_S},
	[WASM_OP_I64_STORE16] = {RULE_STORE, INTERP_I32_STORE16_S},
	[WASM_OP_I64_STORE32] = {RULE_STORE, INTERP_I32_STORE_S},
	[WASM_OP_I64_EXTEND_I32_U] = {RULE_SAME, 0},
	[WASM_OP_I32_REINTERPRET_F32] = {RULE_SAME, 0},
	[WASM_OP_I64_REINTERPRET_F64] = {RULE_SAME, 0},
	[WASM_OP_F32_REINTERPRET_I32] = {RULE_SAME, 0},
	[WASM_OP_F64_REINTERPRET_I64] = {RULE_SAME, 0},
	[WASM_OP_I32_EQZ] = {RULE_EQZ, INTERP_I32_EQ_SI},
	[WASM_OP_REF_IS_NULL] = {RULE_EQZ, INTERP_I32_EQ_SI},
	[WASM_OP_I64_EQZ] = {RULE_EQZ, INTERP_I64_EQ_SI},
	[WASM_OP_SELECT] = {RULE_SELECT, INTERP_SELECT},
	[WASM_OP_SELECT_T] = {RULE_SELECT, INTERP_SELECT},
};
/* clang-format on */

/* What the translator has to know of an op that it emitted. */
enum op_kind { OP_OTHER, OP_COMPARE_SS, OP_COMPARE_SI, OP_FLOAT_COMPARE };

struct op_info {
	uint8_t kind;
	uint8_t words; /* 0: one */
};

/* clang-format off */
static const struct op_info op_infos[INTERP_OP_COUNT] = {
#define INT_COMPARE(name, T, truth)                                                                \
	[INTERP_##name##_SS] = {.kind = OP_COMPARE_SS},                                            \
	[INTERP_##name##_SI] = {.kind = OP_COMPARE_SI},
#define FLOAT_COMPARE(name, T, truth) [INTERP_##name##_SS] = {.kind = OP_FLOAT_COMPARE},
#define STEP(name, truth)                                                                          \
	[INTERP_##name##_SS] = {.words = 2}, [INTERP_##name##_SI] = {.words = 2},
#define VEC_LOAD_LANE(name, T, ctype, value) [INTERP_##name] = {.words = 2},
#define VEC_STORE_LANE(name, ctype)	     [INTERP_##name] = {.words = 2},
#define LOADED(name, T, value)		     [INTERP_##name] = {.words = 2},
#define ATOMIC_LOAD(name, ctype)	     [INTERP_##name] = {.words = 2},
#define ATOMIC_STORE(name, ctype)	     [INTERP_##name] = {.words = 2},
#define ATOMIC_CHANGE(name, ctype, function) [INTERP_##name] = {.words = 2},
#define ATOMIC_COMPARE(name, ctype)	     [INTERP_##name] = {.words = 2},
#define OP(name, n)		      [INTERP_##name] = {.words = n},
#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"
};
/* clang-format on */

/* An op with a shift by an immediate, swallowed by another (op.def, SHIFTED). */
static const struct {
	uint16_t first, second, both;
} shifted[] = {
	{INTERP_I32_SHL_SI, INTERP_I32_ADD_SS, INTERP_I32_ADD_SHL},
	{INTERP_I32_SHL_SI, INTERP_I32_XOR_SS, INTERP_I32_XOR_SHL},
	{INTERP_I32_SHL_SI, INTERP_I32_OR_SS, INTERP_I32_OR_SHL},
	{INTERP_I32_SHR_U_SI, INTERP_I32_XOR_SS, INTERP_I32_XOR_SHR},
	{INTERP_I32_ROTL_SI, INTERP_I32_XOR_SS, INTERP_I32_XOR_ROTL},
	{INTERP_I64_SHL_SI, INTERP_I64_ADD_SS, INTERP_I64_ADD_SHL},
	{INTERP_I64_SHL_SI, INTERP_I64_XOR_SS, INTERP_I64_XOR_SHL},
	{INTERP_I64_SHL_SI, INTERP_I64_OR_SS, INTERP_I64_OR_SHL},
	{INTERP_I64_SHR_U_SI, INTERP_I64_XOR_SS, INTERP_I64_XOR_SHR},
	{INTERP_I64_ROTL_SI, INTERP_I64_XOR_SS, INTERP_I64_XOR_ROTL},
};

/* An op with two operands swallowed by another (op.def, TERNARY of ints). */
static const struct {
	uint16_t first, second, both;
} ternary[] = {
	{INTERP_I32_ADD_SS, INTERP_I32_ADD_SS, INTERP_I32_ADD_ADD},
	{INTERP_I32_MUL_SS, INTERP_I32_ADD_SS, INTERP_I32_MUL_ADD},
	{INTERP_I32_AND_SS, INTERP_I32_XOR_SS, INTERP_I32_AND_XOR},
	{INTERP_I32_XOR_SS, INTERP_I32_AND_SS, INTERP_I32_XOR_AND},
	{INTERP_I32_XOR_SS, INTERP_I32_XOR_SS, INTERP_I32_XOR_XOR},
	{INTERP_I64_ADD_SS, INTERP_I64_ADD_SS, INTERP_I64_ADD_ADD},
	{INTERP_I64_MUL_SS, INTERP_I64_ADD_SS, INTERP_I64_MUL_ADD},
	{INTERP_I64_XOR_SS, INTERP_I64_XOR_SS, INTERP_I64_XOR_XOR},
};

/* The end of a counting loop: which jump takes a step in. */
static const struct {
	uint16_t jump, step;
} steps[] = {
	{INTERP_I32_NE_BR_SS, INTERP_I32_STEP_NE_SS},
	{INTERP_I32_NE_BR_SI, INTERP_I32_STEP_NE_SI},
	{INTERP_I32_EQ_BN_SS, INTERP_I32_STEP_NE_SS},
	{INTERP_I32_EQ_BN_SI, INTERP_I32_STEP_NE_SI},
	{INTERP_I32_LT_S_BR_SS, INTERP_I32_STEP_LT_S_SS},
	{INTERP_I32_LT_S_BR_SI, INTERP_I32_STEP_LT_S_SI},
	{INTERP_I32_LT_U_BR_SS, INTERP_I32_STEP_LT_U_SS},
	{INTERP_I32_LT_U_BR_SI, INTERP_I32_STEP_LT_U_SI},
	{INTERP_BR_NZ, INTERP_I32_STEP_NE_SI}, /* b is 0 */
};

unsigned fuse_words(enum interp_op_id id)
{
	return op_infos[id].words ? op_infos[id].words : 1;
}

static struct interp_op op_of(uint32_t id)
{
	return (struct interp_op){.id = id};
}

/* ---- binary operators ------------------------------------------------------------------------ */

/* Is the type of an int op i64? All i32 ops of a group come first. */
static bool op_is_i64(uint32_t id)
{
	return (id >= INTERP_I64_ADD_SS && id <= INTERP_I64_ROTR_SI) ||
	       (id >= INTERP_I64_DIV_S_SS && id <= INTERP_I64_REM_U_SI) ||
	       (id >= INTERP_I64_EQ_SS && id <= INTERP_I64_GE_U_BN_SI);
}

/* A constant as an immediate that sign extension brings back. */
static bool imm_of(uint32_t id, uint64_t bits, uint32_t *imm)
{
	*imm = (uint32_t)bits;
	return !op_is_i64(id) || (uint64_t)(int64_t)(int32_t)bits == bits;
}

static bool is_commutative(uint32_t id)
{
	switch (id) {
	case INTERP_I32_ADD_SS:
	case INTERP_I32_MUL_SS:
	case INTERP_I32_AND_SS:
	case INTERP_I32_OR_SS:
	case INTERP_I32_XOR_SS:
	case INTERP_I32_EQ_SS:
	case INTERP_I32_NE_SS:
	case INTERP_I64_ADD_SS:
	case INTERP_I64_MUL_SS:
	case INTERP_I64_AND_SS:
	case INTERP_I64_OR_SS:
	case INTERP_I64_XOR_SS:
	case INTERP_I64_EQ_SS:
	case INTERP_I64_NE_SS:
		return true;
	default:
		return false;
	}
}

/* x op (y shift k), y's shift being the producer of `inner`. */
static bool fuse_shifted(struct emitter *e, uint32_t id, const struct operand *x,
			 const struct operand *inner)
{
	struct interp_op *producer = operand_producer(e, inner);

	if (!producer || x->kind == OPERAND_CONST || x->slot > EMIT_SLOT_MAX)
		return false;
	for (size_t i = 0; i < COUNT_OF(shifted); i++) {
		if (producer->id != shifted[i].first || id != shifted[i].second)
			continue;
		struct interp_op op = op_of(shifted[i].both);

		op.b = (uint16_t)x->slot;
		op.c = producer->b;
		op.d = (uint16_t)(producer->imm & (op_is_i64(id) ? 63 : 31));
		emit_undo(e);
		emit_result(e, op, NULL);
		return true;
	}
	return false;
}

/* (a op b) op x, the first being the producer of `inner`. */
static bool fuse_ternary(struct emitter *e, uint32_t id, const struct operand *x,
			 const struct operand *inner)
{
	struct interp_op *producer = operand_producer(e, inner);

	if (!producer || x->kind == OPERAND_CONST || x->slot > EMIT_SLOT_MAX)
		return false;
	for (size_t i = 0; i < COUNT_OF(ternary); i++) {
		if (producer->id != ternary[i].first || id != ternary[i].second)
			continue;
		struct interp_op op = op_of(ternary[i].both);

		op.b = producer->b;
		op.c = producer->c;
		op.d = (uint16_t)x->slot;
		emit_undo(e);
		emit_result(e, op, NULL);
		return true;
	}
	return false;
}

/* An op, with its second word or NULL, in place of the producer; where that traps, so does it. */
static void emit_instead(struct emitter *e, struct interp_op op, const struct interp_op *word)
{
	uint32_t offset = e->offset;

	if (e->offsets)
		e->offset = e->offsets[e->producer - 1];
	emit_undo(e);
	emit_result(e, op, word);
	e->offset = offset;
}

/* An op whose right operand is loaded (op.def, LOADED). */
static const struct {
	uint16_t load, second, both;
} loaded[] = {
	{INTERP_I32_LOAD_S, INTERP_I32_ADD_SS, INTERP_I32_ADD_LOAD},
	{INTERP_I64_LOAD_S, INTERP_I64_ADD_SS, INTERP_I64_ADD_LOAD},
	{INTERP_I32_LOAD_S, INTERP_F32_ADD, INTERP_F32_ADD_LOAD},
	{INTERP_I32_LOAD_S, INTERP_F32_SUB, INTERP_F32_SUB_LOAD},
	{INTERP_I32_LOAD_S, INTERP_F32_MUL, INTERP_F32_MUL_LOAD},
	{INTERP_I64_LOAD_S, INTERP_F64_ADD, INTERP_F64_ADD_LOAD},
	{INTERP_I64_LOAD_S, INTERP_F64_SUB, INTERP_F64_SUB_LOAD},
	{INTERP_I64_LOAD_S, INTERP_F64_MUL, INTERP_F64_MUL_LOAD},
};

/* x op y, y being loaded by its producer. */
static bool fuse_loaded(struct emitter *e, uint32_t id, const struct operand *x,
			const struct operand *y)
{
	const struct interp_op *producer = operand_producer(e, y);

	if (!producer || x->kind == OPERAND_CONST || x->slot > EMIT_SLOT_MAX)
		return false;
	for (size_t i = 0; i < COUNT_OF(loaded); i++) {
		bool plain = producer->id == loaded[i].load;
		bool sum = producer->id == loaded[i].load + 3u; /* name_SI */
		struct interp_op op = op_of(loaded[i].both), word = {0};

		if (loaded[i].second != id || !(plain || sum))
			continue;
		op.b = (uint16_t)x->slot;
		op.c = producer->b;
		word.ab = plain ? producer->imm : 0;
		word.imm = sum ? producer->imm : 0;
		emit_instead(e, op, &word);
		return true;
	}
	return false;
}

/* A subtraction is an addition and a rotation to the right one to the left: fewer ops to fuse. */
static void binary_normal(struct interp_op *op)
{
	const bool lowest = op->imm == (uint32_t)INT32_MIN; /* has no negative in 32 bits */

	if (op->id == INTERP_I32_SUB_SI || (op->id == INTERP_I64_SUB_SI && !lowest)) {
		op->id = op->id == INTERP_I32_SUB_SI ? INTERP_I32_ADD_SI : INTERP_I64_ADD_SI;
		op->imm = -op->imm;
	}
	if (op->id == INTERP_I32_ROTR_SI) {
		op->id = INTERP_I32_ROTL_SI;
		op->imm = -op->imm & 31;
	} else if (op->id == INTERP_I64_ROTR_SI) {
		op->id = INTERP_I64_ROTL_SI;
		op->imm = -op->imm & 63;
	}
}

/* RULE_BINARY, RULE_DIVIDE, RULE_COMPARE: all have name_SS and name_SI. */
static void fuse_int(struct emitter *e, uint32_t id)
{
	struct operand y = stack_pop(e), x = stack_pop(e);
	struct interp_op op;
	uint32_t imm;

	if (x.kind == OPERAND_CONST && y.kind != OPERAND_CONST && is_commutative(id)) {
		struct operand swap = x;

		x = y;
		y = swap;
	}
	if (y.kind == OPERAND_CONST && imm_of(id, y.bits, &imm)) {
		op = op_of(id + 1);
		op.b = operand_slot(e, &x, 0);
		op.imm = imm;
		binary_normal(&op);
	} else {
		if (is_commutative(id) &&
		    (fuse_shifted(e, id, &x, &y) || fuse_shifted(e, id, &y, &x) ||
		     fuse_ternary(e, id, &x, &y) || fuse_ternary(e, id, &y, &x) ||
		     fuse_loaded(e, id, &x, &y) || fuse_loaded(e, id, &y, &x)))
			return;
		op = op_of(id);
		op.b = operand_slot(e, &x, 0);
		op.c = operand_slot(e, &y, 1);
	}
	emit_result(e, op, NULL);
}

/* Multiplications with what takes them in: an addition, or a subtraction on either side. */
static const struct product {
	uint16_t product, second, left, right; /* left: product - z; right: z - product; 0: none */
} products[] = {
	{INTERP_F32_MUL, INTERP_F32_ADD, INTERP_F32_MUL_ADD, INTERP_F32_MUL_ADD},
	{INTERP_F32_MUL, INTERP_F32_SUB, INTERP_F32_MUL_SUB, INTERP_F32_SUB_MUL},
	{INTERP_F32_MUL_LOAD, INTERP_F32_ADD, INTERP_F32_MUL_ADD_LOAD, INTERP_F32_MUL_ADD_LOAD},
	{INTERP_F32_MUL_LOAD, INTERP_F32_SUB, 0, INTERP_F32_SUB_MUL_LOAD},
	{INTERP_F64_MUL, INTERP_F64_ADD, INTERP_F64_MUL_ADD, INTERP_F64_MUL_ADD},
	{INTERP_F64_MUL, INTERP_F64_SUB, INTERP_F64_MUL_SUB, INTERP_F64_SUB_MUL},
	{INTERP_F64_MUL_LOAD, INTERP_F64_ADD, INTERP_F64_MUL_ADD_LOAD, INTERP_F64_MUL_ADD_LOAD},
	{INTERP_F64_MUL_LOAD, INTERP_F64_SUB, 0, INTERP_F64_SUB_MUL_LOAD},
};

/* The product that x is, made part of an addition or subtraction with z. */
static bool fuse_product(struct emitter *e, uint32_t id, bool left, const struct operand *x,
			 const struct operand *z)
{
	const struct interp_op *producer = operand_producer(e, x);

	if (!producer || z->kind == OPERAND_CONST || z->slot > EMIT_SLOT_MAX)
		return false;
	for (size_t i = 0; i < COUNT_OF(products); i++) {
		uint32_t both = left ? products[i].left : products[i].right;
		bool is_loaded = fuse_words((enum interp_op_id)both) == 2;
		struct interp_op op = op_of(both), word = {0};

		if (products[i].product != producer->id || products[i].second != id || !both)
			continue;
		if (is_loaded) /* else the producer has no second word */
			word = producer[1];
		op.b = producer->b;
		op.c = producer->c;
		op.d = (uint16_t)z->slot;
		emit_instead(e, op, is_loaded ? &word : NULL);
		return true;
	}
	return false;
}

static bool is_float_commutative(uint32_t id)
{
	return id == INTERP_F32_ADD || id == INTERP_F32_MUL || id == INTERP_F64_ADD ||
	       id == INTERP_F64_MUL;
}

static void fuse_float(struct emitter *e, uint32_t id)
{
	struct operand y = stack_pop(e), x = stack_pop(e);
	struct interp_op op = op_of(id);

	operand_pool(e, &x);
	operand_pool(e, &y);
	if (fuse_product(e, id, false, &y, &x) || fuse_product(e, id, true, &x, &y) ||
	    fuse_loaded(e, id, &x, &y) || (is_float_commutative(id) && fuse_loaded(e, id, &y, &x)))
		return;
	op.b = operand_slot(e, &x, 0);
	op.c = operand_slot(e, &y, 1);
	emit_result(e, op, NULL);
}

static void fuse_unary(struct emitter *e, uint32_t id)
{
	struct operand x = stack_pop(e);
	struct interp_op op = op_of(id);

	op.b = operand_slot(e, &x, 0);
	emit_result(e, op, NULL);
}

/* x == 0. Of a comparison it is the negation, which a jump can take over. */
static void fuse_eqz(struct emitter *e, uint32_t id)
{
	struct operand x = stack_pop(e);
	const struct interp_op *producer = operand_producer(e, &x);
	struct interp_op op = op_of(id);

	if (producer && fuse_words((enum interp_op_id)producer->id) == 1)
		e->negation = e->count + 1;
	op.b = operand_slot(e, &x, 0);
	emit_result(e, op, NULL);
}

static void fuse_select(struct emitter *e)
{
	struct operand cond = stack_pop(e), y = stack_pop_any(e), x = stack_pop_any(e);
	struct interp_op op = op_of(x.wide ? INTERP_SELECT_V128 : INTERP_SELECT);

	op.b = operand_slot(e, &x, 0);
	op.c = operand_slot(e, &y, 1);
	op.d = operand_slot(e, &cond, 2);
	if (x.wide)
		emit_result_wide(e, op, NULL);
	else
		emit_result(e, op, NULL);
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* log2 of the size of the access, which is its natural alignment. */
static unsigned access_shift(enum wasm_op op)
{
	return wasm_op_info(op)->imm - WASM_IMM_MEM0;
}

/* What an address is made of; the order is that of the forms of a load or store after name_S. */
enum address { ADDRESS_PLAIN, ADDRESS_SUM, ADDRESS_SCALED, ADDRESS_IMMEDIATE };

/* In a loop a constant address becomes part of the offset: what is left is the zero of the pool. */
static uint32_t address_offset(const struct emitter *e, const struct wasm_insn *insn,
			       struct operand *x)
{
	uint64_t offset = insn->mem.offset;

	if (e->loops && x->kind == OPERAND_CONST && x->bits + offset <= UINT32_MAX) {
		offset += x->bits;
		x->bits = 0;
	}
	return (uint32_t)offset;
}

static enum address address_of(const struct interp_op *producer, const struct wasm_insn *insn)
{
	if (!producer || insn->mem.offset > UINT16_MAX)
		return ADDRESS_PLAIN;
	if (producer->id == INTERP_I32_ADD_SS)
		return ADDRESS_SUM;
	if (producer->id == INTERP_I32_ADD_SHL && producer->d == access_shift(insn->op))
		return ADDRESS_SCALED;
	if (producer->id == INTERP_I32_ADD_SI && insn->mem.offset == 0)
		return ADDRESS_IMMEDIATE;
	return ADDRESS_PLAIN;
}

void fuse_load(struct emitter *e, const struct wasm_insn *insn, uint32_t id, bool wide)
{
	struct operand x = stack_pop(e);
	struct interp_op *producer = operand_producer(e, &x);
	enum address address = address_of(producer, insn);
	struct interp_op op = op_of(id + address);

	if (address == ADDRESS_IMMEDIATE) {
		op.b = producer->b;
		op.imm = producer->imm;
		emit_undo(e);
	} else if (address) {
		op.b = producer->b;
		op.c = producer->c;
		op.d = (uint16_t)insn->mem.offset;
		emit_undo(e);
	} else {
		op.imm = address_offset(e, insn, &x);
		op.b = operand_slot(e, &x, 0);
	}
	if (wide)
		emit_result_wide(e, op, NULL);
	else
		emit_result(e, op, NULL);
}

void fuse_store(struct emitter *e, const struct wasm_insn *insn, uint32_t id)
{
	struct operand v = stack_pop_any(e), x = stack_pop(e);

	operand_pool(e, &v);
	struct interp_op *producer =
		v.kind == OPERAND_LOCAL && v.slot <= EMIT_SLOT_MAX ? operand_producer(e, &x) : NULL;
	enum address address = address_of(producer, insn);
	struct interp_op op = op_of(id + address);

	if (address == ADDRESS_IMMEDIATE) {
		op.a = producer->b;
		op.b = (uint16_t)v.slot;
		op.imm = producer->imm;
		emit_undo(e);
	} else if (address) {
		op.a = producer->b;
		op.b = producer->c;
		op.c = (uint16_t)v.slot;
		op.d = (uint16_t)insn->mem.offset;
		emit_undo(e);
	} else {
		op.imm = address_offset(e, insn, &x);
		op.a = operand_slot(e, &x, 0);
		op.b = operand_slot(e, &v, 1);
	}
	*emit_op(e, (enum interp_op_id)op.id) = op;
}

bool fuse_insn(struct emitter *e, const struct wasm_insn *insn)
{
	const struct rule *rule = &rules[insn->op];

	switch (rule->kind) {
	case RULE_BINARY:
	case RULE_DIVIDE:
	case RULE_COMPARE:
		fuse_int(e, rule->id);
		return true;
	case RULE_FLOAT:
	case RULE_FLOAT_COMPARE:
		fuse_float(e, rule->id);
		return true;
	case RULE_UNARY:
		fuse_unary(e, rule->id);
		return true;
	case RULE_EQZ:
		fuse_eqz(e, rule->id);
		return true;
	case RULE_SAME:
		return true;
	case RULE_LOAD:
		fuse_load(e, insn, rule->id, false);
		return true;
	case RULE_STORE:
		fuse_store(e, insn, rule->id);
		return true;
	case RULE_SELECT:
		fuse_select(e);
		return true;
	default:
		return fuse_simd_insn(e, insn);
	}
}

/* ---- jumps ----------------------------------------------------------------------------------- */

/* A comparison as jumps have it: an immediate of more than 16 bits has to be in the pool. */
static bool compare_for_jump(struct emitter *e, struct interp_op *compare)
{
	struct operand k = {.kind = OPERAND_CONST, .bits = compare->imm};

	if (op_infos[compare->id].kind != OP_COMPARE_SI ||
	    (int32_t)compare->imm == (int16_t)compare->imm)
		return true;
	if (op_is_i64((uint32_t)compare->id))
		k.bits = (uint64_t)(int64_t)(int32_t)compare->imm;
	operand_pool(e, &k);
	if (k.kind != OPERAND_LOCAL)
		return false;
	compare->id--; /* name_SS */
	compare->c = (uint16_t)k.slot;
	return true;
}

/* The jump that a comparison becomes; false: it cannot. */
static bool branch_of_compare(struct emitter *e, struct interp_op compare, bool when,
			      struct interp_op *jump)
{
	if (!compare_for_jump(e, &compare))
		return false;
	uint32_t id = (uint32_t)compare.id;

	switch (op_infos[id].kind) {
	case OP_COMPARE_SS:
	case OP_COMPARE_SI:
		*jump = op_of(id + (when ? 2 : 4)); /* name_BR_.. and name_BN_.. */
		break;
	case OP_FLOAT_COMPARE:
		*jump = op_of(id + (when ? 1 : 2));
		break;
	default:
		return false;
	}
	jump->a = compare.b;
	jump->b = op_infos[id].kind == OP_COMPARE_SI ? (uint16_t)compare.imm : compare.c;
	return true;
}

/* For x = (y == 0) the op before may be the comparison that made y: not (a < b), say. */
static bool branch_of_negation(struct emitter *e, const struct interp_op *zero, bool when,
			       struct interp_op *jump)
{
	const struct interp_op *before = zero - 1;

	if (e->negation != e->producer || !branch_of_compare(e, *before, !when, jump))
		return false;
	e->producer--;
	return true;
}

/* Appends the jump, returns where; it takes in the op before if that counts up what it looks at. */
static uint32_t emit_jump(struct emitter *e, struct interp_op jump)
{
	const struct interp_op *add = &e->ops[e->count - 1];
	struct interp_op step = *add;

	if (e->count > e->barrier && e->counted == e->count && add->id == INTERP_I32_ADD_SI &&
	    add->a == add->b && add->a == jump.a) {
		for (size_t i = 0; i < COUNT_OF(steps); i++) {
			if (jump.id != steps[i].jump)
				continue;
			jump.id = steps[i].step;
			e->count--;
			*emit_op(e, (enum interp_op_id)jump.id) = jump;
			emit_word(e, step.imm, 0, 0);
			return e->count - 2;
		}
	}
	*emit_op(e, (enum interp_op_id)jump.id) = jump;
	return e->count - 1;
}

uint32_t fuse_branch(struct emitter *e, const struct operand *x, bool when)
{
	const struct interp_op *producer = operand_producer(e, x);
	struct interp_op jump;

	if (producer && (branch_of_negation(e, producer, when, &jump) ||
			 branch_of_compare(e, *producer, when, &jump))) {
		emit_undo(e);
	} else {
		uint16_t slot = operand_slot(e, x, 0);

		jump = op_of(when ? INTERP_BR_NZ : INTERP_BR_Z);
		jump.a = slot;
	}
	return emit_jump(e, jump);
}
