/*
 * From a validated body to ops, in one pass. Blocks leave their values in the home slots of the
 * stack where the block began, so code that comes by different ways agrees; within straight code
 * operands stay wherever they are (interp/emit.h), and an op may swallow the one before it.
 * Trust: the module is validated; lengths and depths are untrusted, nothing recurses on them.
 */
#include <string.h>

#include "base/heap.h"
#include "interp/emit.h"
#include "interp/fuse.h"
#include "interp/thread.h"
#include "wasm/code.h"

enum block_kind { BLOCK_BLOCK, BLOCK_LOOP, BLOCK_IF, BLOCK_FUNC };

struct block {
	uint8_t kind;
	uint32_t height; /* of the stack below the parameters */
	uint32_t param_count;
	uint32_t result_count;
	uint32_t start;	   /* loop: the op to jump to */
	uint32_t pending;  /* jumps to the end, linked by imm: index + 1 of the newest; 0: none */
	uint32_t if_false; /* if: the same, for the jump over the first branch */
};

struct translator {
	struct emitter e;
	const struct wasm_func_instance *func;
	const struct wasm_instance *instance;
	const struct wasm_module *module;
	struct block *blocks;
	uint32_t depth;
	uint32_t dead; /* 0: code is reached; else 1 + blocks opened in unreachable code */
};

/* ---- jumps ----------------------------------------------------------------------------------- */

static struct block *block_at(const struct translator *t, uint32_t label)
{
	must(label < t->depth);
	return &t->blocks[t->depth - 1 - label];
}

static uint32_t label_arity(const struct block *b)
{
	return b->kind == BLOCK_LOOP ? b->param_count : b->result_count;
}

/* Op `at` jumps to the label: now if it is known, else when the block ends. */
static void jump_to(struct translator *t, struct block *b, uint32_t at)
{
	struct interp_op *op = t->e.err ? &t->e.spare : &t->e.ops[at];

	if (b->kind == BLOCK_LOOP) {
		op->imm = b->start - at;
	} else {
		op->imm = b->pending;
		b->pending = at + 1;
	}
}

/* The jumps of a list come to the next op. */
static void jumps_land(struct translator *t, uint32_t *list)
{
	uint32_t next = *list;

	while (next && !t->e.err) {
		struct interp_op *op = &t->e.ops[next - 1];
		uint32_t older = op->imm;

		op->imm = t->e.count - (next - 1);
		next = older;
	}
	*list = 0;
	emit_label(&t->e);
}

/* Are the label's values where it wants them, all at home? */
static bool values_in_place(const struct translator *t, const struct block *b)
{
	uint32_t n = label_arity(b);

	return n == 0 || (b->height + n == t->e.height && t->e.flushed == t->e.height);
}

/* Puts the newest n values (none or several), which remain on the stack, into slots from `to` on.
 */
static void move_values(struct translator *t, uint32_t to, uint32_t n)
{
	struct emitter *e = &t->e;

	if (n == 0)
		return;
	must(n > 1);
	stack_flush(e);
	uint32_t from = stack_home(e, e->height - n);

	if (from == to)
		return;
	struct interp_op *op = emit_op(e, INTERP_COPY_RANGE);

	op->ab = to;
	op->imm = from;
	emit_word(e, 0, 0, n);
}

static void emit_return(struct translator *t)
{
	struct emitter *e = &t->e;
	uint32_t n = t->func->type->result_count;

	if (n == 1) {
		struct operand x = stack_pop(e);
		uint16_t slot = operand_slot(e, &x, 0);

		emit_op(e, INTERP_RETURN_VALUE)->a = slot;
		stack_push_home(e, 1);
		return;
	}
	move_values(t, 0, n);
	emit_op(e, INTERP_RETURN);
}

/* Unconditional, with values; the stack is as before. */
static void emit_br(struct translator *t, struct block *b)
{
	if (b->kind == BLOCK_FUNC) {
		emit_return(t);
		return;
	}
	uint32_t to = stack_home(&t->e, b->height);

	if (label_arity(b) == 1) {
		struct operand x = stack_pop(&t->e);

		emit_move(&t->e, to, &x);
		stack_push_home(&t->e, 1);
	} else {
		move_values(t, to, label_arity(b));
	}
	emit_op(&t->e, INTERP_BR);
	jump_to(t, b, t->e.count - 1);
}

static void translate_br_if(struct translator *t, uint32_t label)
{
	struct block *b = block_at(t, label);
	struct operand x = stack_pop(&t->e);

	if (label_arity(b) > 0)
		stack_flush(&t->e);
	if (b->kind != BLOCK_FUNC && values_in_place(t, b)) {
		jump_to(t, b, fuse_branch(&t->e, &x, true));
		return;
	}
	uint32_t over = fuse_branch(&t->e, &x, false) + 1;

	emit_br(t, b);
	jumps_land(t, &over);
}

/* An entry of a br_table that cannot jump straight to its label. */
static bool entry_needs_stub(const struct translator *t, const struct block *b)
{
	return b->kind == BLOCK_FUNC || !values_in_place(t, b);
}

static void translate_br_table(struct translator *t, const struct wasm_insn *insn)
{
	struct emitter *e = &t->e;
	struct operand x = stack_pop(e);
	struct reader targets = insn->labels.targets;

	if (label_arity(block_at(t, code_label_next(&targets))) > 0)
		stack_flush(e);
	uint16_t slot = operand_slot(e, &x, 0);
	struct interp_op *op = emit_op(e, INTERP_BR_TABLE);

	op->a = slot;
	op->imm = insn->labels.count;
	uint32_t first = e->count;

	for (uint32_t i = 0; i <= insn->labels.count; i++)
		emit_op(e, INTERP_BR);
	targets = insn->labels.targets;
	for (uint32_t i = 0; i <= insn->labels.count && !e->err; i++) {
		struct block *b = block_at(t, code_label_next(&targets));

		if (!entry_needs_stub(t, b)) {
			jump_to(t, b, first + i);
			continue;
		}
		e->ops[first + i].imm = e->count - (first + i);
		emit_label(e);
		emit_br(t, b);
	}
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void block_arity(const struct translator *t, const struct wasm_block_type *type,
			struct block *b)
{
	if (type->has_index) {
		b->param_count = t->module->types[type->index].param_count;
		b->result_count = t->module->types[type->index].result_count;
	} else {
		b->result_count = type->result != WASM_NO_TYPE;
	}
}

static struct block *block_open(struct translator *t, const struct wasm_insn *insn,
				enum block_kind kind)
{
	struct block b = {.kind = (uint8_t)kind};

	must(t->depth <= t->e.body->max_depth);
	stack_flush(&t->e);
	block_arity(t, &insn->block, &b);
	b.height = t->e.height - b.param_count;
	if (kind == BLOCK_LOOP) {
		emit_label(&t->e);
		t->e.loops++;
	}
	b.start = t->e.count;
	t->blocks[t->depth] = b;
	return &t->blocks[t->depth++];
}

static void translate_if(struct translator *t, const struct wasm_insn *insn)
{
	struct operand x = stack_pop(&t->e);

	stack_flush(&t->e);
	uint32_t jump = fuse_branch(&t->e, &x, false) + 1;

	block_open(t, insn, BLOCK_IF)->if_false = jump;
}

static void translate_else(struct translator *t)
{
	struct block *b = block_at(t, 0);

	if (!t->dead) {
		stack_flush(&t->e);
		emit_op(&t->e, INTERP_BR);
		jump_to(t, b, t->e.count - 1);
	}
	t->dead = 0;
	jumps_land(t, &b->if_false);
	stack_reset(&t->e, b->height);
	stack_reset(&t->e, b->height + b->param_count);
}

static void translate_end(struct translator *t)
{
	struct block *b = block_at(t, 0);

	if (b->kind == BLOCK_FUNC) {
		if (!t->dead)
			emit_return(t);
		t->depth--;
		return;
	}
	if (!t->dead)
		stack_flush(&t->e);
	t->dead = 0;
	if (b->kind == BLOCK_LOOP)
		t->e.loops--;
	jumps_land(t, &b->if_false);
	jumps_land(t, &b->pending);
	stack_reset(&t->e, b->height);
	stack_reset(&t->e, b->height + b->result_count);
	t->depth--;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static uint64_t word_of(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* The arguments come home; the callee's frame begins with them, and its results take their place.
 */
static uint32_t call_arguments(struct translator *t, const struct wasm_func_type *type)
{
	stack_flush_top(&t->e, type->param_count);
	return stack_home(&t->e, t->e.height - type->param_count);
}

static void call_results(struct translator *t, const struct wasm_func_type *type)
{
	stack_drop(&t->e, type->param_count);
	stack_push_home(&t->e, type->result_count);
}

static void translate_call(struct translator *t, uint32_t index)
{
	const struct wasm_func_instance *callee = t->instance->funcs[index];
	uint32_t base = call_arguments(t, callee->type);
	bool own = callee->instance == t->instance;

	emit_op(&t->e, own ? INTERP_CALL : INTERP_CALL_IMPORT)->ab = base;
	emit_word(&t->e, word_of(callee), 0, 0);
	call_results(t, callee->type);
}

static void translate_call_indirect(struct translator *t, const struct wasm_insn *insn)
{
	const struct wasm_func_type *type = &t->module->types[insn->index];
	struct operand x = stack_pop(&t->e);

	if (x.kind == OPERAND_CONST)
		x.slot = operand_slot(&t->e, &x, 0);
	uint32_t base = call_arguments(t, type);
	struct interp_op *op = emit_op(&t->e, INTERP_CALL_INDIRECT);

	op->ab = base;
	op->imm = x.slot;
	emit_word(&t->e, word_of(t->instance->tables[insn->index2]), t->instance->sigs[insn->index],
		  0);
	call_results(t, type);
}

/* ---- variables and bulk instructions --------------------------------------------------------- */

static void translate_local_set(struct translator *t, uint32_t local, bool tee)
{
	struct operand x = stack_pop(&t->e);

	if (!(x.kind == OPERAND_LOCAL && x.slot == local)) {
		stack_save_local(&t->e, local);
		emit_move(&t->e, local, &x);
	}
	if (tee)
		stack_push_local(&t->e, local);
}

static void translate_global(struct translator *t, const struct wasm_insn *insn)
{
	const struct wasm_global_instance *g = t->instance->globals[insn->index];

	if (insn->op == WASM_OP_GLOBAL_SET) {
		struct operand x = stack_pop(&t->e);
		uint16_t slot = operand_slot(&t->e, &x, 0);

		emit_op(&t->e, INTERP_GLOBAL_SET)->a = slot;
		emit_word(&t->e, word_of(g), 0, 0);
		return;
	}
	emit_result(&t->e, (struct interp_op){.id = INTERP_GLOBAL_GET},
		    &(struct interp_op){.value = word_of(g)});
}

/* Operands a, b, c of the bulk instructions; count of them, newest last. */
static void bulk_operands(struct translator *t, uint16_t slots[3], unsigned count)
{
	struct operand x[3];

	for (unsigned i = count; i-- > 0;)
		x[i] = stack_pop(&t->e);
	for (unsigned i = 0; i < count; i++)
		slots[i] = operand_slot(&t->e, &x[i], i);
}

/* to, from or value, count; no result. word: has a second word with those two. */
static void emit_bulk(struct translator *t, enum interp_op_id id, bool word, uint32_t ab,
		      uint32_t imm)
{
	uint16_t slots[3];

	bulk_operands(t, slots, 3);
	struct interp_op *op = emit_op(&t->e, id);

	op->a = slots[0];
	op->b = slots[1];
	op->c = slots[2];
	if (word)
		emit_word(&t->e, 0, ab, imm);
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

static void translate_bulk(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_MEMORY_FILL:
		emit_bulk(t, INTERP_MEMORY_FILL, false, 0, 0);
		break;
	case WASM_OP_MEMORY_COPY:
		emit_bulk(t, INTERP_MEMORY_COPY, false, 0, 0);
		break;
	case WASM_OP_MEMORY_INIT:
		emit_bulk(t, INTERP_MEMORY_INIT, true, 0, insn->index);
		break;
	case WASM_OP_DATA_DROP:
		emit_drop_segment(t, INTERP_DATA_DROP, insn->index);
		break;
	case WASM_OP_TABLE_FILL:
		emit_bulk(t, INTERP_TABLE_FILL, true, insn->index, 0);
		break;
	case WASM_OP_TABLE_COPY:
		emit_bulk(t, INTERP_TABLE_COPY, true, insn->index, insn->index2);
		break;
	case WASM_OP_TABLE_INIT:
		emit_bulk(t, INTERP_TABLE_INIT, true, insn->index2, insn->index);
		break;
	case WASM_OP_ELEM_DROP:
		emit_drop_segment(t, INTERP_ELEM_DROP, insn->index);
		break;
	case WASM_OP_TABLE_GET:
		emit_unary_imm(t, INTERP_TABLE_GET, insn->index);
		break;
	case WASM_OP_TABLE_SET:
		translate_table_set(t, insn->index);
		break;
	case WASM_OP_TABLE_SIZE:
		emit_nullary(t, INTERP_TABLE_SIZE, insn->index);
		break;
	case WASM_OP_TABLE_GROW:
		translate_table_grow(t, insn->index);
		break;
	case WASM_OP_MEMORY_SIZE:
		emit_nullary(t, INTERP_MEMORY_SIZE, 0);
		break;
	case WASM_OP_MEMORY_GROW:
		emit_unary_imm(t, INTERP_MEMORY_GROW, 0);
		break;
	case WASM_OP_REF_FUNC:
		emit_nullary(t, INTERP_REF_FUNC, insn->index);
		break;
	default:
		panic(__FILE__, __LINE__); /* the tables of instructions and of rules differ */
	}
}

/* ---- instructions ---------------------------------------------------------------------------- */

static void translate_control(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_UNREACHABLE:
		emit_op(&t->e, INTERP_UNREACHABLE);
		t->dead = 1;
		break;
	case WASM_OP_BLOCK:
		block_open(t, insn, BLOCK_BLOCK);
		break;
	case WASM_OP_LOOP:
		block_open(t, insn, BLOCK_LOOP);
		break;
	case WASM_OP_IF:
		translate_if(t, insn);
		break;
	case WASM_OP_ELSE:
		translate_else(t);
		break;
	case WASM_OP_END:
		translate_end(t);
		break;
	case WASM_OP_BR:
		emit_br(t, block_at(t, insn->index));
		t->dead = 1;
		break;
	case WASM_OP_BR_IF:
		translate_br_if(t, insn->index);
		break;
	case WASM_OP_BR_TABLE:
		translate_br_table(t, insn);
		t->dead = 1;
		break;
	case WASM_OP_RETURN:
		emit_return(t);
		t->dead = 1;
		break;
	case WASM_OP_CALL:
		translate_call(t, insn->index);
		break;
	case WASM_OP_CALL_INDIRECT:
		translate_call_indirect(t, insn);
		break;
	default:
		translate_bulk(t, insn);
		break;
	}
}

static void translate_insn(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_NOP:
		break;
	case WASM_OP_DROP:
		stack_drop(&t->e, 1);
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
		if (!fuse_insn(&t->e, insn))
			translate_control(t, insn);
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
		t->dead++;
		break;
	case WASM_OP_ELSE:
		if (t->dead == 1)
			translate_else(t);
		break;
	case WASM_OP_END:
		if (t->dead == 1)
			translate_end(t);
		else
			t->dead--;
		break;
	default:
		break;
	}
}

static void translate_enter(struct translator *t)
{
	const struct wasm_body *body = t->e.body;
	uint32_t params = t->func->type->param_count;
	uint32_t locals = body->local_count - params;
	uint32_t slots = t->e.stack_base + body->max_stack;
	uint32_t results = t->func->type->result_count;
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

	emit_label(&t->e);
	t->blocks[t->depth++] =
		(struct block){.kind = BLOCK_FUNC, .result_count = t->func->type->result_count};
	while (t->depth && !t->e.err) {
		t->e.offset = (uint32_t)(r.p - bytes);
		must(code_next(&r, &insn) == E_OK);
		if (t->dead)
			skip_insn(t, &insn);
		else
			translate_insn(t, &insn);
	}
	for (uint32_t i = 0; i < t->e.pool_reserved && !t->e.err; i++)
		t->e.ops[constants + 1 + i].value = t->e.pool[i];
	return t->e.err;
}

static void translator_fini(struct translator *t)
{
	emitter_fini(&t->e);
	heap_free(t->blocks);
	t->blocks = NULL;
}

static enum err translate_once(struct translator *t, const struct wasm_func_instance *func,
			       uint32_t pool, bool want_offsets)
{
	const struct wasm_body *body = wasm_func_body(func->instance->module, func->index);

	*t = (struct translator){
		.func = func, .instance = func->instance, .module = func->instance->module};
	t->blocks = heap_alloc_array((size_t)body->max_depth + 1, sizeof(*t->blocks));
	if (!t->blocks)
		return E_NOMEM;
	enum err err = emitter_init(&t->e, body, pool, want_offsets);

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
static struct interp_code *code_make(const struct emitter *e)
{
	struct interp_code *code =
		heap_alloc(sizeof *code + (size_t)e->count * sizeof(code->ops[0]));

	if (!code)
		return NULL;
	code->count = e->count;
	memcpy(code->ops, e->ops, (size_t)e->count * sizeof(code->ops[0]));
	for (uint32_t i = 0; i < e->count;) {
		uint64_t id = code->ops[i].id;

		must(id < INTERP_OP_COUNT);
		code->ops[i].run = interp_handlers[id];
		i += fuse_words((enum interp_op_id)id);
		if (id == INTERP_CONSTANTS)
			i += e->pool_reserved;
	}
	return code;
}

enum err interp_translate(const struct wasm_func_instance *func, struct interp_code **code)
{
	struct translator t;
	enum err err = translate_func(&t, func, false);

	if (!err) {
		*code = code_make(&t.e);
		err = *code ? E_OK : E_NOMEM;
	}
	translator_fini(&t);
	return err;
}

uint32_t interp_translate_offset(const struct wasm_func_instance *func, uint32_t index)
{
	struct translator t;
	uint32_t offset = wasm_func_body(func->instance->module, func->index)->code;
	enum err err = translate_func(&t, func, true);

	if (!err && index < t.e.count)
		offset = t.e.offsets[index];
	translator_fini(&t);
	return offset;
}
