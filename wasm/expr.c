/*
 * Checking of constant expressions.
 * Trust: the bytes are untrusted.
 */
#include "wasm/expr.h"

#include "wasm/code.h"

/* The globals that the module has so far are those before the expression. */
static enum err expr_check_global(const struct wasm_module *m, uint32_t index, uint32_t *type)
{
	if (index >= m->global_count)
		return E_WASM_NO_SUCH_GLOBAL;
	if (m->globals[index].type.mutable)
		return E_WASM_NOT_CONST;
	*type = m->globals[index].type.type;
	return E_OK;
}

static enum err expr_check_func(struct wasm_module *m, uint32_t index, uint32_t *type)
{
	if (index >= m->func_count)
		return E_WASM_NO_SUCH_FUNC;
	m->funcs[index].declared = true;
	*type = WASM_REF | m->types[m->funcs[index].type].canonical;
	return E_OK;
}

/* Operands and result of an instruction whose signature the table has. */
static enum err expr_check_fixed(struct type_stack *stack, enum wasm_op op)
{
	const struct wasm_op_info *info = wasm_op_info(op);

	for (unsigned i = info->in_count; i-- > 0;) {
		if (stack->height == 0 || type_stack_pop(stack) != info->in[i])
			return E_WASM_TYPE_MISMATCH;
	}
	return type_stack_push(stack, info->out);
}

static enum err expr_check_insn(struct wasm_module *m, struct type_stack *stack,
				const struct wasm_insn *insn)
{
	uint32_t type = WASM_NO_TYPE;
	enum err e = E_OK;

	switch (insn->op) {
	case WASM_OP_I32_CONST:
	case WASM_OP_I64_CONST:
	case WASM_OP_F32_CONST:
	case WASM_OP_F64_CONST:
	case WASM_OP_V128_CONST:
	case WASM_OP_I32_ADD:
	case WASM_OP_I32_SUB:
	case WASM_OP_I32_MUL:
	case WASM_OP_I64_ADD:
	case WASM_OP_I64_SUB:
	case WASM_OP_I64_MUL:
		return expr_check_fixed(stack, insn->op);
	case WASM_OP_REF_NULL:
		type = insn->type;
		break;
	case WASM_OP_REF_FUNC:
		e = expr_check_func(m, insn->index, &type);
		break;
	case WASM_OP_GLOBAL_GET:
		e = expr_check_global(m, insn->index, &type);
		break;
	default:
		e = E_WASM_NOT_CONST;
	}
	return e ? e : type_stack_push(stack, type);
}

enum err expr_take(struct wasm_module *m, struct wasm_expr *out, struct reader *r,
		   struct type_stack *stack, uint32_t type)
{
	const uint8_t *start = r->p;
	struct wasm_insn insn;
	enum err e;

	type_stack_reset(stack);
	for (;;) {
		e = code_next(m, r, &insn);
		if (e)
			return e;
		if (insn.op == WASM_OP_END)
			break;
		e = expr_check_insn(m, stack, &insn);
		if (e)
			return e;
	}
	if (stack->height != 1 || !wasm_type_matches(stack->types[0], type))
		return E_WASM_TYPE_MISMATCH;
	out->code.offset = (uint32_t)(start - m->bytes);
	out->code.size = (uint32_t)(r->p - start);
	out->max_stack = stack->max;
	return E_OK;
}
