/*
 * The cache of plaintext blocks.
 * Trust: nothing from outside comes here; what is inserted was authenticated, or is our own.
 * Invariant: as in cache.h.
 */
#include "volume/cache.h"

#include <string.h>

#include "base/heap.h"

#define FRESH_MIN      (CACHE_KEPT / 2) /* frames: neither list gives away what was used just now */
#define FRESH_MAX      256u		/* 1 MiB: a part of a processor's second cache */
#define FRESH_STAYS    8u
#define DATA_ALIGNMENT 64u /* a cache line: what the cipher works on */

struct volume_slab {
	struct volume_slab *next;
	struct volume_frame frames[CACHE_SLAB];
	uint8_t data[CACHE_SLAB * VOLUME_BLOCK_SIZE + DATA_ALIGNMENT - 1];
};

/* ---- lists ---- */

static void list_init(struct volume_frame *head)
{
	head->prev = head->next = head;
}

static void list_remove(struct volume_frame *f)
{
	f->prev->next = f->next;
	f->next->prev = f->prev;
}

/* Behind `at`. */
static void list_insert(struct volume_frame *at, struct volume_frame *f)
{
	f->prev = at;
	f->next = at->next;
	at->next->prev = f;
	at->next = f;
}

/* ---- the table ---- */

static struct volume_frame **cache_row(const struct volume_cache *c, const struct volume_place *p)
{
	uint64_t h = (p->ino * 8 + p->level) * 0x9e3779b97f4a7c15u + p->index;

	h *= 0xff51afd7ed558ccdu;
	return &c->rows[(h >> 32) & c->row_mask];
}

static bool place_equal(const struct volume_place *a, const struct volume_place *b)
{
	return a->index == b->index && a->ino == b->ino && a->level == b->level;
}

static void cache_link(struct volume_cache *c, struct volume_frame *f,
		       const struct volume_place *place)
{
	struct volume_frame **row = cache_row(c, place);

	f->place = *place;
	f->block = CACHE_NO_PLACE;
	f->chain = *row;
	*row = f;
}

/* Off the list that it is on, clean or dirty. */
static void cache_leave(struct volume_cache *c, struct volume_frame *f)
{
	list_remove(f);
	if (f->dirty)
		c->dirty_count--;
	else
		c->clean_count--;
	c->fresh_count -= f->fresh;
	f->fresh = false;
}

static void cache_unlink(struct volume_cache *c, struct volume_frame *f)
{
	struct volume_frame **at = cache_row(c, &f->place);

	while (*at != f)
		at = &(*at)->chain;
	*at = f->chain;
	cache_leave(c, f);
}

/* A clean frame goes behind `at` in the list of those that stay. */
static void cache_settle(struct volume_cache *c, struct volume_frame *f, struct volume_frame *at)
{
	list_remove(f);
	c->fresh_count -= f->fresh;
	f->fresh = false;
	list_insert(at, f);
}

struct volume_frame *volume_cache_find(struct volume_cache *c, const struct volume_place *place)
{
	struct volume_frame *f = *cache_row(c, place);

	while (f && !place_equal(&f->place, place))
		f = f->chain;
	/* The newest again: that is still the same reader. */
	if (f && !f->dirty && c->clean.next != f && c->fresh.next != f)
		cache_settle(c, f, &c->clean);
	return f;
}

/* ---- frames ---- */

static bool cache_add_slab(struct volume_cache *c)
{
	struct volume_slab *slab = heap_alloc(sizeof *slab);

	if (!slab)
		return false;
	const size_t skip = -(uintptr_t)slab->data & (DATA_ALIGNMENT - 1);

	for (size_t i = 0; i < CACHE_SLAB; i++) {
		slab->frames[i].data = slab->data + skip + i * VOLUME_BLOCK_SIZE;
		volume_cache_put_back(c, &slab->frames[i]);
	}
	slab->next = c->slabs;
	c->slabs = slab;
	c->count += CACHE_SLAB;
	return true;
}

/*
 * The clean frame that goes. What is read once and in a row passes through the few fresh ones, which
 * stay in the processor's cache, and leaves alone what was asked for again; one in FRESH_STAYS settles
 * all the same, so that the cache follows a program that turns to something else.
 */
static struct volume_frame *cache_victim(struct volume_cache *c)
{
	struct volume_frame *fresh = c->fresh.prev, *settled = c->clean.prev;

	if (c->clean_count - c->fresh_count <= FRESH_MIN)
		return fresh;
	if (c->fresh_count < c->fresh_max)
		return settled;
	if (++c->fresh_turn % FRESH_STAYS != 0)
		return fresh;
	cache_settle(c, fresh, &c->clean);
	return settled;
}

struct volume_frame *volume_cache_take(struct volume_cache *c)
{
	struct volume_frame *f;

	if (!c->free && (c->count < c->limit || c->clean_count <= CACHE_KEPT) &&
	    !cache_add_slab(c) && c->clean_count <= CACHE_KEPT)
		return NULL;
	if (c->free) {
		f = c->free;
		c->free = f->next;
		return f;
	}
	f = cache_victim(c);
	cache_unlink(c, f);
	return f;
}

void volume_cache_put_back(struct volume_cache *c, struct volume_frame *f)
{
	f->next = c->free;
	c->free = f;
}

void volume_cache_insert_clean(struct volume_cache *c, struct volume_frame *f,
			       const struct volume_place *place)
{
	cache_link(c, f, place);
	f->dirty = false;
	f->fresh = true;
	list_insert(&c->fresh, f);
	c->clean_count++;
	/* There is still memory; but it is the first to go when there is none. */
	if (++c->fresh_count > c->fresh_max)
		cache_settle(c, c->fresh.prev, c->clean.prev);
}

void volume_cache_insert_dirty(struct volume_cache *c, struct volume_frame *f,
			       const struct volume_place *place)
{
	cache_link(c, f, place);
	f->dirty = true;
	f->fresh = false;
	list_insert(c->dirty.prev, f);
	c->dirty_count++;
}

void volume_cache_make_dirty(struct volume_cache *c, struct volume_frame *f)
{
	if (f->dirty)
		return;
	cache_leave(c, f);
	f->dirty = true;
	list_insert(c->dirty.prev, f);
	c->dirty_count++;
}

void volume_cache_make_clean(struct volume_cache *c, struct volume_frame *f)
{
	list_remove(f);
	c->dirty_count--;
	f->dirty = false;
	f->block = CACHE_NO_PLACE;
	list_insert(&c->clean, f);
	c->clean_count++;
}

void volume_cache_drop(struct volume_cache *c, struct volume_frame *f)
{
	cache_unlink(c, f);
	volume_cache_put_back(c, f);
}

/* ---- life ---- */

void volume_cache_wipe(void *p, size_t size)
{
	memset(p, 0, size);
	reread_nothing(p);
}

static size_t cache_fresh_max(size_t limit)
{
	if (limit / 16 > FRESH_MAX)
		return FRESH_MAX;
	return limit / 16 < FRESH_MIN ? FRESH_MIN : limit / 16;
}

enum err volume_cache_init(struct volume *v)
{
	size_t size = v->config.cache_size ? v->config.cache_size : VOLUME_CACHE_DEFAULT;
	struct volume_cache *c = heap_alloc(sizeof *c);

	if (!c)
		return E_NOMEM;
	v->cache = c;
	if (size < VOLUME_CACHE_MIN)
		size = VOLUME_CACHE_MIN;
	c->limit = size / VOLUME_BLOCK_SIZE;
	c->row_mask = VOLUME_CACHE_MIN / VOLUME_BLOCK_SIZE - 1;
	while (c->row_mask < c->limit - 1)
		c->row_mask = 2 * c->row_mask + 1;
	list_init(&c->clean);
	list_init(&c->dirty);
	list_init(&c->fresh);
	c->fresh_max = cache_fresh_max(c->limit);
	c->rows = heap_alloc_array(c->row_mask + 1, sizeof(struct volume_frame *));
	return c->rows ? E_OK : E_NOMEM;
}

void volume_cache_fini(struct volume *v)
{
	struct volume_cache *c = v->cache;

	if (!c)
		return;
	while (c->slabs) {
		struct volume_slab *slab = c->slabs;

		c->slabs = slab->next;
		volume_cache_wipe(slab, sizeof *slab);
		heap_free(slab);
	}
	heap_free(c->out);
	heap_free(c->rows);
	heap_free(c);
	v->cache = NULL;
}
