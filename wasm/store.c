/*
 * The store: the table of functions, and who owns what.
 * Trust: types come from validated modules or from the embedder.
 * Invariant: funcs[ref]->ref == ref for 0 < ref < func_count; memory_pages and table_entries are the
 * sums over all memories and tables, and within the limits.
 */
#include "base/heap.h"
#include "wasm/limits.h"
#include "wasm/store.h"

enum err wasm_store_init(struct wasm_store *s, const struct wasm_store_config *config)
{
	*s = (struct wasm_store){.config = *config, .func_count = 1};
	if (!s->config.memory_ops)
		s->config.memory_ops = &wasm_memory_heap_ops;
	if (!s->config.max_table_entries)
		s->config.max_table_entries = WASM_MAX_TABLE_MIN;
	if (!s->config.max_memory_pages)
		s->config.max_memory_pages = UINT64_MAX;
	wasm_exceptions_init(&s->exceptions);
	return wasm_store_reserve_funcs(s, 0) ? E_OK : E_NOMEM;
}

static void store_free_codes(struct wasm_store *s)
{
	for (uint32_t i = 1; i < s->func_count; i++) {
		if (s->funcs[i]->code != s->untranslated && s->free_code)
			s->free_code(s->funcs[i]->code);
	}
}

void wasm_store_fini(struct wasm_store *s)
{
	store_free_codes(s);
	for (struct wasm_table_list *t = s->tables; t; t = t->next) {
		heap_free(t->table.elems);
		heap_free(t->table.mirror);
	}
	for (struct wasm_memory_list *m = s->memories; m; m = m->next)
		s->config.memory_ops->release(s->config.memory_env, &m->memory);
	wasm_exceptions_fini(&s->exceptions);
	heap_free(s->funcs);
	heap_free(s->sigs);
	type_set_fini(&s->sig_set);
	arena_fini(&s->arena);
	*s = (struct wasm_store){0};
}

/* ---- what a store holds ---------------------------------------------------------------------- */

bool wasm_store_reserve_funcs(struct wasm_store *s, uint32_t count)
{
	uint64_t need = (uint64_t)s->func_count + count;
	uint64_t capacity = s->func_capacity ? s->func_capacity : 64;

	while (capacity < need)
		capacity *= 2;
	if (capacity == s->func_capacity)
		return true;
	if (capacity > UINT32_MAX)
		return false;
	struct wasm_func_instance **funcs =
		heap_resize(s->funcs, s->func_capacity * sizeof(*funcs), capacity * sizeof(*funcs));

	if (!funcs)
		return false;
	s->funcs = funcs;
	s->func_capacity = (uint32_t)capacity;
	return true;
}

void wasm_store_add_func(struct wasm_store *s, struct wasm_func_instance *func)
{
	must(s->func_count < s->func_capacity);
	func->ref = s->func_count;
	func->code = s->untranslated;
	s->funcs[s->func_count++] = func;
}

static uint32_t count_slots(const uint32_t *types, uint32_t count)
{
	uint32_t slots = 0;

	for (uint32_t i = 0; i < count; i++)
		slots += wasm_type_slots(types[i]);
	return slots;
}

static bool slots_are_right(const struct wasm_func_type *type)
{
	return type->param_slots == count_slots(type->params, type->param_count) &&
	       type->result_slots == count_slots(type->results, type->result_count);
}

enum err wasm_func_add_host(struct wasm_store *s, const struct wasm_host_func *host, void *env,
			    struct wasm_func_instance **func)
{
	uint32_t sig;

	must(slots_are_right(&host->type));
	if (host->type.param_slots > WASM_HOST_VALUES_MAX ||
	    host->type.result_slots > WASM_HOST_VALUES_MAX - host->type.param_slots)
		return E_LIMIT;
	enum err err = wasm_sig_intern(s, &host->type, &sig);

	if (err)
		return err;
	struct wasm_func_instance *f = arena_alloc(&s->arena, sizeof *f);

	if (!f || !wasm_store_reserve_funcs(s, 1))
		return E_NOMEM;
	*f = (struct wasm_func_instance){.host = host, .env = env, .type = &host->type, .sig = sig};
	wasm_store_add_func(s, f);
	*func = f;
	return E_OK;
}

enum err wasm_table_add(struct wasm_store *s, const struct wasm_table_type *type,
			struct wasm_table_instance **table)
{
	must(!type->limits.has_max || type->limits.min <= type->limits.max);
	if (type->limits.min > s->config.max_table_entries - s->table_entries)
		return E_LIMIT;
	struct wasm_table_list *item = arena_alloc(&s->arena, sizeof *item);
	uint32_t n = (uint32_t)type->limits.min;
	uint32_t *elems = heap_alloc_array(n, sizeof *elems);

	if (!item || !elems) {
		heap_free(elems);
		return E_NOMEM;
	}
	item->table = (struct wasm_table_instance){
		.elems = elems, .size = n, .capacity = n, .type = *type};
	item->next = s->tables;
	s->tables = item;
	s->table_entries += n;
	*table = &item->table;
	return E_OK;
}

bool wasm_store_take_pages(struct wasm_store *s, uint64_t pages)
{
	uint64_t have = __atomic_load_n(&s->memory_pages, __ATOMIC_RELAXED);

	do {
		if (pages > s->config.max_memory_pages - have)
			return false;
	} while (!__atomic_compare_exchange_n(&s->memory_pages, &have, have + pages, false,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

void wasm_store_give_pages(struct wasm_store *s, uint64_t pages)
{
	__atomic_fetch_sub(&s->memory_pages, pages, __ATOMIC_RELAXED);
}

static uint64_t memory_max_pages(const struct wasm_store *s, const struct wasm_memory_type *type)
{
	uint64_t max = type->limits.has_max ? type->limits.max : WASM_MAX_PAGES;

	return max < s->config.max_memory_pages ? max : s->config.max_memory_pages;
}

enum err wasm_memory_add(struct wasm_store *s, const struct wasm_memory_type *type,
			 struct wasm_memory_instance **memory)
{
	const uint64_t pages = type->limits.min;
	struct wasm_memory_list *item = arena_alloc(&s->arena, sizeof *item);

	if (!item)
		return E_NOMEM;
	if (!wasm_store_take_pages(s, pages))
		return E_LIMIT;
	struct wasm_memory_instance *m = &item->memory;

	*m = (struct wasm_memory_instance){.max_pages = memory_max_pages(s, type),
					   .ordinal = s->memory_count,
					   .type = *type,
					   .store = s};
	must(pages <= m->max_pages);
	if (!s->config.memory_ops->resize(s->config.memory_env, m, pages * WASM_PAGE_SIZE)) {
		wasm_store_give_pages(s, pages);
		return E_NOMEM;
	}
	m->size = pages * WASM_PAGE_SIZE;
	item->next = s->memories;
	s->memories = item;
	s->memory_count++;
	*memory = m;
	return E_OK;
}

enum err wasm_global_add(struct wasm_store *s, struct wasm_global_type type,
			 const uint64_t value[2], struct wasm_global_instance **global)
{
	const bool can_hold_exception =
		wasm_type_is_ref(type.type) && wasm_type_top(type.type) == WASM_HEAP_EXN;
	struct wasm_global_list *item = arena_alloc(&s->arena, sizeof *item);

	if (!item)
		return E_NOMEM;
	item->global = (struct wasm_global_instance){{value[0], value[1]}, type};
	*global = &item->global;
	if (!can_hold_exception)
		return E_OK;
	must(type.mutable || value[0] == 0);
	item->next = s->globals;
	s->globals = item;
	return E_OK;
}

enum err wasm_tag_add(struct wasm_store *s, const struct wasm_func_type *type,
		      struct wasm_tag_instance **tag)
{
	struct wasm_tag_instance *t = arena_alloc(&s->arena, sizeof *t);
	uint32_t sig;

	if (!t)
		return E_NOMEM;
	enum err err = wasm_sig_intern(s, type, &sig);

	if (err)
		return err;
	*t = (struct wasm_tag_instance){type, sig};
	*tag = t;
	return E_OK;
}
