/*
 * Threads of the interpreter: calls from outside, growth of their stacks, calls of host functions,
 * backtraces.
 * Trust: arguments and results are of the function's type; host functions are the embedder's.
 * Invariant: frames[0 .. frame) are the calls in progress; every fp in them points into slots.
 */
#include "interp/interp.h"

#include <string.h>

#include "base/heap.h"
#include "interp/thread.h"

#define SLOTS_FIRST	4096u /* 32 KiB */
#define FRAMES_FIRST	256u
#define STACK_DEFAULT	((size_t)8 * 1024 * 1024)
#define DEPTH_DEFAULT	65536u
#define NESTING_MAX	8u
#define FRAMES_RESERVED 4u /* beyond the limit of depth: entry, and changes of instance */

static void interp_free_code(const void *ops)
{
	const struct interp_op *first = ops;

	heap_free((uint8_t *)(uintptr_t)first - offsetof(struct interp_code, ops));
}

void interp_store_init(struct wasm_store *s)
{
	s->untranslated = interp_untranslated;
	s->free_code = interp_free_code;
}

enum err interp_thread_init(struct interp_thread *t, struct wasm_store *s,
			    const struct interp_limits *limits)
{
	size_t stack_size = limits->stack_size ? limits->stack_size : STACK_DEFAULT;
	uint32_t depth = limits->max_depth ? limits->max_depth : DEPTH_DEFAULT;

	*t = (struct interp_thread){.store = s,
				    .max_slots = stack_size / sizeof(uint64_t),
				    .max_frames = (size_t)depth + FRAMES_RESERVED};
	size_t slots = t->max_slots < SLOTS_FIRST ? t->max_slots : SLOTS_FIRST;
	size_t frames = t->max_frames < FRAMES_FIRST ? t->max_frames : FRAMES_FIRST;

	t->slots = heap_alloc_array(slots, sizeof(*t->slots));
	t->frames = heap_alloc_array(frames, sizeof(*t->frames));
	if (!t->slots || !t->frames) {
		interp_thread_fini(t);
		return E_NOMEM;
	}
	t->slots_end = t->slots + slots;
	t->frames_end = t->frames + frames;
	t->frame = t->frames;
	t->top = t->slots;
	return E_OK;
}

void interp_thread_fini(struct interp_thread *t)
{
	heap_free(t->slots);
	heap_free(t->frames);
	*t = (struct interp_thread){0};
}

/* ---- growth ---------------------------------------------------------------------------------- */

/* The next size of a stack: at least need, doubling, at most max. 0: need is above max. */
static size_t grown(size_t now, size_t need, size_t max)
{
	if (need > max)
		return 0;
	size_t n = now > max / 2 ? max : now * 2;

	return n > need ? n : need;
}

enum wasm_trap interp_grow_slots(struct interp_thread *t, uint64_t **fp, size_t count)
{
	size_t at = (size_t)(*fp - t->slots);
	size_t top = (size_t)(t->top - t->slots);
	size_t old = (size_t)(t->slots_end - t->slots);
	size_t size = count > t->max_slots - at ? 0 : grown(old, at + count, t->max_slots);

	if (!size)
		return TRAP_STACK_EXHAUSTED;
	uint64_t *slots = heap_alloc_array(size, sizeof *slots);

	if (!slots)
		return TRAP_OUT_OF_MEMORY;
	memcpy(slots, t->slots, old * sizeof *slots);
	for (struct interp_frame *f = t->frames; f < t->frame; f++)
		f->fp = slots + (f->fp - t->slots);
	heap_free(t->slots);
	t->slots = slots;
	t->slots_end = slots + size;
	t->top = slots + top;
	*fp = slots + at;
	return TRAP_NONE;
}

enum wasm_trap interp_grow_frames(struct interp_thread *t)
{
	size_t used = (size_t)(t->frame - t->frames);
	size_t old = (size_t)(t->frames_end - t->frames);
	size_t size = grown(old, used + FRAMES_RESERVED, t->max_frames);

	if (!size)
		return TRAP_STACK_EXHAUSTED;
	struct interp_frame *frames =
		heap_resize(t->frames, old * sizeof(*frames), size * sizeof(*frames));

	if (!frames)
		return TRAP_OUT_OF_MEMORY;
	t->frames = frames;
	t->frame = frames + used;
	t->frames_end = frames + size;
	return TRAP_NONE;
}

/* ---- calls ----------------------------------------------------------------------------------- */

enum wasm_trap interp_ensure_code(struct interp_thread *t)
{
	const struct wasm_func_instance *func = t->callee;
	const struct wasm_body *body = wasm_func_body(func->instance->module, func->index);
	struct interp_code *code;

	/* Its frame could not be entered; translating it would take memory in proportion. */
	if ((uint64_t)body->local_count + body->max_stack > t->max_slots)
		return TRAP_STACK_EXHAUSTED;
	enum err err = interp_translate(func, &code);

	if (err)
		return TRAP_OUT_OF_MEMORY;
	t->store->funcs[func->ref]->code = code->ops;
	return TRAP_NONE;
}

static uint64_t value_normal(const struct wasm_store *s, uint8_t type, uint64_t value)
{
	/* call_indirect relies on it: a funcref that enters from outside is one of the store's */
	must(type != WASM_FUNCREF || (uint32_t)value < s->func_count);
	return type == WASM_I64 || type == WASM_F64 ? value : (uint32_t)value;
}

/* Arguments and results are copies: a call that the function makes may move the slots. */
enum wasm_trap interp_call_host(struct interp_thread *t, size_t first)
{
	const struct wasm_func_instance *func = t->callee;
	const struct wasm_func_type *type = func->type;
	uint64_t values[WASM_HOST_VALUES_MAX] = {0};
	uint64_t *results = values + type->param_count;
	uint32_t most =
		type->param_count > type->result_count ? type->param_count : type->result_count;
	uint64_t *top = t->top;
	size_t top_index = (size_t)(top - t->slots);

	memcpy(values, t->slots + first, type->param_count * sizeof *values);
	t->top = t->slots + first + most;
	t->caller.instance = t->instance;
	enum wasm_trap trap = func->host->call(func->env, &t->caller, values, results);

	t->top = t->slots + top_index;
	if (trap)
		return trap;
	for (uint32_t i = 0; i < type->result_count; i++)
		t->slots[first + i] = value_normal(t->store, type->results[i], results[i]);
	return TRAP_NONE;
}

static enum wasm_trap call_func(struct interp_thread *t, const struct wasm_func_instance *func,
				size_t first)
{
	t->callee = func;
	if (func->host)
		return interp_call_host(t, first);
	t->instance = func->instance;
	return interp_enter(t, t->slots + first);
}

/* Room for a frame and for what the caller hands over, above what is in use. */
static enum wasm_trap call_reserve(struct interp_thread *t, const struct wasm_func_type *type)
{
	uint32_t most =
		type->param_count > type->result_count ? type->param_count : type->result_count;
	enum wasm_trap trap = TRAP_NONE;

	if (t->nesting >= NESTING_MAX)
		return TRAP_STACK_EXHAUSTED;
	if (t->frames_end - t->frame < 2)
		trap = interp_grow_frames(t);
	if (!trap && (size_t)(t->slots_end - t->top) < most) {
		uint64_t *fp = t->top;

		trap = interp_grow_slots(t, &fp, most);
	}
	return trap;
}

enum wasm_trap interp_call(struct interp_thread *t, const struct wasm_func_instance *func,
			   const uint64_t *args, uint64_t *results)
{
	const struct wasm_func_type *type = func->type;
	struct wasm_instance *instance = t->instance;
	enum wasm_trap trap = call_reserve(t, type);
	size_t first = (size_t)(t->top - t->slots);
	size_t depth = (size_t)(t->frame - t->frames);

	if (t->nesting == 0) {
		t->trap_pc = NULL;
		t->trap_frames = 0;
	}
	if (trap)
		return interp_trap(t, NULL, trap);
	for (uint32_t i = 0; i < type->param_count; i++)
		t->slots[first + i] = value_normal(t->store, type->params[i], args[i]);
	t->nesting++;
	trap = call_func(t, func, first);
	t->nesting--;
	t->frame = t->frames + depth;
	t->instance = instance;
	t->top = t->slots + first;
	if (trap)
		return trap;
	if (type->result_count)
		memcpy(results, t->slots + first, type->result_count * sizeof *results);
	return TRAP_NONE;
}

/* ---- backtraces ------------------------------------------------------------------------------ */

static uint32_t position_offset(const struct wasm_func_instance *func, const struct interp_op *pc,
				bool returns_here)
{
	const struct interp_op *ops = func->code;

	if (func->host || ops == interp_untranslated || !pc)
		return func->host ? 0 : wasm_func_body(func->instance->module, func->index)->code;
	return interp_translate_offset(func, (uint32_t)(pc - ops) - returns_here);
}

size_t interp_backtrace(const struct interp_thread *t, struct interp_position *out, size_t max,
			size_t skip, size_t *depth)
{
	const struct interp_op *pc = t->trap_pc;
	bool returns_here = false;
	size_t n = 0, seen = 0;

	for (size_t i = t->trap_frames; i-- > 0;) {
		const struct interp_frame *f = &t->frames[i];

		if (f->func && seen++ >= skip && n < max)
			out[n++] = (struct interp_position){
				f->func, position_offset(f->func, pc, returns_here)};
		pc = f->pc;
		returns_here = true;
	}
	*depth = seen;
	return n;
}
