/*
 * Access to the guest's memory.
 * Trust: pointers, lengths and the bytes behind them are the guest's; base and size are ours.
 * Invariant: no address outside [base, base + size) is ever formed for an access; no byte decides
 * anything twice.
 */
#include "wasi/memory.h"

#include <string.h>

#include "base/checked.h"
#include "base/heap.h"

static uint8_t g_nothing[8]; /* what an empty range points to; never read or written */

void *wasi_memory_at(const struct wasi_memory *m, uint32_t ptr, uint64_t len)
{
	if (!range_inside(ptr, len, m->size))
		return NULL;
	return len == 0 ? g_nothing : m->base + ptr;
}

void wasi_copy_in(void *dst, const void *src, size_t size)
{
	if (size == 0)
		return;
	memcpy(dst, src, size);
	reread_nothing(dst);
}

enum wasi_errno wasi_memory_get(const struct wasi_memory *m, void *out, uint32_t ptr, size_t size)
{
	const void *p = wasi_memory_at(m, ptr, size);

	if (!p)
		return WASI_FAULT;
	wasi_copy_in(out, p, size);
	return WASI_SUCCESS;
}

enum wasi_errno wasi_memory_put(const struct wasi_memory *m, uint32_t ptr, const void *value,
				size_t size)
{
	void *p = wasi_memory_at(m, ptr, size);

	if (!p)
		return WASI_FAULT;
	memcpy(p, value, size);
	return WASI_SUCCESS;
}

/* One iovec: read once, then checked. */
static enum wasi_errno iovs_load(struct wasi_iovs *iovs, const struct wasi_memory *m, size_t i,
				 const uint8_t *record)
{
	struct wasi_iovec iov;

	wasi_copy_in(&iov, record, sizeof(iov));
	iovs->v[i].p = wasi_memory_at(m, iov.buf, iov.size);
	iovs->v[i].size = iov.size;
	iovs->total += iov.size;
	return iovs->v[i].p ? WASI_SUCCESS : WASI_FAULT;
}

enum wasi_errno wasi_iovs_init(struct wasi_iovs *iovs, const struct wasi_memory *m, uint32_t ptr,
			       uint32_t count)
{
	if (count > WASI_IOVS_MAX)
		return WASI_INVAL;

	const uint8_t *records = wasi_memory_at(m, ptr, count * sizeof(struct wasi_iovec));

	if (!records)
		return WASI_FAULT;
	iovs->count = count;
	iovs->total = 0;
	iovs->v = iovs->few;
	if (count > WASI_IOVS_INLINE)
		iovs->v = heap_alloc_array(count, sizeof(iovs->v[0]));
	if (!iovs->v)
		return WASI_NOMEM;

	enum wasi_errno e = WASI_SUCCESS;

	for (size_t i = 0; i < count && e == WASI_SUCCESS; i++)
		e = iovs_load(iovs, m, i, records + i * sizeof(struct wasi_iovec));
	if (e == WASI_SUCCESS && iovs->total > UINT32_MAX)
		e = WASI_INVAL;
	if (e != WASI_SUCCESS)
		wasi_iovs_fini(iovs);
	return e;
}

void wasi_iovs_fini(struct wasi_iovs *iovs)
{
	if (iovs->v != iovs->few)
		heap_free(iovs->v);
}
