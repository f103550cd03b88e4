/*
 * Exceptions, in both forms (doc/native.md): who throws sets the exception slot and returns, or
 * goes to the handler in the same function; after each call of what may throw the slot is compared
 * with 0. A block that catches has a landing pad, made when the first throw or call inside needs
 * it; what it does not catch goes on from there. What a function returns on this way is 0: nobody
 * looks at it.
 * Trust: the module is validated; lengths and depths are untrusted, nothing recurses on them. What
 * lies in the exception slot is checked by the helpers.
 */
#include "compiler/function.h"

#include "base/heap.h"
#include "compiler/unit.h"

/* ---- the slot -------------------------------------------------------------------------------- */

static LLVMValueRef flying_load(struct function *f)
{
	return slot_load(f, f->u->plan->layout.exception, f->u->i32);
}

static void flying_store(struct function *f, LLVMValueRef ref)
{
	slot_store(f, f->u->plan->layout.exception, LLVMBuildZExt(f->b, ref, f->u->i64, ""));
}

/* Takes it out of the slot. */
static LLVMValueRef flying_take(struct function *f)
{
	LLVMValueRef ref = flying_load(f);

	flying_store(f, const_i32(f, 0));
	return ref;
}

/* ---- where it goes --------------------------------------------------------------------------- */

/* Returns from the function, with the slot set. */
static LLVMBasicBlockRef leave_block(struct function *f)
{
	if (f->leave)
		return f->leave;
	LLVMBasicBlockRef back = LLVMGetInsertBlock(f->b);
	LLVMTypeRef type = LLVMGetReturnType(LLVMGlobalGetValueType(f->func));

	f->leave = block_new(f, "leave");
	LLVMPositionBuilderAtEnd(f->b, f->leave);
	if (LLVMGetTypeKind(type) == LLVMVoidTypeKind)
		LLVMBuildRetVoid(f->b);
	else
		LLVMBuildRet(f->b, LLVMConstNull(type));
	LLVMPositionBuilderAtEnd(f->b, back);
	return f->leave;
}

/* catcher: as struct block has it. */
static LLVMBasicBlockRef pad_of(struct function *f, uint32_t catcher)
{
	if (catcher == 0)
		return leave_block(f);
	struct block *b = &f->blocks[catcher - 1];

	if (!b->pad)
		b->pad = block_new(f, "pad");
	return b->pad;
}

static void unwind(struct function *f, uint32_t catcher)
{
	LLVMBuildBr(f->b, pad_of(f, catcher));
}

void exception_check(struct function *f)
{
	LLVMBasicBlockRef next = block_new(f, "");
	LLVMValueRef none = const_i32(f, 0);
	LLVMValueRef thrown = LLVMBuildICmp(f->b, LLVMIntNE, flying_load(f), none, "");
	LLVMValueRef way = LLVMBuildCondBr(f->b, thrown, pad_of(f, block_at(f, 0)->catcher), next);

	LLVMSetMetadata(way, f->u->prof_kind, f->u->unlikely);
	block_begin(f, next);
}

/* ---- throwing -------------------------------------------------------------------------------- */

static void throw_away(struct function *f)
{
	unwind(f, block_at(f, 0)->catcher);
	f->dead = true;
}

static void emit_throw(struct function *f, uint32_t tag)
{
	const struct wasm_func_type *type = wasm_tag_type(f->m, tag);
	LLVMValueRef arg = const_i32(f, tag);
	uint32_t slot = 0;

	must(type->param_count <= f->height);
	f->height -= type->param_count;
	for (uint32_t i = 0; i < type->param_count; i++) {
		transfer_store(f, slot, f->stack[f->height + i].v);
		slot += wasm_type_slots(type->params[i]);
	}
	helper_call(f, NATIVE_HELPER_throw, &arg);
	throw_away(f);
}

static void emit_throw_ref(struct function *f)
{
	LLVMValueRef ref = value_pop(f);

	helper_call(f, NATIVE_HELPER_throw_ref, &ref);
	throw_away(f);
}

static void emit_rethrow(struct function *f, uint32_t label)
{
	const struct block *b = block_at(f, label);

	must(b->kind == BLOCK_CATCH && b->caught);
	flying_store(f, LLVMBuildLoad2(f->b, f->u->i32, b->caught, ""));
	throw_away(f);
}

/* ---- clauses of both forms ------------------------------------------------------------------- */

/* Goes on where the exception is one of that tag; returns the other way. */
static LLVMBasicBlockRef clause_test(struct function *f, LLVMValueRef ref, uint32_t tag)
{
	LLVMBasicBlockRef match = block_new(f, "catch"), other = block_new(f, "");
	LLVMValueRef args[] = {ref, const_i32(f, tag)};
	LLVMValueRef is = helper_call(f, NATIVE_HELPER_exception_is, args);

	LLVMBuildCondBr(f->b, LLVMBuildICmp(f->b, LLVMIntNE, is, const_i32(f, 0), ""), match,
			other);
	block_begin(f, match);
	return other;
}

/* The values of an exception of that tag, to `values`. */
static void clause_values(struct function *f, LLVMValueRef ref, uint32_t tag, struct value *values)
{
	const struct wasm_func_type *type = wasm_tag_type(f->m, tag);
	LLVMValueRef args[] = {ref, const_i32(f, tag)};
	uint32_t slot = 0;

	if (type->param_count == 0)
		return;
	helper_call(f, NATIVE_HELPER_exception_values, args);
	for (uint32_t i = 0; i < type->param_count; i++) {
		const uint32_t t = type->params[i];

		values[i] = (struct value){transfer_load(f, slot, t), t};
		slot += wasm_type_slots(t);
	}
}

/* No clause was right: it flies on. */
static void clause_none(struct function *f, LLVMValueRef ref, uint32_t outward)
{
	flying_store(f, ref);
	unwind(f, outward);
}

/* ---- try_table ------------------------------------------------------------------------------- */

static void try_open(struct function *f, const struct wasm_insn *insn, enum block_kind kind,
		     bool catches)
{
	struct block *b = block_open(f, insn, kind);

	b->outward = b->catcher;
	if (catches)
		b->catcher = f->depth;
	if (catches && f->body->catch_count > 0)
		fuel_end_run(f); /* as the interpreter's regions begin one */
}

static void emit_try_table(struct function *f, const struct wasm_insn *insn)
{
	try_open(f, insn, BLOCK_TRY_TABLE, insn->catch_count > 0);
	block_at(f, 0)->try_table = *insn;
}

/* A branch with values that are not on the stack, where there may be no room for them. */
static void branch_with(struct function *f, struct block *b, struct value *values, uint32_t count)
{
	struct value *stack = f->stack;
	const uint32_t height = f->height;

	f->stack = values;
	f->height = count;
	block_branch(f, b);
	f->stack = stack;
	f->height = height;
}

static void clause_branch(struct function *f, const struct wasm_catch *c, LLVMValueRef ref)
{
	const bool has_tag = c->kind == WASM_CATCH || c->kind == WASM_CATCH_REF;
	const bool with_ref = c->kind == WASM_CATCH_REF || c->kind == WASM_CATCH_ALL_REF;
	uint32_t count = has_tag ? wasm_tag_type(f->m, c->tag)->param_count : 0;
	struct value *values = heap_alloc_array((size_t)count + 1, sizeof(*values));

	if (!values) {
		unit_fail(f->u, "out of memory");
		return;
	}
	if (has_tag)
		clause_values(f, ref, c->tag, values);
	if (with_ref)
		values[count++] = (struct value){ref, WASM_EXNREF};
	branch_with(f, block_at(f, c->label + 1), values, count);
	heap_free(values);
}

static void try_table_land(struct function *f, const struct block *b)
{
	struct reader catches = b->try_table.catches;

	block_begin(f, b->pad);
	LLVMValueRef ref = flying_take(f);

	for (uint32_t i = 0; i < b->try_table.catch_count; i++) {
		struct wasm_catch c = code_catch_next(&catches);

		if (c.kind == WASM_CATCH_ALL || c.kind == WASM_CATCH_ALL_REF) {
			clause_branch(f, &c, ref);
			return;
		}
		LLVMBasicBlockRef other = clause_test(f, ref, c.tag);

		clause_branch(f, &c, ref);
		block_begin(f, other);
	}
	clause_none(f, ref, b->outward);
}

/* ---- the legacy try -------------------------------------------------------------------------- */

/* The body is over: from here on what is thrown goes further out. */
static void try_land(struct function *f, struct block *b)
{
	b->kind = BLOCK_CATCH;
	b->catcher = b->outward;
	if (!b->pad)
		return;
	block_begin(f, b->pad);
	b->caught = LLVMBuildAlloca(f->entry, f->u->i32, "");
	LLVMBuildStore(f->b, flying_take(f), b->caught);
	b->dispatch = b->pad;
}

/* The next handler; code before it has branched away or is dead. False: nothing comes here. */
static bool handler_begin(struct function *f, struct block *b)
{
	if (!f->dead)
		block_branch(f, b);
	f->dead = true;
	fuel_end_run(f);
	f->height = b->height;
	if (b->kind == BLOCK_TRY)
		try_land(f, b);
	if (!b->dispatch)
		return false;
	LLVMPositionBuilderAtEnd(f->b, b->dispatch);
	f->dead = false;
	return true;
}

static void emit_catch(struct function *f, uint32_t tag)
{
	const struct wasm_func_type *type = wasm_tag_type(f->m, tag);
	struct block *b = block_at(f, 0);

	if (!handler_begin(f, b))
		return;
	LLVMValueRef ref = LLVMBuildLoad2(f->b, f->u->i32, b->caught, "");

	b->dispatch = clause_test(f, ref, tag);
	must(type->param_count <= f->body->max_stack - f->height);
	clause_values(f, ref, tag, f->stack + f->height);
	f->height += type->param_count;
}

static void emit_catch_all(struct function *f)
{
	struct block *b = block_at(f, 0);

	if (handler_begin(f, b))
		b->dispatch = NULL;
}

/* In the place of `end`; the label counts from outside of the try. */
static void emit_delegate(struct function *f, uint32_t label)
{
	static const struct wasm_insn end = {.op = WASM_OP_END};

	block_at(f, 0)->outward = block_at(f, label + 1)->catcher;
	control_emit(f, &end);
}

/* ---- ends ------------------------------------------------------------------------------------ */

void exception_block_end(struct function *f, struct block *b)
{
	if (b->kind == BLOCK_TRY_TABLE && b->pad) {
		try_table_land(f, b);
	} else if (b->kind == BLOCK_TRY && b->pad) {
		block_begin(f, b->pad);
		unwind(f, b->outward);
	} else if (b->kind == BLOCK_CATCH && b->dispatch) {
		LLVMPositionBuilderAtEnd(f->b, b->dispatch);
		clause_none(f, LLVMBuildLoad2(f->b, f->u->i32, b->caught, ""), b->outward);
	}
}

bool exception_emit(struct function *f, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_TRY:
		try_open(f, insn, BLOCK_TRY, true);
		return true;
	case WASM_OP_CATCH:
		emit_catch(f, insn->index);
		return true;
	case WASM_OP_CATCH_ALL:
		emit_catch_all(f);
		return true;
	case WASM_OP_DELEGATE:
		emit_delegate(f, insn->index);
		return true;
	case WASM_OP_TRY_TABLE:
		emit_try_table(f, insn);
		return true;
	case WASM_OP_THROW:
		emit_throw(f, insn->index);
		return true;
	case WASM_OP_THROW_REF:
		emit_throw_ref(f);
		return true;
	case WASM_OP_RETHROW:
		emit_rethrow(f, insn->index);
		return true;
	default:
		return false;
	}
}

/* ---- who may throw --------------------------------------------------------------------------- */

/* The call graph backwards: callers of function i are callers[first[i + 1] .. first[i + 2]). */
struct call_graph {
	const struct wasm_module *m;
	uint32_t *first;
	uint32_t *callers;
	bool *throws;	/* by itself */
	bool *indirect; /* it calls through tables or references */
	bool filling;	/* the second of two walks; the first one counts */
};

static void graph_add(struct call_graph *g, uint32_t caller, uint32_t callee)
{
	if (g->filling)
		g->callers[--g->first[callee + 1]] = caller;
	else
		g->first[callee + 1]++;
}

static void graph_insn(struct call_graph *g, uint32_t func, const struct wasm_insn *insn)
{
	switch (insn->op) {
	case WASM_OP_CALL:
	case WASM_OP_RETURN_CALL:
		graph_add(g, func, insn->index);
		break;
	case WASM_OP_CALL_INDIRECT:
	case WASM_OP_RETURN_CALL_INDIRECT:
	case WASM_OP_CALL_REF:
	case WASM_OP_RETURN_CALL_REF:
		g->indirect[func] = true;
		break;
	case WASM_OP_THROW:
	case WASM_OP_THROW_REF:
	case WASM_OP_RETHROW:
		g->throws[func] = true;
		break;
	default:
		break;
	}
}

static void graph_walk(struct call_graph *g, bool filling)
{
	struct wasm_insn insn;

	g->filling = filling;
	for (uint32_t i = g->m->import_func_count; i < g->m->func_count; i++) {
		struct reader r = wasm_body_code(g->m, wasm_func_body(g->m, i));

		while (r.left) {
			must(code_next(g->m, &r, &insn) == E_OK);
			graph_insn(g, i, &insn);
		}
	}
}

/* Counts become ends; callers are put in downwards from there, and so the ends become
 * beginnings. */
static bool graph_make(struct call_graph *g)
{
	const size_t n = g->m->func_count;

	g->first = heap_alloc_array(n + 2, sizeof(*g->first));
	g->throws = heap_alloc_array(n, sizeof(*g->throws));
	g->indirect = heap_alloc_array(n, sizeof(*g->indirect));
	if (!g->first || !g->throws || !g->indirect)
		return false;
	graph_walk(g, false);
	for (size_t i = 0; i < n; i++)
		g->first[i + 1] += g->first[i];
	g->callers = heap_alloc_array(g->first[n], sizeof(*g->callers));
	if (!g->callers)
		return false;
	g->first[n + 1] = g->first[n];
	graph_walk(g, true);
	return true;
}

static void graph_free(struct call_graph *g)
{
	heap_free(g->first);
	heap_free(g->callers);
	heap_free(g->throws);
	heap_free(g->indirect);
}

/* Those that throw by themselves, and what they call that is not known. */
static uint32_t plan_seed(struct compile_plan *plan, const struct call_graph *g, uint32_t *list)
{
	const struct wasm_module *m = plan->m;
	const bool foreign = native_imports_may_throw(m);
	uint32_t count = 0;

	plan->indirect_may_throw = foreign;
	for (uint32_t i = m->import_func_count; i < m->func_count; i++)
		plan->indirect_may_throw |= g->throws[i];
	for (uint32_t i = 0; i < m->func_count; i++) {
		plan->may_throw[i] =
			i < m->import_func_count
				? foreign
				: g->throws[i] || (g->indirect[i] && plan->indirect_may_throw);
		if (plan->may_throw[i])
			list[count++] = i;
	}
	return count;
}

static void plan_spread(struct compile_plan *plan, const struct call_graph *g, uint32_t *list,
			uint32_t count)
{
	while (count) {
		const uint32_t callee = list[--count];

		for (uint32_t k = g->first[callee + 1]; k < g->first[callee + 2]; k++) {
			const uint32_t caller = g->callers[k];

			if (!plan->may_throw[caller])
				list[count++] = caller;
			plan->may_throw[caller] = true;
		}
	}
}

bool exception_plan(struct compile_plan *plan)
{
	struct call_graph g = {.m = plan->m};
	uint32_t *list = heap_alloc_array(plan->m->func_count, sizeof(*list));
	const bool ok = list && graph_make(&g);

	if (ok)
		plan_spread(plan, &g, list, plan_seed(plan, &g, list));
	graph_free(&g);
	heap_free(list);
	return ok;
}
