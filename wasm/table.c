/*
 * Tables and element segments.
 * Trust: every index and count is the guest's; a reference was checked by validation.
 * Invariant: elems[0 .. size) are references of the table's type; size <= capacity.
 */
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "wasm/instance.h"

/* The largest size that the table may have now. */
static uint32_t table_max(const struct wasm_store *s, const struct wasm_table_instance *t)
{
	uint32_t max = s->config.max_table_entries - s->table_entries + t->size;

	return t->type.limits.has_max && t->type.limits.max < max ? (uint32_t)t->type.limits.max
								  : max;
}

static bool table_reserve(struct wasm_table_instance *t, uint32_t size, uint32_t max)
{
	if (size <= t->capacity)
		return true;
	uint32_t capacity = t->capacity > max / 2 ? max : t->capacity * 2;

	if (capacity < size)
		capacity = size;
	uint32_t *elems = heap_resize(t->elems, (size_t)t->capacity * sizeof(*elems),
				      (size_t)capacity * sizeof(*elems));

	if (!elems)
		return false;
	t->elems = elems;
	t->capacity = capacity;
	return true;
}

uint32_t wasm_table_grow(struct wasm_store *s, struct wasm_table_instance *t, uint32_t ref,
			 uint32_t count)
{
	uint32_t old = t->size;
	uint32_t max = table_max(s, t);

	if (count > max - old || !table_reserve(t, old + count, max))
		return UINT32_MAX;
	t->size = old + count;
	s->table_entries += count;
	for (uint32_t i = old; i < t->size; i++)
		t->elems[i] = ref;
	return old;
}

enum wasm_trap wasm_table_fill(struct wasm_table_instance *t, uint32_t to, uint32_t ref,
			       uint32_t count)
{
	if (!range_inside(to, count, t->size))
		return TRAP_TABLE_BOUNDS;
	for (uint32_t i = 0; i < count; i++)
		t->elems[to + i] = ref;
	return TRAP_NONE;
}

enum wasm_trap wasm_table_copy(struct wasm_table_instance *dst,
			       const struct wasm_table_instance *src, uint32_t to, uint32_t from,
			       uint32_t count)
{
	if (!range_inside(from, count, src->size) || !range_inside(to, count, dst->size))
		return TRAP_TABLE_BOUNDS;
	if (count)
		memmove(dst->elems + to, src->elems + from, count * sizeof(*dst->elems));
	return TRAP_NONE;
}

enum wasm_trap wasm_table_init(struct wasm_instance *inst, uint32_t table, uint32_t elem,
			       uint32_t to, uint32_t from, uint32_t count)
{
	const struct wasm_elem_instance *segment = &inst->elems[elem];
	struct wasm_table_instance *t = inst->tables[table];

	if (!range_inside(from, count, segment->count) || !range_inside(to, count, t->size))
		return TRAP_TABLE_BOUNDS;
	if (count)
		memcpy(t->elems + to, segment->refs + from, count * sizeof(*t->elems));
	return TRAP_NONE;
}

void wasm_elem_drop(struct wasm_instance *inst, uint32_t elem)
{
	inst->elems[elem].count = 0;
}
