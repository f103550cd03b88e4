/*
 * Values on their way between registers, transfer area and slots (wasm_type_slots).
 * Trust: what comes from generated code is anything: the upper halves of 32-bit values are undefined,
 * and a reference may have been made up.
 * Invariant: types are of the function that is called, so nothing reaches beyond the transfer area
 * of the instance in place, whose module has that type.
 */
#include <string.h>

#include "native/impl.h"

bool native_reference_fits(const struct wasm_store *s, uint32_t type, uint32_t ref)
{
	const struct wasm_func_instance *func;

	if (ref == 0)
		return type & WASM_NULLABLE;
	switch (wasm_type_top(type)) {
	case WASM_HEAP_FUNC:
		func = wasm_func_of_ref(s, ref);
		return func && (!wasm_type_is_concrete(type) || func->sig == (type & WASM_HEAP));
	case WASM_HEAP_EXN:
		return wasm_exception_of_ref(s, ref) != NULL;
	default:
		return true;
	}
}

bool native_values_normalize(const struct wasm_store *s, uint64_t *values, const uint32_t *types,
			     uint32_t count)
{
	bool fit = true;

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t type = types[i];

		if (type == WASM_I32 || type == WASM_F32 || wasm_type_is_ref(type))
			*values = (uint32_t)*values;
		if (wasm_type_is_ref(type))
			fit &= native_reference_fits(s, type, (uint32_t)*values);
		values += wasm_type_slots(type);
	}
	return fit;
}

/* Where values are: integer registers, vector registers, transfer area. */
struct homes {
	uint64_t *ints;
	uint8_t (*vectors)[16];
	uint64_t *transfer;
};

static void *home_of(const struct homes *homes, struct native_place place)
{
	switch (place.kind) {
	case NATIVE_IN_INT:
		return &homes->ints[place.index];
	case NATIVE_IN_VECTOR:
		return homes->vectors[place.index];
	default:
		return &homes->transfer[place.index];
	}
}

static void values_get(const struct homes *homes, struct native_placer placer,
		       const uint32_t *types, uint32_t count, uint64_t *values)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t slots = wasm_type_slots(types[i]);

		memcpy(values, home_of(homes, native_place_next(&placer, types[i])),
		       slots * sizeof(*values));
		values += slots;
	}
}

static void values_set(const struct homes *homes, struct native_placer placer,
		       const uint32_t *types, uint32_t count, const uint64_t *values)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t slots = wasm_type_slots(types[i]);

		memcpy(home_of(homes, native_place_next(&placer, types[i])), values,
		       slots * sizeof(*values));
		values += slots;
	}
}

/* regs is only read where values are taken. */
static struct homes homes_of(const struct native_thread *t, const struct native_regs *regs,
			     bool results)
{
	struct native_regs *r = (struct native_regs *)(uintptr_t)regs;

	return (struct homes){results ? &r->result : r->gpr, r->xmm, native_transfer(t)};
}

void native_params_get(const struct native_thread *t, const struct native_regs *regs,
		       const struct wasm_func_type *type, uint64_t *values)
{
	const struct homes homes = homes_of(t, regs, false);

	values_get(&homes, native_params(), type->params, type->param_count, values);
}

void native_params_set(const struct native_thread *t, struct native_regs *regs,
		       const struct wasm_func_type *type, const uint64_t *values)
{
	const struct homes homes = homes_of(t, regs, false);

	values_set(&homes, native_params(), type->params, type->param_count, values);
}

void native_results_get(const struct native_thread *t, const struct native_regs *regs,
			const struct wasm_func_type *type, uint64_t *values)
{
	const struct homes homes = homes_of(t, regs, true);

	values_get(&homes, native_results(), type->results, type->result_count, values);
}

void native_results_set(const struct native_thread *t, struct native_regs *regs,
			const struct wasm_func_type *type, const uint64_t *values)
{
	const struct homes homes = homes_of(t, regs, true);

	values_set(&homes, native_results(), type->results, type->result_count, values);
}
