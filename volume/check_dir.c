/*
 * The check of one directory: table, buckets, entries, and what they name.
 * Trust: as in check.c.
 */
#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "volume/check_impl.h"
#include "volume/dir.h"
#include "volume/inode.h"
#include "volume/tree.h"

#define TABLE_SLOTS (VOLUME_BLOCK_SIZE / 4)

struct check_dir {
	struct check *c;
	const struct volume_inode *dir;
	struct volume_dir_shape shape;
	struct check_set buckets; /* found so far */
	uint64_t entries, directories;
};

static void dir_problem(struct check_dir *d, const char *what, uint64_t block)
{
	check_problem(d->c, what, d->dir->tree.ino, block);
}

/* ---- entries ---- */

/* In INO_ORPHANS a name is the number of what has none. */
static void orphan_check(struct check_dir *d, const struct volume_entry *e)
{
	uint64_t ino = 0;

	for (size_t i = 0; i < e->name_size; i++) {
		const char ch = e->name[i];
		const bool digit = ch >= '0' && ch <= '9';

		ino = ino << 4 | (uint64_t)(digit ? ch - '0' : ch - 'a' + 10);
	}
	if (e->name_size != 16 || ino != e->ino || !check_set_add(&d->c->orphans, ino))
		dir_problem(d, "the name of what has none is not its number", 0);
}

static enum err target_check(struct check_dir *d, const struct volume_entry *e)
{
	const uint64_t dir = d->dir->tree.ino;
	struct volume_inode inode;
	const enum err err = e->ino < INO_FIRST ? E_NOT_FOUND : check_inode(d->c, e->ino, &inode);

	if (err == E_NOT_FOUND)
		dir_problem(d, "a name leads to no file", 0);
	if (err)
		return err == E_NOT_FOUND ? E_OK : err;
	if (inode.type != e->type)
		dir_problem(d, "a name's type is not that of its file", 0);
	if (dir == INO_ORPHANS) {
		orphan_check(d, e);
		return E_OK;
	}
	if (d->c->names[e->ino] < UINT32_MAX)
		d->c->names[e->ino]++;
	if (inode.type == VOLUME_DIRECTORY) {
		d->directories++;
		if (inode.parent != dir)
			dir_problem(d, "a directory's parent is not where its name is", 0);
	}
	return E_OK;
}

/* Is a lookup of the name led to this entry? *e is gone from the cache then. */
static enum err find_check(struct check_dir *d, const struct volume_entry *e,
			   const struct volume_name *name)
{
	struct volume_entry found;
	const uint64_t position = e->position;
	const enum err err = volume_dir_find(d->c->v, d->dir, name, &found);

	if (err == E_NOT_FOUND || (!err && found.position != position))
		dir_problem(d, "a name is not found, or stands twice", 0);
	return err == E_NOT_FOUND ? E_OK : err;
}

static enum err entry_check(struct check_dir *d, const struct volume_entry *entry)
{
	struct volume_entry e = *entry;
	char text[VOLUME_NAME_MAX];
	enum err err;

	memcpy(text, e.name, e.name_size);
	e.name = text;
	const struct volume_name name = volume_name_of(d->c->v, text, e.name_size);

	d->entries++;
	if (!volume_name_is_valid(text, e.name_size))
		dir_problem(d, "a name is not allowed", 0);
	if ((e.position & ~(uint64_t)DIR_POSITION) != volume_position_of(name.hash))
		dir_problem(d, "a name stands where its hash does not lead", 0);
	err = find_check(d, &e, &name);
	if (err)
		return check_error(d->c, err, d->dir->tree.ino, 0);
	return target_check(d, &e);
}

/* ---- buckets ---- */

static enum err positions_check(struct check_dir *d, uint32_t number)
{
	struct volume_bucket b;
	struct volume_entry e, other;
	size_t off = 0;
	enum err err = volume_dir_bucket(d->c->v, d->dir, number, &b);

	while (!err && (err = volume_bucket_next(&b, &off, &e)) == E_OK) {
		size_t rest = off;

		while (volume_bucket_next(&b, &rest, &other) == E_OK) {
			if (other.position == e.position)
				dir_problem(d, "two names have one position", number);
		}
	}
	for (size_t i = b.used; err == E_NOT_FOUND && i < BUCKET_ROOM; i++) {
		if (b.entries[i] == 0)
			continue;
		dir_problem(d, "there are bytes behind a bucket's entries", number);
		break;
	}
	return err == E_NOT_FOUND ? E_OK : err;
}

static enum err entries_check(struct check_dir *d, uint32_t number)
{
	struct volume_bucket b;
	struct volume_entry e;
	size_t off = 0;
	enum err err = positions_check(d, number);

	while (!err) {
		err = volume_dir_bucket(d->c->v, d->dir, number, &b);
		if (!err)
			err = volume_bucket_next(&b, &off, &e);
		if (err)
			break;
		err = entry_check(d, &e);
	}
	return err == E_NOT_FOUND ? E_OK : err;
}

/* A bucket that a slot leads to, and those behind it. */
static enum err buckets_check(struct check_dir *d, uint32_t number)
{
	struct volume_bucket b;

	for (;;) {
		if (!check_set_add(&d->buckets, number)) {
			dir_problem(d, "two ways lead to one bucket", number);
			return E_OK;
		}
		enum err err = entries_check(d, number);

		if (!err)
			err = volume_dir_bucket(d->c->v, d->dir, number, &b);
		if (err || b.next == 0)
			return err;
		const uint64_t prefix = b.prefix;

		number = b.next - 1;
		err = volume_dir_bucket(d->c->v, d->dir, number, &b);
		if (err)
			return err;
		if (b.prefix != prefix || b.depth != DIR_BITS_MAX)
			dir_problem(d, "a bucket is in the wrong place", number);
	}
}

/* ---- the table ---- */

static enum err slot_load(struct check_dir *d, uint32_t slot, uint32_t *bucket)
{
	const uint8_t *block;
	const uint32_t at = volume_dir_table_at(&d->shape, slot / TABLE_SLOTS);
	const enum err err = volume_tree_read(d->c->v, &d->dir->tree, at, &block);

	if (err)
		return err;
	if (!block)
		return E_VOLUME_FORMAT;
	block += 4 * (slot % TABLE_SLOTS);
	*bucket = (uint32_t)block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16 |
		  (uint32_t)block[3] << 24;
	return E_OK;
}

/* The slots of one bucket, the first of which is `slot`. *count: how many its depth says. */
static enum err slots_check(struct check_dir *d, uint32_t slot, uint32_t *count)
{
	struct volume_bucket b;
	uint32_t number, other;
	enum err err = slot_load(d, slot, &number);

	if (!err)
		err = volume_dir_bucket(d->c->v, d->dir, number, &b);
	if (err)
		return err;
	*count = 1u << (d->dir->bits - b.depth);
	if (b.prefix >> (64 - d->dir->bits) != slot) {
		dir_problem(d, "a slot leads to the wrong bucket", number);
		return E_OK;
	}
	for (uint32_t i = 1; i < *count; i++) {
		err = slot_load(d, slot + i, &other);
		if (err)
			return err;
		if (other != number)
			dir_problem(d, "slots of one bucket differ", number);
	}
	return buckets_check(d, number);
}

/* What is behind the last slot of a small table. */
static enum err slots_end(struct check_dir *d, uint32_t count)
{
	uint32_t number;

	for (uint32_t slot = count; slot < TABLE_SLOTS; slot++) {
		const enum err err = slot_load(d, slot, &number);

		if (err)
			return err;
		if (number != 0)
			dir_problem(d, "there is a slot behind the table", slot);
	}
	return E_OK;
}

static enum err table_check(struct check_dir *d)
{
	const uint32_t slots = 1u << d->dir->bits;
	uint32_t count;
	enum err err = E_OK;

	if (d->dir->bits == 0)
		return d->shape.buckets ? buckets_check(d, 0) : E_OK;
	for (uint32_t slot = 0; slot < slots && !err; slot += count)
		err = slots_check(d, slot, &count);
	return err ? err : slots_end(d, slots);
}

static void counts_check(struct check_dir *d)
{
	const struct volume_inode *dir = d->dir;

	for (uint32_t i = 0; i < d->shape.buckets; i++) {
		if (!check_set_has(&d->buckets, i))
			dir_problem(d, "nothing leads to a bucket", i);
	}
	if (d->entries != dir->count)
		dir_problem(d, "the count of its entries is wrong", 0);
	if (dir->nlink != 0 && dir->nlink != 2 + d->directories)
		dir_problem(d, "the count of its directories is wrong", 0);
}

enum err check_directory(struct check *c, const struct volume_inode *dir)
{
	struct check_dir d = {.c = c, .dir = dir};
	enum err err = volume_dir_shape(dir, &d.shape);

	if (err)
		return check_error(c, err, dir->tree.ino, 0);
	err = check_set_init(&d.buckets, d.shape.buckets);
	if (err)
		return err;
	err = table_check(&d);
	if (err)
		err = check_error(c, err, dir->tree.ino, 0);
	else
		counts_check(&d);
	check_set_fini(&d.buckets);
	return err;
}
