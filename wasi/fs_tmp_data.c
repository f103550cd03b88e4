/*
 * The bytes of a file in memory: blocks that come into being when they are written to.
 * Trust: offsets and sizes are the guest's; the wrappers of wasi/fs.c have bounded them to
 * FS_OFFSET_MAX, here the file system's limit does.
 * Invariant: block_count blocks cover the size; bytes behind the size are zero, so that a file which
 * grows again shows nothing of what it held. Everything allocated is charged.
 */
#include <string.h>

#include "base/heap.h"
#include "wasi/fs_tmp_impl.h"

static size_t data_blocks_of(uint64_t size)
{
	return (size_t)(size / TMP_BLOCK_SIZE + (size % TMP_BLOCK_SIZE != 0));
}

/* A table of `count` blocks, at least as many as now. */
static enum wasi_errno data_table_grow(struct tmp_node *n, size_t count)
{
	const size_t old = n->block_count * sizeof(*n->blocks), new = count * sizeof(*n->blocks);
	const enum wasi_errno e = tmp_charge(n->fs, new - old);

	if (e != WASI_SUCCESS)
		return e;

	uint8_t **blocks = heap_resize(n->blocks, old, new);

	if (!blocks) {
		tmp_give_back(n->fs, new - old);
		return WASI_NOMEM;
	}
	n->blocks = blocks;
	n->block_count = count;
	return WASI_SUCCESS;
}

/* Room in the table for a file of `size` bytes; doubled, so that writing on stays linear. */
static enum wasi_errno data_reserve(struct tmp_node *n, uint64_t size)
{
	if (size > n->fs->limit)
		return WASI_NOSPC;

	const size_t need = data_blocks_of(size);
	const size_t doubled = n->block_count * 2;

	if (need <= n->block_count)
		return WASI_SUCCESS;
	if (need >= doubled || data_table_grow(n, doubled) != WASI_SUCCESS)
		return data_table_grow(n, need);
	return WASI_SUCCESS;
}

static enum wasi_errno data_block_make(struct tmp_node *n, size_t i)
{
	if (n->blocks[i])
		return WASI_SUCCESS;

	const enum wasi_errno e = tmp_charge(n->fs, TMP_BLOCK_SIZE);

	if (e != WASI_SUCCESS)
		return e;
	n->blocks[i] = heap_alloc(TMP_BLOCK_SIZE);
	if (!n->blocks[i]) {
		tmp_give_back(n->fs, TMP_BLOCK_SIZE);
		return WASI_NOMEM;
	}
	return WASI_SUCCESS;
}

static void data_block_drop(struct tmp_node *n, size_t i)
{
	if (!n->blocks[i])
		return;
	heap_free(n->blocks[i]);
	n->blocks[i] = NULL;
	tmp_give_back(n->fs, TMP_BLOCK_SIZE);
}

/* Bytes from `off` to the end of its block, at most `size`. */
static size_t data_piece(uint64_t off, size_t size)
{
	const size_t left = TMP_BLOCK_SIZE - (size_t)(off % TMP_BLOCK_SIZE);

	return size < left ? size : left;
}

enum wasi_errno tmp_data_read(const struct tmp_node *n, void *buf, size_t size, uint64_t off,
			      size_t *done)
{
	uint8_t *p = buf;

	if (off >= n->size)
		size = 0;
	else if (size > n->size - off)
		size = (size_t)(n->size - off);
	for (size_t at = 0; at < size;) {
		const size_t piece = data_piece(off + at, size - at);
		const uint8_t *block = n->blocks[(off + at) / TMP_BLOCK_SIZE];

		if (block)
			memcpy(p + at, block + (off + at) % TMP_BLOCK_SIZE, piece);
		else
			memset(p + at, 0, piece);
		at += piece;
	}
	*done = size;
	return WASI_SUCCESS;
}

enum wasi_errno tmp_data_write(struct tmp_node *n, const void *buf, size_t size, uint64_t off,
			       size_t *done)
{
	const uint8_t *p = buf;
	size_t at = 0;
	enum wasi_errno e = WASI_SUCCESS;

	if (off > n->fs->limit)
		return WASI_FBIG;
	while (at < size && e == WASI_SUCCESS) {
		const size_t piece = data_piece(off + at, size - at);
		const size_t i = (size_t)((off + at) / TMP_BLOCK_SIZE);

		e = data_reserve(n, off + at + piece);
		if (e == WASI_SUCCESS)
			e = data_block_make(n, i);
		if (e != WASI_SUCCESS)
			break;
		memcpy(n->blocks[i] + (off + at) % TMP_BLOCK_SIZE, p + at, piece);
		at += piece;
		if (off + at > n->size)
			n->size = off + at;
	}
	if (at == 0 && e != WASI_SUCCESS)
		return e;
	*done = at;
	return WASI_SUCCESS;
}

static void data_drop_from(struct tmp_node *n, size_t first)
{
	for (size_t i = first; i < n->block_count; i++)
		data_block_drop(n, i);
}

/* What lies behind the new, smaller size goes, and the rest of its last block becomes zero. */
static void data_cut(struct tmp_node *n, uint64_t size)
{
	const size_t keep = data_blocks_of(size);

	data_drop_from(n, keep);
	if (size % TMP_BLOCK_SIZE != 0 && n->blocks[keep - 1])
		memset(n->blocks[keep - 1] + size % TMP_BLOCK_SIZE, 0,
		       TMP_BLOCK_SIZE - (size_t)(size % TMP_BLOCK_SIZE));
	if (size == 0)
		tmp_data_free(n);
	n->size = size;
}

enum wasi_errno tmp_data_resize(struct tmp_node *n, uint64_t size)
{
	if (size < n->size) {
		data_cut(n, size);
		return WASI_SUCCESS;
	}
	if (size > n->fs->limit)
		return WASI_FBIG;
	const enum wasi_errno e = data_reserve(n, size);

	if (e == WASI_SUCCESS)
		n->size = size;
	return e;
}

/* When it fails, blocks that it made below the size are kept: they are zeros, as the hole was. */
enum wasi_errno tmp_data_allocate(struct tmp_node *n, uint64_t off, uint64_t len)
{
	enum wasi_errno e = off > n->fs->limit ? WASI_FBIG : data_reserve(n, off + len);

	if (e != WASI_SUCCESS)
		return e;
	for (size_t i = (size_t)(off / TMP_BLOCK_SIZE); i < data_blocks_of(off + len); i++) {
		e = data_block_make(n, i);
		if (e != WASI_SUCCESS) {
			data_drop_from(n, data_blocks_of(n->size));
			return e;
		}
	}
	if (off + len > n->size)
		n->size = off + len;
	return WASI_SUCCESS;
}

void tmp_data_free(struct tmp_node *n)
{
	data_drop_from(n, 0);
	heap_free(n->blocks);
	tmp_give_back(n->fs, n->block_count * sizeof(*n->blocks));
	n->blocks = NULL;
	n->block_count = 0;
}
