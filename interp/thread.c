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
#define FUEL_PORTION	4096u

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

	const struct wasm_control *control = s->config.control;

	*t = (struct interp_thread){.store = s,
				    .metered = control && control->metered,
				    .polled = control && control->polled,
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

static void give_fuel_back(struct interp_thread *t)
{
	if (t->metered)
		__atomic_fetch_add(&t->store->config.control->fuel, t->fuel, __ATOMIC_RELAXED);
	t->fuel = 0;
}

void interp_thread_fini(struct interp_thread *t)
{
	give_fuel_back(t);
	heap_free(t->slots);
	heap_free(t->frames);
	*t = (struct interp_thread){0};
}

bool interp_take_fuel(struct interp_thread *t, uint64_t n)
{
	uint64_t *common = &t->store->config.control->fuel;
	uint64_t left = __atomic_load_n(common, __ATOMIC_RELAXED);
	uint64_t take;

	if (n <= t->fuel) {
		t->fuel -= n;
		return true;
	}
	do {
		if (n - t->fuel > left)
			return false;
		take = left - (n - t->fuel) < FUEL_PORTION ? left : n - t->fuel + FUEL_PORTION;
	} while (!__atomic_compare_exchange_n(common, &left, left - take, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	t->fuel += take - n;
	return true;
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
	if ((uint64_t)body->local_slots + body->max_stack > t->max_slots)
		return TRAP_STACK_EXHAUSTED;
	enum err err = interp_translate(func, &code);

	if (err)
		return TRAP_OUT_OF_MEMORY;
	t->store->funcs[func->ref]->code = code->ops;
	return TRAP_NONE;
}

/* A reference that enters from outside is null only if its type allows it, and one of the store's:
 * calls and throws rely on it. */
static void reference_check(const struct wasm_store *s, uint32_t type, uint32_t ref)
{
	const struct wasm_func_instance *func;

	if (ref == 0) {
		must(type & WASM_NULLABLE);
		return;
	}
	switch (wasm_type_top(type)) {
	case WASM_HEAP_FUNC:
		func = wasm_func_of_ref(s, ref);
		must(func && (!wasm_type_is_concrete(type) || func->sig == (type & WASM_HEAP)));
		break;
	case WASM_HEAP_EXN:
		must(wasm_exception_of_ref(s, ref));
		break;
	default:
		break;
	}
}

/* Values from outside come into slots as handlers want them. */
static void values_enter(const struct wasm_store *s, uint64_t *slots, const uint64_t *values,
			 const uint32_t *types, uint32_t count)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < count; i++) {
		bool wide = types[i] == WASM_I64 || types[i] == WASM_F64;

		if (types[i] == WASM_V128) {
			slots[at] = values[at];
			slots[at + 1] = values[at + 1];
			at += 2;
			continue;
		}
		if (wasm_type_is_ref(types[i]))
			reference_check(s, types[i], (uint32_t)values[at]);
		slots[at] = wide ? values[at] : (uint32_t)values[at];
		at++;
	}
}

static uint32_t slots_most(const struct wasm_func_type *type)
{
	return type->param_slots > type->result_slots ? type->param_slots : type->result_slots;
}

/* Arguments and results are copies: a call that the function makes may move the slots. */
enum wasm_trap interp_call_host(struct interp_thread *t, size_t first)
{
	const struct wasm_func_instance *func = t->callee;
	const struct wasm_func_type *type = func->type;
	uint64_t values[WASM_HOST_VALUES_MAX] = {0};
	uint64_t *results = values + type->param_slots;
	size_t top = (size_t)(t->top - t->slots);

	memcpy(values, t->slots + first, type->param_slots * sizeof *values);
	t->top = t->slots + first + slots_most(type);
	t->caller.instance = t->instance;
	enum wasm_trap trap = func->host->call(func->env, &t->caller, values, results);

	t->top = t->slots + top;
	if (trap)
		return trap;
	values_enter(t->store, t->slots + first, results, type->results, type->result_count);
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
	const uint32_t most = slots_most(type);
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
	t->exception = 0;
	if (trap)
		return interp_trap(t, NULL, trap);
	values_enter(t->store, t->slots + first, args, type->params, type->param_count);
	t->nesting++;
	trap = call_func(t, func, first);
	t->nesting--;
	t->frame = t->frames + depth;
	t->instance = instance;
	t->top = t->slots + first;
	if (t->nesting == 0)
		give_fuel_back(t);
	if (trap)
		return trap;
	if (type->result_slots)
		memcpy(results, t->slots + first, type->result_slots * sizeof *results);
	return TRAP_NONE;
}

/* ---- backtraces ------------------------------------------------------------------------------ */

/* The offsets of the function that they were last wanted of: recursion has one in line after line. */
struct offsets {
	const struct wasm_func_instance *func;
	uint32_t *of_op; /* NULL: no memory */
	uint32_t count;
};

static uint32_t offset_of_op(struct offsets *o, const struct wasm_func_instance *func, uint32_t op)
{
	if (o->func != func) {
		heap_free(o->of_op);
		o->func = func;
		if (interp_translate_offsets(func, &o->of_op, &o->count) != E_OK) {
			o->of_op = NULL;
			o->count = 0;
		}
	}
	return op < o->count ? o->of_op[op]
			     : wasm_func_body(func->instance->module, func->index)->code;
}

static uint32_t position_offset(struct offsets *o, const struct wasm_func_instance *func,
				const struct interp_op *pc, bool returns_here)
{
	const struct interp_op *ops = func->code;

	if (func->host || ops == interp_untranslated || !pc)
		return func->host ? 0 : wasm_func_body(func->instance->module, func->index)->code;
	return offset_of_op(o, func, (uint32_t)(pc - ops) - returns_here);
}

size_t interp_backtrace(const struct interp_thread *t, struct interp_position *out, size_t max,
			size_t skip, size_t *depth)
{
	const struct interp_op *pc = t->trap_pc;
	struct offsets offsets = {0};
	bool returns_here = false;
	size_t n = 0, seen = 0;

	for (size_t i = t->trap_frames; i-- > 0;) {
		const struct interp_frame *f = &t->frames[i];

		if (f->func && seen++ >= skip && n < max)
			out[n++] = (struct interp_position){
				f->func, position_offset(&offsets, f->func, pc, returns_here)};
		pc = f->pc;
		returns_here = true;
	}
	heap_free(offsets.of_op);
	*depth = seen;
	return n;
}
