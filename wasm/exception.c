/*
 * The exceptions of a store, collected by mark and sweep.
 * Trust: any slot of the guest may hold any number; a number below `count` whose entry is in use is
 * taken for a reference, which at worst keeps an exception.
 * Invariant: an entry is free (tag NULL, in the free list), or in use with the values of its tag.
 * Between collections nothing is marked and the scan list is empty.
 */
#include <string.h>

#include "base/heap.h"
#include "wasm/limits.h"
#include "wasm/store.h"

#define EXCEPTIONS_CAPACITY_MIN 16u
#define EXCEPTIONS_COLLECT_MIN	1024u
#define EXCEPTIONS_SLOTS_MIN	65536u

void wasm_exceptions_init(struct wasm_exceptions *e)
{
	*e = (struct wasm_exceptions){.count = 1,
				      .collect_at = EXCEPTIONS_COLLECT_MIN,
				      .collect_slots_at = EXCEPTIONS_SLOTS_MIN};
}

void wasm_exceptions_fini(struct wasm_exceptions *e)
{
	for (uint32_t i = 1; i < e->count; i++)
		heap_free(e->table[i].values);
	heap_free(e->table);
	*e = (struct wasm_exceptions){0};
}

static bool exceptions_reserve(struct wasm_exceptions *e)
{
	uint32_t capacity = e->capacity ? e->capacity * 2 : EXCEPTIONS_CAPACITY_MIN;

	if (e->free || e->count < e->capacity)
		return true;
	if (capacity <= e->capacity) /* it has wrapped */
		return false;
	struct wasm_exception *table =
		heap_resize(e->table, e->capacity * sizeof(*table), capacity * sizeof(*table));

	if (!table)
		return false;
	e->table = table;
	e->capacity = capacity;
	return true;
}

/* Room was reserved. */
static uint32_t exceptions_take(struct wasm_exceptions *e)
{
	uint32_t ref = e->free;

	if (ref)
		e->free = e->table[ref].next;
	else
		ref = e->count++;
	e->live++;
	return ref;
}

uint32_t wasm_exception_add(struct wasm_store *s, const struct wasm_tag_instance *tag,
			    const uint64_t *values)
{
	struct wasm_exceptions *e = &s->exceptions;
	const uint32_t slots = tag->type->param_slots;
	uint64_t *copy = NULL;

	if (e->live >= WASM_MAX_EXCEPTIONS || slots > WASM_MAX_EXCEPTION_SLOTS - e->slots ||
	    !exceptions_reserve(e))
		return 0;
	if (slots) {
		copy = heap_alloc_array(slots, sizeof *copy);
		if (!copy)
			return 0;
		memcpy(copy, values, slots * sizeof *copy);
	}
	uint32_t ref = exceptions_take(e);

	e->slots += slots;
	e->table[ref] = (struct wasm_exception){.tag = tag, .values = copy};
	return ref;
}

static bool exception_exists(const struct wasm_exceptions *e, uint64_t ref)
{
	return ref != 0 && ref < e->count && e->table[ref].tag;
}

const struct wasm_exception *wasm_exception_of_ref(const struct wasm_store *s, uint32_t ref)
{
	return exception_exists(&s->exceptions, ref) ? &s->exceptions.table[ref] : NULL;
}

bool wasm_exception_is_due(const struct wasm_store *s)
{
	const struct wasm_exceptions *e = &s->exceptions;

	return e->live >= e->collect_at || e->slots >= e->collect_slots_at;
}

/* ---- collecting ------------------------------------------------------------------------------ */

static void exception_mark(struct wasm_exceptions *e, uint64_t ref)
{
	if (!exception_exists(e, ref) || e->table[ref].marked)
		return;
	struct wasm_exception *x = &e->table[ref];

	x->marked = true;
	x->next = e->scan;
	e->scan = (uint32_t)ref;
}

void wasm_exception_mark(struct wasm_store *s, const uint64_t *slots, size_t count)
{
	for (size_t i = 0; i < count; i++)
		exception_mark(&s->exceptions, slots[i]);
}

void wasm_exception_mark_words(struct wasm_store *s, const uint32_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		exception_mark(&s->exceptions, words[i]);
}

static bool type_holds_exception(uint32_t type)
{
	return wasm_type_is_ref(type) && wasm_type_top(type) == WASM_HEAP_EXN;
}

static void exception_mark_values(struct wasm_exceptions *e, const struct wasm_exception *x)
{
	const struct wasm_func_type *type = x->tag->type;
	const uint64_t *value = x->values;

	for (uint32_t i = 0; i < type->param_count; i++) {
		if (type_holds_exception(type->params[i]))
			exception_mark(e, *value);
		value += wasm_type_slots(type->params[i]);
	}
}

static void exceptions_mark_tables(struct wasm_store *s)
{
	for (const struct wasm_table_list *t = s->tables; t; t = t->next) {
		if (!type_holds_exception(t->table.type.elem))
			continue;
		for (uint32_t i = 0; i < t->table.size; i++)
			exception_mark(&s->exceptions, t->table.elems[i]);
	}
}

static void exceptions_mark_globals(struct wasm_store *s)
{
	for (const struct wasm_global_list *g = s->globals; g; g = g->next)
		exception_mark(&s->exceptions, g->global.value[0]);
}

/* What marked ones hold. */
static void exceptions_scan(struct wasm_exceptions *e)
{
	while (e->scan) {
		const struct wasm_exception *x = &e->table[e->scan];

		e->scan = x->next;
		exception_mark_values(e, x);
	}
}

static void exception_free(struct wasm_exceptions *e, uint32_t ref)
{
	e->slots -= e->table[ref].tag->type->param_slots;
	heap_free(e->table[ref].values);
	e->table[ref] = (struct wasm_exception){.next = e->free};
	e->free = ref;
	e->live--;
}

void wasm_exception_sweep(struct wasm_store *s)
{
	struct wasm_exceptions *e = &s->exceptions;

	exceptions_mark_tables(s);
	exceptions_mark_globals(s);
	exceptions_scan(e);
	for (uint32_t i = 1; i < e->count; i++) {
		if (e->table[i].marked)
			e->table[i].marked = false;
		else if (e->table[i].tag)
			exception_free(e, i);
	}
	e->collect_at = e->live > EXCEPTIONS_COLLECT_MIN / 2 ? e->live * 2 : EXCEPTIONS_COLLECT_MIN;
	e->collect_slots_at =
		e->slots > EXCEPTIONS_SLOTS_MIN / 2 ? e->slots * 2 : EXCEPTIONS_SLOTS_MIN;
}
