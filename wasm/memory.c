/*
 * Linear memories and data segments.
 * Trust: every index and count is the guest's.
 * Invariant: bytes between the size at any time and the next larger size read as zeros. A shared
 * memory is set up once with all that it can become, so its base never changes.
 */
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "wasm/limits.h"
#include "wasm/store.h"

/* Doubles, so that growing page by page copies each byte a bounded number of times; of a shared
 * memory all at once. */
static uint64_t heap_capacity(const struct wasm_memory_instance *m, uint64_t size)
{
	uint64_t capacity = m->capacity * 2;
	uint64_t max = m->max_pages * WASM_PAGE_SIZE;

	if (m->type.shared || capacity > max)
		return max;
	return m->capacity && capacity > size ? capacity : size;
}

/* heap_alloc may know that memory is zero, without touching all of what is only reserved. */
static uint8_t *heap_base(const struct wasm_memory_instance *m, uint64_t capacity)
{
	return m->base ? heap_resize(m->base, m->capacity, capacity) : heap_alloc(capacity);
}

static bool heap_memory_resize(void *env, struct wasm_memory_instance *m, uint64_t size)
{
	(void)env;
	if (size <= m->capacity && m->base)
		return true;
	uint64_t capacity = heap_capacity(m, size);
	uint8_t *base = heap_base(m, capacity);

	if (!base && capacity > size && !m->type.shared) {
		capacity = size;
		base = heap_base(m, capacity);
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

/* Of a shared memory: its lock is held. */
static bool memory_grow_to(struct wasm_memory_instance *m, uint64_t old, uint64_t pages)
{
	const struct wasm_store_config *config = &m->store->config;
	const uint64_t size = (old + pages) * WASM_PAGE_SIZE;

	if (pages > m->max_pages - old || !wasm_store_take_pages(m->store, pages))
		return false;
	if (!config->memory_ops->resize(config->memory_env, m, size)) {
		wasm_store_give_pages(m->store, pages);
		return false;
	}
	__atomic_store_n(&m->size, size, __ATOMIC_RELEASE);
	return true;
}

uint32_t wasm_memory_grow(struct wasm_memory_instance *m, uint32_t pages)
{
	if (m->type.shared)
		mutex_lock(&m->lock);
	const uint64_t old = wasm_memory_size(m) / WASM_PAGE_SIZE;
	const bool ok = pages == 0 || memory_grow_to(m, old, pages);

	if (m->type.shared)
		mutex_unlock(&m->lock);
	return ok ? (uint32_t)old : UINT32_MAX;
}

enum wasm_trap wasm_memory_init(struct wasm_instance *inst, uint32_t memory, uint32_t data,
				uint32_t to, uint32_t from, uint32_t count)
{
	const struct wasm_span *bytes = &inst->module->datas[data].bytes;
	const uint32_t size = inst->data_dropped[data] ? 0 : bytes->size;
	struct wasm_memory_instance *m = inst->memories[memory];

	if (!range_inside(from, count, size) || !range_inside(to, count, wasm_memory_size(m)))
		return TRAP_MEMORY_BOUNDS;
	if (count)
		memcpy(m->base + to, inst->module->bytes + bytes->offset + from, count);
	return TRAP_NONE;
}

void wasm_data_drop(struct wasm_instance *inst, uint32_t data)
{
	inst->data_dropped[data] = true;
}
