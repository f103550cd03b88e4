/*
 * From a validated body to ops, in one pass. Within straight code operands stay wherever they are
 * (interp/emit.h), and an op may swallow the one before it (interp/fuse.h).
 * Trust: the module is validated; lengths and depths are untrusted, nothing recurses on them.
 */
#include "interp/translate.h"

#include <string.h>

#include "base/heap.h"
#include "interp/fuse.h"
#include "interp/thread.h"

/* ---- instructions ---------------------------------------------------------------------------- */

static void translate_local_set(struct translator *t, uint32_t local, bool tee)
{
	struct operand x = stack_pop_any(&t->e);
	uint32_t slot = emit_local_slot(&t->e, local);

	if (!(x.kind == OPERAND_LOCAL && x.slot == slot)) {
		stack_save_local(&t->e, slot);
		emit_move(&t->e, slot, &x);
	}
	if (tee)
		stack_push_local(&t->e, local);
}

static void translate_global(struct translator *t, const struct wasm_insn *insn)
{
	const struct wasm_global_instance *g = t->instance->globals[insn->index];
	struct interp_op word = {.value = translate_word(g)};

	if (insn->op == WASM_OP_GLOBAL_SET) {
		struct operand x = stack_pop_any(&t->e);
		uint16_t slot = operand_slot(&t->e, &x, 0);

		emit_op(&t->e, x.wide ? INTERP_GLOBAL_SET_V128 : INTERP_GLOBAL_SET)->a = slot;
		emit_word(&t->e, word.value, 0, 0);
	} else if (g->type.type == WASM_V128) {
		emit_result_wide(&t->e, (struct interp_op){.id = INTERP_GLOBAL_GET_V128}, &word);
	} else {
		emit_result(&t->e, (struct interp_op){.id = INTERP_GLOBAL_GET}, &word);
	}
}

/* Everything but what only moves values: who knows the instruction takes it. */
static void translate_other(struct translator *t, const struct wasm_insn *insn)
{
	if (!fuse_insn(&t->e, insn) && !translate_control(t, insn) && !translate_call(t, insn) &&
	    !translate_try(t, insn))
		translate_memory(t, insn);
}

/* Does the instruction go to a memory by the registers that hold memory 0? */
static bool accesses_memory(const struct wasm_insn *insn)
{
	switch (wasm_op_info(insn->op)->imm) {
	case WASM_IMM_MEM0:
	case WASM_IMM_MEM1:
	case WASM_IMM_MEM2:
	case WASM_IMM_MEM3:
	case WASM_IMM_MEM4:
	case WASM_IMM_MEMLANE0:
	case WASM_IMM_MEMLANE1:
	case WASM_IMM_MEMLANE2:
	case WASM_IMM_MEMLANE3:
	case WASM_IMM_ATOMIC0:
	case WASM_IMM_ATOMIC1:
	case WASM_IMM_ATOMIC2:
	case WASM_IMM_ATOMIC3:
		return true;
	default:
		return false;
	}
}

/* An access to another memory stands between two changes of those registers. */
static void translate_access(struct translator *t, const struct wasm_insn *insn)
{
	if (!accesses_memory(insn) || insn->mem.memory == 0) {
		translate_other(t, insn);
		return;
	}
	emit_op(&t->e, INTERP_MEMORY_USE)->imm = insn->mem.memory;
	translate_other(t, insn);
	emit_op(&t->e, INTERP_MEMORY_USE)->imm = 0;
}

static void translate_insn(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_NOP:
		break;
	case WASM_OP_DROP:
		stack_drop(&t->e, stack_top_is_wide(&t->e) ? 2 : 1);
		break;
	case WASM_OP_LOCAL_GET:
		stack_push_local(&t->e, insn->index);
		break;
	case WASM_OP_LOCAL_SET:
	case WASM_OP_LOCAL_TEE:
		translate_local_set(t, insn->index, insn->op == WASM_OP_LOCAL_TEE);
		break;
	case WASM_OP_GLOBAL_GET:
	case WASM_OP_GLOBAL_SET:
		translate_global(t, insn);
		break;
	case WASM_OP_I32_CONST:
	case WASM_OP_I64_CONST:
	case WASM_OP_F32_CONST:
	case WASM_OP_F64_CONST:
		stack_push_const(&t->e, insn->bits);
		break;
	case WASM_OP_REF_NULL:
		stack_push_const(&t->e, 0);
		break;
	default:
		translate_access(t, insn);
		break;
	}
}

/* In unreachable code only the structure of blocks matters. */
static void skip_insn(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_BLOCK:
	case WASM_OP_LOOP:
	case WASM_OP_IF:
	case WASM_OP_TRY:
	case WASM_OP_TRY_TABLE:
		t->dead++;
		break;
	case WASM_OP_ELSE:
	case WASM_OP_CATCH:
	case WASM_OP_CATCH_ALL:
		if (t->dead == 1)
			translate_other(t, insn);
		break;
	case WASM_OP_END:
	case WASM_OP_DELEGATE:
		if (t->dead == 1)
			translate_other(t, insn);
		else
			t->dead--;
		break;
	default:
		break;
	}
}

/* ---- fuel ------------------------------------------------------------------------------------ */

/* The run that the instruction belongs to pays for it. */
static void insn_pay(struct translator *t, const struct wasm_insn *insn)
{
	if (t->metered && t->run && !t->e.err && !wasm_op_is_free(insn->op))
		t->e.ops[t->run - 1].imm++;
}

/* ---- functions ------------------------------------------------------------------------------- */

/* How many slots after the parameters: the locals, and what may lie before them. */
static uint32_t translate_zeroed(const struct translator *t)
{
	return t->e.locals ? t->e.stack_base - t->e.param_slots
			   : t->e.body->local_slots - t->e.param_slots;
}

static void translate_enter(struct translator *t)
{
	uint32_t params = t->e.param_slots;
	uint32_t locals = translate_zeroed(t);
	uint32_t slots = t->e.stack_base + t->e.body->max_stack;
	uint32_t results = t->func->type->result_slots;
	struct interp_op *op = emit_op(&t->e, locals > 16 ? INTERP_ENTER_LARGE : INTERP_ENTER);

	op->imm = slots > results ? slots : results;
	if (locals > 16) {
		emit_word(&t->e, 0, params, locals);
	} else {
		op->a = (uint16_t)params;
		op->b = (uint16_t)locals;
	}
}

/* The pool's values are known at the end: the op is made now, the words are filled then. */
static uint32_t translate_constants(struct translator *t)
{
	uint32_t at = t->e.count;

	if (t->e.pool_reserved == 0)
		return at;
	struct interp_op *op = emit_op(&t->e, INTERP_CONSTANTS);

	op->a = (uint16_t)t->e.pool_base;
	op->imm = t->e.pool_reserved;
	for (uint32_t i = 0; i < t->e.pool_reserved; i++)
		emit_word(&t->e, 0, 0, 0);
	return at;
}

static enum err translate_body(struct translator *t)
{
	struct reader r = wasm_body_code(t->module, t->e.body);
	const uint8_t *bytes = t->module->bytes;
	struct wasm_insn insn;

	t->e.offset = (uint32_t)(r.p - bytes);
	translate_enter(t);
	uint32_t constants = translate_constants(t);

	translate_label_end(t, true);
	if (t->metered && !t->e.err) /* for the locals that are set to zero */
		t->e.ops[t->run - 1].imm += (t->e.body->local_slots - t->e.param_slots) / 8;
	t->blocks[t->depth++] = (struct block){.kind = BLOCK_FUNC,
					       .result_slots = t->func->type->result_slots,
					       .region = INTERP_NO_REGION,
					       .own_region = INTERP_NO_REGION};
	while (t->depth && !t->e.err) {
		t->e.offset = (uint32_t)(r.p - bytes);
		must(code_next(t->module, &r, &insn) == E_OK);
		if (t->dead) {
			skip_insn(t, &insn);
		} else {
			insn_pay(t, &insn);
			translate_insn(t, &insn);
		}
	}
	for (uint32_t i = 0; i < t->e.pool_reserved && !t->e.err; i++)
		t->e.ops[constants + 1 + i].value = t->e.pool[i];
	return t->e.err;
}

static void translator_fini(struct translator *t)
{
	emitter_fini(&t->e);
	heap_free(t->blocks);
	heap_free(t->regions);
	heap_free(t->clauses);
	*t = (struct translator){0};
}

static enum err translate_once(struct translator *t, const struct wasm_func_instance *func,
			       uint32_t pool, bool want_offsets)
{
	const struct wasm_body *body = wasm_func_body(func->instance->module, func->index);

	const struct wasm_control *control = func->instance->store->config.control;

	*t = (struct translator){.func = func,
				 .instance = func->instance,
				 .module = func->instance->module,
				 .metered = control && control->metered,
				 .polled = control && control->polled};
	t->blocks = heap_alloc_array((size_t)body->max_depth + 1, sizeof(*t->blocks));
	t->clauses = heap_alloc_array(body->catch_count, sizeof(*t->clauses));
	t->regions =
		heap_alloc_array(body->catch_count ? body->block_count : 0, sizeof(*t->regions));
	if (!t->blocks || !t->clauses || !t->regions)
		return E_NOMEM;
	enum err err = emitter_init(&t->e, func, pool, want_offsets);

	return err ? err : translate_body(t);
}

/* Twice, if the first time has found constants in loops. t is to be finished in any case. */
static enum err translate_func(struct translator *t, const struct wasm_func_instance *func,
			       bool want_offsets)
{
	enum err err = translate_once(t, func, 0, want_offsets);
	uint32_t pool = t->e.pool_count;

	if (err || pool == 0)
		return err;
	translator_fini(t);
	return translate_once(t, func, pool, want_offsets);
}

/* The numbers of ops become the addresses of their handlers. */
static void code_link(struct interp_op *ops, const struct emitter *e)
{
	for (uint32_t i = 0; i < e->count;) {
		uint64_t id = ops[i].id;

		must(id < INTERP_OP_COUNT);
		ops[i].run = interp_handlers[id];
		i += fuse_words((enum interp_op_id)id);
		if (id == INTERP_CONSTANTS)
			i += e->pool_reserved;
	}
}

/* One block: the ops, then clauses and regions. */
static struct interp_code *code_make(const struct translator *t)
{
	const size_t ops_size = (size_t)t->e.count * sizeof(struct interp_op);
	const size_t clauses_size = (size_t)t->clause_count * sizeof(struct interp_clause);
	const size_t regions_size = (size_t)t->region_count * sizeof(struct interp_region);
	struct interp_code *code =
		heap_alloc(sizeof *code + ops_size + clauses_size + regions_size);

	if (!code)
		return NULL;
	struct interp_clause *clauses = (void *)(code->ops + t->e.count);
	struct interp_region *regions = (void *)(clauses + t->clause_count);

	code->count = t->e.count;
	code->region_count = t->region_count;
	code->clauses = clauses;
	code->regions = regions;
	memcpy(code->ops, t->e.ops, ops_size);
	if (t->region_count) {
		memcpy(clauses, t->clauses, clauses_size);
		memcpy(regions, t->regions, regions_size);
	}
	code_link(code->ops, &t->e);
	return code;
}

enum err interp_translate(const struct wasm_func_instance *func, struct interp_code **code)
{
	struct translator t;
	enum err err = translate_func(&t, func, false);

	if (!err) {
		*code = code_make(&t);
		err = *code ? E_OK : E_NOMEM;
	}
	translator_fini(&t);
	return err;
}

enum err interp_translate_offsets(const struct wasm_func_instance *func, uint32_t **offsets,
				  uint32_t *count)
{
	struct translator t;
	enum err err = translate_func(&t, func, true);

	if (!err) {
		*offsets = t.e.offsets;
		*count = t.e.count;
		t.e.offsets = NULL;
	}
	translator_fini(&t);
	return err;
}
