/*
 * Where the slots are, and where parameters and results are.
 * Trust: the module is decoded and validated; its counts are within their limits (wasm/limits.h).
 * Invariant: the same module gives the same layout in the compiler and in the enclave: nothing but
 * the module's types and counts goes in.
 */
#include "native/layout.h"

#define ALIGNMENT 16u

/* Where a group of `count` slots of `size` bytes begins; *end moves behind it. The end of all is checked
 * once: no sum of the groups of a decoded module comes near to 2^64. */
static uint32_t layout_take(uint64_t *end, uint64_t count, uint32_t size)
{
	uint64_t at = *end;

	if (size >= ALIGNMENT)
		at = (at + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
	*end = at + count * size;
	return (uint32_t)at;
}

static uint32_t most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

struct native_placer native_params(void)
{
	return (struct native_placer){.ints = NATIVE_INT_ARGS, .vectors = NATIVE_VECTOR_ARGS};
}

struct native_placer native_results(void)
{
	return (struct native_placer){.results = true, .ints = 1, .vectors = 1};
}

/* The first result alone is in a register. */
struct native_place native_place_next(struct native_placer *p, uint32_t type)
{
	bool vector = type == WASM_F32 || type == WASM_F64 || type == WASM_V128;
	bool in_register = vector ? p->next_vector < p->vectors : p->next_int < p->ints;

	if (p->results)
		p->ints = p->vectors = 0;
	if (in_register)
		return vector ? (struct native_place){NATIVE_IN_VECTOR, p->next_vector++}
			      : (struct native_place){NATIVE_IN_INT, p->next_int++};
	p->next_transfer += wasm_type_slots(type);
	return (struct native_place){NATIVE_IN_TRANSFER, p->next_transfer - wasm_type_slots(type)};
}

static uint32_t places_fill(struct native_placer p, const uint32_t *types, uint32_t count,
			    struct native_place *places)
{
	for (uint32_t i = 0; i < count; i++) {
		struct native_place place = native_place_next(&p, types[i]);

		if (places)
			places[i] = place;
	}
	return p.next_transfer;
}

uint32_t native_place_params(const struct wasm_func_type *type, struct native_place *places)
{
	return places_fill(native_params(), type->params, type->param_count, places);
}

uint32_t native_place_results(const struct wasm_func_type *type, struct native_place *places)
{
	return places_fill(native_results(), type->results, type->result_count, places);
}

/* The most that any call, any return, or the values of any exception take. */
static uint32_t transfer_slots(const struct wasm_module *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->type_count; i++) {
		n = most(n, native_place_params(&m->types[i], NULL));
		n = most(n, native_place_results(&m->types[i], NULL));
	}
	for (uint32_t i = 0; i < m->tag_count; i++)
		n = most(n, wasm_tag_type(m, i)->param_slots);
	return n;
}

enum err native_layout_init(struct native_layout *layout, const struct wasm_module *m)
{
	struct native_layout l = {.transfer_slots = transfer_slots(m)};
	uint64_t end = NATIVE_SLOTS_DISP;

	l.helpers = layout_take(&end, NATIVE_HELPER_COUNT, 8);
	l.function_table = layout_take(&end, 1, 16);
	l.ref_base = layout_take(&end, 1, 8);
	l.stop = layout_take(&end, 1, 8);
	l.exception = layout_take(&end, 1, 8);
	l.fuel = layout_take(&end, 1, 8);
	l.transfer = layout_take(&end, l.transfer_slots, 8);
	l.globals = layout_take(&end, m->global_count, 16);
	l.memories = layout_take(&end, m->memory_count, 16);
	l.tables = layout_take(&end, m->table_count, 16);
	l.imports = layout_take(&end, m->import_func_count, 16);
	l.sigs = layout_take(&end, m->type_count, 8);
	l.end = (uint32_t)end;
	if (end > NATIVE_SLOTS_DISP + NATIVE_SLOTS_MAX)
		return E_NATIVE_SLOTS;
	*layout = l;
	return E_OK;
}

bool native_imports_may_throw(const struct wasm_module *m)
{
	bool looks = m->tag_count > 0;

	for (uint32_t i = 0; !looks && i < m->func_count - m->import_func_count; i++)
		looks = m->bodies[i].catch_count > 0;
	return looks;
}
