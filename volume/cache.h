/*
 * Plaintext blocks in memory, found by what they are: a frame holds one. What is clean is evicted in the
 * end: what was read once soon, what was asked for again by last use. What is dirty stays until
 * a flush cleans it, even beyond the limit. Frames' memory is asked for as it is needed and given
 * back, wiped, at the end.
 *
 * **Invariant:** a frame is on exactly one list: free, fresh, clean or dirty; all but the first are in
 * the table. A clean frame is evicted only from a list of CACHE_KEPT / 2 or more and only from its
 * end, so what was used last stays where it is (tree.h's promise on pointers).
 */
#ifndef VOLUME_CACHE_H
#define VOLUME_CACHE_H

#include "volume/impl.h"

#define CACHE_KEPT     256u /* so many clean frames at least before one of them is evicted */
#define CACHE_SLAB     64u  /* frames whose memory is asked for at once */
#define CACHE_OUT      64u  /* blocks that are written at once */
#define CACHE_NO_PLACE 0u

struct volume_frame {
	struct volume_place place;
	uint8_t *data;			  /* VOLUME_BLOCK_SIZE bytes */
	struct volume_frame *chain;	  /* the next in its row of the table */
	struct volume_frame *prev, *next; /* in its list */
	uint32_t block; /* of a dirty block of INO_MAP: where it will go, if that is known */
	bool dirty;
	bool fresh; /* on the list of that name */
};

/* A block on its way out (commit.c). */
struct volume_out_item {
	struct volume_frame *frame, *parent; /* NULL: it is the top of its tree */
	struct volume_ref old, new;
};

struct volume_out {
	struct volume_out_item items[CACHE_OUT];
	uint8_t cipher[CACHE_OUT][VOLUME_BLOCK_SIZE];
};

struct volume_slab;

struct volume_cache {
	struct volume_frame **rows; /* row_mask + 1 of them */
	size_t row_mask;
	struct volume_frame clean, dirty; /* heads of lists; the last one used is next to clean */
	struct volume_frame fresh; /* head: clean, and asked for once; the newest is next to it */
	size_t fresh_count, fresh_max, fresh_turn;
	struct volume_frame *free; /* by next */
	size_t limit;		   /* frames */
	size_t count, clean_count, dirty_count;
	struct volume_slab *slabs;
	struct volume_out *out; /* made by the first flush */
	/* Reading on in a file: the data block missed last, how many in a row, what was announced. */
	uint64_t miss_ino, miss_index, ahead_end;
	uint32_t miss_run;
	/* Ciphertext that was read: of a block of INO_EPOCHS, which may be needed to open another; of others. */
	uint8_t cipher[2][VOLUME_BLOCK_SIZE];
};

/* v->cache for config.cache_size. */
MUST_USE enum err volume_cache_init(struct volume *v);
/* Wipes. */
void volume_cache_fini(struct volume *v);

/* NULL: not there. It is the one that was used last, now. */
MUST_USE struct volume_frame *volume_cache_find(struct volume_cache *c,
						const struct volume_place *place);

/* A frame out of all lists, its data undefined; NULL: no memory. It goes back by one of the next three. */
MUST_USE struct volume_frame *volume_cache_take(struct volume_cache *c);
void volume_cache_put_back(struct volume_cache *c, struct volume_frame *f);
void volume_cache_insert_clean(struct volume_cache *c, struct volume_frame *f,
			       const struct volume_place *place);
void volume_cache_insert_dirty(struct volume_cache *c, struct volume_frame *f,
			       const struct volume_place *place);

void volume_cache_make_dirty(struct volume_cache *c, struct volume_frame *f);
void volume_cache_make_clean(struct volume_cache *c, struct volume_frame *f);
/* Forgets the block, clean or dirty. */
void volume_cache_drop(struct volume_cache *c, struct volume_frame *f);

/* As wipe (base/wipe.h), for megabytes. */
void volume_cache_wipe(void *p, size_t size);

#endif
