/*
 * Throwing, and what a handler asks.
 * Trust: tags, references and values are the guest's. Anything in its registers, on its stack and in
 * its slots may be a reference: a number that looks like one only keeps an exception longer.
 * Invariant: a collection sees every place where generated code can keep a reference while it calls
 * out: registers at each callout, the whole guest stack above the innermost, the writable slots.
 * Global instances and tables are marked by the store itself.
 */
#include <string.h>

#include "native/impl.h"

static void mark_bytes(struct wasm_store *s, const void *from, const void *to)
{
	const uint32_t *first = from, *end = to;

	if (first < end)
		wasm_exception_mark_words(s, first, (size_t)(end - first));
}

static void collect(struct native_thread *t)
{
	const struct native_layout *layout = &native_code_of(t->instance)->layout;
	const uint64_t rsp = (t->callout->regs->rsp + 3) & ~(uint64_t)3;
	const uint32_t flying = t->exception;

	for (const struct native_callout *c = t->callout; c; c = c->outer)
		mark_bytes(t->store, c->regs, c->regs + 1);
	mark_bytes(t->store, (const void *)(uintptr_t)rsp, (const void *)(uintptr_t)t->stack_top);
	mark_bytes(t->store, native_slot(t, layout->exception), native_slot(t, layout->memories));
	wasm_exception_mark_words(t->store, &flying, 1);
	wasm_exception_sweep(t->store);
}

static void fly(struct native_thread *t, uint32_t ref)
{
	t->throw_func = native_caller(t);
	native_slot_set(t, native_layout_fixed()->exception, ref);
}

enum wasm_trap native_throw(struct native_thread *t, uint32_t tag)
{
	const struct wasm_instance *instance = t->instance;

	if (tag >= instance->module->tag_count)
		return TRAP_HOST_FAILED;
	const struct wasm_tag_instance *x = instance->tags[tag];
	uint64_t *values = native_transfer(t);

	if (!native_values_normalize(t->store, values, x->type->params, x->type->param_count))
		return TRAP_HOST_FAILED;
	if (wasm_exception_is_due(t->store))
		collect(t);
	const uint32_t ref = wasm_exception_add(t->store, x, values);

	if (ref == 0)
		return TRAP_OUT_OF_MEMORY;
	fly(t, ref);
	return TRAP_NONE;
}

enum wasm_trap native_throw_ref(struct native_thread *t, uint32_t ref)
{
	if (ref == 0)
		return TRAP_NULL_EXCEPTION;
	if (!wasm_exception_of_ref(t->store, ref))
		return TRAP_HOST_FAILED;
	fly(t, ref);
	return TRAP_NONE;
}

enum wasm_trap native_exception_is(struct native_thread *t, uint32_t ref, uint32_t tag,
				   uint64_t *result)
{
	const struct wasm_exception *x = wasm_exception_of_ref(t->store, ref);

	if (!x || tag >= t->instance->module->tag_count)
		return TRAP_HOST_FAILED;
	*result = x->tag == t->instance->tags[tag];
	return TRAP_NONE;
}

enum wasm_trap native_exception_values(struct native_thread *t, uint32_t ref, uint32_t tag)
{
	const struct wasm_exception *x = wasm_exception_of_ref(t->store, ref);

	if (!x || tag >= t->instance->module->tag_count || x->tag != t->instance->tags[tag])
		return TRAP_HOST_FAILED;
	if (x->tag->type->param_slots)
		memcpy(native_transfer(t), x->values,
		       x->tag->type->param_slots * sizeof(*x->values));
	return TRAP_NONE;
}
