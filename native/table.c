/*
 * Tables as generated code reads them: entries of 16 bytes that mirror struct wasm_table_instance, and
 * the function table.
 * Trust: references in tables may have been made up by generated code: they are looked up with a
 * check.
 * Invariant: an entry's code can always be called: it is a function of the only instance with native
 * code, or the import thunk, which looks at the reference. sig is 0 for all that is no function.
 * t->functions[ref] is there for every function of the store that an instance with slots can name.
 */
#include <string.h>

#include "base/heap.h"
#include "native/impl.h"
#include "wasm/store.h"

#define CAPACITY_MIN 64u

struct table_mirror {
	uint32_t capacity;
	uint32_t reserved[3];
	struct native_entry entries[];
};
static_assert(offsetof(struct table_mirror, entries) == 16, "entries are aligned");

static bool is_direct(const struct native_thread *t, const struct wasm_func_instance *func)
{
	return t->instance_count == 1 && func->instance && func->instance->engine;
}

static struct native_entry entry_of_func(const struct native_thread *t, uint32_t ref)
{
	const struct wasm_func_instance *func = wasm_func_of_ref(t->store, ref);
	struct native_entry entry = {.code = (uint64_t)(uintptr_t)native_import_thunk, .ref = ref};

	if (func) {
		entry.sig = func->sig + 1;
		if (is_direct(t, func))
			entry.code = (uint64_t)(uintptr_t)func->code;
	}
	return entry;
}

static struct native_entry entry_of_other(uint32_t ref)
{
	return (struct native_entry){.code = (uint64_t)(uintptr_t)native_import_thunk, .ref = ref};
}

static struct table_mirror *mirror_of(const struct wasm_table_instance *table)
{
	return table->mirror;
}

struct native_entry *native_table_entries(const struct wasm_table_instance *table)
{
	must(table->mirror);
	return mirror_of(table)->entries;
}

bool native_table_reserve(struct wasm_table_instance *table)
{
	const struct table_mirror *old = mirror_of(table);
	const size_t room = table->capacity;

	if (old && old->capacity >= table->size)
		return true;
	struct table_mirror *mirror = heap_alloc(sizeof *mirror + room * sizeof mirror->entries[0]);

	if (!mirror)
		return false;
	mirror->capacity = table->capacity;
	if (old)
		memcpy(mirror->entries, old->entries, old->capacity * sizeof old->entries[0]);
	heap_free(table->mirror);
	table->mirror = mirror;
	return true;
}

void native_table_update(const struct native_thread *t, struct wasm_table_instance *table,
			 uint32_t from, uint32_t count)
{
	const bool functions = wasm_type_top(table->type.elem) == WASM_HEAP_FUNC;
	struct native_entry *entries = native_table_entries(table);

	must(count <= table->size && from <= table->size - count);
	for (uint32_t i = from; i < from + count; i++) {
		const uint32_t ref = table->elems[i];

		entries[i] = functions ? entry_of_func(t, ref) : entry_of_other(ref);
	}
}

static bool functions_reserve(struct native_thread *t)
{
	const uint32_t need = t->store->func_count;
	uint32_t capacity =
		t->function_capacity > CAPACITY_MIN / 2 ? t->function_capacity * 2 : CAPACITY_MIN;

	if (need <= t->function_capacity)
		return true;
	if (capacity < need)
		capacity = need;
	struct native_entry *functions = heap_alloc_array(capacity, sizeof *functions);

	if (!functions)
		return false;
	heap_free(t->functions);
	t->functions = functions;
	t->function_capacity = capacity;
	return true;
}

static enum err functions_sync(struct native_thread *t)
{
	if (!functions_reserve(t))
		return E_NOMEM;
	t->function_count = t->store->func_count;
	for (uint32_t i = 0; i < t->function_count; i++)
		t->functions[i] = entry_of_func(t, i);
	return E_OK;
}

enum err native_tables_sync(struct native_thread *t)
{
	enum err err = functions_sync(t);

	for (struct wasm_table_list *item = t->store->tables; item && !err; item = item->next) {
		if (native_table_reserve(&item->table))
			native_table_update(t, &item->table, 0, item->table.size);
		else
			err = E_NOMEM;
	}
	return err;
}
