/*
 * Throwing and unwinding. An exception costs in proportion to the frames that it leaves and, in
 * each, the depth of the blocks that catch around the call.
 * Trust: regions and clauses are the translator's; a reference in a slot is an exception of the
 * store or null, as validation says.
 */
#include "interp/unwind.h"

#include <string.h>

#include "interp/thread.h"

/* Slots in use: up to the end of the running function's frame. */
static size_t slots_in_use(const struct interp_thread *t, const uint64_t *fp)
{
	const struct interp_op *enter = t->frame[-1].func->code;

	return (size_t)(fp - t->slots) + enter->imm;
}

static void collect(struct interp_thread *t, const uint64_t *fp)
{
	wasm_exception_mark(t->store, t->slots, slots_in_use(t, fp));
	wasm_exception_sweep(t->store);
}

enum wasm_trap interp_throw(struct interp_thread *t, const uint64_t *fp,
			    const struct wasm_tag_instance *tag, const uint64_t *values)
{
	if (wasm_exception_is_due(t->store))
		collect(t, fp);
	t->exception = wasm_exception_add(t->store, tag, values);
	return t->exception ? TRAP_NONE : TRAP_OUT_OF_MEMORY;
}

/* The innermost region with op `at`. *looked grows by the regions that were looked at. */
static uint32_t region_around(const struct interp_code *code, uint32_t at, uint32_t *looked)
{
	uint32_t low = 0, high = code->region_count;

	/* regions before low begin at or before `at`, those from high on after it */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (code->regions[middle].first <= at)
			low = middle + 1;
		else
			high = middle;
	}
	uint32_t region = low ? low - 1 : INTERP_NO_REGION;

	for (; region != INTERP_NO_REGION && code->regions[region].end <= at; ++*looked)
		region = code->regions[region].parent;
	return region;
}

/* *looked: how many regions and clauses were looked at. */
static const struct interp_clause *clause_for(const struct interp_code *code, uint32_t at,
					      const struct wasm_tag_instance *tag, uint32_t *looked)
{
	*looked = 0;
	uint32_t region = region_around(code, at, looked);

	for (; region != INTERP_NO_REGION; ++*looked) {
		const struct interp_region *r = &code->regions[region];

		for (uint32_t i = r->clauses; i; i = code->clauses[i - 1].next, ++*looked) {
			const struct interp_clause *c = &code->clauses[i - 1];

			if (!c->tag || c->tag == tag)
				return c;
		}
		region = r->next;
	}
	return NULL;
}

/* Hands the exception over. */
static void clause_take(struct interp_thread *t, const struct interp_clause *clause, uint64_t *fp,
			const struct wasm_exception *x)
{
	if (clause->tag && x->tag->type->param_slots)
		memcpy(fp + clause->value_slot, x->values, x->tag->type->param_slots * sizeof(*fp));
	if (clause->ref_slot != UINT32_MAX)
		fp[clause->ref_slot] = t->exception;
	t->exception = 0;
	t->trap_pc = NULL;
	t->trap_frames = 0;
}

enum wasm_trap interp_unwind(struct interp_thread *t, const struct interp_op **pc, uint64_t **fp)
{
	const struct wasm_exception *x = wasm_exception_of_ref(t->store, t->exception);
	uint32_t returns = 0; /* 1: *pc is behind the call that the exception comes out of */

	must(x);
	for (;;) {
		const struct interp_frame *f = &t->frame[-1];

		if (f->func && !f->func->host) {
			const struct interp_op *ops = f->func->code;
			const struct interp_code *code = interp_code_of(f->func);
			uint32_t at = (uint32_t)(*pc - ops) - returns;
			uint32_t looked;
			const struct interp_clause *clause = clause_for(code, at, x->tag, &looked);
			enum wasm_trap trap = interp_pay_bulk(t, looked / 16);

			if (trap)
				return trap;
			if (clause) {
				t->instance = f->func->instance;
				clause_take(t, clause, *fp, x);
				*pc = ops + clause->target;
				return TRAP_NONE;
			}
		}
		if (f->pc == interp_leave)
			return TRAP_UNCAUGHT_EXCEPTION;
		t->frame--;
		*pc = f->pc;
		*fp = f->fp;
		returns = 1;
	}
}
