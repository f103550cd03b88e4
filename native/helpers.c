/*
 * What generated code has the runtime do for it (native/helper.def).
 * Trust: every argument is the guest's, also where a compiler would have put a constant: an index that
 * the module does not have ends the guest code with TRAP_HOST_FAILED.
 * Invariant: when a helper returns, mirrors of tables and the slots of memories and tables are what
 * the instances say. Work in bulk is paid for as interp/ has it.
 */
#include <string.h>

#include "base/checked.h"
#include "native/impl.h"
#include "wasm/limits.h"

/* The upper halves of 32-bit arguments are undefined: arg32. */
struct help {
	struct native_thread *t;
	struct wasm_instance *instance;
	const uint64_t *arg;
	uint64_t *result;
};

static uint32_t arg32(const struct help *h, uint32_t i)
{
	return (uint32_t)h->arg[i];
}

static struct wasm_memory_instance *memory_at(const struct help *h, uint32_t i)
{
	return arg32(h, i) < h->instance->module->memory_count ? h->instance->memories[arg32(h, i)]
							       : NULL;
}

static struct wasm_table_instance *table_at(const struct help *h, uint32_t i)
{
	return arg32(h, i) < h->instance->module->table_count ? h->instance->tables[arg32(h, i)]
							      : NULL;
}

static bool data_exists(const struct help *h, uint32_t i)
{
	return arg32(h, i) < h->instance->module->data_count;
}

static bool elem_exists(const struct help *h, uint32_t i)
{
	return arg32(h, i) < h->instance->module->elem_count;
}

/* ---- memories ------------------------------------------------------------------------------------- */

static enum wasm_trap help_memory_size(const struct help *h)
{
	const struct wasm_memory_instance *m = memory_at(h, 0);

	if (!m)
		return TRAP_HOST_FAILED;
	native_slots_put_memories(h->t);
	*h->result = wasm_memory_size(m) / WASM_PAGE_SIZE;
	return TRAP_NONE;
}

static enum wasm_trap help_memory_grow(const struct help *h)
{
	struct wasm_memory_instance *m = memory_at(h, 0);

	if (!m)
		return TRAP_HOST_FAILED;
	*h->result = wasm_memory_grow(m, arg32(h, 1));
	native_slots_put_memories(h->t);
	return TRAP_NONE;
}

static enum wasm_trap help_memory_copy(const struct help *h)
{
	const struct wasm_memory_instance *dst = memory_at(h, 0), *src = memory_at(h, 1);
	const uint32_t to = arg32(h, 2), from = arg32(h, 3), count = arg32(h, 4);

	if (!dst || !src)
		return TRAP_HOST_FAILED;
	if (!range_inside(to, count, wasm_memory_size(dst)) ||
	    !range_inside(from, count, wasm_memory_size(src)))
		return TRAP_MEMORY_BOUNDS;
	enum wasm_trap trap = native_pay_bulk(h->t, count / 64);

	if (!trap && count)
		memmove(dst->base + to, src->base + from, count);
	return trap;
}

static enum wasm_trap help_memory_fill(const struct help *h)
{
	const struct wasm_memory_instance *m = memory_at(h, 0);
	const uint32_t to = arg32(h, 1), count = arg32(h, 3);

	if (!m)
		return TRAP_HOST_FAILED;
	if (!range_inside(to, count, wasm_memory_size(m)))
		return TRAP_MEMORY_BOUNDS;
	enum wasm_trap trap = native_pay_bulk(h->t, count / 64);

	if (!trap && count)
		memset(m->base + to, (uint8_t)arg32(h, 2), count);
	return trap;
}

static enum wasm_trap help_memory_init(const struct help *h)
{
	if (!memory_at(h, 0) || !data_exists(h, 1))
		return TRAP_HOST_FAILED;
	enum wasm_trap trap = native_pay_bulk(h->t, arg32(h, 4) / 64);

	return trap ? trap
		    : wasm_memory_init(h->instance, arg32(h, 0), arg32(h, 1), arg32(h, 2),
				       arg32(h, 3), arg32(h, 4));
}

static enum wasm_trap help_data_drop(const struct help *h)
{
	if (!data_exists(h, 0))
		return TRAP_HOST_FAILED;
	wasm_data_drop(h->instance, arg32(h, 0));
	return TRAP_NONE;
}

/* ---- tables --------------------------------------------------------------------------------------- */

/* Null may be put into any table that code can name; more is for the code to know. */
static bool may_be_in(const struct help *h, const struct wasm_table_instance *table, uint32_t ref)
{
	return ref == 0 || native_reference_fits(h->t->store, table->type.elem, ref);
}

static enum wasm_trap help_table_set(const struct help *h)
{
	struct wasm_table_instance *table = table_at(h, 0);
	const uint32_t i = arg32(h, 1), ref = arg32(h, 2);

	if (!table || !may_be_in(h, table, ref))
		return TRAP_HOST_FAILED;
	if (i >= table->size)
		return TRAP_TABLE_BOUNDS;
	table->elems[i] = ref;
	native_table_update(h->t, table, i, 1);
	return TRAP_NONE;
}

/* A mirror that cannot grow undoes it. */
static enum wasm_trap help_table_grow(const struct help *h)
{
	struct wasm_table_instance *table = table_at(h, 0);
	const uint32_t ref = arg32(h, 1), count = arg32(h, 2);

	if (!table || !may_be_in(h, table, ref))
		return TRAP_HOST_FAILED;
	uint32_t old = wasm_table_grow(h->t->store, table, ref, count);

	if (old != UINT32_MAX && !native_table_reserve(table)) {
		table->size = old;
		h->t->store->table_entries -= count;
		old = UINT32_MAX;
	}
	if (old != UINT32_MAX)
		native_table_update(h->t, table, old, count);
	native_slots_put_tables(h->t);
	*h->result = old;
	return TRAP_NONE;
}

static enum wasm_trap help_table_fill(const struct help *h)
{
	struct wasm_table_instance *table = table_at(h, 0);
	const uint32_t to = arg32(h, 1), ref = arg32(h, 2), count = arg32(h, 3);

	if (!table || !may_be_in(h, table, ref))
		return TRAP_HOST_FAILED;
	enum wasm_trap trap = native_pay_bulk(h->t, count / 16);

	if (!trap)
		trap = wasm_table_fill(table, to, ref, count);
	if (!trap)
		native_table_update(h->t, table, to, count);
	return trap;
}

/* One table's references need not fit into the other: the code has to know; what is no function of the
 * store is never called. */
static enum wasm_trap help_table_copy(const struct help *h)
{
	struct wasm_table_instance *dst = table_at(h, 0);
	const struct wasm_table_instance *src = table_at(h, 1);
	const uint32_t to = arg32(h, 2), from = arg32(h, 3), count = arg32(h, 4);

	if (!dst || !src)
		return TRAP_HOST_FAILED;
	enum wasm_trap trap = native_pay_bulk(h->t, count / 16);

	if (!trap)
		trap = wasm_table_copy(dst, src, to, from, count);
	if (!trap)
		native_table_update(h->t, dst, to, count);
	return trap;
}

static enum wasm_trap help_table_init(const struct help *h)
{
	struct wasm_table_instance *table = table_at(h, 0);
	const uint32_t to = arg32(h, 2), from = arg32(h, 3), count = arg32(h, 4);

	if (!table || !elem_exists(h, 1))
		return TRAP_HOST_FAILED;
	enum wasm_trap trap = native_pay_bulk(h->t, count / 16);

	if (!trap)
		trap = wasm_table_init(h->instance, arg32(h, 0), arg32(h, 1), to, from, count);
	if (!trap)
		native_table_update(h->t, table, to, count);
	return trap;
}

static enum wasm_trap help_elem_drop(const struct help *h)
{
	if (!elem_exists(h, 0))
		return TRAP_HOST_FAILED;
	wasm_elem_drop(h->instance, arg32(h, 0));
	return TRAP_NONE;
}

/* ---- exceptions ----------------------------------------------------------------------------------- */

static enum wasm_trap help_throw(const struct help *h)
{
	return native_throw(h->t, arg32(h, 0));
}

static enum wasm_trap help_throw_ref(const struct help *h)
{
	return native_throw_ref(h->t, arg32(h, 0));
}

static enum wasm_trap help_exception_is(const struct help *h)
{
	return native_exception_is(h->t, arg32(h, 0), arg32(h, 1), h->result);
}

static enum wasm_trap help_exception_values(const struct help *h)
{
	return native_exception_values(h->t, arg32(h, 0), arg32(h, 1));
}

/* ---- threads, fuel -------------------------------------------------------------------------------- */

static enum wasm_trap wait_on(const struct help *h, bool wide)
{
	struct wasm_memory_instance *m = memory_at(h, 0);
	uint32_t result = 0;

	if (!m)
		return TRAP_HOST_FAILED;
	enum wasm_trap trap = wasm_memory_wait(h->t->store, m, h->arg[1], wide, h->arg[2],
					       (int64_t)h->arg[3], &result);

	*h->result = result;
	return trap;
}

static enum wasm_trap help_wait32(const struct help *h)
{
	return wait_on(h, false);
}

static enum wasm_trap help_wait64(const struct help *h)
{
	return wait_on(h, true);
}

static enum wasm_trap help_notify(const struct help *h)
{
	struct wasm_memory_instance *m = memory_at(h, 0);
	uint32_t woken = 0;

	if (!m)
		return TRAP_HOST_FAILED;
	enum wasm_trap trap = wasm_memory_notify(m, h->arg[1], arg32(h, 2), &woken);

	*h->result = woken;
	return trap;
}

static enum wasm_trap help_fuel(const struct help *h)
{
	enum wasm_trap stop = native_stop(h->t);

	if (stop)
		return stop;
	return native_fuel_need(h->t, h->arg[0]) ? TRAP_NONE : TRAP_OUT_OF_FUEL;
}

/* Another index of an import may mean the same global: its slot is not the one that was written. */
static enum wasm_trap help_global_changed(const struct help *h)
{
	const struct wasm_module *m = h->instance->module;
	const uint32_t global = arg32(h, 0);

	if (global >= m->import_global_count || !m->globals[global].type.mutable)
		return TRAP_HOST_FAILED;
	native_slots_global_changed(h->t, global);
	return TRAP_NONE;
}

/* ---- which one ------------------------------------------------------------------------------------ */

typedef enum wasm_trap helper_func(const struct help *h);

static helper_func *const k_helpers[] = {
#define HELPER(name, result, params) help_##name,
#include "native/helper.def"
#undef HELPER
};
static_assert(COUNT_OF(k_helpers) == NATIVE_HELPER_COUNT, "helpers");

enum wasm_trap native_help(struct native_thread *t, uint64_t helper, const uint64_t *args,
			   uint64_t *result)
{
	const struct help h = {t, t->instance, args, result};

	must(helper < NATIVE_HELPER_COUNT);
	*result = 0;
	return k_helpers[helper](&h);
}
