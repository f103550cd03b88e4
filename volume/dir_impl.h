/*
 * Inside the directories: bytes of buckets, the way to the bucket of a position, and what makes and
 * unmakes buckets (dir.c, dir_table.c, dir_change.c).
 */
#ifndef VOLUME_DIR_IMPL_H
#define VOLUME_DIR_IMPL_H

#include <string.h>

#include "volume/dir.h"
#include "volume/tree.h"

#define BUCKET_FEW  (BUCKET_ROOM / 2) /* two buckets with no more become one */
#define ENTRY_HEAD  18u
#define TABLE_SLOTS (VOLUME_BLOCK_SIZE / 4)

/* ---- bytes ---- */

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t get64(const uint8_t *p)
{
	return get32(p) | (uint64_t)get32(p + 4) << 32;
}

static inline void put32(uint8_t *p, uint32_t n)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> (8 * i));
}

static inline void put64(uint8_t *p, uint64_t n)
{
	put32(p, (uint32_t)n);
	put32(p + 4, (uint32_t)(n >> 32));
}

/* The upper `bits` bits of a position: as a number, and in their place. */
static inline uint64_t upper(uint64_t position, unsigned bits)
{
	return bits ? position >> (64 - bits) : 0;
}

static inline uint64_t upper_mask(unsigned bits)
{
	return bits ? ~(uint64_t)0 << (64 - bits) : 0;
}

/* ---- records ---- */

static inline void bucket_encode(uint8_t block[VOLUME_BLOCK_SIZE], const struct volume_bucket *b)
{
	block[0] = b->depth;
	block[1] = 0;
	block[2] = (uint8_t)b->used;
	block[3] = (uint8_t)(b->used >> 8);
	put32(block + 4, b->next);
	put64(block + 8, b->prefix);
}

/* The entry that volume_bucket_next has just given: where it begins. */
static inline size_t entry_start(size_t next_off, const struct volume_entry *entry)
{
	return next_off - ENTRY_HEAD - entry->name_size;
}

static inline size_t entry_size(const struct volume_name *name)
{
	return ENTRY_HEAD + name->size;
}

static inline void entry_encode(uint8_t *p, uint64_t position, const struct volume_name *name,
				uint64_t ino, enum volume_type type)
{
	put64(p, position);
	put64(p + 8, ino);
	p[16] = (uint8_t)type;
	p[17] = (uint8_t)name->size;
	memcpy(p + ENTRY_HEAD, name->p, name->size);
}

/* Blocks of a table of so many bits. */
static inline uint32_t tables_of(unsigned bits)
{
	if (bits == 0)
		return 0;
	return ((1u << bits) + TABLE_SLOTS - 1) / TABLE_SLOTS;
}

/* ---- dir.c ---- */

/* A block that there must be. */
MUST_USE enum err volume_dir_read(struct volume *v, const struct volume_inode *dir, uint32_t index,
				  const uint8_t **block);

static inline enum err dir_write(struct volume *v, struct volume_inode *dir, uint32_t index,
				 bool whole, uint8_t **block)
{
	return volume_tree_write(v, &dir->tree, index, whole, block);
}

/* What the table says: the number of the bucket for a position. */
MUST_USE enum err volume_dir_slot(struct volume *v, const struct volume_inode *dir,
				  uint64_t position, uint32_t *bucket);

/* The buckets of a position, one after the other: nearly always one. */
struct volume_chain {
	uint32_t number;
	uint32_t before; /* the one that leads to it; itself, when it is the first */
	uint32_t steps;
	struct volume_bucket bucket;
};

MUST_USE enum err volume_chain_at(struct volume *v, const struct volume_inode *dir,
				  uint64_t position, struct volume_chain *c);
/* E_NOT_FOUND at the end. */
MUST_USE enum err volume_chain_next(struct volume *v, const struct volume_inode *dir,
				    struct volume_chain *c);
/* The bucket that holds a name, and where in its entries. */
MUST_USE enum err volume_chain_find(struct volume *v, const struct volume_inode *dir,
				    const struct volume_name *name, struct volume_chain *c,
				    struct volume_entry *entry, size_t *start);

/* ---- dir_table.c ---- */

/* Lets the slots of the positions with that prefix lead to `bucket`. */
MUST_USE enum err volume_dir_set_slots(struct volume *v, struct volume_inode *dir, uint64_t prefix,
				       unsigned depth, uint32_t bucket);
/* One bit more for the table. */
MUST_USE enum err volume_dir_double(struct volume *v, struct volume_inode *dir);
/* As few bits as its buckets need; after one that needed all, that of `position`, needs fewer. */
MUST_USE enum err volume_dir_halve(struct volume *v, struct volume_inode *dir, uint64_t position);
/* Copies a block's content to another place. */
MUST_USE enum err volume_dir_move(struct volume *v, struct volume_inode *dir, uint32_t from,
				  uint32_t to);
/* One more bucket, with the next number, empty and led to from nowhere. */
MUST_USE enum err volume_bucket_new(struct volume *v, struct volume_inode *dir, uint8_t depth,
				    uint64_t prefix, uint32_t *number);
/* Nothing leads to it any more: its number goes to the last one, and a block is saved. */
MUST_USE enum err volume_bucket_free(struct volume *v, struct volume_inode *dir, uint32_t number);

#endif
