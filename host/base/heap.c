/*
 * What the libraries need of their surroundings in the host process: the heap over malloc, and
 * panic.
 * Trust: sizes are checked by the callers; overflow is refused here.
 */
#include "base/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/err.h"

void *heap_alloc(size_t size)
{
	return calloc(1, size ? size : 1);
}

void *heap_alloc_array(size_t count, size_t size)
{
	size_t n;

	return checked_mul(&n, count, size) ? heap_alloc(n) : NULL;
}

void *heap_resize(void *p, size_t old_size, size_t new_size)
{
	uint8_t *q = realloc(p, new_size ? new_size : 1);

	if (q && new_size > old_size)
		memset(q + old_size, 0, new_size - old_size);
	return q;
}

void heap_free(void *p)
{
	free(p);
}

void panic(const char *file, int line)
{
	fprintf(stderr, "retwine: internal error at %s:%d; this is a fault of Retwine\n", file,
		line);
	abort();
}
