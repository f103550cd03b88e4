/*
 * The codecs of a volume's records: references, superblocks, inodes.
 * Trust: what is decoded was authenticated, so what is rejected here comes of a runtime that is newer, or
 * broken, or of a bug of ours. Still no field is believed that could size or index something;
 * what a reference points to is checked by whoever follows it (tree.c).
 */
#include "volume/format.h"

#include <assert.h>
#include <string.h>

#include "volume/impl.h"
#include "volume/rule.h"

/* Where the fields stand. */
enum { REF_BLOCK = 0, REF_EPOCH = 4, REF_COUNTER = 8, REF_TAG = 16 };

/* A tree: reference, depth, zeros. */
enum { TREE_DEPTH = VOLUME_REF_SIZE, TREE_SIZE = VOLUME_REF_SIZE + 8 };

enum {
	SUPER_VERSION = 0,
	SUPER_BLOCKS = 4,
	SUPER_USED = 8,
	SUPER_EPOCHS = 12,
	SUPER_SEQUENCE = 16,
	SUPER_TIME = 24,
	SUPER_INODES = 32,
	SUPER_FREE = 40,
	SUPER_PARENT = 48,
	SUPER_TREES = SUPER_PARENT + VOLUME_HASH_SIZE,
	SUPER_END = SUPER_TREES + 3 * TREE_SIZE, /* zeros from here on */
};

enum {
	INODE_TYPE = 0,
	INODE_DEPTH = 1,
	INODE_BITS = 2,
	INODE_NLINK = 4,
	INODE_SIZE = 8,
	INODE_ATIM = 16,
	INODE_MTIM = 24,
	INODE_CTIM = 32,
	INODE_PARENT = 40,
	INODE_COUNT = 48,
	INODE_ROOT = 56,
	INODE_END = INODE_ROOT + VOLUME_REF_SIZE, /* zeros up to the target */
	INODE_TARGET = VOLUME_INODE_SIZE - VOLUME_INODE_INLINE,
};

static_assert(sizeof(struct volume_ref) == VOLUME_REF_SIZE, "a reference has no padding");
static_assert(VOLUME_FANOUT * VOLUME_REF_SIZE == VOLUME_BLOCK_SIZE, "a node fills its block");
static_assert(1u << VOLUME_FANOUT_SHIFT == VOLUME_FANOUT, "a node is indexed by bits");
static_assert(SUPER_END == 200 && SUPER_END <= VOLUME_SUPER_SIZE, "a superblock is one block");
static_assert(INODE_END == 88 && INODE_END <= INODE_TARGET, "the target is the last half");
static_assert(VOLUME_BLOCK_SIZE % VOLUME_INODE_SIZE == 0, "a record does not straddle blocks");
static_assert(VOLUME_BLOCK_SIZE % VOLUME_SALT_SIZE == 0, "nor does a salt");

static bool all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

static uint64_t get_number(const uint8_t *p, size_t size)
{
	uint64_t n = 0;

	for (size_t i = 0; i < size; i++)
		n |= (uint64_t)p[i] << 8 * i;
	return n;
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)get_number(p, 4);
}

static uint64_t get_u64(const uint8_t *p)
{
	return get_number(p, 8);
}

static void put_u32(uint8_t *p, uint32_t n)
{
	for (size_t i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> 8 * i);
}

static void put_u64(uint8_t *p, uint64_t n)
{
	for (size_t i = 0; i < 8; i++)
		p[i] = (uint8_t)(n >> 8 * i);
}

void volume_ref_encode(uint8_t out[VOLUME_REF_SIZE], const struct volume_ref *ref)
{
	put_u32(out + REF_BLOCK, ref->block);
	put_u32(out + REF_EPOCH, ref->epoch);
	put_u64(out + REF_COUNTER, ref->counter);
	memcpy(out + REF_TAG, ref->tag, sizeof ref->tag);
}

void volume_ref_decode(struct volume_ref *ref, const uint8_t in[VOLUME_REF_SIZE])
{
	ref->block = get_u32(in + REF_BLOCK);
	ref->epoch = get_u32(in + REF_EPOCH);
	ref->counter = get_u64(in + REF_COUNTER);
	memcpy(ref->tag, in + REF_TAG, sizeof ref->tag);
}

static void tree_encode(uint8_t out[TREE_SIZE], const struct volume_tree *tree)
{
	volume_ref_encode(out, &tree->root);
	out[TREE_DEPTH] = tree->depth;
	memset(out + TREE_DEPTH + 1, 0, TREE_SIZE - TREE_DEPTH - 1);
}

static bool tree_decode(struct volume_tree *tree, uint64_t ino, const uint8_t in[TREE_SIZE])
{
	tree->ino = ino;
	volume_ref_decode(&tree->root, in);
	tree->depth = in[TREE_DEPTH];
	return tree->depth <= VOLUME_DEPTH_MAX &&
	       all_zero(in + TREE_DEPTH + 1, TREE_SIZE - TREE_DEPTH - 1);
}

void volume_super_encode(uint8_t out[VOLUME_SUPER_SIZE], const struct volume_super *super)
{
	put_u32(out + SUPER_VERSION, VOLUME_VERSION);
	put_u32(out + SUPER_BLOCKS, super->block_count);
	put_u32(out + SUPER_USED, super->used_count);
	put_u32(out + SUPER_EPOCHS, super->epoch_count);
	put_u64(out + SUPER_SEQUENCE, super->sequence);
	put_u64(out + SUPER_TIME, super->time);
	put_u64(out + SUPER_INODES, super->inode_count);
	put_u64(out + SUPER_FREE, super->inode_free);
	memcpy(out + SUPER_PARENT, super->parent, sizeof super->parent);
	tree_encode(out + SUPER_TREES, &super->epochs);
	tree_encode(out + SUPER_TREES + TREE_SIZE, &super->map);
	tree_encode(out + SUPER_TREES + 2 * TREE_SIZE, &super->table);
	memset(out + SUPER_END, 0, VOLUME_SUPER_SIZE - SUPER_END);
}

/* What the counts of a superblock say of each other. */
static bool super_is_consistent(const struct volume_super *s)
{
	const uint64_t records = (uint64_t)s->block_count * (VOLUME_BLOCK_SIZE / VOLUME_INODE_SIZE);
	bool first = all_zero(s->parent, sizeof s->parent);

	return s->sequence > 0 && first == (s->sequence == 1) &&
	       s->used_count >= VOLUME_DATA_BLOCK && s->used_count <= s->block_count &&
	       s->inode_count <= records &&
	       (s->inode_free == 0 ||
		(s->inode_free >= INO_FIRST && s->inode_free < s->inode_count));
}

/* The trees, and the zeros behind them. */
static bool super_decode_trees(struct volume_super *s, const uint8_t in[VOLUME_SUPER_SIZE])
{
	const uint8_t *trees = in + SUPER_TREES;

	return tree_decode(&s->epochs, INO_EPOCHS, trees) &&
	       tree_decode(&s->map, INO_MAP, trees + TREE_SIZE) &&
	       tree_decode(&s->table, INO_TABLE, trees + 2 * TREE_SIZE) &&
	       all_zero(in + SUPER_END, VOLUME_SUPER_SIZE - SUPER_END);
}

enum err volume_super_decode(struct volume_super *super, const uint8_t in[VOLUME_SUPER_SIZE])
{
	const uint32_t version = get_u32(in + SUPER_VERSION);
	struct volume_super s = {
		.sequence = get_u64(in + SUPER_SEQUENCE),
		.time = get_u64(in + SUPER_TIME),
		.block_count = get_u32(in + SUPER_BLOCKS),
		.used_count = get_u32(in + SUPER_USED),
		.epoch_count = get_u32(in + SUPER_EPOCHS),
		.inode_count = get_u64(in + SUPER_INODES),
		.inode_free = get_u64(in + SUPER_FREE),
	};

	if (!volume_holds(SUPER_VERSION, version == VOLUME_VERSION))
		return version > VOLUME_VERSION ? E_VOLUME_VERSION : E_VOLUME_FORMAT;
	memcpy(s.parent, in + SUPER_PARENT, sizeof s.parent);
	const bool well_formed = super_decode_trees(&s, in);

	if (!volume_holds(SUPER_FIELDS, well_formed && super_is_consistent(&s)))
		return E_VOLUME_FORMAT;
	*super = s;
	return E_OK;
}

void volume_inode_encode(uint8_t out[VOLUME_INODE_SIZE], const struct volume_inode *inode)
{
	memset(out, 0, INODE_TARGET);
	out[INODE_TYPE] = inode->type;
	out[INODE_DEPTH] = inode->tree.depth;
	out[INODE_BITS] = inode->bits;
	put_u32(out + INODE_NLINK, inode->nlink);
	put_u64(out + INODE_SIZE, inode->size);
	put_u64(out + INODE_ATIM, inode->atim);
	put_u64(out + INODE_MTIM, inode->mtim);
	put_u64(out + INODE_CTIM, inode->ctim);
	put_u64(out + INODE_PARENT, inode->parent);
	put_u64(out + INODE_COUNT, inode->count);
	volume_ref_encode(out + INODE_ROOT, &inode->tree.root);
	memcpy(out + INODE_TARGET, inode->target, sizeof inode->target);
}

/* A symlink's target stands in the record or in a block, never in both. */
static bool symlink_is_consistent(const struct volume_inode *n)
{
	if (n->size == 0 || n->size > VOLUME_LINK_MAX)
		return false;
	if (n->size > VOLUME_INODE_INLINE)
		return all_zero(n->target, sizeof n->target);
	return n->tree.root.block == 0 && n->tree.depth == 0 &&
	       all_zero(n->target + n->size, sizeof n->target - (size_t)n->size);
}

/* What is set in a record that has no use for it. */
static bool inode_is_consistent(const struct volume_inode *n)
{
	const bool directory = n->type == VOLUME_DIRECTORY;

	if (n->type >= VOLUME_TYPE_END || n->size > VOLUME_FILE_MAX ||
	    n->tree.depth > VOLUME_DEPTH_MAX)
		return false;
	if (!directory &&
	    (n->parent != 0 || n->count != 0 || n->bits != 0 || n->nlink > VOLUME_LINKS_MAX))
		return false;
	if (n->type == VOLUME_SYMLINK)
		return symlink_is_consistent(n);
	return all_zero(n->target, sizeof n->target);
}

/* Type 0: nothing but the number of the next free record. */
static bool free_is_consistent(const uint8_t in[VOLUME_INODE_SIZE])
{
	return all_zero(in, INODE_PARENT) &&
	       all_zero(in + INODE_COUNT, VOLUME_INODE_SIZE - INODE_COUNT);
}

enum err volume_inode_decode(struct volume_inode *inode, uint64_t ino,
			     const uint8_t in[VOLUME_INODE_SIZE])
{
	struct volume_inode n = {
		.type = in[INODE_TYPE],
		.nlink = get_u32(in + INODE_NLINK),
		.size = get_u64(in + INODE_SIZE),
		.atim = get_u64(in + INODE_ATIM),
		.mtim = get_u64(in + INODE_MTIM),
		.ctim = get_u64(in + INODE_CTIM),
		.parent = get_u64(in + INODE_PARENT),
		.count = get_u64(in + INODE_COUNT),
		.bits = in[INODE_BITS],
		.tree = {.ino = ino, .depth = in[INODE_DEPTH]},
	};

	volume_ref_decode(&n.tree.root, in + INODE_ROOT);
	memcpy(n.target, in + INODE_TARGET, sizeof n.target);
	const bool zeros =
		in[INODE_BITS + 1] == 0 && all_zero(in + INODE_END, INODE_TARGET - INODE_END);
	const bool consistent = n.type == 0 ? free_is_consistent(in) : inode_is_consistent(&n);

	if (!volume_holds(INODE_FIELDS, zeros && consistent))
		return E_VOLUME_FORMAT;
	*inode = n;
	return E_OK;
}
