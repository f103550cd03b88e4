/*
 * The handlers of entering functions, calls, returns and exceptions; what fuel and interruption
 * cost; how code is entered from C.
 *
 * A call pushes a frame and goes on in the callee's code. When the callee belongs to another
 * instance it pushes two: the callee returns into SWITCH_BACK, that one to the caller. A tail call
 * makes the callee take over the running function's frame.
 * Trust: the ops are the translator's, of a validated body; values in slots are the guest's.
 * Invariant: t->frame[-1].func is the running function and t->instance its instance.
 */
#include <string.h>

#include "interp/handler.h"
#include "interp/unwind.h"

const struct interp_op interp_untranslated[1] = {{.run = interp_run_TRANSLATE}};
const struct interp_op interp_leave[1] = {{.run = interp_run_LEAVE}};
const struct interp_op interp_switch_back[1] = {{.run = interp_run_SWITCH_BACK}};

/* ---- fuel and interruption ------------------------------------------------------------------- */

NOINLINE HANDLER(fuel_short)
{
	if (!interp_take_fuel(t, pc->imm))
		MUSTTAIL return TAIL(trap_OUT_OF_FUEL);
	MUSTTAIL return NEXT(1);
}

RUN(FUEL)
{
	if (unlikely(t->fuel < pc->imm))
		MUSTTAIL return TAIL(fuel_short);
	t->fuel -= pc->imm;
	MUSTTAIL return NEXT(1);
}

RUN(POLL)
{
	enum wasm_trap stop = interp_stop(t);

	if (unlikely(stop))
		return interp_trap(t, pc, stop);
	MUSTTAIL return NEXT(1);
}

RUN(FUEL_POLL)
{
	enum wasm_trap stop = interp_stop(t);

	if (unlikely(stop))
		return interp_trap(t, pc, stop);
	if (unlikely(t->fuel < pc->imm))
		MUSTTAIL return TAIL(fuel_short);
	t->fuel -= pc->imm;
	MUSTTAIL return NEXT(1);
}

/* ---- functions ------------------------------------------------------------------------------- */

/* Slow paths of what follows: they make room and do the op again. */
NOINLINE HANDLER(slots_short)
{
	size_t count = pc->imm;
	enum wasm_trap trap = interp_grow_slots(t, &fp, count);

	if (trap)
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(0);
}

NOINLINE HANDLER(frames_short)
{
	enum wasm_trap trap = interp_grow_frames(t);

	if (trap)
		return interp_trap(t, pc, trap);
	MUSTTAIL return NEXT(0);
}

RUN(ENTER)
{
	if (unlikely((size_t)(t->slots_end - fp) < pc->imm))
		MUSTTAIL return TAIL(slots_short);
	for (uint64_t *p = fp + pc->a, *end = p + pc->b; p < end; p++)
		*p = 0;
	MUSTTAIL return NEXT(1);
}

RUN(ENTER_LARGE)
{
	if (unlikely((size_t)(t->slots_end - fp) < pc->imm))
		MUSTTAIL return TAIL(slots_short);
	memset(fp + pc[1].ab, 0, pc[1].imm * sizeof(*fp));
	MUSTTAIL return NEXT(2);
}

RUN(CONSTANTS)
{
	const struct interp_op *word = pc + 1, *end = word + pc->imm;
	uint64_t *slot = fp + pc->a;

	for (; word < end; word++)
		*slot++ = word->value;
	MUSTTAIL return GOTO(end);
}

RUN(TRANSLATE)
{
	t->callee = t->frame[-1].func;
	enum wasm_trap trap = interp_ensure_code(t);

	if (trap)
		return interp_trap(t, pc, trap);
	pc = t->callee->code;
	MUSTTAIL return NEXT(0);
}

RUN(RETURN)
{
	(void)pc;
	const struct interp_frame *f = --t->frame;

	fp = f->fp;
	MUSTTAIL return GOTO(f->pc);
}

RUN(RETURN_VALUE)
{
	const struct interp_frame *f = --t->frame;

	fp[0] = fp[pc->a];
	fp = f->fp;
	MUSTTAIL return GOTO(f->pc);
}

RUN(SWITCH_BACK)
{
	(void)pc;
	const struct interp_frame *f = --t->frame;

	t->instance = f[-1].func->instance;
	memory = memory_base(t);
	size = memory_size(t);
	fp = f->fp;
	MUSTTAIL return GOTO(f->pc);
}

RUN(LEAVE)
{
	(void)pc, (void)fp, (void)memory, (void)size, (void)t;
	return TRAP_NONE;
}

/* ---- exceptions ------------------------------------------------------------------------------ */

/* t->exception flies: on to who catches it, or out of interp_call. */
NOINLINE HANDLER(unwind)
{
	enum wasm_trap trap = interp_unwind(t, &pc, &fp);

	if (trap)
		return trap;
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return NEXT(0);
}

RUN(THROW)
{
	enum wasm_trap trap =
		interp_throw(t, fp, POINTER(const struct wasm_tag_instance, pc[1]), fp + pc->ab);

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	(void)interp_trap(t, pc, TRAP_UNCAUGHT_EXCEPTION);
	MUSTTAIL return TAIL(unwind);
}

RUN(THROW_REF)
{
	uint32_t ref = GET_I32(pc->imm);

	if (unlikely(!ref))
		MUSTTAIL return TAIL(trap_NULL_EXCEPTION);
	t->exception = ref;
	(void)interp_trap(t, pc, TRAP_UNCAUGHT_EXCEPTION);
	MUSTTAIL return TAIL(unwind);
}

RUN(NON_NULL)
{
	if (unlikely(!GET_I32(pc->a)))
		MUSTTAIL return TAIL(trap_NULL_REFERENCE);
	MUSTTAIL return NEXT(1);
}

/* ---- who is called --------------------------------------------------------------------------- */

/* The function that a call_indirect of the second word means; or the trap. */
static ALWAYS_INLINE enum wasm_trap callee_of_table(const struct interp_thread *t,
						    const struct interp_op *pc, uint32_t i,
						    const struct wasm_func_instance **func)
{
	const struct wasm_table_instance *table = POINTER(struct wasm_table_instance, pc[1]);

	if (unlikely(i >= table->size))
		return TRAP_UNDEFINED_ELEMENT;
	*func = t->store->funcs[table->elems[i]];
	if (unlikely(!*func))
		return TRAP_UNINITIALIZED_ELEMENT;
	return unlikely((*func)->sig != pc[1].ab) ? TRAP_INDIRECT_CALL_TYPE : TRAP_NONE;
}

/* The function that a reference means; its type was validated. */
static const struct wasm_func_instance *callee_of_ref(const struct interp_thread *t, uint32_t ref,
						      uint32_t sig)
{
	const struct wasm_func_instance *func = wasm_func_of_ref(t->store, ref);

	must(func && func->sig == sig);
	return func;
}

/* ---- calls ----------------------------------------------------------------------------------- */

static ALWAYS_INLINE void frame_push(struct interp_thread *t, const struct interp_op *pc,
				     uint64_t *fp, const struct wasm_func_instance *func)
{
	struct interp_frame *f = t->frame++;

	f->pc = pc;
	f->fp = fp;
	f->func = func;
}

RUN(CALL)
{
	const struct wasm_func_instance *func = POINTER(struct wasm_func_instance, pc[1]);
	const struct interp_op *code = func->code;

	if (unlikely(t->frame == t->frames_end))
		MUSTTAIL return TAIL(frames_short);
	frame_push(t, pc + 2, fp, func);
	fp += pc->ab;
	MUSTTAIL return GOTO(code);
}

/* t->callee, a host function whose frame is pushed, has ended with this trap. */
static bool host_threw(struct interp_thread *t, const struct interp_op *pc, enum wasm_trap trap)
{
	if (!t->trap_pc) /* else a call that the host function made has its place already */
		(void)interp_trap(t, pc, trap);
	return trap == TRAP_UNCAUGHT_EXCEPTION && t->exception;
}

NOINLINE HANDLER(call_host)
{
	frame_push(t, pc + 2, fp, t->callee);
	t->trap_pc = NULL;
	enum wasm_trap trap = interp_call_host(t, (size_t)(fp - t->slots) + pc->ab);

	if (unlikely(trap)) {
		if (!host_threw(t, pc, trap))
			return trap;
		MUSTTAIL return TAIL(unwind);
	}
	fp = (--t->frame)->fp;
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return NEXT(2);
}

NOINLINE HANDLER(call_instance)
{
	const struct interp_op *code = t->callee->code;

	frame_push(t, pc + 2, fp, NULL);
	frame_push(t, interp_switch_back, fp, t->callee);
	fp += pc->ab;
	t->instance = t->callee->instance;
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return GOTO(code);
}

/* Calls t->callee, whatever it is. */
HANDLER(call_any)
{
	if (unlikely(t->frames_end - t->frame < 2))
		MUSTTAIL return TAIL(frames_short);
	if (t->callee->host)
		MUSTTAIL return TAIL(call_host);
	if (t->callee->instance != t->instance)
		MUSTTAIL return TAIL(call_instance);
	frame_push(t, pc + 2, fp, t->callee);
	fp += pc->ab;
	MUSTTAIL return GOTO((const struct interp_op *)t->callee->code);
}

RUN(CALL_IMPORT)
{
	t->callee = POINTER(struct wasm_func_instance, pc[1]);
	MUSTTAIL return TAIL(call_any);
}

RUN(CALL_INDIRECT)
{
	const struct wasm_func_instance *func;
	enum wasm_trap trap = callee_of_table(t, pc, GET_I32(pc->imm), &func);

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	if (unlikely(func->instance != t->instance || t->frame == t->frames_end)) {
		t->callee = func;
		MUSTTAIL return TAIL(call_any);
	}
	frame_push(t, pc + 2, fp, func);
	fp += pc->ab;
	MUSTTAIL return GOTO((const struct interp_op *)func->code);
}

RUN(CALL_REF)
{
	uint32_t ref = GET_I32(pc->imm);

	if (unlikely(!ref))
		MUSTTAIL return TAIL(trap_NULL_FUNCTION);
	t->callee = callee_of_ref(t, ref, pc[1].ab);
	MUSTTAIL return TAIL(call_any);
}

/* ---- tail calls ------------------------------------------------------------------------------ */

/* The arguments of `func` take the place of the running function's. */
static ALWAYS_INLINE void arguments_down(uint64_t *fp, const struct interp_op *pc,
					 const struct wasm_func_instance *func)
{
	memmove(fp, fp + pc->ab, func->type->param_slots * sizeof(*fp));
}

/* The host function does its work in the frame of the function that ends. */
NOINLINE HANDLER(tail_call_host)
{
	arguments_down(fp, pc, t->callee);
	t->frame[-1].func = t->callee;
	t->trap_pc = NULL;
	enum wasm_trap trap = interp_call_host(t, (size_t)(fp - t->slots));

	if (unlikely(trap)) {
		if (!host_threw(t, pc, trap))
			return trap;
		MUSTTAIL return TAIL(unwind);
	}
	const struct interp_frame *f = --t->frame;

	fp = f->fp;
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return GOTO(f->pc);
}

/* If the running function was called from its own instance, its frame becomes the two of a call
 * into another; else the way back is there, or interp_call knows it. */
NOINLINE HANDLER(tail_call_instance)
{
	struct interp_frame *f = &t->frame[-1];

	if (f->pc != interp_switch_back && f->pc != interp_leave) {
		if (unlikely(t->frame == t->frames_end))
			MUSTTAIL return TAIL(frames_short);
		f->func = NULL;
		frame_push(t, interp_switch_back, f->fp, NULL);
	}
	t->frame[-1].func = t->callee;
	arguments_down(fp, pc, t->callee);
	t->instance = t->callee->instance;
	memory = memory_base(t);
	size = memory_size(t);
	MUSTTAIL return GOTO((const struct interp_op *)t->callee->code);
}

/* Ends the running function by a call of t->callee, whatever it is. */
HANDLER(tail_call_any)
{
	if (t->callee->host)
		MUSTTAIL return TAIL(tail_call_host);
	if (t->callee->instance != t->instance)
		MUSTTAIL return TAIL(tail_call_instance);
	t->frame[-1].func = t->callee;
	arguments_down(fp, pc, t->callee);
	MUSTTAIL return GOTO((const struct interp_op *)t->callee->code);
}

RUN(TAIL_CALL)
{
	t->callee = POINTER(struct wasm_func_instance, pc[1]);
	MUSTTAIL return TAIL(tail_call_any);
}

RUN(TAIL_CALL_INDIRECT)
{
	enum wasm_trap trap = callee_of_table(t, pc, GET_I32(pc->imm), &t->callee);

	if (unlikely(trap))
		return interp_trap(t, pc, trap);
	MUSTTAIL return TAIL(tail_call_any);
}

RUN(TAIL_CALL_REF)
{
	uint32_t ref = GET_I32(pc->imm);

	if (unlikely(!ref))
		MUSTTAIL return TAIL(trap_NULL_FUNCTION);
	t->callee = callee_of_ref(t, ref, pc[1].ab);
	MUSTTAIL return TAIL(tail_call_any);
}

/* ---- from C ---------------------------------------------------------------------------------- */

enum wasm_trap interp_enter(struct interp_thread *t, uint64_t *fp)
{
	const struct interp_op *pc = t->callee->code;

	frame_push(t, interp_leave, fp, t->callee);
	return pc->run(pc, fp, memory_base(t), memory_size(t), t);
}
