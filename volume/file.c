/*
 * Files: reading, writing, sizes, times.
 * Trust: sizes and offsets are the program's, buffers may be memory that others change meanwhile: each
 * byte is copied once. Times are the host's word.
 * Invariant: a file has no block beyond its size, and the bytes of its last block beyond its size are
 * zero; so it may grow without being written.
 */
#include <string.h>

#include "base/checked.h"
#include "base/err.h"
#include "volume/commit.h"
#include "volume/inode.h"
#include "volume/tree.h"

#define PART_BLOCKS 64u /* blocks that are read or written before others may go out */

/* An inode of the program's: those of the volume's own do not exist for it. */
static enum err node_load(struct volume *v, uint64_t ino, struct volume_inode *inode)
{
	return ino < VOLUME_ROOT ? E_NOT_FOUND : volume_inode_load(v, ino, inode);
}

static enum err file_load(struct volume *v, uint64_t ino, struct volume_inode *inode)
{
	const enum err err = node_load(v, ino, inode);

	if (err)
		return err;
	if (inode->type == VOLUME_FILE)
		return E_OK;
	return inode->type == VOLUME_DIRECTORY ? E_IS_DIRECTORY : E_INVALID;
}

static uint64_t blocks_of(uint64_t size)
{
	return size / VOLUME_BLOCK_SIZE + (size % VOLUME_BLOCK_SIZE != 0);
}

/* ---- what it is ---- */

enum err volume_stat(struct volume *v, uint64_t ino, struct volume_stat *st)
{
	struct volume_inode inode;

	mutex_lock(&v->lock);
	const enum err err = node_load(v, ino, &inode);

	mutex_unlock(&v->lock);
	if (err)
		return err;
	*st = (struct volume_stat){
		.ino = ino,
		.size = inode.size,
		.atim = inode.atim,
		.mtim = inode.mtim,
		.ctim = inode.ctim,
		.nlink = inode.nlink,
		.type = (enum volume_type)inode.type,
	};
	return E_OK;
}

/* Before the first change of an operation that makes that many blocks dirty. */
static enum err prepare(struct volume *v, uint32_t blocks, bool freeing)
{
	const enum err err = volume_change(v);

	return err ? err : volume_reserve(v, blocks, freeing);
}

static enum err set_times_locked(struct volume *v, uint64_t ino, const uint64_t *atim,
				 const uint64_t *mtim)
{
	struct volume_inode inode;
	enum err err = volume_balance(v);

	if (!err)
		err = node_load(v, ino, &inode);
	if (!err)
		err = prepare(v, volume_inode_cost(v, 1), false);
	if (err)
		return err;
	if (atim)
		inode.atim = *atim;
	if (mtim)
		inode.mtim = *mtim;
	inode.ctim = volume_now(v);
	return volume_inode_store(v, &inode);
}

enum err volume_set_times(struct volume *v, uint64_t ino, const uint64_t *atim,
			  const uint64_t *mtim)
{
	mutex_lock(&v->lock);
	const enum err err = set_times_locked(v, ino, atim, mtim);

	mutex_unlock(&v->lock);
	return err;
}

/* ---- reading ---- */

static enum err read_locked(struct volume *v, uint64_t ino, uint8_t *buf, size_t size, uint64_t off,
			    size_t *done)
{
	struct volume_inode inode;
	const uint8_t *block;
	enum err err = file_load(v, ino, &inode);
	size_t n = 0;

	if (err)
		return err;
	if (off >= inode.size)
		size = 0;
	else if (size > inode.size - off)
		size = (size_t)(inode.size - off);
	while (n < size) {
		const size_t skip = (off + n) % VOLUME_BLOCK_SIZE;
		const size_t left = VOLUME_BLOCK_SIZE - skip;
		const size_t part = size - n < left ? size - n : left;

		err = volume_tree_read(v, &inode.tree, (off + n) / VOLUME_BLOCK_SIZE, &block);
		if (err)
			return err;
		if (block)
			memcpy(buf + n, block + skip, part);
		else
			memset(buf + n, 0, part);
		n += part;
	}
	*done = n;
	return E_OK;
}

enum err volume_read(struct volume *v, uint64_t ino, void *buf, size_t size, uint64_t off,
		     size_t *done)
{
	mutex_lock(&v->lock);
	const enum err err = read_locked(v, ino, buf, size, off, done);

	mutex_unlock(&v->lock);
	return err;
}

/* ---- writing ---- */

/* How much dirt that many blocks of it make in a row, its record included. */
static uint32_t file_cost(const struct volume *v, const struct volume_inode *file, uint32_t blocks)
{
	return blocks + blocks / (VOLUME_FANOUT / 2) + 2 * (VOLUME_DEPTH_MAX + 1u) +
	       file->tree.depth + volume_inode_cost(v, 1);
}

/* Room for up to PART_BLOCKS blocks, or for as many as there is: at least one. */
static enum err write_reserve(struct volume *v, const struct volume_inode *file, uint64_t *blocks)
{
	enum err err;

	for (;; *blocks /= 2) {
		err = volume_reserve(v, file_cost(v, file, (uint32_t)*blocks), false);
		if (err != E_NO_SPACE || *blocks <= 1)
			return err;
	}
}

/* What a piece of one block holds afterwards is known without its old content. */
static bool write_is_whole(const struct volume_inode *file, uint64_t off, size_t size)
{
	return off % VOLUME_BLOCK_SIZE == 0 &&
	       (size == VOLUME_BLOCK_SIZE || off + size >= file->size);
}

static enum err write_blocks(struct volume *v, struct volume_inode *file, const uint8_t *buf,
			     size_t size, uint64_t off, size_t *done)
{
	uint8_t *block;
	size_t n = 0;

	while (n < size) {
		const size_t skip = (off + n) % VOLUME_BLOCK_SIZE;
		const size_t left = VOLUME_BLOCK_SIZE - skip;
		const size_t part = size - n < left ? size - n : left;
		const enum err err =
			volume_tree_write(v, &file->tree, (off + n) / VOLUME_BLOCK_SIZE,
					  write_is_whole(file, off + n, part), &block);

		if (err) {
			*done = n;
			return err;
		}
		memcpy(block + skip, buf + n, part);
		n += part;
	}
	*done = n;
	return E_OK;
}

/* Up to PART_BLOCKS blocks of a longer piece; *file is the inode as it stands. */
static enum err write_part(struct volume *v, struct volume_inode *file, const uint8_t *buf,
			   size_t size, uint64_t off, size_t *done)
{
	const uint64_t first = off / VOLUME_BLOCK_SIZE;
	uint64_t blocks = blocks_of(off + size) - first;

	*done = 0;
	if (blocks > PART_BLOCKS)
		blocks = PART_BLOCKS;
	enum err err = write_reserve(v, file, &blocks);

	if (err)
		return err;
	const uint64_t end = (first + blocks) * VOLUME_BLOCK_SIZE;

	if (size > end - off)
		size = (size_t)(end - off);
	err = write_blocks(v, file, buf, size, off, done);
	if (*done == 0)
		return err;
	if (off + *done > file->size)
		file->size = off + *done;
	file->mtim = file->ctim = volume_now(v);
	const enum err stored = volume_inode_store(v, file);

	return stored ? volume_break(v, stored) : err;
}

static enum err write_locked(struct volume *v, uint64_t ino, const uint8_t *buf, size_t size,
			     uint64_t off, size_t *done)
{
	struct volume_inode file;
	size_t n = 0, part;
	enum err err = file_load(v, ino, &file);

	if (err)
		return err;
	if (off == UINT64_MAX)
		off = file.size;
	if (off > VOLUME_FILE_MAX || size > VOLUME_FILE_MAX - off)
		return E_FILE_SIZE;
	if (size > 0)
		err = volume_change(v);
	while (n < size && !err) {
		err = volume_balance(v);
		if (!err)
			err = file_load(v, ino, &file);
		if (!err) {
			err = write_part(v, &file, buf + n, size - n, off + n, &part);
			n += part;
		}
	}
	if (v->broken || (err && n == 0))
		return err;
	*done = n;
	return E_OK;
}

enum err volume_write(struct volume *v, uint64_t ino, const void *buf, size_t size, uint64_t off,
		      size_t *done)
{
	mutex_lock(&v->lock);
	const enum err err = write_locked(v, ino, buf, size, off, done);

	mutex_unlock(&v->lock);
	return err;
}

/* ---- sizes ---- */

/* Zeros behind the new end in the block where it lies. */
static enum err file_zero_tail(struct volume *v, struct volume_inode *file, uint64_t size)
{
	const size_t keep = size % VOLUME_BLOCK_SIZE;
	const uint8_t *old;
	uint8_t *block;

	if (keep == 0)
		return E_OK;
	enum err err = volume_tree_read(v, &file->tree, size / VOLUME_BLOCK_SIZE, &old);

	if (err || !old)
		return err;
	err = volume_tree_write(v, &file->tree, size / VOLUME_BLOCK_SIZE, false, &block);
	if (!err)
		memset(block + keep, 0, VOLUME_BLOCK_SIZE - keep);
	return err;
}

static enum err set_size_locked(struct volume *v, uint64_t ino, uint64_t size)
{
	struct volume_inode file;
	enum err err = volume_balance(v);

	if (!err)
		err = file_load(v, ino, &file);
	if (!err && size > VOLUME_FILE_MAX)
		err = E_FILE_SIZE;
	if (!err)
		err = prepare(v, file_cost(v, &file, 1), size < file.size);
	if (err)
		return err;
	if (size < file.size) {
		err = file_zero_tail(v, &file, size);
		if (!err)
			err = volume_tree_cut(v, &file.tree, blocks_of(size));
	}
	file.size = size;
	file.mtim = file.ctim = volume_now(v);
	if (!err)
		err = volume_inode_store(v, &file);
	return err ? volume_break(v, err) : E_OK;
}

enum err volume_set_size(struct volume *v, uint64_t ino, uint64_t size)
{
	mutex_lock(&v->lock);
	const enum err err = set_size_locked(v, ino, size);

	mutex_unlock(&v->lock);
	return err;
}

static enum err room_locked(struct volume *v, uint64_t size)
{
	const struct volume_inode none = {.tree = {.depth = VOLUME_DEPTH_MAX}};
	const uint64_t blocks = blocks_of(size) + 1;
	const enum err err = volume_balance(v);

	if (err)
		return err;
	if (blocks > VOLUME_BLOCKS_MAX / 2)
		return E_NO_SPACE;
	return prepare(v, file_cost(v, &none, (uint32_t)blocks), false);
}

enum err volume_room(struct volume *v, uint64_t size)
{
	mutex_lock(&v->lock);
	const enum err err = room_locked(v, size);

	mutex_unlock(&v->lock);
	return err;
}
