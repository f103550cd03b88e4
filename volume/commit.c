/*
 * The way out.
 *
 * A flush seals dirty blocks from the bottom up, sixty-four at a time: each gets a new place and a
 * reference in its parent, and when all of them are written they are clean and their old places
 * are given back. When the device fails, the sixty-four are as they were: the references are put back,
 * the new places given up; what was sealed is dropped, and is sealed under other counters next time.
 *
 * A commit flushes, and then writes the map, whose own blocks move by it: places are taken
 * and given until no more of its blocks change, only then they are filled in and sealed. Nothing
 * is known of the commit on the disk until its superblock is written, after a sync.
 *
 * Trust: nothing is read here but through tree.h. That a sync did what it says is believed: a host that
 * lies about it can lose commits, which is what it can do in any case by keeping an old file.
 * Invariant: no block that the last commit refers to is written over (map.h).
 */
#include "volume/commit.h"

#include <string.h>

#include "base/heap.h"
#include "crypto/sha256.h"
#include "volume/cache.h"
#include "volume/inode.h"
#include "volume/map.h"
#include "volume/node.h"
#include "volume/rule.h"
#include "volume/seal.h"
#include "volume/tree.h"

/* In which order objects go out: what holds the roots of others comes after them. */
enum out_class { OUT_FILES, OUT_TABLE, OUT_EPOCHS, OUT_MAP };

static enum out_class class_of(uint64_t ino)
{
	switch (ino) {
	case INO_TABLE:
		return OUT_TABLE;
	case INO_EPOCHS:
		return OUT_EPOCHS;
	case INO_MAP:
		return OUT_MAP;
	default:
		return OUT_FILES;
	}
}

enum err volume_change(struct volume *v)
{
	if (v->config.read_only)
		return E_READ_ONLY;
	return v->broken ? E_VOLUME_BROKEN : E_OK;
}

/* Where the superblock of a commit stands. */
static uint64_t super_offset(uint64_t sequence)
{
	return (VOLUME_SUPER_BLOCK + (sequence & 1)) * VOLUME_BLOCK_SIZE;
}

/* ---- the order ---- */

static bool frame_before(const struct volume_frame *a, const struct volume_frame *b)
{
	const struct volume_place *p = &a->place, *q = &b->place;
	const enum out_class c = class_of(p->ino), d = class_of(q->ino);

	if (c != d)
		return c < d;
	if (p->ino != q->ino)
		return p->ino < q->ino;
	return p->level != q->level ? p->level < q->level : p->index < q->index;
}

/* Of two sorted lists, by next alone. */
static struct volume_frame *frames_merge(struct volume_frame *a, struct volume_frame *b)
{
	struct volume_frame *first = NULL, **end = &first;

	while (a && b) {
		struct volume_frame **from = frame_before(b, a) ? &b : &a;

		*end = *from;
		end = &(*from)->next;
		*from = *end;
	}
	*end = a ? a : b;
	return first;
}

/* Sorts the dirty frames; run[i] is a sorted list of 2^i of them. */
static void frames_sort(struct volume_cache *c)
{
	struct volume_frame *run[32] = {0}, *all = NULL, *head = &c->dirty;

	for (struct volume_frame *f = head->next, *next; f != head; f = next) {
		size_t i = 0;

		next = f->next;
		f->next = NULL;
		for (; run[i]; i++) {
			f = frames_merge(run[i], f);
			run[i] = NULL;
		}
		run[i] = f;
	}
	for (size_t i = 0; i < COUNT_OF(run); i++)
		all = frames_merge(run[i], all);
	head->next = all ? all : head;
	for (struct volume_frame *f = head; f; f = f->next == head ? NULL : f->next) {
		if (!f->next)
			f->next = head;
		f->next->prev = f;
	}
}

/* ---- sixty-four blocks ---- */

static enum err out_find_old(struct volume *v, struct volume_out_item *item)
{
	const struct volume_place *p = &item->frame->place;
	const struct volume_place above = {p->ino, p->index / VOLUME_FANOUT,
					   (uint8_t)(p->level + 1)};
	struct volume_tree tree;

	item->parent = volume_cache_find(v->cache, &above);
	if (item->parent) {
		must(item->parent->dirty);
		volume_node_get(item->parent, p->index, &item->old);
		return E_OK;
	}
	const enum err err = volume_object_tree(v, p->ino, &tree);

	if (err)
		return err;
	must(p->index == 0 && p->level == tree.depth);
	item->old = tree.root;
	return E_OK;
}

/* The places of the map's blocks are settled before (map_place). */
static enum err out_take(struct volume *v, const struct volume_out_item *item, uint32_t *block)
{
	*block = item->frame->block;
	return *block != CACHE_NO_PLACE ? E_OK : volume_map_take(v, block);
}

static void out_give_new(struct volume *v, const struct volume_out_item *item)
{
	if (item->frame->block == CACHE_NO_PLACE)
		must(volume_map_give(v, item->new.block) == E_OK);
}

/* The place that a block had, if it had one and it was not given back before. Two references to it are a
 * contradiction that is seen here at the latest; there is no way back then. */
static enum err out_give_old(struct volume *v, const struct volume_out_item *item)
{
	const uint32_t block = item->old.block;

	if (item->frame->block != CACHE_NO_PLACE || block == 0 || block == REF_PENDING)
		return E_OK;
	const enum err err = volume_map_give(v, block);

	return err ? volume_break(v, err) : E_OK;
}

/* Seals a block and puts its new reference into its parent. */
static enum err out_seal(struct volume *v, struct volume_out_item *item, uint8_t *cipher)
{
	struct volume_frame *f = item->frame;
	enum err err = out_find_old(v, item);

	if (!err)
		err = out_take(v, item, &item->new.block);
	if (err)
		return err;
	err = volume_seal_block(v, &f->place, f->data, cipher, &item->new);
	if (err)
		out_give_new(v, item);
	else if (item->parent)
		volume_node_set(item->parent, f->place.index, &item->new);
	return err;
}

/* As if items [first, count) had not been sealed. */
static void out_undo(struct volume *v, size_t first, size_t count)
{
	while (count-- > first) {
		struct volume_out_item *item = &v->cache->out->items[count];

		if (item->parent)
			volume_node_set(item->parent, item->frame->place.index, &item->old);
		out_give_new(v, item);
	}
}

/* Writes what was sealed, blocks in a row at once. */
static enum err out_write(struct volume *v, size_t count)
{
	const struct volume_device *d = &v->config.device;
	const struct volume_out *out = v->cache->out;
	enum err err = E_OK;

	for (size_t i = 0, n; !err && i < count; i += n) {
		const uint32_t block = out->items[i].new.block;

		for (n = 1; i + n < count && out->items[i + n].new.block == block + n; n++)
			;
		err = d->write(d->context, out->cipher[i], (uint64_t)block * VOLUME_BLOCK_SIZE,
			       n * VOLUME_BLOCK_SIZE);
	}
	return err;
}

/* They are written: clean from now on. A frame is not touched again then, it may be evicted. */
static enum err out_finish(struct volume *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct volume_out_item *item = &v->cache->out->items[i];
		enum err err = E_OK;

		if (!item->parent)
			err = volume_object_set_root(v, item->frame->place.ino, &item->new);
		if (!err)
			err = out_give_old(v, item);
		if (err) {
			out_undo(v, i, count);
			return err;
		}
		volume_cache_make_clean(v->cache, item->frame);
		v->usage.blocks_written++;
	}
	return E_OK;
}

/* The first `count` dirty frames of the sorted list. */
static enum err out_chunk(struct volume *v, size_t count)
{
	struct volume_out *out = v->cache->out;
	struct volume_frame *f = v->cache->dirty.next;
	enum err err;

	for (size_t i = 0; i < count; i++, f = f->next) {
		out->items[i] = (struct volume_out_item){.frame = f};
		err = out_seal(v, &out->items[i], out->cipher[i]);
		if (err) {
			out_undo(v, 0, i);
			return err;
		}
	}
	err = out_write(v, count);
	if (err) {
		out_undo(v, 0, count);
		return err;
	}
	return out_finish(v, count);
}

/* All dirty blocks of classes up to this one. */
static enum err out_all(struct volume *v, enum out_class last)
{
	struct volume_cache *c = v->cache;
	enum err err = E_OK;

	frames_sort(c);
	while (!err) {
		const struct volume_frame *f = c->dirty.next;
		size_t count = 0;

		for (; count < CACHE_OUT && f != &c->dirty && class_of(f->place.ino) <= last;
		     f = f->next)
			count++;
		if (count == 0)
			break;
		err = out_chunk(v, count);
	}
	return err;
}

/*
 * The mount before may have ended between a superblock and its sync, or that sync may have failed. What was
 * read of it then came from the memory of the host, perhaps, and the disk has the commit before it, whose
 * blocks are free for this mount. So the superblock is written once more, as it is; a sync
 * alone would not do after one that failed, for then the host takes it for written.
 */
static enum err settle_write(struct volume *v)
{
	const struct volume_device *d = &v->config.device;
	uint8_t *sealed = v->cache->cipher[0], root[VOLUME_HASH_SIZE];
	const uint64_t off = super_offset(v->committed.sequence);
	const enum err err = d->read(d->context, sealed, off, VOLUME_BLOCK_SIZE);

	if (err)
		return err;
	sha256_digest(root, sealed, VOLUME_BLOCK_SIZE);
	if (!volume_holds(SUPER_AGAIN, memcmp(root, v->committed.root, VOLUME_HASH_SIZE) == 0))
		return E_VOLUME_SUPERBLOCK;
	return d->write(d->context, sealed, off, VOLUME_BLOCK_SIZE);
}

enum err volume_settle(struct volume *v)
{
	const struct volume_device *d = &v->config.device;
	enum err err = E_OK;

	if (v->settled)
		return E_OK;
	if (!v->config.read_only)
		err = settle_write(v);
	if (!err)
		err = d->sync(d->context);
	v->settled = !err;
	return err;
}

static enum err flush_all(struct volume *v)
{
	struct volume_cache *c = v->cache;
	enum err err;

	if (!c->out)
		c->out = heap_alloc(sizeof *c->out);
	if (!c->out)
		return E_NOMEM;
	err = volume_settle(v);
	if (!err)
		err = volume_seal_begin(v);
	if (!err)
		err = out_all(v, OUT_FILES);
	return err ? err : out_all(v, OUT_EPOCHS);
}

enum err volume_flush(struct volume *v)
{
	if (v->broken)
		return E_VOLUME_BROKEN;
	return v->cache->dirty_count > 0 ? flush_all(v) : E_OK;
}

/* ---- the map ---- */

/* A new place for a block of the map, and the old one back. The reference names the new one at once, so
 * that what drops the block gives that back. */
static enum err map_place(struct volume *v, struct volume_frame *f)
{
	struct volume_out_item item = {.frame = f};
	enum err err = out_find_old(v, &item);

	if (!err)
		err = volume_map_take(v, &item.new.block);
	if (!err)
		err = out_give_old(v, &item);
	if (err)
		return err;
	f->block = item.new.block;
	if (item.parent)
		volume_node_set(item.parent, f->place.index, &item.new);
	else
		v->super.map.root = item.new;
	return E_OK;
}

/* Makes the blocks dirty whose bits have changed; *more: there was one. */
static enum err map_touch(struct volume *v, bool *more)
{
	enum err err = E_OK;
	uint64_t index;

	for (uint64_t i = 0; !err && volume_map_next_changed(v, i, &index); i = index + 1) {
		const struct volume_place at = {INO_MAP, index, 0};
		const struct volume_frame *f = volume_cache_find(v->cache, &at);
		uint8_t *block;

		if (f && f->dirty)
			continue;
		err = volume_tree_write(v, &v->super.map, index, true, &block);
		*more = true;
	}
	return err;
}

/* Settles where the map goes. Every round moves blocks that did not move before, and there are only so
 * many. */
static enum err map_settle(struct volume *v)
{
	const struct volume_frame *head = &v->cache->dirty;
	enum err err = E_OK;

	for (bool more = true; !err && more;) {
		more = false;
		err = map_touch(v, &more);
		for (struct volume_frame *f = head->next; !err && f != head; f = f->next) {
			if (f->place.ino != INO_MAP || f->block != CACHE_NO_PLACE)
				continue;
			err = map_place(v, f);
			more = true;
		}
	}
	return err;
}

static enum err map_write(struct volume *v)
{
	const uint64_t per_block = VOLUME_BLOCK_SIZE * 8;
	const struct volume_frame *head = &v->cache->dirty;
	const uint64_t blocks = (volume_map_settle_end(v) + per_block - 1) / per_block;
	enum err err = volume_tree_cut(v, &v->super.map, blocks);

	if (err)
		return volume_break(v, err);
	err = map_settle(v);
	if (err)
		return err;
	for (const struct volume_frame *f = head->next; f != head; f = f->next) {
		if (f->place.level == 0)
			volume_map_encode(v, f->place.index, f->data);
	}
	return out_all(v, OUT_MAP);
}

/* ---- the commit ---- */

/* Everything but the superblock is on its way: makes it durable, then lets the superblock say so. */
static enum err commit_super(struct volume *v, const struct volume_super *next,
			     struct volume_state *state)
{
	const struct volume_device *d = &v->config.device;
	const struct volume_anchor *anchor = v->config.anchor;
	const uint64_t off = super_offset(next->sequence);
	uint8_t *sealed = v->cache->out->cipher[0];
	enum err err = volume_seal_super(v, next, sealed, state->root);

	state->sequence = next->sequence;
	if (err)
		return err;
	err = d->sync(d->context);
	if (!err)
		err = d->write(d->context, sealed, off, VOLUME_BLOCK_SIZE);
	if (!err)
		err = d->sync(d->context);
	if (!err && anchor)
		err = anchor->put(anchor->context, v->config.id, state);
	return err ? volume_break(v, err) : E_OK;
}

enum err volume_commit_locked(struct volume *v)
{
	struct volume_state state;
	enum err err;

	if (v->broken)
		return E_VOLUME_BROKEN;
	if (!v->changed)
		return E_OK;
	err = flush_all(v);
	if (!err)
		err = map_write(v);
	if (err)
		return err;
	const uint32_t old_count = v->super.block_count;
	struct volume_super next = v->super;

	next.sequence++;
	memcpy(next.parent, v->committed.root, VOLUME_HASH_SIZE);
	next.time = v->config.now(v->config.now_context);
	next.block_count = volume_map_settle_end(v);
	err = commit_super(v, &next, &state);
	if (err)
		return err;
	v->super = next;
	v->committed = state;
	volume_map_committed(v, old_count);
	v->changed = false;
	v->usage.commits++;
	return E_OK;
}
