/*
 * Calls into native code and out of it.
 *
 * From outside (native_call) arguments go from slots into registers and the transfer area. Code that
 * calls what it cannot call directly comes to native_on_import: a function of its own instance gets
 * control with everything as it is; a host function is called with copies; a function of another
 * instance runs on a level of its own, further down on the same guest stack, with its instance's slots
 * in place.
 * Trust: everything in the registers of generated code, `nest` and RSP included.
 * Invariant: at nesting 0 no slots are in place. A level that ends, by a trap too, leaves slots and
 * callout as it found them.
 */
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "native/impl.h"

#define LEVEL_STACK_MIN 4096u

static enum wasm_trap guest_run(struct native_thread *t, const struct wasm_func_instance *func,
				const uint64_t *args, uint64_t *results);

/* ---- where something happened --------------------------------------------------------------------- */

/* 1 + the index of the defined function with that offset in the code; 0: none, such as in a shared routine. */
static uint32_t func_of_offset(const struct native_code *code, uint64_t offset)
{
	const struct wasm_module *m = code->module;
	const uint32_t count = m->func_count - m->import_func_count;
	uint32_t low = 0, high = count;

	if (offset >= code->offsets[count])
		return 0;
	/* functions before low begin at or before offset, those from high on after it */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (code->offsets[middle] <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct wasm_func_instance *func_at(const struct native_thread *t, uint64_t address)
{
	const struct native_code *code = native_code_of(t->instance);
	const uint32_t behind = func_of_offset(code, address - code->address);

	return behind ? t->instance->funcs[code->module->import_func_count + behind - 1] : NULL;
}

/* Is there a word of the guest stack at rsp? */
static bool stack_is_ours(const struct native_thread *t, uint64_t rsp)
{
	const uint64_t bottom = t->stack_top - t->stack_size;

	return rsp >= bottom && range_inside(rsp - bottom, sizeof(uint64_t), t->stack_size);
}

static uint64_t stack_word(uint64_t rsp)
{
	uint64_t word;

	memcpy(&word, (const void *)(uintptr_t)rsp, sizeof(word));
	return word;
}

/* The function of an address. A routine that functions share has no frame: whoever called it has its return
 * address at rsp. Both are the guest's word, good enough to be shown. */
static const struct wasm_func_instance *func_around(const struct native_thread *t, uint64_t address,
						    uint64_t rsp)
{
	const struct wasm_func_instance *func = func_at(t, address);

	return func || !stack_is_ours(t, rsp) ? func : func_at(t, stack_word(rsp) - 1);
}

static void note_trap(struct native_thread *t, uint64_t address, uint64_t rsp)
{
	if (!t->trap_func)
		t->trap_func = func_around(t, address, rsp);
}

/* ---- out of guest code ---------------------------------------------------------------------------- */

/* The return address is on the guest stack. */
static uint64_t return_address(const struct native_regs *regs)
{
	return stack_word(regs->rsp);
}

const struct wasm_func_instance *native_caller(const struct native_thread *t)
{
	const struct native_regs *regs = t->callout->regs;

	return func_around(t, return_address(regs) - 1, regs->rsp + sizeof(uint64_t));
}

/* A trap that came from further in has its function already. */
static enum wasm_trap callout_end(struct native_thread *t, const struct native_regs *regs,
				  enum wasm_trap trap)
{
	t->callout = t->callout->outer;
	if (trap)
		note_trap(t, return_address(regs) - 1, regs->rsp + sizeof(uint64_t));
	return trap;
}

static enum wasm_trap host_run(struct native_thread *t, const struct wasm_func_instance *func,
			       const uint64_t *args, uint64_t *results)
{
	t->caller.instance = t->instance;
	enum wasm_trap trap = func->host->call(func->env, &t->caller, args, results);

	if (trap)
		return trap;
	must(native_values_normalize(t->store, results, func->type->results,
				     func->type->result_count));
	return TRAP_NONE;
}

/* Whatever the function is, with copies of its own of arguments and results. */
static enum wasm_trap any_run(struct native_thread *t, const struct wasm_func_instance *func,
			      uint64_t *args, uint64_t *results)
{
	return func->host ? host_run(t, func, args, results) : guest_run(t, func, args, results);
}

/* What flies out of the callee flies on in the caller: it looks at the exception slot. */
static enum wasm_trap rethrow(struct native_thread *t)
{
	native_slot_set(t, native_layout_fixed()->exception, t->exception);
	t->exception = 0;
	return TRAP_NONE;
}

static enum wasm_trap import_run(struct native_thread *t, const struct wasm_func_instance *func,
				 struct native_regs *regs, uint64_t *values)
{
	const struct wasm_func_type *type = func->type;
	uint64_t *results = values + type->param_slots;

	native_params_get(t, regs, type, values);
	if (!native_values_normalize(t->store, values, type->params, type->param_count))
		return TRAP_HOST_FAILED;
	t->exception = 0;
	enum wasm_trap trap = any_run(t, func, values, results);

	native_slots_put_memories(t);
	if (trap == TRAP_UNCAUGHT_EXCEPTION && t->exception &&
	    native_imports_may_throw(t->instance->module))
		return rethrow(t);
	if (trap)
		return trap;
	native_results_set(t, regs, type, results);
	return TRAP_NONE;
}

/* Room for arguments and results: on the stack for most. */
static enum wasm_trap import_call(struct native_thread *t, const struct wasm_func_instance *func,
				  struct native_regs *regs)
{
	const size_t count = (size_t)func->type->param_slots + func->type->result_slots;
	uint64_t few[WASM_HOST_VALUES_MAX] = {0};
	uint64_t *values = count <= COUNT_OF(few) ? few : heap_alloc_array(count, sizeof *values);

	if (!values)
		return TRAP_OUT_OF_MEMORY;
	enum wasm_trap trap = import_run(t, func, regs, values);

	if (values != few)
		heap_free(values);
	return trap;
}

/* Does what it takes and gives fit into the transfer area? It need not be a function that the
 * instance knows. */
static bool values_fit(const struct native_thread *t, const struct wasm_func_instance *func)
{
	const uint32_t slots = native_code_of(t->instance)->layout.transfer_slots;

	return native_place_params(func->type, NULL) <= slots &&
	       native_place_results(func->type, NULL) <= slots;
}

enum wasm_trap native_on_import(struct native_regs *regs)
{
	struct native_thread *t = native_current();
	const struct native_callout callout = {regs, t->callout};
	const struct wasm_func_instance *func = wasm_func_of_ref(t->store, (uint32_t)regs->nest);

	regs->target = 0;
	if (!func || !stack_is_ours(t, regs->rsp) || !values_fit(t, func))
		return TRAP_HOST_FAILED;
	if (func->instance == t->instance) {
		regs->target = (uint64_t)(uintptr_t)func->code;
		return TRAP_NONE;
	}
	t->callout = &callout;
	return callout_end(t, regs, import_call(t, func, regs));
}

enum wasm_trap native_on_helper(struct native_regs *regs, uint64_t helper)
{
	struct native_thread *t = native_current();
	const struct native_callout callout = {regs, t->callout};

	if (!stack_is_ours(t, regs->rsp))
		return TRAP_HOST_FAILED;
	t->callout = &callout;
	return callout_end(t, regs, native_help(t, helper, regs->gpr, &regs->result));
}

/* ---- into guest code ------------------------------------------------------------------------------ */

/* Below everything that the levels outside have on the guest stack; the CALL that left it is done, so
 * nothing below RSP is in use. */
static uint64_t stack_free(const struct native_thread *t)
{
	return t->callout ? t->callout->regs->rsp & ~(uint64_t)15 : t->stack_top;
}

/* native_enter itself writes there, outside of generated code, where a fault is no trap. */
static bool stack_has_room(const struct native_thread *t)
{
	return stack_free(t) - (t->stack_top - t->stack_size) >= LEVEL_STACK_MIN;
}

/* The slot is the guest's. */
static enum wasm_trap exception_take(struct native_thread *t)
{
	const uint32_t disp = native_layout_fixed()->exception;
	const uint64_t ref = native_slot_get(t, disp);

	if (ref == 0)
		return TRAP_NONE;
	native_slot_set(t, disp, 0);
	if (ref > UINT32_MAX || !wasm_exception_of_ref(t->store, (uint32_t)ref))
		return TRAP_HOST_FAILED;
	t->exception = (uint32_t)ref;
	t->trap_func = t->throw_func;
	return TRAP_UNCAUGHT_EXCEPTION;
}

/* Code only knows that it is to end. */
static enum wasm_trap trap_claimed(const struct native_thread *t, enum wasm_trap trap)
{
	const enum wasm_trap stop = native_stop(t);

	return trap == TRAP_INTERRUPTED && stop ? stop : trap;
}

/* The instance's slots are in place. */
static enum wasm_trap code_run(struct native_thread *t, const struct wasm_func_instance *func,
			       const uint64_t *args, uint64_t *results)
{
	struct native_regs regs = {.nest = func->ref};
	const struct native_callout *callout = t->callout;

	native_params_set(t, &regs, func->type, args);
	enum wasm_trap trap = native_enter((uint64_t)(uintptr_t)func->code, stack_free(t), &regs);

	t->callout = callout;
	if (trap) {
		note_trap(t, native_trap_address(), native_trap_stack());
		return trap_claimed(t, trap);
	}
	trap = exception_take(t);
	if (trap)
		return trap;
	native_results_get(t, &regs, func->type, results);
	return native_values_normalize(t->store, results, func->type->results,
				       func->type->result_count)
		       ? TRAP_NONE
		       : TRAP_HOST_FAILED;
}

static enum wasm_trap guest_run(struct native_thread *t, const struct wasm_func_instance *func,
				const uint64_t *args, uint64_t *results)
{
	struct wasm_instance *before = t->instance;

	if (!func->instance->engine)
		return TRAP_HOST_FAILED;
	if (t->nesting >= NATIVE_NESTING_MAX || !stack_has_room(t))
		return TRAP_STACK_EXHAUSTED;
	if (func->instance != before)
		native_slots_enter(t, func->instance);
	t->nesting++;
	enum wasm_trap trap = code_run(t, func, args, results);

	t->nesting--;
	if (func->instance != before)
		native_slots_enter(t, before);
	return trap;
}

/* References come from our caller, who has them from this store. */
static enum wasm_trap call_checked(struct native_thread *t, const struct wasm_func_instance *func,
				   uint64_t *values, uint64_t *results)
{
	const struct wasm_func_type *type = func->type;
	uint64_t *out = values + type->param_slots;

	must(native_values_normalize(t->store, values, type->params, type->param_count));
	enum wasm_trap trap = any_run(t, func, values, out);

	if (!trap && type->result_slots)
		memcpy(results, out, type->result_slots * sizeof(*results));
	return trap;
}

enum wasm_trap native_call(struct native_thread *t, const struct wasm_func_instance *func,
			   const uint64_t *args, uint64_t *results)
{
	const struct wasm_func_type *type = func->type;
	const bool outermost = t->nesting == 0;
	uint64_t *values =
		heap_alloc_array((size_t)type->param_slots + type->result_slots, sizeof *values);

	t->exception = 0;
	if (!values)
		return TRAP_OUT_OF_MEMORY;
	t->trap_func = NULL;
	if (outermost)
		native_fuel_begin(t);
	if (type->param_slots)
		memcpy(values, args, type->param_slots * sizeof *values);
	enum wasm_trap trap = call_checked(t, func, values, results);

	if (outermost)
		native_fuel_end(t);
	heap_free(values);
	return trap;
}
