/*
 * Blocks, labels and jumps. Blocks leave their values in the home slots of the stack where the
 * block began, so code that comes by different ways agrees.
 * Trust: the module is validated; lengths and depths are untrusted, nothing recurses on them.
 */
#include "interp/fuse.h"
#include "interp/translate.h"

struct block *translate_block_at(const struct translator *t, uint32_t label)
{
	must(label < t->depth);
	return &t->blocks[t->depth - 1 - label];
}

uint32_t translate_label_slots(const struct block *b)
{
	return b->kind == BLOCK_LOOP ? b->param_slots : b->result_slots;
}

/* ---- labels ---------------------------------------------------------------------------------- */

/* The op that pays for the run before is not needed if that is empty; it may be one that polls. */
void translate_label_begin(struct translator *t, bool *poll)
{
	struct emitter *e = &t->e;

	if (!t->run || t->run != e->count || e->err || e->ops[t->run - 1].imm != 0)
		return;
	*poll = *poll || e->ops[t->run - 1].id != INTERP_FUEL;
	e->count--;
	t->run = 0;
}

void translate_label_end(struct translator *t, bool poll)
{
	struct emitter *e = &t->e;

	emit_label(e);
	t->run = 0;
	poll = poll && t->polled;
	if (!t->metered && !poll)
		return;
	emit_op(e, !poll ? INTERP_FUEL : t->metered ? INTERP_FUEL_POLL : INTERP_POLL);
	t->run = e->count;
	emit_label(e);
}

/* The instructions that follow are not always reached from here: they pay for themselves. */
static void run_break(struct translator *t)
{
	bool poll = false;

	if (!t->metered)
		return;
	translate_label_begin(t, &poll);
	translate_label_end(t, poll);
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

/* The jumps of a list come to the next op, between label_begin and label_end. */
static void list_land(struct translator *t, uint32_t *list)
{
	uint32_t next = *list;

	while (next && !t->e.err) {
		struct interp_op *op = &t->e.ops[next - 1];
		uint32_t older = op->imm;

		op->imm = t->e.count - (next - 1);
		next = older;
	}
	*list = 0;
}

static void jumps_land(struct translator *t, uint32_t *list)
{
	bool poll = false;

	translate_label_begin(t, &poll);
	list_land(t, list);
	translate_label_end(t, poll);
}

/* Are the label's values where it wants them, all at home? */
static bool values_in_place(const struct translator *t, const struct block *b)
{
	uint32_t n = translate_label_slots(b);

	return n == 0 || (b->height + n == t->e.height && t->e.flushed == t->e.height);
}

/* Are the newest n entries one value, and not several or none? */
static bool is_one_value(const struct translator *t, uint32_t n)
{
	return n == 1 || (n == 2 && stack_top_is_wide(&t->e));
}

/* Puts the newest n entries, which remain on the stack, into slots from `to` on. */
static void move_values(struct translator *t, uint32_t to, uint32_t n)
{
	struct emitter *e = &t->e;

	if (n == 0)
		return;
	if (is_one_value(t, n)) {
		struct operand x = stack_pop_any(e);

		emit_move(e, to, &x);
		stack_push_again(e, &x);
		return;
	}
	stack_flush(e);
	uint32_t from = stack_home(e, e->height - n);

	if (from == to)
		return;
	struct interp_op *op = emit_op(e, INTERP_COPY_RANGE);

	op->ab = to;
	op->imm = from;
	emit_word(e, 0, 0, n);
}

/* ---- jumps ----------------------------------------------------------------------------------- */

static void translate_return(struct translator *t)
{
	struct emitter *e = &t->e;
	uint32_t n = t->func->type->result_slots;

	if (is_one_value(t, n)) {
		struct operand x = stack_pop_any(e);
		uint16_t slot = operand_slot(e, &x, 0);

		emit_op(e, x.wide ? INTERP_RETURN_V128 : INTERP_RETURN_VALUE)->a = slot;
		stack_push_again(e, &x);
		return;
	}
	move_values(t, 0, n);
	emit_op(e, INTERP_RETURN);
}

void translate_br(struct translator *t, struct block *b)
{
	if (b->kind == BLOCK_FUNC) {
		translate_return(t);
		return;
	}
	move_values(t, stack_home(&t->e, b->height), translate_label_slots(b));
	emit_op(&t->e, INTERP_BR);
	jump_to(t, b, t->e.count - 1);
}

/* To the label if x is not zero (when), or if it is zero. */
static void translate_br_on(struct translator *t, struct block *b, const struct operand *x,
			    bool when)
{
	if (b->kind != BLOCK_FUNC && values_in_place(t, b)) {
		jump_to(t, b, fuse_branch(&t->e, x, when));
		run_break(t);
		return;
	}
	uint32_t over = fuse_branch(&t->e, x, !when) + 1;

	translate_br(t, b);
	jumps_land(t, &over);
}

static void translate_br_if(struct translator *t, uint32_t label)
{
	struct block *b = translate_block_at(t, label);
	struct operand x = stack_pop(&t->e);

	if (translate_label_slots(b) > 0)
		stack_flush(&t->e);
	translate_br_on(t, b, &x, true);
}

/* The reference stays if it is not null. */
static void translate_br_on_null(struct translator *t, uint32_t label)
{
	stack_flush(&t->e);
	struct operand x = stack_pop(&t->e);

	translate_br_on(t, translate_block_at(t, label), &x, false);
	stack_push_home(&t->e, 1);
}

/* The reference goes along; null is dropped. */
static void translate_br_on_non_null(struct translator *t, uint32_t label)
{
	stack_flush(&t->e);
	const struct operand x = {.kind = OPERAND_HOME, .slot = stack_home(&t->e, t->e.height - 1)};

	translate_br_on(t, translate_block_at(t, label), &x, true);
	stack_drop(&t->e, 1);
}

/* The op that brings the values of a br_table to the label and jumps there: one for each label,
 * however often the table names it. `first`: the table's first entry. */
static uint32_t label_stub(struct translator *t, struct block *b, uint32_t first)
{
	if (b->stub_table != first) {
		b->stub_table = first;
		b->stub = t->e.count;
		emit_label(&t->e);
		translate_br(t, b);
	}
	return b->stub;
}

static void translate_br_table(struct translator *t, const struct wasm_insn *insn)
{
	struct emitter *e = &t->e;
	struct operand x = stack_pop(e);
	struct reader targets = insn->labels.targets;

	if (translate_label_slots(translate_block_at(t, code_label_next(&targets))) > 0)
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
		struct block *b = translate_block_at(t, code_label_next(&targets));

		if (b->kind == BLOCK_FUNC || !values_in_place(t, b)) {
			uint32_t stub = label_stub(t, b, first);

			(e->err ? &e->spare : &e->ops[first + i])->imm = stub - (first + i);
		} else {
			jump_to(t, b, first + i);
		}
	}
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void block_arity(const struct translator *t, struct block *b)
{
	if (b->type.has_index) {
		b->param_slots = t->module->types[b->type.index].param_slots;
		b->result_slots = t->module->types[b->type.index].result_slots;
	} else if (b->type.result != WASM_NO_TYPE) {
		b->result_slots = wasm_type_slots(b->type.result);
	}
}

/* The stack is as when the block began, or ends: its parameters or results are at home. */
static void block_push_params(struct translator *t, const struct block *b)
{
	stack_reset(&t->e, b->height);
	if (b->type.has_index) {
		const struct wasm_func_type *type = &t->module->types[b->type.index];

		stack_push_values(&t->e, type->params, type->param_count, type->param_slots);
	}
}

static void block_push_results(struct translator *t, const struct block *b)
{
	stack_reset(&t->e, b->height);
	if (b->type.has_index) {
		const struct wasm_func_type *type = &t->module->types[b->type.index];

		stack_push_values(&t->e, type->results, type->result_count, type->result_slots);
	} else if (b->type.result != WASM_NO_TYPE) {
		stack_push_values(&t->e, &b->type.result, 1, b->result_slots);
	}
}

struct block *translate_block_open(struct translator *t, const struct wasm_insn *insn,
				   enum block_kind kind)
{
	struct block b = {.kind = (uint8_t)kind,
			  .type = insn->block,
			  .region = translate_block_at(t, 0)->region,
			  .own_region = INTERP_NO_REGION};

	must(t->depth <= t->e.body->max_depth);
	stack_flush(&t->e);
	block_arity(t, &b);
	b.height = t->e.height - b.param_slots;
	t->blocks[t->depth] = b;
	return &t->blocks[t->depth++];
}

static void translate_loop(struct translator *t, const struct wasm_insn *insn)
{
	struct block *b = translate_block_open(t, insn, BLOCK_LOOP);
	bool poll = true;

	translate_label_begin(t, &poll);
	b->start = t->e.count;
	translate_label_end(t, poll);
	t->e.loops++;
}

static void translate_if(struct translator *t, const struct wasm_insn *insn)
{
	struct operand x = stack_pop(&t->e);

	stack_flush(&t->e);
	uint32_t jump = fuse_branch(&t->e, &x, false) + 1;

	translate_block_open(t, insn, BLOCK_IF)->if_false = jump;
	run_break(t);
}

static void translate_else(struct translator *t)
{
	struct block *b = translate_block_at(t, 0);

	if (!t->dead) {
		stack_flush(&t->e);
		emit_op(&t->e, INTERP_BR);
		jump_to(t, b, t->e.count - 1);
	}
	t->dead = 0;
	jumps_land(t, &b->if_false);
	block_push_params(t, b);
}

/* A clause with the function's own label leaves the values in its first slots. */
static void translate_end_of_func(struct translator *t, struct block *b)
{
	if (!t->dead)
		translate_return(t);
	if (b->caught) {
		translate_clauses_land(t, b);
		emit_op(&t->e, INTERP_RETURN);
	}
	t->depth--;
}

void translate_end(struct translator *t)
{
	struct block *b = translate_block_at(t, 0);
	bool poll = false;

	if (b->kind == BLOCK_FUNC) {
		translate_end_of_func(t, b);
		return;
	}
	if (!t->dead)
		stack_flush(&t->e);
	if (!t->dead && b->kind == BLOCK_CATCH)
		move_values(t, stack_home(&t->e, b->height), b->result_slots);
	t->dead = 0;
	if (b->kind == BLOCK_LOOP)
		t->e.loops--;
	translate_label_begin(t, &poll);
	translate_try_end(t, b);
	list_land(t, &b->if_false);
	list_land(t, &b->pending);
	translate_clauses_land(t, b);
	translate_label_end(t, poll);
	block_push_results(t, b);
	t->depth--;
}

/* ---- instructions ---------------------------------------------------------------------------- */

static bool translate_branch(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_UNREACHABLE:
		emit_op(&t->e, INTERP_UNREACHABLE);
		t->dead = 1;
		return true;
	case WASM_OP_BR:
		translate_br(t, translate_block_at(t, insn->index));
		t->dead = 1;
		return true;
	case WASM_OP_BR_IF:
		translate_br_if(t, insn->index);
		return true;
	case WASM_OP_BR_ON_NULL:
		translate_br_on_null(t, insn->index);
		return true;
	case WASM_OP_BR_ON_NON_NULL:
		translate_br_on_non_null(t, insn->index);
		return true;
	case WASM_OP_BR_TABLE:
		translate_br_table(t, insn);
		t->dead = 1;
		return true;
	case WASM_OP_RETURN:
		translate_return(t);
		t->dead = 1;
		return true;
	default:
		return false;
	}
}

bool translate_control(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_BLOCK:
		translate_block_open(t, insn, BLOCK_BLOCK);
		return true;
	case WASM_OP_LOOP:
		translate_loop(t, insn);
		return true;
	case WASM_OP_IF:
		translate_if(t, insn);
		return true;
	case WASM_OP_ELSE:
		translate_else(t);
		return true;
	case WASM_OP_END:
		translate_end(t);
		return true;
	default:
		return translate_branch(t, insn);
	}
}
