/*
 * Directories: the table, and buckets that come and go.
 * Trust: as in dir.c.
 * Invariant: buckets have the numbers below their count, the table's blocks stand where dir.h says, and
 * nothing is behind them: before and after each of these, whatever the slots say.
 */
#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "volume/dir_impl.h"

/* ---- the table ---- */

enum err volume_dir_set_slots(struct volume *v, struct volume_inode *dir, uint64_t prefix,
			      unsigned depth, uint32_t bucket)
{
	struct volume_dir_shape shape;
	uint8_t *block = NULL;
	enum err err = volume_dir_shape(dir, &shape);

	if (err || dir->bits == 0)
		return err;
	const uint32_t first = (uint32_t)upper(prefix, dir->bits);
	const uint32_t count = 1u << (dir->bits - depth);

	for (uint32_t slot = first; slot < first + count; slot++) {
		if (slot == first || slot % TABLE_SLOTS == 0)
			err = dir_write(v, dir, volume_dir_table_at(&shape, slot / TABLE_SLOTS),
					false, &block);
		if (err)
			return err;
		put32(block + 4 * (slot % TABLE_SLOTS), bucket);
	}
	return E_OK;
}

/* All slots, in memory that the caller frees. */
static enum err table_load(struct volume *v, const struct volume_inode *dir, uint32_t **slots)
{
	struct volume_dir_shape shape;
	const uint8_t *block;
	enum err err = volume_dir_shape(dir, &shape);

	if (err)
		return err;
	const uint32_t count = 1u << dir->bits;
	uint32_t *s = heap_alloc_array(count, sizeof(*s));

	if (!s)
		return E_NOMEM;
	for (uint32_t i = 0; i < count && dir->bits > 0; i++) {
		if (i % TABLE_SLOTS == 0)
			err = volume_dir_read(v, dir, volume_dir_table_at(&shape, i / TABLE_SLOTS),
					      &block);
		if (err) {
			heap_free(s);
			return err;
		}
		s[i] = get32(block + 4 * (i % TABLE_SLOTS));
	}
	*slots = s;
	return E_OK;
}

/* The table with `bits` bits in place of the one that there is. */
static enum err table_store(struct volume *v, struct volume_inode *dir, uint8_t bits,
			    const uint32_t *slots)
{
	struct volume_dir_shape shape;
	uint8_t *block = NULL;
	enum err err = volume_dir_shape(dir, &shape);

	if (err)
		return err;
	shape.tables = tables_of(bits);
	for (uint32_t i = 0; i < 1u << bits && bits > 0; i++) {
		if (i % TABLE_SLOTS == 0)
			err = dir_write(v, dir, volume_dir_table_at(&shape, i / TABLE_SLOTS), true,
					&block);
		if (err)
			return err;
		put32(block + 4 * (i % TABLE_SLOTS), slots[i]);
	}
	const uint64_t blocks = (uint64_t)shape.buckets + shape.tables;

	dir->bits = bits;
	dir->size = blocks * VOLUME_BLOCK_SIZE;
	return volume_tree_cut(v, &dir->tree, blocks);
}

enum err volume_dir_double(struct volume *v, struct volume_inode *dir)
{
	const uint32_t count = 1u << dir->bits;
	uint32_t *slots;
	enum err err = table_load(v, dir, &slots);

	if (err)
		return err;
	uint32_t *grown = heap_resize(slots, count * sizeof(*slots), 2 * count * sizeof(*slots));

	if (!grown) {
		heap_free(slots);
		return E_NOMEM;
	}
	for (uint32_t i = count; i-- > 0;)
		grown[2 * i] = grown[2 * i + 1] = grown[i];
	err = table_store(v, dir, (uint8_t)(dir->bits + 1), grown);
	heap_free(grown);
	return err;
}

static enum err table_fold(struct volume *v, struct volume_inode *dir)
{
	const uint32_t count = 1u << dir->bits;
	uint32_t *slots;
	enum err err = table_load(v, dir, &slots);

	if (err)
		return err;
	for (uint32_t i = 0; i < count / 2; i++)
		slots[i] = slots[2 * i];
	err = table_store(v, dir, (uint8_t)(dir->bits - 1), slots);
	heap_free(slots);
	return err;
}

/*
 * Does no bucket need all bits of the table? Two slots that differ show one. The search begins at `near`,
 * where a bucket has just needed fewer: its neighbours are likely to be as deep.
 */
static enum err table_is_loose(struct volume *v, const struct volume_inode *dir, uint32_t near,
			       bool *loose)
{
	struct volume_dir_shape shape;
	const uint8_t *block = NULL;
	const uint32_t count = 1u << dir->bits;
	enum err err = volume_dir_shape(dir, &shape);

	*loose = false;
	near &= ~1u;
	for (uint32_t i = 0; i < count && !err; i += 2) {
		const uint32_t slot = (near + i) % count;

		if (i == 0 || slot % TABLE_SLOTS == 0)
			err = volume_dir_read(
				v, dir, volume_dir_table_at(&shape, slot / TABLE_SLOTS), &block);
		if (err)
			return err;
		const uint8_t *p = block + 4 * (slot % TABLE_SLOTS);

		if (get32(p) != get32(p + 4))
			return E_OK;
	}
	*loose = true;
	return err;
}

/* ---- buckets come and go ---- */

enum err volume_dir_move(struct volume *v, struct volume_inode *dir, uint32_t from, uint32_t to)
{
	const uint8_t *old;
	uint8_t *block;
	enum err err = volume_dir_read(v, dir, from, &old);

	if (!err)
		err = dir_write(v, dir, to, true, &block);
	if (!err)
		memcpy(block, old, VOLUME_BLOCK_SIZE);
	return err;
}

enum err volume_bucket_new(struct volume *v, struct volume_inode *dir, uint8_t depth,
			   uint64_t prefix, uint32_t *number)
{
	const struct volume_bucket b = {.depth = depth, .prefix = prefix};
	struct volume_dir_shape shape;
	uint8_t *block;
	enum err err = volume_dir_shape(dir, &shape);

	if (!err && shape.buckets == DIR_BUCKETS_MAX)
		err = E_NO_SPACE;
	if (!err && shape.tables > 0)
		err = volume_dir_move(v, dir, shape.buckets, shape.buckets + shape.tables);
	if (!err)
		err = dir_write(v, dir, shape.buckets, true, &block);
	if (err)
		return err;
	bucket_encode(block, &b);
	dir->size += VOLUME_BLOCK_SIZE;
	*number = shape.buckets;
	return E_OK;
}

/* What leads to bucket `from` leads to `to` from now on; bucket `from` stands at `to` already. */
static enum err bucket_relink(struct volume *v, struct volume_inode *dir, uint32_t from,
			      uint32_t to)
{
	struct volume_chain c;
	struct volume_bucket b;
	uint8_t *block;
	uint32_t first;
	enum err err = volume_dir_bucket(v, dir, to, &b);

	if (!err)
		err = volume_dir_slot(v, dir, b.prefix, &first);
	if (err)
		return err;
	if (first == from)
		return volume_dir_set_slots(v, dir, b.prefix, b.depth, to);
	err = volume_chain_at(v, dir, b.prefix, &c);
	while (!err && c.bucket.next != from + 1)
		err = volume_chain_next(v, dir, &c);
	if (!err)
		err = dir_write(v, dir, c.number, false, &block);
	if (err)
		return err == E_NOT_FOUND ? E_VOLUME_FORMAT : err;
	put32(block + 4, to + 1);
	return E_OK;
}

enum err volume_bucket_free(struct volume *v, struct volume_inode *dir, uint32_t number)
{
	struct volume_dir_shape shape;
	enum err err = volume_dir_shape(dir, &shape);

	if (err)
		return err;
	const uint32_t last = shape.buckets - 1;

	if (number != last) {
		err = volume_dir_move(v, dir, last, number);
		if (!err)
			err = bucket_relink(v, dir, last, number);
	}
	if (!err && shape.tables > 0)
		err = volume_dir_move(v, dir, last + shape.tables, last);
	if (err)
		return err;
	dir->size -= VOLUME_BLOCK_SIZE;
	return volume_tree_cut(v, &dir->tree, (uint64_t)last + shape.tables);
}

enum err volume_dir_halve(struct volume *v, struct volume_inode *dir, uint64_t position)
{
	bool loose = true;
	enum err err = E_OK;

	while (dir->bits > 0 && !err) {
		err = table_is_loose(v, dir, (uint32_t)upper(position, dir->bits), &loose);
		if (err || !loose)
			return err;
		err = table_fold(v, dir);
	}
	return err;
}
