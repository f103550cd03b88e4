/*
 * Inodes: the table of records, its list of free ones, the empty file system.
 * Trust: records were authenticated and are decoded in full (format.c); a number is looked up only
 * below the table's count.
 * Invariant: a record is free exactly if it is on the list that begins in the superblock and goes on
 * through `parent`; records 0..3 are empty and on no list. What is kept of records is what the table
 * says: all of them are stored here.
 */
#include "volume/inode.h"

#include <string.h>

#include "base/err.h"
#include "volume/rule.h"
#include "volume/tree.h"

#define TABLE_RECORDS (VOLUME_BLOCK_SIZE / VOLUME_INODE_SIZE)

uint64_t volume_now(const struct volume *v)
{
	return v->config.now(v->config.now_context);
}

uint32_t volume_inode_cost(const struct volume *v, uint32_t count)
{
	return count * (v->super.table.depth + 2u);
}

/* A record below the count as it stands, free ones too. */
static enum err record_load(struct volume *v, uint64_t ino, struct volume_inode *inode)
{
	const uint8_t *block;

	if (ino >= v->super.inode_count)
		return E_NOT_FOUND;
	const enum err err = volume_tree_read(v, &v->super.table, ino / TABLE_RECORDS, &block);

	if (err)
		return err;
	if (!block)
		return E_VOLUME_FORMAT;
	return volume_inode_decode(inode, ino, block + ino % TABLE_RECORDS * VOLUME_INODE_SIZE);
}

/* Where it stands if it was loaded or stored lately; record 0 is never looked for. */
static struct volume_inode *inode_recent(struct volume *v, uint64_t ino)
{
	return &v->names->recent[ino % INODES_RECENT];
}

enum err volume_inode_load(struct volume *v, uint64_t ino, struct volume_inode *inode)
{
	struct volume_inode *recent = inode_recent(v, ino);

	if (recent->tree.ino != ino) {
		const enum err err = record_load(v, ino, inode);

		if (err)
			return err;
		*recent = *inode;
	}
	if (recent->type == 0)
		return E_NOT_FOUND;
	*inode = *recent;
	return E_OK;
}

enum err volume_inode_store(struct volume *v, const struct volume_inode *inode)
{
	const uint64_t ino = inode->tree.ino;
	uint8_t *block;
	const enum err err =
		volume_tree_write(v, &v->super.table, ino / TABLE_RECORDS, false, &block);

	if (err)
		return err;
	volume_inode_encode(block + ino % TABLE_RECORDS * VOLUME_INODE_SIZE, inode);
	*inode_recent(v, ino) = *inode;
	return E_OK;
}

enum err volume_inode_new(struct volume *v, struct volume_inode *inode)
{
	struct volume_inode old = {.tree.ino = v->super.inode_count};
	const uint64_t ino = v->super.inode_free ? v->super.inode_free : v->super.inode_count;
	enum err err = E_OK;

	if (v->super.inode_free)
		err = record_load(v, ino, &old);
	if (!err && !volume_holds(INODE_FREE, old.type == 0))
		err = E_VOLUME_FORMAT;
	if (err)
		return err;
	inode->tree = (struct volume_tree){.ino = ino};
	err = volume_inode_store(v, inode);
	if (err)
		return err;
	if (v->super.inode_free)
		v->super.inode_free = old.parent;
	else
		v->super.inode_count++;
	return E_OK;
}

enum err volume_inode_free(struct volume *v, struct volume_inode *inode)
{
	enum err err = volume_tree_cut(v, &inode->tree, 0);

	if (err)
		return err;
	const struct volume_inode empty = {.tree.ino = inode->tree.ino,
					   .parent = v->super.inode_free};

	err = volume_inode_store(v, &empty);
	if (!err)
		v->super.inode_free = inode->tree.ino;
	return err;
}

/* ---- for the flush ---- */

static struct volume_tree *system_tree(struct volume *v, uint64_t ino)
{
	switch (ino) {
	case INO_EPOCHS:
		return &v->super.epochs;
	case INO_MAP:
		return &v->super.map;
	case INO_TABLE:
		return &v->super.table;
	default:
		return NULL;
	}
}

enum err volume_object_tree(struct volume *v, uint64_t ino, struct volume_tree *tree)
{
	const struct volume_tree *system = system_tree(v, ino);
	struct volume_inode inode;

	if (system) {
		*tree = *system;
		return E_OK;
	}
	const enum err err = volume_inode_load(v, ino, &inode);

	if (!err)
		*tree = inode.tree;
	return err;
}

enum err volume_object_set_root(struct volume *v, uint64_t ino, const struct volume_ref *root)
{
	struct volume_tree *system = system_tree(v, ino);
	struct volume_inode inode;

	if (system) {
		system->root = *root;
		return E_OK;
	}
	const enum err err = volume_inode_load(v, ino, &inode);

	if (err)
		return err;
	inode.tree.root = *root;
	return volume_inode_store(v, &inode);
}

/* ---- a new volume ---- */

static enum err system_directory(struct volume *v, uint64_t ino)
{
	const uint64_t now = volume_now(v);
	const struct volume_inode dir = {
		.type = VOLUME_DIRECTORY,
		.nlink = 2,
		.atim = now,
		.mtim = now,
		.ctim = now,
		.parent = ino,
		.tree.ino = ino,
	};

	return volume_inode_store(v, &dir);
}

enum err volume_inode_format(struct volume *v)
{
	v->super.inode_count = INO_FIRST;
	v->super.inode_free = 0;
	const enum err err = system_directory(v, INO_ORPHANS);

	return err ? err : system_directory(v, VOLUME_ROOT);
}
