/*
 * An arena: many small allocations with one lifetime, freed at once. Zeroed is a valid empty arena.
 * Memory is zeroed and aligned to 16 bytes.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/cc.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks; /* newest first */
	size_t used;		    /* in the newest chunk */
	size_t total;		    /* bytes taken from the heap */
};

/* `size` zeroed bytes, or NULL. */
MUST_USE void *arena_alloc(struct arena *a, size_t size);

/* Zeroed array, or NULL on overflow or want of memory. */
MUST_USE void *arena_alloc_array(struct arena *a, size_t count, size_t size);

/* Frees everything; the arena is empty again. */
void arena_fini(struct arena *a);

#endif
