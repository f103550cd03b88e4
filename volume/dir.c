/*
 * Directories: what their blocks say, and finding names. The layout stands in dir.h.
 * Trust: blocks were authenticated; every number in them is checked all the same before it is followed.
 * Names come from the program; their hash is keyed, so nobody can choose names that share a bucket.
 */
#include "volume/dir.h"

#include <string.h>

#include "base/err.h"
#include "volume/dir_impl.h"
#include "volume/rule.h"
#include "volume/seal.h"

/* ---- buckets ---- */

enum err volume_bucket_decode(const uint8_t block[VOLUME_BLOCK_SIZE],
			      const struct volume_inode *dir, struct volume_bucket *bucket)
{
	if (!block)
		return E_VOLUME_FORMAT;
	const struct volume_bucket b = {
		.depth = block[0],
		.used = (size_t)(block[2] | block[3] << 8),
		.next = get32(block + 4),
		.prefix = get64(block + 8),
		.entries = block + BUCKET_HEAD,
	};

	if (!volume_holds(BUCKET_FIELDS, b.depth <= dir->bits && block[1] == 0 &&
						 b.used <= BUCKET_ROOM &&
						 (b.prefix & ~upper_mask(b.depth)) == 0 &&
						 (b.next == 0 || b.depth == DIR_BITS_MAX)))
		return E_VOLUME_FORMAT;
	*bucket = b;
	return E_OK;
}

/* Is there one, whole and where it belongs, in what is left? */
static bool entry_is_whole(const struct volume_bucket *b, const uint8_t *p, size_t left)
{
	return left > ENTRY_HEAD && p[17] != 0 && p[17] <= left - ENTRY_HEAD && p[16] != 0 &&
	       p[16] < VOLUME_TYPE_END && get64(p) > DIR_POSITION &&
	       (get64(p) & upper_mask(b->depth)) == b->prefix;
}

enum err volume_bucket_next(const struct volume_bucket *bucket, size_t *off,
			    struct volume_entry *entry)
{
	const uint8_t *p = bucket->entries + *off;
	const size_t left = bucket->used - *off;

	if (left == 0)
		return E_NOT_FOUND;
	if (!volume_holds(ENTRY_FIELDS, entry_is_whole(bucket, p, left)))
		return E_VOLUME_FORMAT;
	*entry = (struct volume_entry){
		.position = get64(p),
		.ino = get64(p + 8),
		.type = (enum volume_type)p[16],
		.name = (const char *)p + ENTRY_HEAD,
		.name_size = p[17],
	};
	*off += ENTRY_HEAD + entry->name_size;
	return E_OK;
}

/* ---- the shape ---- */

static bool shape_is_consistent(const struct volume_inode *dir, uint32_t tables)
{
	const uint64_t blocks = dir->size / VOLUME_BLOCK_SIZE;

	if (dir->type != VOLUME_DIRECTORY || dir->bits > DIR_BITS_MAX ||
	    dir->size % VOLUME_BLOCK_SIZE != 0)
		return false;
	if (blocks == 0)
		return dir->count == 0 && tables == 0;
	return dir->count != 0 && blocks > tables && blocks - tables <= DIR_BUCKETS_MAX;
}

enum err volume_dir_shape(const struct volume_inode *dir, struct volume_dir_shape *shape)
{
	const uint32_t tables = dir->bits <= DIR_BITS_MAX ? tables_of(dir->bits) : 0;

	if (!volume_holds(DIR_FIELDS, shape_is_consistent(dir, tables)))
		return E_VOLUME_FORMAT;
	shape->tables = tables;
	shape->buckets = (uint32_t)(dir->size / VOLUME_BLOCK_SIZE) - tables;
	return E_OK;
}

uint32_t volume_dir_table_at(const struct volume_dir_shape *shape, uint32_t table)
{
	return shape->buckets + ((table - shape->buckets) & (shape->tables - 1));
}

enum err volume_dir_read(struct volume *v, const struct volume_inode *dir, uint32_t index,
			 const uint8_t **block)
{
	const enum err err = volume_tree_read(v, &dir->tree, index, block);

	if (err)
		return err;
	return *block ? E_OK : E_VOLUME_FORMAT;
}

enum err volume_dir_slot(struct volume *v, const struct volume_inode *dir, uint64_t position,
			 uint32_t *bucket)
{
	struct volume_dir_shape shape;
	const uint8_t *block;
	enum err err = volume_dir_shape(dir, &shape);

	if (err)
		return err;
	if (dir->bits == 0) {
		*bucket = 0;
		return E_OK;
	}
	const uint32_t slot = (uint32_t)upper(position, dir->bits);

	err = volume_dir_read(v, dir, volume_dir_table_at(&shape, slot / TABLE_SLOTS), &block);
	if (err)
		return err;
	*bucket = get32(block + 4 * (slot % TABLE_SLOTS));
	return E_OK;
}

enum err volume_dir_bucket(struct volume *v, const struct volume_inode *dir, uint32_t number,
			   struct volume_bucket *bucket)
{
	struct volume_dir_shape shape;
	const uint8_t *block;
	enum err err = volume_dir_shape(dir, &shape);

	if (!err && !volume_holds(BUCKET_NUMBER, number < shape.buckets))
		err = E_VOLUME_FORMAT;
	if (!err)
		err = volume_dir_read(v, dir, number, &block);
	return err ? err : volume_bucket_decode(block, dir, bucket);
}

/* ---- finding ---- */

enum err volume_chain_at(struct volume *v, const struct volume_inode *dir, uint64_t position,
			 struct volume_chain *c)
{
	enum err err = volume_dir_slot(v, dir, position, &c->number);

	c->before = c->number;
	c->steps = 0;
	if (!err)
		err = volume_dir_bucket(v, dir, c->number, &c->bucket);
	if (!err && c->bucket.prefix != (position & upper_mask(c->bucket.depth)))
		err = E_VOLUME_FORMAT;
	return err;
}

enum err volume_chain_next(struct volume *v, const struct volume_inode *dir, struct volume_chain *c)
{
	const uint64_t prefix = c->bucket.prefix;

	if (c->bucket.next == 0)
		return E_NOT_FOUND;
	if (++c->steps > dir->size / VOLUME_BLOCK_SIZE) /* more than there are: a ring */
		return E_VOLUME_FORMAT;
	c->before = c->number;
	c->number = c->bucket.next - 1;
	const enum err err = volume_dir_bucket(v, dir, c->number, &c->bucket);

	if (err)
		return err;
	return c->bucket.depth == DIR_BITS_MAX && c->bucket.prefix == prefix ? E_OK
									     : E_VOLUME_FORMAT;
}

bool volume_name_is_valid(const char *name, size_t size)
{
	if (size == 0 || size > VOLUME_NAME_MAX || memchr(name, '/', size) || memchr(name, 0, size))
		return false;
	return !(name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')));
}

struct volume_name volume_name_of(const struct volume *v, const char *p, size_t size)
{
	return (struct volume_name){p, size, volume_hash_name(v, p, size)};
}

uint64_t volume_position_of(uint64_t hash)
{
	const uint64_t position = hash & ~(uint64_t)DIR_POSITION;

	return position ? position : (uint64_t)DIR_POSITION + 1;
}

static bool entry_is(const struct volume_entry *e, const struct volume_name *name)
{
	return (e->position & ~(uint64_t)DIR_POSITION) == volume_position_of(name->hash) &&
	       e->name_size == name->size && memcmp(e->name, name->p, name->size) == 0;
}

/* In one bucket. *start: where in its entries. */
static enum err bucket_find(const struct volume_bucket *b, const struct volume_name *name,
			    struct volume_entry *entry, size_t *start)
{
	size_t off = 0;
	enum err err;

	while ((err = volume_bucket_next(b, &off, entry)) == E_OK) {
		if (!entry_is(entry, name))
			continue;
		*start = entry_start(off, entry);
		return E_OK;
	}
	return err;
}

enum err volume_chain_find(struct volume *v, const struct volume_inode *dir,
			   const struct volume_name *name, struct volume_chain *c,
			   struct volume_entry *entry, size_t *start)
{
	enum err err;

	if (dir->size == 0)
		return E_NOT_FOUND;
	for (err = volume_chain_at(v, dir, volume_position_of(name->hash), c); !err;
	     err = volume_chain_next(v, dir, c)) {
		err = bucket_find(&c->bucket, name, entry, start);
		if (err != E_NOT_FOUND)
			return err;
	}
	return err;
}

enum err volume_dir_find(struct volume *v, const struct volume_inode *dir,
			 const struct volume_name *name, struct volume_entry *entry)
{
	struct volume_chain c;
	size_t start;

	return volume_chain_find(v, dir, name, &c, entry, &start);
}

/* The lowest entry from `from` on in one bucket, if it is lower than *entry (position 0: none yet). */
static enum err bucket_lowest(const struct volume_bucket *b, uint64_t from,
			      struct volume_entry *entry)
{
	struct volume_entry e;
	size_t off = 0;
	enum err err;

	while ((err = volume_bucket_next(b, &off, &e)) == E_OK) {
		if (e.position >= from && (entry->position == 0 || e.position < entry->position))
			*entry = e;
	}
	return err == E_NOT_FOUND ? E_OK : err;
}

/* In all buckets of the position `from`. *last: the highest position that belongs there. */
static enum err chain_lowest(struct volume *v, const struct volume_inode *dir, uint64_t from,
			     struct volume_entry *entry, uint64_t *last)
{
	struct volume_chain c;
	uint32_t found = UINT32_MAX;
	enum err err = volume_chain_at(v, dir, from, &c);

	if (err)
		return err;
	*last = from | ~upper_mask(c.bucket.depth);
	entry->position = 0;
	do {
		const uint64_t before = entry->position;

		err = bucket_lowest(&c.bucket, from, entry);
		if (err)
			return err;
		if (entry->position != before)
			found = c.number;
		err = volume_chain_next(v, dir, &c);
	} while (!err);
	if (err != E_NOT_FOUND || entry->position == 0)
		return err;
	if (c.steps == 0)
		return E_OK;
	/* its name, in a bucket that may have left the cache meanwhile */
	struct volume_bucket b;
	const uint64_t position = entry->position;

	err = volume_dir_bucket(v, dir, found, &b);
	entry->position = 0;
	return err ? err : bucket_lowest(&b, position, entry);
}

enum err volume_dir_next(struct volume *v, const struct volume_inode *dir, uint64_t from,
			 struct volume_entry *entry)
{
	struct volume_entry e;
	uint64_t last = UINT64_MAX;

	while (dir->size != 0) {
		const enum err err = chain_lowest(v, dir, from, &e, &last);

		if (err == E_OK) {
			*entry = e;
			return volume_holds(ENTRY_NAME, volume_name_is_valid(e.name, e.name_size))
				       ? E_OK
				       : E_VOLUME_FORMAT;
		}
		if (err != E_NOT_FOUND)
			return err;
		if (last == UINT64_MAX)
			break;
		from = last + 1;
	}
	return E_NOT_FOUND;
}
