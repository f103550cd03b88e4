/*
 * Trees of references, through the cache.
 *
 * What stands in a node of the cache is the truth about what is below it: a reference of zeros is a
 * hole; one to REF_PENDING is a block that was never written and is dirty in the cache; any other one
 * says where the block was written last, be there a newer version in the cache or not. The same
 * holds of a tree's root, but that a block that was never written has a root of zeros.
 *
 * Trust: nodes were authenticated when they came into the cache; a reference must lie among the
 * volume's blocks all the same.
 * Invariant: as in impl.h: ancestors of what is dirty are dirty. A node that holds REF_PENDING is
 * dirty, and no REF_PENDING is left in it when it is sealed.
 */
#include "volume/tree.h"

#include <string.h>

#include "base/heap.h"
#include "volume/cache.h"
#include "volume/commit.h"
#include "volume/inode.h"
#include "volume/map.h"
#include "volume/node.h"
#include "volume/rule.h"
#include "volume/seal.h"

#define AHEAD_RUN 4u /* blocks read in a row before what follows is announced */

/* Nodes that an operation may need besides the blocks that it asks for. */
#define RESERVE_NODES (2 * (VOLUME_DEPTH_MAX + 1))
/* Of the table of epochs, once in a mount. */
#define RESERVE_EPOCHS (VOLUME_DEPTH_MAX + 1)
/* Kept for what makes room: blocks. */
#define RESERVE_MIN 64u
#define RESERVE_MAX 4096u

/* ---- reading ---- */

/* Index of the block at `level` that stands above (or is) block `index` of a level below it. */
static uint64_t index_above(uint64_t index, unsigned levels)
{
	return index >> (VOLUME_FANOUT_SHIFT * levels);
}

/* E_OK also for a hole. */
static enum err tree_check_ref(const struct volume *v, const struct volume_ref *ref)
{
	static const struct volume_ref hole;

	if (ref->block == 0)
		return volume_holds(REF_HOLE, memcmp(ref, &hole, sizeof hole) == 0)
			       ? E_OK
			       : E_VOLUME_FORMAT;
	if (!volume_holds(REF_BOUNDS,
			  ref->block >= VOLUME_DATA_BLOCK && ref->block < v->super.block_count))
		return E_VOLUME_FORMAT;
	return E_OK;
}

/* Copies a block in, once, and opens it. */
static enum err tree_fetch(struct volume *v, const struct volume_place *place,
			   const struct volume_ref *ref, uint8_t *cipher, uint8_t *plain)
{
	const struct volume_device *d = &v->config.device;
	const uint64_t off = (uint64_t)ref->block * VOLUME_BLOCK_SIZE;
	enum err err = d->read(d->context, cipher, off, VOLUME_BLOCK_SIZE);

	if (!err)
		err = volume_open_block(v, place, ref, cipher, plain);
	if (err == E_VOLUME_BLOCK)
		v->usage.damaged++;
	return err;
}

/* A block that is not in the cache; *frame is NULL for a hole. */
static enum err tree_load(struct volume *v, const struct volume_place *place,
			  const struct volume_ref *ref, struct volume_frame **frame)
{
	struct volume_cache *c = v->cache;
	enum err err = tree_check_ref(v, ref);

	*frame = NULL;
	if (err || ref->block == 0)
		return err;
	struct volume_frame *f = volume_cache_take(c);

	if (!f)
		return E_NOMEM;
	err = tree_fetch(v, place, ref, c->cipher[place->ino == INO_EPOCHS], f->data);
	if (err) {
		volume_cache_put_back(c, f);
		return err;
	}
	volume_cache_insert_clean(c, f, place);
	*frame = f;
	return E_OK;
}

/* The block of the tree at this place, which the cache does not have: from its lowest ancestor down that
 * the cache has. */
static enum err tree_descend(struct volume *v, const struct volume_tree *tree,
			     const struct volume_place *place, struct volume_frame **frame)
{
	struct volume_place at = *place;
	struct volume_ref ref = tree->root;
	struct volume_frame *f = NULL;
	enum err err;

	while (!f && at.level < tree->depth) {
		at.level++;
		at.index = index_above(at.index, 1);
		f = volume_cache_find(v->cache, &at);
	}
	if (!f) {
		err = tree_load(v, &at, &ref, &f);
		if (err)
			return err;
	}
	while (f && at.level > place->level) {
		at.level--;
		at.index = index_above(place->index, at.level - place->level);
		volume_node_get(f, at.index, &ref);
		err = tree_load(v, &at, &ref, &f);
		if (err)
			return err;
	}
	*frame = f;
	return E_OK;
}

static bool tree_reaches(const struct volume_tree *tree, unsigned level, uint64_t index)
{
	return level <= tree->depth && index_above(index, tree->depth - level) == 0;
}

/* *frame is NULL for a hole. */
static enum err tree_find(struct volume *v, const struct volume_tree *tree, unsigned level,
			  uint64_t index, struct volume_frame **frame)
{
	const struct volume_place place = {tree->ino, index, (uint8_t)level};

	*frame = NULL;
	if (!tree_reaches(tree, level, index))
		return E_OK;
	*frame = volume_cache_find(v->cache, &place);
	return *frame ? E_OK : tree_descend(v, tree, &place, frame);
}

/* Announces what follows in the leaf of block `index`, which is in the cache, run by run. */
static void tree_announce(struct volume *v, const struct volume_frame *leaf, uint64_t index)
{
	const struct volume_device *d = &v->config.device;
	struct volume_ref ref;
	uint32_t first = 0, count = 0;

	for (uint64_t i = index + 1; i % VOLUME_FANOUT != 0; i++) {
		volume_node_get(leaf, i, &ref);
		if (count > 0 && ref.block == first + count) {
			count++;
			continue;
		}
		if (count > 1)
			break;
		first = ref.block;
		count = first >= VOLUME_DATA_BLOCK && first < v->super.block_count;
	}
	v->cache->ahead_end = index + 1 + count;
	if (count > 1)
		d->ahead(d->context, (uint64_t)first * VOLUME_BLOCK_SIZE,
			 (uint64_t)count * VOLUME_BLOCK_SIZE);
}

/* Block `index` of an object was missed: is somebody reading on? */
static void tree_ahead(struct volume *v, const struct volume_tree *tree, uint64_t index)
{
	struct volume_cache *c = v->cache;
	const struct volume_place leaf = {tree->ino, index_above(index, 1), 1};

	if (tree->ino != c->miss_ino || index != c->miss_index + 1) {
		c->miss_run = 0;
		c->ahead_end = 0;
	}
	c->miss_ino = tree->ino;
	c->miss_index = index;
	if (++c->miss_run < AHEAD_RUN || index < c->ahead_end || tree->depth == 0)
		return;
	const struct volume_frame *f = volume_cache_find(c, &leaf);

	if (f)
		tree_announce(v, f, index);
}

enum err volume_tree_read(struct volume *v, const struct volume_tree *tree, uint64_t index,
			  const uint8_t **block)
{
	const struct volume_place place = {tree->ino, index, 0};
	struct volume_frame *f = volume_cache_find(v->cache, &place);

	if (likely(f)) {
		v->usage.cache_hits++;
		*block = f->data;
		return E_OK;
	}
	const enum err err =
		tree_reaches(tree, 0, index) ? tree_descend(v, tree, &place, &f) : E_OK;

	if (err)
		return err;
	if (f) {
		v->usage.cache_misses++;
		if (v->config.device.ahead && tree->ino > INO_ORPHANS)
			tree_ahead(v, tree, index);
	}
	*block = f ? f->data : NULL;
	return E_OK;
}

/* ---- room ---- */

/* Blocks that a commit may need beyond those that are dirty: all of the map, the table of epochs. */
static uint64_t reserve_overhead(const struct volume *v, uint64_t more)
{
	const uint64_t per_block = VOLUME_BLOCK_SIZE * 8;
	const uint64_t map = ((uint64_t)v->super.block_count + more) / per_block + 2;

	return map + map / (VOLUME_FANOUT / 2) + VOLUME_DEPTH_MAX + RESERVE_EPOCHS;
}

static uint64_t reserve_kept(const struct volume *v)
{
	const uint64_t part = v->super.block_count / 64;

	return part < RESERVE_MIN ? RESERVE_MIN : part > RESERVE_MAX ? RESERVE_MAX : part;
}

/* Room for what is dirty, for `blocks` more and for `kept`. */
static enum err tree_room(struct volume *v, uint64_t blocks, uint64_t kept)
{
	const uint64_t more = v->cache->dirty_count + blocks + kept;
	const uint64_t all = more + reserve_overhead(v, more);

	return all > VOLUME_BLOCKS_MAX ? E_NO_SPACE : volume_map_ensure(v, (uint32_t)all);
}

enum err volume_reserve(struct volume *v, uint32_t blocks, bool freeing)
{
	const uint64_t nodes = blocks / (VOLUME_FANOUT / 2) + RESERVE_NODES;

	return tree_room(v, blocks + nodes, freeing ? 0 : reserve_kept(v));
}

enum err volume_balance(struct volume *v)
{
	const struct volume_cache *c = v->cache;

	return c->dirty_count > c->limit / 2 && !v->broken ? volume_flush(v) : E_OK;
}

/* ---- writing ---- */

/* What is to become dirty, found before anything changes. */
struct tree_change {
	struct volume_tree *tree;
	uint64_t index; /* of the block, at `level` */
	uint8_t level;
	uint8_t depth;					  /* that the tree is to have */
	bool old_top;					  /* the tree is not empty */
	bool old_dirty;					  /* its top is dirty */
	bool whole;					  /* its old content is of no interest */
	struct volume_frame *path[VOLUME_DEPTH_MAX + 1];  /* by level; NULL: to be made */
	struct volume_frame *spare[2 * VOLUME_DEPTH_MAX]; /* for what is to be made */
	size_t spares;
};

static bool is_system(uint64_t ino)
{
	return ino < INO_ORPHANS;
}

static struct volume_place change_place(const struct tree_change *t, unsigned level)
{
	return (struct volume_place){t->tree->ino, index_above(t->index, level - t->level),
				     (uint8_t)level};
}

static enum err change_set_depth(struct tree_change *t)
{
	unsigned depth = t->tree->depth;

	if (depth < t->level)
		depth = t->level;
	while (depth <= VOLUME_DEPTH_MAX && index_above(t->index, depth - t->level) != 0)
		depth++;
	if (depth > VOLUME_DEPTH_MAX)
		return E_FILE_SIZE;
	t->depth = (uint8_t)depth;
	return E_OK;
}

/* Reads the nodes above the block, and the block unless it is to be written whole. */
static enum err change_find(struct volume *v, struct tree_change *t)
{
	const struct volume_tree *tree = t->tree;
	const struct volume_place top = {tree->ino, 0, tree->depth};
	const struct volume_frame *f = volume_cache_find(v->cache, &top);

	t->old_top = tree->root.block != 0 || f;
	t->old_dirty = f && f->dirty;
	if (!tree_reaches(tree, t->level, t->index))
		return E_OK;
	for (unsigned level = tree->depth; level > t->level || (!t->whole && level == t->level);
	     level--) {
		const struct volume_place at = change_place(t, level);
		const enum err err = tree_find(v, tree, level, at.index, &t->path[level]);

		if (err || !t->path[level])
			return err;
		if (level == 0)
			return E_OK;
	}
	const struct volume_place at = change_place(t, t->level);

	t->path[t->level] = volume_cache_find(v->cache, &at);
	return E_OK;
}

/* Nodes that are made only to stand between the old top and the new one. */
static unsigned change_growth(const struct tree_change *t)
{
	unsigned n = 0;

	if (!t->old_top)
		return 0;
	for (unsigned level = t->tree->depth + 1u; level <= t->depth; level++)
		n += change_place(t, level).index != 0;
	return n;
}

/* Room on the disk and in memory for the change. */
static enum err change_prepare(struct volume *v, struct tree_change *t)
{
	unsigned made = change_growth(t), dirty = 0;
	enum err err = E_OK;

	for (unsigned level = t->level; level <= t->depth; level++) {
		made += !t->path[level];
		dirty += t->path[level] && !t->path[level]->dirty;
	}
	/* The record that holds the root will change when the top is written: it is dirty from now on, too. */
	if (!is_system(t->tree->ino) && !t->old_dirty)
		err = volume_object_set_root(v, t->tree->ino, &t->tree->root);
	/* Those two are part of what is kept free for a commit. */
	if (!err && t->tree->ino != INO_MAP && t->tree->ino != INO_EPOCHS)
		err = tree_room(v, made + dirty, 0);
	while (!err && t->spares < made) {
		t->spare[t->spares] = volume_cache_take(v->cache);
		if (t->spare[t->spares])
			t->spares++;
		else
			err = E_NOMEM;
	}
	while (err && t->spares > 0)
		volume_cache_put_back(v->cache, t->spare[--t->spares]);
	return err;
}

static struct volume_frame *change_make(struct volume *v, struct tree_change *t, unsigned level,
					uint64_t index)
{
	struct volume_frame *f = t->spare[--t->spares];
	const struct volume_place place = {t->tree->ino, index, (uint8_t)level};

	memset(f->data, 0, VOLUME_BLOCK_SIZE);
	volume_cache_insert_dirty(v->cache, f, &place);
	return f;
}

/* New nodes over the old top. */
static void change_grow(struct volume *v, struct tree_change *t)
{
	struct volume_ref ref = t->tree->root;

	for (unsigned level = t->tree->depth + 1u; level <= t->depth && t->old_top; level++) {
		struct volume_frame *f = change_make(v, t, level, 0);

		if (ref.block == 0)
			ref.block = REF_PENDING;
		volume_node_set(f, 0, &ref);
		if (change_place(t, level).index == 0)
			t->path[level] = f;
		ref = (struct volume_ref){0};
	}
	if (t->depth > t->tree->depth)
		t->tree->root = (struct volume_ref){0};
	t->tree->depth = t->depth;
}

static void change_do(struct volume *v, struct tree_change *t)
{
	change_grow(v, t);
	for (unsigned level = t->depth + 1u; level-- > t->level;) {
		const uint64_t index = change_place(t, level).index;
		struct volume_ref ref;

		if (t->path[level])
			volume_cache_make_dirty(v->cache, t->path[level]);
		else
			t->path[level] = change_make(v, t, level, index);
		if (level == t->depth)
			continue;
		volume_node_get(t->path[level + 1], index, &ref);
		if (ref.block == 0) {
			ref.block = REF_PENDING;
			volume_node_set(t->path[level + 1], index, &ref);
		}
	}
	must(t->spares == 0);
	v->changed = true;
}

/* Makes a block or node of the tree dirty, and what is above it. */
static enum err tree_touch(struct volume *v, struct volume_tree *tree, unsigned level,
			   uint64_t index, bool whole, struct volume_frame **frame)
{
	struct tree_change t = {
		.tree = tree, .index = index, .level = (uint8_t)level, .whole = whole};
	enum err err = change_set_depth(&t);

	if (!err)
		err = change_find(v, &t);
	if (!err)
		err = change_prepare(v, &t);
	if (err)
		return err;
	const bool made = !t.path[level]; /* of zeros */

	change_do(v, &t);
	*frame = t.path[level];
	if (whole && !made)
		memset((*frame)->data, 0, VOLUME_BLOCK_SIZE);
	return E_OK;
}

enum err volume_tree_write(struct volume *v, struct volume_tree *tree, uint64_t index, bool whole,
			   uint8_t **block)
{
	const struct volume_place place = {tree->ino, index, 0};
	struct volume_frame *f = volume_cache_find(v->cache, &place);

	enum err err = E_OK;

	if (f)
		v->usage.cache_hits++;
	if (!f || !f->dirty)
		err = tree_touch(v, tree, 0, index, whole, &f);
	else if (whole)
		memset(f->data, 0, VOLUME_BLOCK_SIZE);
	if (!err)
		*block = f->data;
	return err;
}

/* ---- cutting ---- */

/* Forgets a block, which is out of the tree from now on, and gives its place back. */
static enum err tree_drop(struct volume *v, const struct volume_place *place, uint32_t block)
{
	struct volume_frame *f = volume_cache_find(v->cache, place);

	if (block != 0 && block != REF_PENDING) {
		const enum err err = volume_map_give(v, block);

		if (err)
			return err;
	}
	if (f)
		volume_cache_drop(v->cache, f);
	return E_OK;
}

/* Where a walk is: at each level the node, the place it is written at, the slot to look at next. */
struct tree_walk {
	struct volume_place place;
	uint32_t block;
	uint32_t slot;
};

/* The next slot of a node that refers to something; false: none. */
static bool node_next(const struct volume_frame *f, uint32_t *slot, struct volume_ref *ref)
{
	for (; *slot < VOLUME_FANOUT; ++*slot) {
		volume_node_get(f, *slot, ref);
		if (ref->block != 0)
			return true;
	}
	return false;
}

/* Frees all below a leaf. */
static enum err tree_drop_leaf(struct volume *v, const struct volume_frame *leaf)
{
	struct volume_ref ref;
	enum err err = E_OK;

	for (uint32_t slot = 0; !err && node_next(leaf, &slot, &ref); slot++) {
		const struct volume_place at = {leaf->place.ino,
						leaf->place.index * VOLUME_FANOUT + slot, 0};

		err = tree_drop(v, &at, ref.block);
	}
	return err;
}

/*
 * Frees a block or node that stands at `block`, and all below it, from below. The path of the walk
 * is as deep as the tree; what it stands on is in the cache, or is fetched again.
 */
static enum err tree_drop_all(struct volume *v, const struct volume_tree *tree,
			      const struct volume_place *top, uint32_t block)
{
	struct tree_walk walk[VOLUME_DEPTH_MAX + 1], *w = &walk[top->level];
	struct volume_frame *f;
	struct volume_ref ref;

	*w = (struct tree_walk){*top, block, 0};
	for (;;) {
		enum err err = E_OK;

		if (w->place.level > 0) {
			err = tree_find(v, tree, w->place.level, w->place.index, &f);
			if (!err && !f)
				err = E_VOLUME_FORMAT;
		}
		if (err)
			return err;
		if (w->place.level > 1 && node_next(f, &w->slot, &ref)) {
			const struct volume_place at = {top->ino,
							w->place.index * VOLUME_FANOUT + w->slot++,
							(uint8_t)(w->place.level - 1)};

			*--w = (struct tree_walk){at, ref.block, 0};
			continue;
		}
		if (w->place.level == 1)
			err = tree_drop_leaf(v, f);
		if (!err)
			err = tree_drop(v, &w->place, w->block);
		if (err || w->place.level == top->level)
			return err;
		w++;
	}
}

/* Frees what is at or behind slot `slot` of a node, of which a part stays. */
static enum err tree_cut_node(struct volume *v, struct volume_tree *tree, unsigned level,
			      uint64_t index, uint32_t slot)
{
	static const struct volume_ref hole;
	struct volume_frame *f;
	struct volume_ref ref;
	enum err err = tree_find(v, tree, level, index, &f);

	if (err || !f || !node_next(f, &slot, &ref))
		return err;
	err = tree_touch(v, tree, level, index, false, &f);
	while (!err && node_next(f, &slot, &ref)) {
		const struct volume_place at = {tree->ino, index * VOLUME_FANOUT + slot,
						(uint8_t)(level - 1)};

		err = tree_drop_all(v, tree, &at, ref.block);
		volume_node_set(f, slot, &hole);
	}
	return err;
}

/* Takes nodes off the top while `count` blocks fit below their first slot. */
static enum err tree_lower(struct volume *v, struct volume_tree *tree, uint64_t count)
{
	while (tree->depth > 0 && index_above(count - 1, tree->depth - 1u) == 0) {
		const struct volume_place top = {tree->ino, 0, tree->depth};
		struct volume_ref ref = {0};
		struct volume_frame *f;
		enum err err = tree_find(v, tree, top.level, 0, &f);

		if (err)
			return err;
		if (!f) {
			tree->depth = 0;
			return E_OK;
		}
		volume_node_get(f, 0, &ref);
		err = tree_drop(v, &top, tree->root.block);
		if (err)
			return err;
		if (ref.block == REF_PENDING)
			ref = (struct volume_ref){0};
		tree->root = ref;
		tree->depth--;
		v->changed = true;
	}
	return E_OK;
}

static enum err tree_cut_all(struct volume *v, struct volume_tree *tree)
{
	const struct volume_place top = {tree->ino, 0, tree->depth};
	enum err err = E_OK;

	if (tree->root.block != 0 || volume_cache_find(v->cache, &top))
		err = tree_drop_all(v, tree, &top, tree->root.block);
	if (err)
		return err;
	tree->root = (struct volume_ref){0};
	tree->depth = 0;
	v->changed = true;
	return E_OK;
}

enum err volume_tree_cut(struct volume *v, struct volume_tree *tree, uint64_t count)
{
	uint64_t first = count; /* of a level: index of the first block that goes as a whole */
	enum err err = E_OK;

	if (count == 0)
		return tree_cut_all(v, tree);
	for (unsigned level = 1; !err && level <= tree->depth; level++) {
		const uint64_t node = first / VOLUME_FANOUT;
		const uint32_t slot = first % VOLUME_FANOUT;

		if (slot != 0)
			err = tree_cut_node(v, tree, level, node, slot);
		first = node + (slot != 0);
	}
	return err ? err : tree_lower(v, tree, count);
}

/* ---- visiting ---- */

struct tree_visit {
	enum err (*visit)(void *context, const struct volume_place *place, uint32_t block);
	void *context;
	bool read;
	/* By level: nodes are held while what is below them is visited. */
	struct volume_place place[VOLUME_DEPTH_MAX + 1];
	uint32_t slot[VOLUME_DEPTH_MAX + 1];
	uint8_t plain[VOLUME_DEPTH_MAX + 1][VOLUME_BLOCK_SIZE];
	uint8_t cipher[VOLUME_BLOCK_SIZE];
};

/* Opens a block from the disk, not from the cache, and tells of it. */
static enum err visit_block(struct volume *v, struct tree_visit *t, const struct volume_place *at,
			    const struct volume_ref *ref)
{
	enum err err = tree_check_ref(v, ref);

	if (err || ref->block == 0)
		return err;
	if (t->read || at->level > 0)
		err = tree_fetch(v, at, ref, t->cipher, t->plain[at->level]);
	t->place[at->level] = *at;
	t->slot[at->level] = 0;
	return err ? err : t->visit(t->context, at, ref->block);
}

static enum err visit_all(struct volume *v, struct tree_visit *t, const struct volume_tree *tree)
{
	struct volume_place at = {tree->ino, 0, tree->depth};
	struct volume_ref ref = tree->root;
	enum err err = visit_block(v, t, &at, &ref);
	unsigned level = at.level;

	if (ref.block == 0 || level == 0)
		return err;
	while (!err) {
		if (t->slot[level] == VOLUME_FANOUT) {
			if (level == tree->depth)
				return E_OK;
			level++;
			continue;
		}
		const uint32_t slot = t->slot[level]++;

		volume_ref_decode(&ref, &t->plain[level][slot * VOLUME_REF_SIZE]);
		at.index = t->place[level].index * VOLUME_FANOUT + slot;
		at.level = (uint8_t)(level - 1);
		err = visit_block(v, t, &at, &ref);
		if (at.level > 0 && ref.block != 0)
			level--;
	}
	return err;
}

enum err volume_tree_visit(struct volume *v, const struct volume_tree *tree, bool read,
			   enum err (*visit)(void *context, const struct volume_place *place,
					     uint32_t block),
			   void *context)
{
	struct tree_visit *t = heap_alloc(sizeof *t);

	if (!t)
		return E_NOMEM;
	t->visit = visit;
	t->context = context;
	t->read = read;
	const enum err err = visit_all(v, t, tree);

	volume_cache_wipe(t, sizeof *t);
	heap_free(t);
	return err;
}
