/*
 * The enclave's heap (base/heap.h): size classes with free lists for small blocks, whole pages with
 * a sorted free list for large ones, over the growing heap range.
 * Trust: sizes may come from untrusted counts; a refused growth is NULL.
 * Invariant: every block is preceded by its header; free blocks are on exactly one list; memory
 * handed out is zero. A broken header is our bug and ends the enclave.
 */
#include "base/heap.h"

#include <string.h>

#include "base/checked.h"
#include "base/err.h"
#include "base/mutex.h"
#include "enclave/memory.h"

#define HEADER_SIZE 16u
#define CLASS_COUNT 41
#define CLASS_MIN   32u /* block sizes: 4 steps per power of two from here */
#define SMALL_MAX   ((size_t)32 * 1024)
#define CHUNK	    ((size_t)64 * 1024) /* small blocks are cut from chunks of this size */
#define PAGE	    ((size_t)4096)
#define MAGIC_USED  0x55534544u
#define MAGIC_FREE  0x46524545u

struct block {
	size_t size;	/* with header */
	uint32_t class; /* CLASS_COUNT for a large block */
	uint32_t magic;
	struct block *next; /* while free */
};

/* The mutex may be held over a host call (heap_extend); it guards all that follows. */
static struct mutex g_mutex;
static struct block *g_free[CLASS_COUNT];
static struct block *g_free_large; /* by rising address */
static size_t g_top;		   /* bytes of the range in use */
static uint8_t *g_chunk;	   /* rest of the newest chunk */
static size_t g_chunk_left;

/* Size of the blocks of a class: 32, 40, 48, 56, 64, 80, 96, 112, 128, … rounded to 16. */
static size_t class_size(uint32_t class)
{
	size_t size = (size_t)(4 + class % 4) << (class / 4 + 3);

	return (size + 15) & ~(size_t)15;
}

/* First class that holds n bytes, header included; CLASS_COUNT: none does. */
static uint32_t class_of(size_t n)
{
	if (n <= CLASS_MIN)
		return 0;
	if (n > SMALL_MAX)
		return CLASS_COUNT;
	uint32_t log = 63 - (uint32_t)__builtin_clzll(n - 1);
	uint32_t class = (log - 5) * 4 + (uint32_t)((n - 1) >> (log - 2)) % 4 + 1;

	return class;
}

/* Fresh, zero memory from the top of the range. */
static uint8_t *heap_extend(size_t size)
{
	size_t end;

	if (!checked_add(&end, g_top, size) || memory_grow(MEMORY_HEAP, end) != E_OK)
		return NULL;
	uint8_t *p = memory_base(MEMORY_HEAP) + g_top;

	g_top = end;
	return p;
}

static struct block *small_take(uint32_t class)
{
	struct block *b = g_free[class];
	size_t size = class_size(class);

	if (b) {
		must(b->magic == MAGIC_FREE && b->class == class);
		g_free[class] = b->next;
		memset(b, 0, size);
	} else {
		if (g_chunk_left < size) {
			uint8_t *chunk = heap_extend(CHUNK);

			if (!chunk)
				return NULL;
			g_chunk = chunk;
			g_chunk_left = CHUNK;
		}
		b = (struct block *)(void *)g_chunk;
		g_chunk += size;
		g_chunk_left -= size;
	}
	b->size = size;
	b->class = class;
	return b;
}

/* First fit; the rest of a longer block stays free. */
static struct block *large_from_list(size_t size)
{
	for (struct block **link = &g_free_large; *link; link = &(*link)->next) {
		struct block *b = *link;

		must(b->magic == MAGIC_FREE);
		if (b->size < size)
			continue;
		if (b->size > size) {
			struct block *rest = (struct block *)(void *)((uint8_t *)b + size);

			rest->size = b->size - size;
			rest->class = CLASS_COUNT;
			rest->magic = MAGIC_FREE;
			rest->next = b->next;
			*link = rest;
		} else {
			*link = b->next;
		}
		memset(b, 0, size);
		return b;
	}
	return NULL;
}

static struct block *large_take(size_t n)
{
	size_t size;

	if (!checked_round_up(&size, n, PAGE))
		return NULL;
	struct block *b = large_from_list(size);

	if (!b)
		b = (struct block *)(void *)heap_extend(size);
	if (!b)
		return NULL;
	b->size = size;
	b->class = CLASS_COUNT;
	return b;
}

static void large_merge_next(struct block *b)
{
	if (b->next && (uint8_t *)b + b->size == (uint8_t *)b->next) {
		b->size += b->next->size;
		b->next = b->next->next;
	}
}

static void large_give(struct block *b)
{
	struct block *prev = NULL, *next = g_free_large;

	while (next && next < b) {
		prev = next;
		next = next->next;
	}
	b->next = next;
	if (prev)
		prev->next = b;
	else
		g_free_large = b;
	large_merge_next(b);
	if (prev)
		large_merge_next(prev);
}

void *heap_alloc(size_t size)
{
	size_t n;

	if (!checked_add(&n, size, HEADER_SIZE))
		return NULL;
	uint32_t class = class_of(n);

	mutex_lock(&g_mutex);
	struct block *b = class < CLASS_COUNT ? small_take(class) : large_take(n);

	if (b)
		b->magic = MAGIC_USED;
	mutex_unlock(&g_mutex);
	return b ? (uint8_t *)b + HEADER_SIZE : NULL;
}

void *heap_alloc_array(size_t count, size_t size)
{
	size_t n;

	return checked_mul(&n, count, size) ? heap_alloc(n) : NULL;
}

static struct block *block_of(void *p)
{
	struct block *b = (struct block *)(void *)((uint8_t *)p - HEADER_SIZE);

	must(b->magic == MAGIC_USED);
	return b;
}

void heap_free(void *p)
{
	if (!p)
		return;
	mutex_lock(&g_mutex);
	struct block *b = block_of(p);

	b->magic = MAGIC_FREE;
	if (b->class < CLASS_COUNT) {
		b->next = g_free[b->class];
		g_free[b->class] = b;
	} else {
		large_give(b);
	}
	mutex_unlock(&g_mutex);
}

void *heap_resize(void *p, size_t old_size, size_t new_size)
{
	if (!p)
		return heap_alloc(new_size);
	size_t room = block_of(p)->size - HEADER_SIZE;

	must(old_size <= room);
	if (new_size <= room) {
		if (new_size > old_size)
			memset((uint8_t *)p + old_size, 0, new_size - old_size);
		return p;
	}
	void *q = heap_alloc(new_size);

	if (!q)
		return NULL;
	memcpy(q, p, old_size);
	heap_free(p);
	return q;
}
