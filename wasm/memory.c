/*
 * Linear memories and data segments.
 * Trust: every index and count is the guest's.
 * Invariant: bytes between the size at any time and the next larger size read as zeros.
 */
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "wasm/instance.h"
#include "wasm/limits.h"

/* Doubles, so that growing page by page copies each byte a bounded number of times. */
static uint64_t heap_capacity(const struct wasm_memory_instance *m, uint64_t size)
{
	uint64_t capacity = m->capacity * 2;
	uint64_t max = m->max_pages * WASM_PAGE_SIZE;

	if (capacity > max)
		capacity = max;
	return m->capacity && capacity > size ? capacity : size;
}

static bool heap_memory_resize(void *env, struct wasm_memory_instance *m, uint64_t size)
{
	(void)env;
	if (size <= m->capacity && m->base)
		return true;
	uint64_t capacity = heap_capacity(m, size);
	uint8_t *base = heap_resize(m->base, m->capacity, capacity);

	if (!base && capacity > size) {
		capacity = size;
		base = heap_resize(m->base, m->capacity, capacity);
	}
	if (!base)
		return false;
	m->base = base;
	m->capacity = capacity;
	return true;
}

static void heap_memory_release(void *env, struct wasm_memory_instance *m)
{
	(void)env;
	heap_free(m->base);
	m->base = NULL;
}

const struct wasm_memory_ops wasm_memory_heap_ops = {heap_memory_resize, heap_memory_release};

uint32_t wasm_memory_grow(struct wasm_memory_instance *m, uint32_t pages)
{
	const struct wasm_store_config *config = &m->store->config;
	uint64_t old = m->size / WASM_PAGE_SIZE;

	if (pages > m->max_pages - old)
		return UINT32_MAX;
	uint64_t size = (old + pages) * WASM_PAGE_SIZE;

	if (pages && !config->memory_ops->resize(config->memory_env, m, size))
		return UINT32_MAX;
	m->size = size;
	return (uint32_t)old;
}

enum wasm_trap wasm_memory_init(struct wasm_instance *inst, uint32_t data, uint32_t to,
				uint32_t from, uint32_t count)
{
	const struct wasm_span *bytes = &inst->module->datas[data].bytes;
	uint32_t size = inst->data_dropped[data] ? 0 : bytes->size;
	struct wasm_memory_instance *m = inst->memories[0];

	if (!range_inside(from, count, size) || !range_inside(to, count, m->size))
		return TRAP_MEMORY_BOUNDS;
	if (count)
		memcpy(m->base + to, inst->module->bytes + bytes->offset + from, count);
	return TRAP_NONE;
}

void wasm_data_drop(struct wasm_instance *inst, uint32_t data)
{
	inst->data_dropped[data] = true;
}
