/*
 * The slots of the instance whose code runs.
 * Trust: generated code writes the slots that are read-write, with anything; the others are ours.
 * Invariant: while an instance is in place, its slots have the values of its globals, and the global
 * instances are stale; while none is, the global instances have them. The stop slot is written by
 * link.c alone: another thread may be setting it.
 */
#include <string.h>

#include "native/impl.h"

uint64_t native_slot_get(const struct native_thread *t, uint32_t disp)
{
	uint64_t value;

	memcpy(&value, native_slot(t, disp), sizeof(value));
	return value;
}

void native_slot_set(const struct native_thread *t, uint32_t disp, uint64_t value)
{
	memcpy(native_slot(t, disp), &value, sizeof(value));
}

/* The function table is aligned to 16. */
#define HELPERS_SIZE (8 * ((NATIVE_HELPER_COUNT + 1u) & ~1u))

/* Behind the helpers, aligned. */
#define FIXED_AT ((NATIVE_SLOTS_DISP + 8u * NATIVE_HELPER_COUNT + 15u) & ~15u)

const struct native_layout *native_layout_fixed(void)
{
	static const struct native_layout fixed = {
		.helpers = NATIVE_SLOTS_DISP,
		.function_table = FIXED_AT,
		.ref_base = FIXED_AT + 16,
		.stop = FIXED_AT + 24,
		.exception = FIXED_AT + 32,
		.fuel = FIXED_AT + 40,
		.transfer = FIXED_AT + 48,
	};

	return &fixed;
}

static const struct native_layout *layout_in_place(const struct native_thread *t)
{
	return &native_code_of(t->instance)->layout;
}

uint64_t *native_transfer(const struct native_thread *t)
{
	return (uint64_t *)(void *)native_slot(t, layout_in_place(t)->transfer);
}

static void put_pair(const struct native_thread *t, uint32_t disp, uint64_t first, uint64_t second)
{
	native_slot_set(t, disp, first);
	native_slot_set(t, disp + 8, second);
}

/* ---- globals ------------------------------------------------------------------------------------ */

static void globals_load(const struct native_thread *t)
{
	const struct wasm_instance *instance = t->instance;

	for (uint32_t i = 0; i < instance->module->global_count; i++) {
		const uint64_t *value = instance->globals[i]->value;

		put_pair(t, layout_in_place(t)->globals + 16 * i, value[0], value[1]);
	}
}

/* Code that made up a reference gets null for it. */
static void global_save(const struct native_thread *t, struct wasm_global_instance *g,
			uint32_t disp)
{
	uint64_t value[2] = {native_slot_get(t, disp), native_slot_get(t, disp + 8)};

	if (!native_values_normalize(t->store, value, &g->type.type, 1))
		value[0] = 0;
	g->value[0] = value[0];
	g->value[1] = g->type.type == WASM_V128 ? value[1] : 0;
}

void native_slots_global_changed(const struct native_thread *t, uint32_t global)
{
	const struct wasm_instance *instance = t->instance;
	const uint32_t globals = layout_in_place(t)->globals;

	for (uint32_t i = 0; i < instance->module->import_global_count; i++) {
		if (i != global && instance->globals[i] == instance->globals[global])
			memcpy(native_slot(t, globals + 16 * i),
			       native_slot(t, globals + 16 * global), 16);
	}
}

static void globals_save(const struct native_thread *t)
{
	const struct wasm_instance *instance = t->instance;

	for (uint32_t i = 0; i < instance->module->global_count; i++) {
		if (instance->globals[i]->type.mutable)
			global_save(t, instance->globals[i], layout_in_place(t)->globals + 16 * i);
	}
}

/* ---- what only the runtime writes ----------------------------------------------------------------- */

void native_slots_put_memories(const struct native_thread *t)
{
	const struct wasm_instance *instance = t->instance;

	for (uint32_t i = 0; i < instance->module->memory_count; i++) {
		const struct wasm_memory_instance *m = instance->memories[i];

		put_pair(t, layout_in_place(t)->memories + 16 * i, (uint64_t)(uintptr_t)m->base,
			 wasm_memory_size(m));
	}
}

void native_slots_put_tables(const struct native_thread *t)
{
	const struct wasm_instance *instance = t->instance;

	for (uint32_t i = 0; i < instance->module->table_count; i++) {
		const struct wasm_table_instance *table = instance->tables[i];

		put_pair(t, layout_in_place(t)->tables + 16 * i,
			 (uint64_t)(uintptr_t)native_table_entries(table), table->size);
	}
}

static void put_functions(const struct native_thread *t)
{
	const struct wasm_instance *instance = t->instance;
	const struct wasm_module *m = instance->module;
	const struct native_layout *layout = layout_in_place(t);

	for (uint32_t i = 0; i < NATIVE_HELPER_COUNT; i++)
		native_slot_set(t, layout->helpers + 8 * i, native_helper_thunks[i]);
	put_pair(t, layout->function_table, (uint64_t)(uintptr_t)t->functions, t->function_count);
	if (m->func_count > m->import_func_count)
		native_slot_set(t, layout->ref_base, instance->funcs[m->import_func_count]->ref);
	for (uint32_t i = 0; i < m->import_func_count; i++) {
		const uint32_t ref = instance->funcs[i]->ref;

		put_pair(t, layout->imports + 16 * i, t->functions[ref].code, ref);
	}
	for (uint32_t i = 0; i < m->type_count; i++)
		native_slot_set(t, layout->sigs + 8 * i, (uint64_t)instance->sigs[i] + 1);
}

/* All but stop and fuel. */
static void slots_clear(const struct native_thread *t)
{
	const struct native_layout *layout = layout_in_place(t);

	memset(t->slots, 0, layout->stop - NATIVE_SLOTS_DISP);
	native_slot_set(t, layout->exception, 0);
	memset(native_slot(t, layout->transfer), 0, layout->end - layout->transfer);
}

void native_slots_enter(struct native_thread *t, struct wasm_instance *instance)
{
	if (t->instance)
		globals_save(t);
	t->instance = instance;
	if (!instance)
		return;
	must(native_code_of(instance));
	slots_clear(t);
	put_functions(t);
	globals_load(t);
	native_slots_put_memories(t);
	native_slots_put_tables(t);
}
