/*
 * Arena over the heap.
 * Trust: sizes may come from untrusted counts; overflow is refused here.
 */
#include "base/arena.h"

#include "base/checked.h"
#include "base/heap.h"

#define ARENA_CHUNK_SIZE ((size_t)64 * 1024)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of data */
	_Alignas(16) uint8_t data[];
};

static bool arena_add_chunk(struct arena *a, size_t at_least)
{
	size_t size = at_least > ARENA_CHUNK_SIZE ? at_least : ARENA_CHUNK_SIZE;
	size_t whole;

	if (!checked_add(&whole, size, sizeof(struct arena_chunk)))
		return false;
	struct arena_chunk *c = heap_alloc(whole);

	if (!c)
		return false;
	c->next = a->chunks;
	c->size = size;
	a->chunks = c;
	a->used = 0;
	a->total += whole;
	return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t rounded;

	if (!checked_round_up(&rounded, size ? size : 1, 16))
		return NULL;
	if (!a->chunks || rounded > a->chunks->size - a->used) {
		if (!arena_add_chunk(a, rounded))
			return NULL;
	}
	void *p = a->chunks->data + a->used;

	a->used += rounded;
	return p;
}

void *arena_alloc_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	return checked_mul(&n, count, size) ? arena_alloc(a, n) : NULL;
}

void arena_fini(struct arena *a)
{
	struct arena_chunk *next;

	for (struct arena_chunk *c = a->chunks; c; c = next) {
		next = c->next;
		heap_free(c);
	}
	*a = (struct arena){0};
}
