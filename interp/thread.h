/* What the files of the interpreter share: calls into C from handlers, and the translator. */
#ifndef INTERP_THREAD_H
#define INTERP_THREAD_H

#include "interp/interp.h"
#include "interp/op.h"

/* A translated function. */
struct interp_code {
	uint32_t count;
	struct interp_op ops[];
};

/* Stands in func->code until the first call. */
extern const struct interp_op interp_untranslated[1];

/* Translates a function that has a body. Errors: E_NOMEM. */
MUST_USE enum err interp_translate(const struct wasm_func_instance *func,
				   struct interp_code **code);

/* The offset in the module of the instruction that op `index` came from. */
uint32_t interp_translate_offset(const struct wasm_func_instance *func, uint32_t index);

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

/* Runs the guest function t->callee, whose instance is t->instance, on the frame at fp; a frame is
 * free. */
MUST_USE enum wasm_trap interp_enter(struct interp_thread *t, uint64_t *fp);

/* Runs the host function t->callee on the slots from `first` on (an index into t->slots). */
MUST_USE enum wasm_trap interp_call_host(struct interp_thread *t, size_t first);

#endif
