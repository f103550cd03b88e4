/*
 * The guest's memory as preview1 sees it: every pointer and length is the guest's and hostile. Base
 * and size hold for one call: a memory of one thread cannot grow meanwhile; a shared one neither
 * moves nor shrinks. Its bytes change under us whenever another thread of the guest likes: whatever a
 * check or a size depends on is copied in once, and the copy is used. What we wrote is not read again.
 */
#ifndef WASI_MEMORY_H
#define WASI_MEMORY_H

#include "base/cc.h"
#include "wasi/abi.h"

struct wasi_memory {
	uint8_t *base; /* may be NULL when size is 0 */
	uint64_t size;
};

/* The len bytes at ptr, or NULL when they are not all inside. For len 0 the pointer is not to be
 * read. */
MUST_USE void *wasi_memory_at(const struct wasi_memory *m, uint32_t ptr, uint64_t len);

/* Copies bytes of the guest out of its reach: after the call nothing is read from src again, whatever
 * the compiler knows about both. size may be 0. */
void wasi_copy_in(void *dst, const void *src, size_t size);

/* Copies one record or number in or out: FAULT, and nothing copied, when it is not inside. */
MUST_USE enum wasi_errno wasi_memory_get(const struct wasi_memory *m, void *out, uint32_t ptr,
					 size_t size);
MUST_USE enum wasi_errno wasi_memory_put(const struct wasi_memory *m, uint32_t ptr,
					 const void *value, size_t size);

#define WASI_IOVS_MAX	 1024 /* as IOV_MAX of wasi-libc */
#define WASI_IOVS_INLINE 8

/* One checked buffer in the guest's memory. */
struct wasi_buffer {
	uint8_t *p;
	size_t size;
};

/* A vector of buffers. */
struct wasi_iovs {
	struct wasi_buffer *v; /* `few`, or owned memory */
	size_t count;
	uint64_t total; /* at most UINT32_MAX */
	struct wasi_buffer few[WASI_IOVS_INLINE];
};

/* Copies the vector of `count` iovecs at ptr in once and checks every buffer. INVAL: more than
 * WASI_IOVS_MAX, or more than UINT32_MAX bytes in all. The caller calls wasi_iovs_fini after
 * success. */
MUST_USE enum wasi_errno wasi_iovs_init(struct wasi_iovs *iovs, const struct wasi_memory *m,
					uint32_t ptr, uint32_t count);
void wasi_iovs_fini(struct wasi_iovs *iovs);

#endif
