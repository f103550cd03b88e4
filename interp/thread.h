/* What the files of the interpreter share: calls into C from handlers, and the translator. */
#ifndef INTERP_THREAD_H
#define INTERP_THREAD_H

#include "interp/interp.h"
#include "interp/op.h"

/* A translated function; regions and clauses (interp/unwind.h) lie behind the ops. */
struct interp_code {
	uint32_t count;
	uint32_t region_count;
	const struct interp_region *regions;
	const struct interp_clause *clauses;
	struct interp_op ops[];
};

/* Stands in func->code until the first call. */
extern const struct interp_op interp_untranslated[1];

/* Where a function returns to that interp_call entered, or that another instance called. */
extern const struct interp_op interp_leave[1];
extern const struct interp_op interp_switch_back[1];

static inline const struct interp_code *interp_code_of(const struct wasm_func_instance *func)
{
	return (const struct interp_code *)(const void *)((const uint8_t *)func->code -
							  offsetof(struct interp_code, ops));
}

/* Translates a function that has a body. Errors: E_NOMEM. */
MUST_USE enum err interp_translate(const struct wasm_func_instance *func,
				   struct interp_code **code);

/* The offset in the module of the instruction that each op came from: *count of them, to be freed
 * by heap_free. Errors: E_NOMEM. */
MUST_USE enum err interp_translate_offsets(const struct wasm_func_instance *func,
					   uint32_t **offsets, uint32_t *count);

/* Notes where a trap happened. */
static inline enum wasm_trap interp_trap(struct interp_thread *t, const struct interp_op *pc,
					 enum wasm_trap trap)
{
	t->trap_pc = pc;
	t->trap_frames = (size_t)(t->frame - t->frames);
	return trap;
}

/* Makes room for `count` slots from fp on, or for one frame. Slots and frames may move: pointers
 * into them are fetched again; fp is in *fp. Trap: STACK_EXHAUSTED or OUT_OF_MEMORY. */
MUST_USE enum wasm_trap interp_grow_slots(struct interp_thread *t, uint64_t **fp, size_t count);
MUST_USE enum wasm_trap interp_grow_frames(struct interp_thread *t);

/* Gives t->callee its code. */
MUST_USE enum wasm_trap interp_ensure_code(struct interp_thread *t);

/* By which trap everything is to end now, or TRAP_NONE. There is a control. */
static inline enum wasm_trap interp_stop(const struct interp_thread *t)
{
	return (enum wasm_trap)__atomic_load_n(&t->store->config.control->stop, __ATOMIC_RELAXED);
}

/* Takes n of the fuel, first of what the thread has; false: so much is not left. */
MUST_USE bool interp_take_fuel(struct interp_thread *t, uint64_t n);

/* For work that one instruction does in bulk: takes n of the fuel if fuel is taken at all, and looks
 * whether to stop, since code without loops and calls can do much of it. Traps: OUT_OF_FUEL, and what
 * control->stop says. */
MUST_USE static inline enum wasm_trap interp_pay_bulk(struct interp_thread *t, uint64_t n)
{
	if (t->metered && !interp_take_fuel(t, n))
		return TRAP_OUT_OF_FUEL;
	return t->polled ? interp_stop(t) : TRAP_NONE;
}

/* Runs the guest function t->callee, whose instance is t->instance, on the frame at fp; a frame is
 * free. */
MUST_USE enum wasm_trap interp_enter(struct interp_thread *t, uint64_t *fp);

/* Runs the host function t->callee on the slots from `first` on (an index into t->slots). */
MUST_USE enum wasm_trap interp_call_host(struct interp_thread *t, size_t first);

#endif
