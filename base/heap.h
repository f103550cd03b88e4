/*
 * Memory on demand. The libraries allocate only through these four; who links them supplies the
 * implementation: enclave/heap.c inside (pages accepted as needed), test/lib/native.c outside
 * (malloc, with a switch that makes the n-th allocation fail). Memory is aligned to 16 bytes.
 */
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include "base/cc.h"

/* Zeroed memory of `size` bytes, or NULL. size 0 yields a pointer that may only be freed. */
MUST_USE void *heap_alloc(size_t size);

/* Zeroed array; NULL when count * size overflows or memory is short. */
MUST_USE void *heap_alloc_array(size_t count, size_t size);

/* Grows or shrinks; the added part is zero. NULL leaves the old block as it was. */
MUST_USE void *heap_resize(void *p, size_t old_size, size_t new_size);

/* NULL is allowed. */
void heap_free(void *p);

#endif
