/*
 * References, tables, memories as a whole, atomic accesses.
 * Trust: the module is validated.
 */
#include "interp/translate.h"
#include "wasm/limits.h"

static_assert(WASM_MAX_MEMORIES <= UINT16_MAX, "a memory in 16 bits");

/* Operands a, b, c of the bulk instructions; count of them, newest last. */
static void bulk_operands(struct translator *t, uint16_t slots[3], unsigned count)
{
	struct operand x[3];

	for (unsigned i = count; i-- > 0;)
		x[i] = stack_pop(&t->e);
	for (unsigned i = 0; i < count; i++)
		slots[i] = operand_slot(&t->e, &x[i], i);
}

/* to, from or value, count; no result; the second word has those two. */
static void emit_bulk(struct translator *t, enum interp_op_id id, uint32_t ab, uint32_t imm)
{
	uint16_t slots[3];

	bulk_operands(t, slots, 3);
	struct interp_op *op = emit_op(&t->e, id);

	op->a = slots[0];
	op->b = slots[1];
	op->c = slots[2];
	emit_word(&t->e, 0, ab, imm);
}

static void translate_memory_fill(struct translator *t, uint32_t memory)
{
	uint16_t slots[3];

	bulk_operands(t, slots, 3);
	struct interp_op *op = emit_op(&t->e, INTERP_MEMORY_FILL);

	op->a = slots[0];
	op->b = slots[1];
	op->c = slots[2];
	op->d = (uint16_t)memory;
}

static void emit_drop_segment(struct translator *t, enum interp_op_id id, uint32_t segment)
{
	emit_op(&t->e, id)->imm = segment;
}

static void translate_table_set(struct translator *t, uint32_t table)
{
	uint16_t slots[3];

	bulk_operands(t, slots, 2);
	struct interp_op *op = emit_op(&t->e, INTERP_TABLE_SET);

	op->a = slots[0];
	op->b = slots[1];
	op->imm = table;
}

static void translate_table_grow(struct translator *t, uint32_t table)
{
	uint16_t slots[3];
	struct interp_op op = {.id = INTERP_TABLE_GROW};

	bulk_operands(t, slots, 2);
	op.b = slots[0];
	op.c = slots[1];
	emit_result(&t->e, op, &(struct interp_op){.ab = table});
}

static void emit_unary_imm(struct translator *t, enum interp_op_id id, uint32_t imm)
{
	struct operand x = stack_pop(&t->e);
	struct interp_op op = {.id = id, .imm = imm};

	op.b = operand_slot(&t->e, &x, 0);
	emit_result(&t->e, op, NULL);
}

static void emit_nullary(struct translator *t, enum interp_op_id id, uint32_t imm)
{
	emit_result(&t->e, (struct interp_op){.id = id, .imm = imm}, NULL);
}

/* ---- atomics --------------------------------------------------------------------------------- */

#define ATOMIC_FIRST  WASM_OP_I32_ATOMIC_LOAD
#define ATOMIC_LAST   WASM_OP_I64_ATOMIC_RMW32_CMPXCHG_U
#define ATOMIC_ROW(x) [WASM_OP_##x - ATOMIC_FIRST]

/* Of i64, what is narrower than 64 bits does the same as the instruction of i32. */
#define NARROW_RMW(x)                                                                              \
	ATOMIC_ROW(I64_ATOMIC_RMW8_##x##_U) = INTERP_I32_ATOMIC_RMW8_##x##_U,                      \
	ATOMIC_ROW(I64_ATOMIC_RMW16_##x##_U) = INTERP_I32_ATOMIC_RMW16_##x##_U,                    \
	ATOMIC_ROW(I64_ATOMIC_RMW32_##x##_U) = INTERP_I32_ATOMIC_RMW_##x

static const uint16_t atomic_ids[ATOMIC_LAST - ATOMIC_FIRST + 1] = {
#define ATOMIC_LOAD(name, ctype)	     ATOMIC_ROW(name) = INTERP_##name,
#define ATOMIC_STORE(name, ctype)	     ATOMIC_ROW(name) = INTERP_##name,
#define ATOMIC_CHANGE(name, ctype, function) ATOMIC_ROW(name) = INTERP_##name,
#define ATOMIC_COMPARE(name, ctype)	     ATOMIC_ROW(name) = INTERP_##name,
#include "interp/op_groups.h"
#include "interp/op.def"
#include "interp/op_done.h"
	ATOMIC_ROW(I64_ATOMIC_LOAD8_U) = INTERP_I32_ATOMIC_LOAD8_U,
	ATOMIC_ROW(I64_ATOMIC_LOAD16_U) = INTERP_I32_ATOMIC_LOAD16_U,
	ATOMIC_ROW(I64_ATOMIC_LOAD32_U) = INTERP_I32_ATOMIC_LOAD,
	ATOMIC_ROW(I64_ATOMIC_STORE8) = INTERP_I32_ATOMIC_STORE8,
	ATOMIC_ROW(I64_ATOMIC_STORE16) = INTERP_I32_ATOMIC_STORE16,
	ATOMIC_ROW(I64_ATOMIC_STORE32) = INTERP_I32_ATOMIC_STORE,
	NARROW_RMW(ADD),
	NARROW_RMW(SUB),
	NARROW_RMW(AND),
	NARROW_RMW(OR),
	NARROW_RMW(XOR),
	NARROW_RMW(XCHG),
	NARROW_RMW(CMPXCHG),
};

static enum interp_op_id atomic_id(enum wasm_op op)
{
	switch (op) {
	case WASM_OP_MEMORY_ATOMIC_NOTIFY:
		return INTERP_ATOMIC_NOTIFY;
	case WASM_OP_MEMORY_ATOMIC_WAIT32:
		return INTERP_ATOMIC_WAIT32;
	case WASM_OP_MEMORY_ATOMIC_WAIT64:
		return INTERP_ATOMIC_WAIT64;
	default:
		must(op >= ATOMIC_FIRST && op <= ATOMIC_LAST);
		return (enum interp_op_id)atomic_ids[op - ATOMIC_FIRST];
	}
}

/* Operands in a and b if there is no result, else in b, c and d. */
static void translate_atomic(struct translator *t, const struct wasm_insn *insn)
{
	const struct wasm_op_info *info = wasm_op_info(insn->op);
	struct interp_op op = {.id = atomic_id(insn->op)};
	struct interp_op word = {.value = insn->mem.offset, .ab = insn->mem.memory};
	uint16_t slots[3] = {0};

	bulk_operands(t, slots, info->in_count);
	if (info->out == WASM_NO_TYPE) {
		op.a = slots[0];
		op.b = slots[1];
		*emit_op(&t->e, (enum interp_op_id)op.id) = op;
		emit_word(&t->e, word.value, word.ab, 0);
		return;
	}
	op.b = slots[0];
	op.c = slots[1];
	op.d = slots[2];
	emit_result(&t->e, op, &word);
}

/* ---- instructions ---------------------------------------------------------------------------- */

/* The reference stays. */
static void translate_non_null(struct translator *t)
{
	stack_flush_top(&t->e, 1);
	struct operand x = stack_pop(&t->e);
	uint16_t slot = operand_slot(&t->e, &x, 0);

	emit_op(&t->e, INTERP_NON_NULL)->a = slot;
	stack_push_home(&t->e, 1);
}

static bool translate_tables(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_TABLE_FILL:
		emit_bulk(t, INTERP_TABLE_FILL, insn->index, 0);
		return true;
	case WASM_OP_TABLE_COPY:
		emit_bulk(t, INTERP_TABLE_COPY, insn->index, insn->index2);
		return true;
	case WASM_OP_TABLE_INIT:
		emit_bulk(t, INTERP_TABLE_INIT, insn->index2, insn->index);
		return true;
	case WASM_OP_ELEM_DROP:
		emit_drop_segment(t, INTERP_ELEM_DROP, insn->index);
		return true;
	case WASM_OP_TABLE_GET:
		emit_unary_imm(t, INTERP_TABLE_GET, insn->index);
		return true;
	case WASM_OP_TABLE_SET:
		translate_table_set(t, insn->index);
		return true;
	case WASM_OP_TABLE_SIZE:
		emit_nullary(t, INTERP_TABLE_SIZE, insn->index);
		return true;
	case WASM_OP_TABLE_GROW:
		translate_table_grow(t, insn->index);
		return true;
	default:
		return false;
	}
}

static bool translate_memories(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_MEMORY_FILL:
		translate_memory_fill(t, insn->index);
		return true;
	case WASM_OP_MEMORY_COPY:
		emit_bulk(t, INTERP_MEMORY_COPY, insn->index, insn->index2);
		return true;
	case WASM_OP_MEMORY_INIT:
		emit_bulk(t, INTERP_MEMORY_INIT, insn->index2, insn->index);
		return true;
	case WASM_OP_DATA_DROP:
		emit_drop_segment(t, INTERP_DATA_DROP, insn->index);
		return true;
	case WASM_OP_MEMORY_SIZE:
		emit_nullary(t, INTERP_MEMORY_SIZE, insn->index);
		return true;
	case WASM_OP_MEMORY_GROW:
		emit_unary_imm(t, INTERP_MEMORY_GROW, insn->index);
		return true;
	default:
		return false;
	}
}

void translate_memory(struct translator *t, const struct wasm_insn *insn)
{
	if (translate_tables(t, insn) || translate_memories(t, insn))
		return;
	switch (insn->op) {
	case WASM_OP_REF_FUNC:
		stack_push_const(&t->e, t->instance->funcs[insn->index]->ref);
		break;
	case WASM_OP_REF_AS_NON_NULL:
		translate_non_null(t);
		break;
	case WASM_OP_ATOMIC_FENCE:
		emit_op(&t->e, INTERP_ATOMIC_FENCE);
		break;
	default:
		translate_atomic(t, insn);
		break;
	}
}
