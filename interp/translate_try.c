/*
 * Exceptions: try_table and the legacy try, both as regions of ops with clauses (interp/unwind.h).
 * What a clause hands over goes straight to where its label wants it. While a legacy catch runs, its
 * exception lies in the slot below its operands, for rethrow.
 * Trust: the module is validated.
 */
#include "interp/translate.h"

/* ---- regions and clauses --------------------------------------------------------------------- */

/* From the next op on, up to translate_try_end, exceptions come to the clauses of this block. */
static void region_open(struct translator *t, struct block *b)
{
	bool poll = false;

	if (t->e.body->catch_count == 0)
		return; /* a legacy try that catches nothing */
	must(t->region_count < t->e.body->block_count);
	translate_label_begin(t, &poll);
	t->regions[t->region_count] = (struct interp_region){
		.first = t->e.count, .end = UINT32_MAX, .parent = b->region, .next = b->region};
	translate_label_end(t, poll);
	b->own_region = t->region_count++;
	b->region = b->own_region;
}

/* Between label_begin and label_end. */
void translate_try_end(struct translator *t, struct block *b)
{
	if (b->own_region == INTERP_NO_REGION || b->region != b->own_region)
		return;
	t->regions[b->own_region].end = t->e.count;
	b->region = t->regions[b->own_region].parent;
}

static void clause_add(struct translator *t, struct block *b, struct interp_clause clause)
{
	must(t->clause_count < t->e.body->catch_count);
	t->clauses[t->clause_count++] = clause;
	if (b->last_clause)
		t->clauses[b->last_clause - 1].next = t->clause_count;
	else
		t->regions[b->own_region].clauses = t->clause_count;
	b->last_clause = t->clause_count;
}

void translate_clauses_land(struct translator *t, struct block *b)
{
	uint32_t next = b->caught;

	while (next) {
		struct interp_clause *clause = &t->clauses[next - 1];

		next = clause->target;
		clause->target = t->e.count;
	}
	b->caught = 0;
}

static const struct wasm_tag_instance *tag_at(const struct translator *t, uint32_t index)
{
	return t->instance->tags[index];
}

/* ---- try_table ------------------------------------------------------------------------------- */

static void translate_clause(struct translator *t, struct block *b, const struct wasm_catch *c)
{
	struct block *label =
		translate_block_at(t, c->label + 1); /* the try_table is open by now */
	bool tagged = c->kind == WASM_CATCH || c->kind == WASM_CATCH_REF;
	bool with_ref = c->kind == WASM_CATCH_REF || c->kind == WASM_CATCH_ALL_REF;
	struct interp_clause clause = {.ref_slot = UINT32_MAX};
	uint32_t values = 0;

	if (label->kind != BLOCK_FUNC)
		clause.value_slot = stack_home(&t->e, label->height);
	if (tagged) {
		clause.tag = tag_at(t, c->tag);
		values = clause.tag->type->param_slots;
	}
	if (with_ref)
		clause.ref_slot = clause.value_slot + values;
	must(translate_label_slots(label) == values + with_ref);
	if (label->kind == BLOCK_LOOP) {
		clause.target = label->start;
		clause_add(t, b, clause);
	} else {
		clause.target = label->caught;
		clause_add(t, b, clause);
		label->caught = t->clause_count;
	}
}

static void translate_try_table(struct translator *t, const struct wasm_insn *insn)
{
	struct block *b = translate_block_open(t, insn, BLOCK_BLOCK);
	struct reader catches = insn->catches;

	if (insn->catch_count == 0)
		return;
	region_open(t, b);
	for (uint32_t i = 0; i < insn->catch_count; i++) {
		struct wasm_catch c = code_catch_next(&catches);

		translate_clause(t, b, &c);
	}
}

/* ---- the legacy try -------------------------------------------------------------------------- */

/* catch (tag) and catch_all (NULL). */
static void translate_catch(struct translator *t, const struct wasm_tag_instance *tag)
{
	struct block *b = translate_block_at(t, 0);
	struct interp_clause clause = {.tag = tag, .ref_slot = stack_home(&t->e, b->height)};
	bool poll = false;

	clause.value_slot = clause.ref_slot + 1;
	if (!t->dead)
		translate_br(t, b);
	t->dead = 0;
	translate_label_begin(t, &poll);
	translate_try_end(t, b);
	b->kind = BLOCK_CATCH;
	clause.target = t->e.count;
	clause_add(t, b, clause);
	translate_label_end(t, poll);
	stack_reset(&t->e, b->height);
	stack_push_home(&t->e, 1);
	if (tag)
		stack_push_values(&t->e, tag->type->params, tag->type->param_count,
				  tag->type->param_slots);
}

/* What flies out of the try comes to what is around the label: the search leaves out what lies
 * between. */
static void translate_delegate(struct translator *t, uint32_t label)
{
	struct block *b = translate_block_at(t, 0);

	t->regions[b->own_region].next = translate_block_at(t, label + 1)->region;
	translate_end(t);
}

/* ---- throwing -------------------------------------------------------------------------------- */

static void translate_throw(struct translator *t, const struct wasm_tag_instance *tag)
{
	uint32_t base = translate_arguments(t, tag->type);

	emit_op(&t->e, INTERP_THROW)->ab = base;
	emit_word(&t->e, translate_word(tag), 0, 0);
	t->dead = 1;
}

static void translate_throw_ref(struct translator *t)
{
	struct operand x = stack_pop(&t->e);
	uint32_t slot = x.kind == OPERAND_CONST ? operand_slot(&t->e, &x, 0) : x.slot;

	emit_op(&t->e, INTERP_THROW_REF)->imm = slot;
	t->dead = 1;
}

static void translate_rethrow(struct translator *t, uint32_t label)
{
	const struct block *b = translate_block_at(t, label);

	must(b->kind == BLOCK_CATCH);
	emit_op(&t->e, INTERP_THROW_REF)->imm = stack_home(&t->e, b->height);
	t->dead = 1;
}

bool translate_try(struct translator *t, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_TRY_TABLE:
		translate_try_table(t, insn);
		return true;
	case WASM_OP_TRY:
		region_open(t, translate_block_open(t, insn, BLOCK_TRY));
		return true;
	case WASM_OP_CATCH:
		translate_catch(t, tag_at(t, insn->index));
		return true;
	case WASM_OP_CATCH_ALL:
		translate_catch(t, NULL);
		return true;
	case WASM_OP_DELEGATE:
		translate_delegate(t, insn->index);
		return true;
	case WASM_OP_THROW:
		translate_throw(t, tag_at(t, insn->index));
		return true;
	case WASM_OP_THROW_REF:
		translate_throw_ref(t);
		return true;
	case WASM_OP_RETHROW:
		translate_rethrow(t, insn->index);
		return true;
	default:
		return false;
	}
}
