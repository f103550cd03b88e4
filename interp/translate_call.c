/*
 * Calls and tail calls.
 * Trust: the module is validated.
 */
#include "interp/translate.h"

uint32_t translate_arguments(struct translator *t, const struct wasm_func_type *type)
{
	stack_flush_top(&t->e, type->param_slots);
	return stack_home(&t->e, t->e.height - type->param_slots);
}

/* The callee's frame begins with its arguments; its results take their place. */
static void emit_call(struct translator *t, enum interp_op_id id, const struct wasm_func_type *type,
		      uint32_t imm, struct interp_op word)
{
	uint32_t base = translate_arguments(t, type);
	struct interp_op *op = emit_op(&t->e, id);

	op->ab = base;
	op->imm = imm;
	emit_word(&t->e, word.value, word.ab, 0);
	stack_drop(&t->e, type->param_slots);
}

static void call_results(struct translator *t, const struct wasm_func_type *type)
{
	stack_push_values(&t->e, type->results, type->result_count, type->result_slots);
}

/* The slot of the operand that says whom to call; a call takes a far one too. */
static uint32_t callee_slot(struct translator *t)
{
	struct operand x = stack_pop(&t->e);

	return x.kind == OPERAND_CONST ? operand_slot(&t->e, &x, 0) : x.slot;
}

static void translate_direct(struct translator *t, uint32_t index, bool tail)
{
	const struct wasm_func_instance *callee = t->instance->funcs[index];
	bool own = callee->instance == t->instance;
	enum interp_op_id id = tail ? INTERP_TAIL_CALL : own ? INTERP_CALL : INTERP_CALL_IMPORT;

	emit_call(t, id, callee->type, 0, (struct interp_op){.value = translate_word(callee)});
	if (!tail)
		call_results(t, callee->type);
}

static void translate_indirect(struct translator *t, const struct wasm_insn *insn, bool tail)
{
	const struct wasm_func_type *type = &t->module->types[insn->index];
	const struct wasm_table_instance *table = t->instance->tables[insn->index2];
	struct interp_op word = {.value = translate_word(table),
				 .ab = t->instance->sigs[insn->index]};
	uint32_t slot = callee_slot(t);

	emit_call(t, tail ? INTERP_TAIL_CALL_INDIRECT : INTERP_CALL_INDIRECT, type, slot, word);
	if (!tail)
		call_results(t, type);
}

static void translate_reference(struct translator *t, const struct wasm_insn *insn, bool tail)
{
	const struct wasm_func_type *type = &t->module->types[insn->index];
	struct interp_op word = {.ab = t->instance->sigs[insn->index]};
	uint32_t slot = callee_slot(t);

	emit_call(t, tail ? INTERP_TAIL_CALL_REF : INTERP_CALL_REF, type, slot, word);
	if (!tail)
		call_results(t, type);
}

bool translate_call(struct translator *t, const struct wasm_insn *insn)
{
	const bool tail = insn->op == WASM_OP_RETURN_CALL ||
			  insn->op == WASM_OP_RETURN_CALL_INDIRECT ||
			  insn->op == WASM_OP_RETURN_CALL_REF;

	switch (insn->op) {
	case WASM_OP_CALL:
	case WASM_OP_RETURN_CALL:
		translate_direct(t, insn->index, tail);
		break;
	case WASM_OP_CALL_INDIRECT:
	case WASM_OP_RETURN_CALL_INDIRECT:
		translate_indirect(t, insn, tail);
		break;
	case WASM_OP_CALL_REF:
	case WASM_OP_RETURN_CALL_REF:
		translate_reference(t, insn, tail);
		break;
	default:
		return false;
	}
	t->dead = tail;
	return true;
}
