/*
 * The store: interned function types, the table of functions, and who owns what.
 * Trust: types come from validated modules or from the embedder.
 * Invariant: funcs[ref]->ref == ref for 0 < ref < func_count; equal types have one number.
 */
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "wasm/limits.h"
#include "wasm/store.h"

#define SIG_SLOTS_MIN 64u

enum err wasm_store_init(struct wasm_store *s, const struct wasm_store_config *config)
{
	*s = (struct wasm_store){.config = *config, .func_count = 1};
	if (!s->config.memory_ops)
		s->config.memory_ops = &wasm_memory_heap_ops;
	if (!s->config.max_table_entries)
		s->config.max_table_entries = WASM_MAX_TABLE_MIN;
	if (!s->config.max_memory_pages || s->config.max_memory_pages > WASM_MAX_PAGES)
		s->config.max_memory_pages = WASM_MAX_PAGES;
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
	for (struct wasm_table_list *t = s->tables; t; t = t->next)
		heap_free(t->table.elems);
	for (struct wasm_memory_list *m = s->memories; m; m = m->next)
		s->config.memory_ops->release(s->config.memory_env, &m->memory);
	heap_free(s->funcs);
	heap_free(s->sigs);
	heap_free(s->sig_slots);
	arena_fini(&s->arena);
	*s = (struct wasm_store){0};
}

/* ---- function types -------------------------------------------------------------------------- */

static bool types_equal(const struct wasm_func_type *a, const struct wasm_func_type *b)
{
	return a->param_count == b->param_count && a->result_count == b->result_count &&
	       (!a->param_count || memcmp(a->params, b->params, a->param_count) == 0) &&
	       (!a->result_count || memcmp(a->results, b->results, a->result_count) == 0);
}

static uint32_t type_hash(const struct wasm_func_type *t)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (uint32_t i = 0; i < t->param_count; i++)
		h = (h ^ t->params[i]) * 16777619u;
	h = (h ^ 0xff) * 16777619u; /* no value type */
	for (uint32_t i = 0; i < t->result_count; i++)
		h = (h ^ t->results[i]) * 16777619u;
	return h ^ h >> 15;
}

/* Where the type is, or the free slot where it belongs. The table is never full. */
static uint32_t *sig_slot(const struct wasm_store *s, const struct wasm_func_type *type)
{
	uint32_t mask = s->sig_slot_count - 1;
	uint32_t i = type_hash(type) & mask;

	while (s->sig_slots[i] && !types_equal(s->sigs[s->sig_slots[i] - 1], type))
		i = (i + 1) & mask;
	return &s->sig_slots[i];
}

/* Room for one more: at most half of the slots are taken. */
static bool sigs_reserve(struct wasm_store *s)
{
	if (s->sig_count < s->sig_slot_count / 2)
		return true;
	uint32_t n = s->sig_slot_count ? s->sig_slot_count * 2 : SIG_SLOTS_MIN;

	if (n == 0)
		return false;
	uint32_t *slots = heap_alloc_array(n, sizeof *slots);
	const struct wasm_func_type **sigs =
		slots ? heap_resize(s->sigs, s->sig_slot_count / 2 * sizeof(*sigs),
				    n / 2 * sizeof(*sigs))
		      : NULL;

	if (!sigs) {
		heap_free(slots);
		return false;
	}
	heap_free(s->sig_slots);
	s->sigs = sigs;
	s->sig_slots = slots;
	s->sig_slot_count = n;
	for (uint32_t i = 0; i < s->sig_count; i++)
		*sig_slot(s, sigs[i]) = i + 1;
	return true;
}

enum err wasm_sig_intern(struct wasm_store *s, const struct wasm_func_type *type, uint32_t *sig)
{
	if (!sigs_reserve(s))
		return E_NOMEM;
	uint32_t *slot = sig_slot(s, type);

	if (!*slot) {
		s->sigs[s->sig_count++] = type;
		*slot = s->sig_count;
	}
	*sig = *slot - 1;
	return E_OK;
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

enum err wasm_func_add_host(struct wasm_store *s, const struct wasm_host_func *host, void *env,
			    struct wasm_func_instance **func)
{
	uint32_t sig;

	if (host->type.param_count > WASM_HOST_VALUES_MAX ||
	    host->type.result_count > WASM_HOST_VALUES_MAX - host->type.param_count)
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
	if (type->limits.min > s->config.max_table_entries)
		return E_LIMIT;
	struct wasm_table_list *item = arena_alloc(&s->arena, sizeof *item);
	uint32_t n = (uint32_t)type->limits.min;
	uint32_t *elems = heap_alloc_array(n, sizeof *elems);

	if (!item || !elems) {
		heap_free(elems);
		return E_NOMEM;
	}
	item->table = (struct wasm_table_instance){elems, n, n, *type};
	item->next = s->tables;
	s->tables = item;
	*table = &item->table;
	return E_OK;
}

enum err wasm_memory_add(struct wasm_store *s, const struct wasm_memory_type *type,
			 struct wasm_memory_instance **memory)
{
	uint64_t max = type->limits.has_max ? type->limits.max : WASM_MAX_PAGES;

	if (max > s->config.max_memory_pages)
		max = s->config.max_memory_pages;
	if (type->limits.min > max)
		return E_LIMIT;
	struct wasm_memory_list *item = arena_alloc(&s->arena, sizeof *item);

	if (!item)
		return E_NOMEM;
	struct wasm_memory_instance *m = &item->memory;
	uint64_t size = type->limits.min * WASM_PAGE_SIZE;

	*m = (struct wasm_memory_instance){
		.max_pages = max, .ordinal = s->memory_count, .type = *type, .store = s};
	if (!s->config.memory_ops->resize(s->config.memory_env, m, size))
		return E_NOMEM;
	m->size = size;
	item->next = s->memories;
	s->memories = item;
	s->memory_count++;
	*memory = m;
	return E_OK;
}

enum err wasm_global_add(struct wasm_store *s, struct wasm_global_type type, uint64_t value,
			 struct wasm_global_instance **global)
{
	struct wasm_global_instance *g = arena_alloc(&s->arena, sizeof *g);

	if (!g)
		return E_NOMEM;
	g->value = value;
	g->type = type;
	*global = g;
	return E_OK;
}
