/*
 * Directories: names come, go, and stand for something else.
 * Trust: as in dir.c.
 * Invariant: between two operations every slot of the table leads to the bucket whose depth and prefix
 * cover it; of two neighbours at one depth that a removal left small together, one is made.
 */
#include <string.h>

#include "base/err.h"
#include "volume/dir_impl.h"

/* ---- inserting ---- */

/* The entries whose bit after the first `depth` is set move from `old` to `new`. */
static void bucket_part(uint8_t *old, uint8_t *new, struct volume_bucket *b)
{
	const uint64_t bit = (uint64_t)1 << (63 - b->depth);
	struct volume_bucket n = {.depth = (uint8_t)(b->depth + 1), .prefix = b->prefix | bit};
	struct volume_entry e;
	size_t off = 0, kept = 0;

	while (volume_bucket_next(b, &off, &e) == E_OK) {
		const size_t start = entry_start(off, &e), size = off - start;
		uint8_t *from = old + BUCKET_HEAD + start;

		if (e.position & bit) {
			memcpy(new + BUCKET_HEAD + n.used, from, size);
			n.used += size;
		} else {
			memmove(old + BUCKET_HEAD + kept, from, size);
			kept += size;
		}
	}
	memset(old + BUCKET_HEAD + kept, 0, b->used - kept);
	b->used = kept;
	b->depth++;
	bucket_encode(old, b);
	bucket_encode(new, &n);
}

/* Parts bucket `number`, which is its positions' only one and not of the greatest depth. */
static enum err bucket_split(struct volume *v, struct volume_inode *dir, uint32_t number)
{
	struct volume_bucket b;
	uint8_t *old, *new;
	uint32_t other;
	enum err err = volume_dir_bucket(v, dir, number, &b);

	if (!err && b.depth == dir->bits)
		err = volume_dir_double(v, dir);
	if (!err)
		err = volume_bucket_new(v, dir, b.depth, b.prefix, &other);
	if (!err)
		err = dir_write(v, dir, number, false, &old);
	if (!err)
		err = dir_write(v, dir, other, false, &new);
	if (!err)
		err = volume_bucket_decode(old, dir, &b);
	if (err)
		return err;
	const uint64_t bit = (uint64_t)1 << (63 - b.depth);

	bucket_part(old, new, &b);
	return volume_dir_set_slots(v, dir, b.prefix | bit, b.depth, other);
}

/* What inserting a name takes. */
struct dir_plan {
	uint64_t position;
	uint32_t bucket; /* that has room */
	uint8_t depth;	 /* otherwise: how deep the name's bucket must be to have it, */
	bool room;
	uint32_t splits; /* and how often it is split for that */
};

static void plan_count(const struct volume_bucket *b, uint64_t position,
		       size_t sizes[DIR_BITS_MAX + 1])
{
	struct volume_entry e;
	size_t off = 0;

	while (volume_bucket_next(b, &off, &e) == E_OK) {
		const uint64_t differ = e.position ^ position;
		const unsigned same = differ ? (unsigned)__builtin_clzll(differ) : 64;

		sizes[same < DIR_BITS_MAX ? same : DIR_BITS_MAX] += e.name_size + ENTRY_HEAD;
	}
}

/* How often to split: until what is left beside the name leaves it room. */
static void plan_depth(struct dir_plan *plan, const struct volume_bucket *b, size_t size)
{
	size_t sizes[DIR_BITS_MAX + 1] = {0};
	size_t left = b->used;

	plan->depth = b->depth;
	plan_count(b, plan->position, sizes);
	while (plan->depth < DIR_BITS_MAX && left + size > BUCKET_ROOM)
		left -= sizes[plan->depth++];
	plan->splits = (uint32_t)(plan->depth - b->depth);
}

/* Of the 64 positions from `position` on: which are taken. */
static enum err chain_taken(struct volume *v, const struct volume_inode *dir, uint64_t position,
			    uint64_t *taken)
{
	struct volume_entry e;
	struct volume_chain c;
	enum err err;

	*taken = 0;
	for (err = volume_chain_at(v, dir, position, &c); !err;
	     err = volume_chain_next(v, dir, &c)) {
		size_t off = 0;

		while ((err = volume_bucket_next(&c.bucket, &off, &e)) == E_OK) {
			if (e.position - position < 64)
				*taken |= (uint64_t)1 << (e.position - position);
		}
		if (err != E_NOT_FOUND)
			return err;
	}
	return err == E_NOT_FOUND ? E_OK : err;
}

/* The lowest position of the name's hash that is free. */
static enum err plan_position(struct volume *v, const struct volume_inode *dir,
			      struct dir_plan *plan)
{
	uint64_t taken;

	for (uint64_t low = 0; low < DIR_POSITION; low += 64) {
		const enum err err = chain_taken(v, dir, plan->position + low, &taken);

		if (err)
			return err;
		if (taken == UINT64_MAX)
			continue;
		plan->position += low + (unsigned)__builtin_ctzll(~taken);
		return (plan->position & DIR_POSITION) < DIR_POSITION ? E_OK : E_NO_SPACE;
	}
	return E_NO_SPACE;
}

static enum err dir_plan_insert(struct volume *v, const struct volume_inode *dir,
				const struct volume_name *name, struct dir_plan *plan)
{
	struct volume_chain c;
	enum err err;

	*plan = (struct dir_plan){.position = volume_position_of(name->hash)};
	if (dir->size == 0)
		return E_OK;
	err = plan_position(v, dir, plan);
	if (!err)
		err = volume_chain_at(v, dir, plan->position, &c);
	if (err)
		return err;
	if (entry_size(name) > BUCKET_ROOM - c.bucket.used)
		plan_depth(plan, &c.bucket, entry_size(name));
	while (!err && !plan->room) {
		plan->room = entry_size(name) <= BUCKET_ROOM - c.bucket.used;
		plan->bucket = c.number;
		if (!plan->room)
			err = volume_chain_next(v, dir, &c);
	}
	return err == E_NOT_FOUND ? E_OK : err;
}

/* Blocks with their ancestors, when `count` blocks here and there are written. */
static uint32_t dir_dirty(const struct volume_inode *dir, uint32_t count)
{
	return count * (dir->tree.depth + 2u);
}

enum err volume_dir_insert_cost(struct volume *v, const struct volume_inode *dir,
				const struct volume_name *name, uint32_t *blocks)
{
	struct dir_plan plan;
	const enum err err = dir_plan_insert(v, dir, name, &plan);

	if (err)
		return err;
	if (dir->size / VOLUME_BLOCK_SIZE + plan.splits >= DIR_BUCKETS_MAX)
		return E_NO_SPACE;
	if (plan.room || dir->size == 0)
		*blocks = dir_dirty(dir, 1);
	else if (plan.splits == 0)
		*blocks = dir_dirty(dir, 4);
	else
		*blocks = dir_dirty(dir, 1 + 3 * plan.splits);
	if (!plan.room && plan.depth > dir->bits)
		*blocks += tables_of(plan.depth) + tables_of(plan.depth) / (VOLUME_FANOUT / 2);
	return E_OK;
}

static enum err entry_append(struct volume *v, struct volume_inode *dir, uint32_t bucket,
			     uint64_t position, const struct volume_name *name, uint64_t ino,
			     enum volume_type type)
{
	struct volume_bucket b;
	uint8_t *block;
	enum err err = dir_write(v, dir, bucket, false, &block);

	if (!err)
		err = volume_bucket_decode(block, dir, &b);
	if (!err && entry_size(name) > BUCKET_ROOM - b.used)
		err = E_VOLUME_FORMAT;
	if (err)
		return err;
	entry_encode(block + BUCKET_HEAD + b.used, position, name, ino, type);
	b.used += entry_size(name);
	bucket_encode(block, &b);
	dir->count++;
	return E_OK;
}

/* A bucket behind the first of those that the position has. */
static enum err chain_grow(struct volume *v, struct volume_inode *dir, uint64_t position,
			   uint32_t *bucket)
{
	struct volume_chain c;
	uint8_t *block;
	enum err err = volume_chain_at(v, dir, position, &c);

	if (err)
		return err;
	const uint32_t next = c.bucket.next;

	err = volume_bucket_new(v, dir, DIR_BITS_MAX, c.bucket.prefix, bucket);
	if (!err)
		err = dir_write(v, dir, *bucket, false, &block);
	if (err)
		return err;
	put32(block + 4, next);
	err = dir_write(v, dir, c.number, false, &block);
	if (!err)
		put32(block + 4, *bucket + 1);
	return err;
}

/* Makes room for what the plan found no room for. */
static enum err dir_make_room(struct volume *v, struct volume_inode *dir,
			      const struct volume_name *name, const struct dir_plan *plan,
			      uint32_t *bucket)
{
	struct volume_bucket b;
	enum err err = E_OK;

	if (dir->size == 0)
		return volume_bucket_new(v, dir, 0, 0, bucket);
	for (uint32_t i = 0; i < plan->splits && !err; i++) {
		err = volume_dir_slot(v, dir, plan->position, bucket);
		if (!err)
			err = bucket_split(v, dir, *bucket);
	}
	if (!err)
		err = volume_dir_slot(v, dir, plan->position, bucket);
	if (!err)
		err = volume_dir_bucket(v, dir, *bucket, &b);
	if (!err && entry_size(name) > BUCKET_ROOM - b.used)
		err = chain_grow(v, dir, plan->position, bucket);
	return err;
}

enum err volume_dir_insert(struct volume *v, struct volume_inode *dir,
			   const struct volume_name *name, uint64_t ino, enum volume_type type)
{
	struct dir_plan plan;
	enum err err = dir_plan_insert(v, dir, name, &plan);

	if (!err && !plan.room)
		err = dir_make_room(v, dir, name, &plan, &plan.bucket);
	return err ? err : entry_append(v, dir, plan.bucket, plan.position, name, ino, type);
}

/* ---- removing ---- */

/* The last name went. */
static enum err dir_clear(struct volume *v, struct volume_inode *dir)
{
	dir->bits = 0;
	dir->size = 0;
	return volume_tree_cut(v, &dir->tree, 0);
}

/* An empty bucket of several of one position goes. */
static enum err chain_shrink(struct volume *v, struct volume_inode *dir,
			     const struct volume_chain *c)
{
	const uint32_t next = c->bucket.next;
	struct volume_bucket b;
	uint8_t *block;
	enum err err;

	if (c->before != c->number) {
		err = dir_write(v, dir, c->before, false, &block);
		if (err)
			return err;
		put32(block + 4, next);
		return volume_bucket_free(v, dir, c->number);
	}
	err = volume_dir_bucket(v, dir, next - 1, &b);
	if (!err)
		err = volume_dir_move(v, dir, next - 1, c->number);
	return err ? err : volume_bucket_free(v, dir, next - 1);
}

/* The bucket that shares all but the last bit with b, if the two may become one; E_NOT_FOUND. */
static enum err bucket_buddy(struct volume *v, const struct volume_inode *dir,
			     const struct volume_bucket *b, uint32_t *number)
{
	struct volume_bucket buddy;
	enum err err;

	if (b->depth == 0 || b->next != 0 || b->used > BUCKET_FEW)
		return E_NOT_FOUND;
	const uint64_t prefix = b->prefix ^ (uint64_t)1 << (64 - b->depth);

	err = volume_dir_slot(v, dir, prefix, number);
	if (!err)
		err = volume_dir_bucket(v, dir, *number, &buddy);
	if (err)
		return err;
	if (buddy.depth != b->depth || buddy.next != 0 || b->used + buddy.used > BUCKET_FEW)
		return E_NOT_FOUND;
	return buddy.prefix == prefix ? E_OK : E_VOLUME_FORMAT;
}

/* The entries of bucket `other` move to bucket `keep`, which stands for both then. */
static enum err bucket_join(struct volume *v, struct volume_inode *dir, uint32_t keep,
			    uint32_t other)
{
	struct volume_bucket b, gone;
	uint8_t *block;
	enum err err = dir_write(v, dir, keep, false, &block);

	if (!err)
		err = volume_bucket_decode(block, dir, &b);
	if (!err)
		err = volume_dir_bucket(v, dir, other, &gone);
	if (err)
		return err;
	must(gone.used <= BUCKET_ROOM - b.used && b.depth > 0);
	memcpy(block + BUCKET_HEAD + b.used, gone.entries, gone.used);
	b.used += gone.used;
	b.depth--;
	b.prefix &= upper_mask(b.depth);
	bucket_encode(block, &b);
	err = volume_dir_set_slots(v, dir, b.prefix, b.depth, keep);
	return err ? err : volume_bucket_free(v, dir, other);
}

/* Joins the bucket of a position with its neighbour, and the result again, while they are small. */
static enum err dir_tidy(struct volume *v, struct volume_inode *dir, uint64_t position)
{
	struct volume_chain c;
	uint32_t other;
	enum err err;

	for (;;) {
		err = volume_chain_at(v, dir, position, &c);
		if (!err)
			err = bucket_buddy(v, dir, &c.bucket, &other);
		if (err)
			return err == E_NOT_FOUND ? E_OK : err;
		const bool deepest = c.bucket.depth == dir->bits;

		err = bucket_join(v, dir, c.number, other);
		if (!err && deepest)
			err = volume_dir_halve(v, dir, position);
		if (err)
			return err;
	}
}

enum err volume_dir_remove_cost(struct volume *v, const struct volume_inode *dir,
				const struct volume_name *name, uint32_t *blocks)
{
	struct volume_chain c;
	struct volume_entry e;
	uint32_t other;
	size_t start;
	enum err err = volume_chain_find(v, dir, name, &c, &e, &start);

	if (err)
		return err;
	bool alone = c.bucket.next == 0 && c.before == c.number;

	if (alone) {
		c.bucket.used -= entry_size(name);
		err = bucket_buddy(v, dir, &c.bucket, &other);
		if (err && err != E_NOT_FOUND)
			return err;
		alone = err == E_NOT_FOUND;
	}
	*blocks = alone ? dir_dirty(dir, 1) : dir_dirty(dir, 16) + tables_of(dir->bits);
	return E_OK;
}

/* The entry of a name in its block, which is to be changed. E_NOT_FOUND: there is none. */
static enum err entry_write(struct volume *v, struct volume_inode *dir,
			    const struct volume_name *name, struct volume_chain *c,
			    struct volume_entry *e, uint8_t **block, uint8_t **at)
{
	size_t start;
	enum err err = volume_chain_find(v, dir, name, c, e, &start);

	if (!err)
		err = dir_write(v, dir, c->number, false, block);
	if (!err)
		*at = *block + BUCKET_HEAD + start;
	return err;
}

enum err volume_dir_remove(struct volume *v, struct volume_inode *dir,
			   const struct volume_name *name)
{
	struct volume_entry e;
	struct volume_chain c;
	uint8_t *block, *at;
	enum err err = entry_write(v, dir, name, &c, &e, &block, &at);

	if (err)
		return err;
	const size_t size = entry_size(name);
	const size_t start = (size_t)(at - block) - BUCKET_HEAD;

	memmove(at, at + size, c.bucket.used - start - size);
	c.bucket.used -= size;
	memset(block + BUCKET_HEAD + c.bucket.used, 0, size);
	bucket_encode(block, &c.bucket);
	if (--dir->count == 0)
		return dir_clear(v, dir);
	if (c.bucket.used == 0 && (c.bucket.next != 0 || c.before != c.number))
		err = chain_shrink(v, dir, &c);
	return err ? err : dir_tidy(v, dir, volume_position_of(name->hash));
}

enum err volume_dir_replace(struct volume *v, struct volume_inode *dir,
			    const struct volume_name *name, uint64_t ino, enum volume_type type)
{
	struct volume_entry e;
	struct volume_chain c;
	uint8_t *block, *at;
	const enum err err = entry_write(v, dir, name, &c, &e, &block, &at);

	if (!err)
		entry_encode(at, e.position, name, ino, type);
	return err;
}
