/*
 * Who is held, and what lives on without a name because of it.
 * Trust: numbers come from the callers, who hold what they have looked up.
 * Invariant: an inode without a name is an entry of INO_ORPHANS; within a mount it is held.
 */
#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/wipe.h"
#include "volume/commit.h"
#include "volume/dir.h"
#include "volume/inode.h"
#include "volume/tree.h"

#define HOLDS_FIRST 64u /* a power of two */

enum err volume_names_init(struct volume *v)
{
	struct volume_names *n = heap_alloc(sizeof(*n));

	if (!n)
		return E_NOMEM;
	n->size = HOLDS_FIRST;
	n->holds = heap_alloc_array(n->size, sizeof(*n->holds));
	if (!n->holds) {
		heap_free(n);
		return E_NOMEM;
	}
	v->names = n;
	return E_OK;
}

void volume_names_fini(struct volume *v)
{
	if (!v->names)
		return;
	heap_free(v->names->holds);
	wipe(v->names, sizeof(*v->names));
	heap_free(v->names);
	v->names = NULL;
}

/* ---- the table of holds ---- */

static size_t hold_home(const struct volume_names *n, uint64_t ino)
{
	return (size_t)(ino * 0x9e3779b97f4a7c15u >> 32) & (n->size - 1);
}

/* Where the number stands, or where it belongs. */
static struct volume_hold *hold_find(const struct volume_names *n, uint64_t ino)
{
	size_t i = hold_home(n, ino);

	while (n->holds[i].ino != 0 && n->holds[i].ino != ino)
		i = (i + 1) & (n->size - 1);
	return &n->holds[i];
}

static enum err holds_grow(struct volume_names *n)
{
	const struct volume_names old = *n;
	struct volume_hold *holds = heap_alloc_array(old.size, 2 * sizeof(*holds));

	if (!holds)
		return E_NOMEM;
	n->holds = holds;
	n->size = 2 * old.size;
	for (size_t i = 0; i < old.size; i++) {
		if (old.holds[i].ino != 0)
			*hold_find(n, old.holds[i].ino) = old.holds[i];
	}
	heap_free(old.holds);
	return E_OK;
}

/* Takes a number out; those behind it that were pushed on by it move up. */
static void hold_remove(struct volume_names *n, struct volume_hold *h)
{
	const size_t mask = n->size - 1;
	size_t gap = (size_t)(h - n->holds);

	for (size_t i = (gap + 1) & mask; n->holds[i].ino != 0; i = (i + 1) & mask) {
		const size_t home = hold_home(n, n->holds[i].ino);

		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		n->holds[gap] = n->holds[i];
		gap = i;
	}
	n->holds[gap] = (struct volume_hold){0};
	n->used--;
}

bool volume_is_held(const struct volume *v, uint64_t ino)
{
	return hold_find(v->names, ino)->ino != 0;
}

static enum err hold_locked(struct volume *v, uint64_t ino)
{
	struct volume_names *n = v->names;
	struct volume_inode inode;
	enum err err = ino < VOLUME_ROOT ? E_NOT_FOUND : volume_inode_load(v, ino, &inode);

	if (!err && 2 * (n->used + 1) > n->size)
		err = holds_grow(n);
	if (err)
		return err;
	struct volume_hold *h = hold_find(n, ino);

	if (h->ino == 0) {
		h->ino = ino;
		n->used++;
	}
	h->count++;
	return E_OK;
}

enum err volume_hold(struct volume *v, uint64_t ino)
{
	mutex_lock(&v->lock);
	const enum err err = hold_locked(v, ino);

	mutex_unlock(&v->lock);
	return err;
}

/* ---- orphans ---- */

#define ORPHAN_DIGITS 16u

/* The number in hexadecimal, as an orphan's name. */
struct orphan_name {
	char text[ORPHAN_DIGITS];
};

static struct volume_name orphan_name_of(const struct volume *v, uint64_t ino,
					 struct orphan_name *name)
{
	for (unsigned i = 0; i < ORPHAN_DIGITS; i++)
		name->text[i] = "0123456789abcdef"[ino >> (4 * (ORPHAN_DIGITS - 1 - i)) & 15];
	return volume_name_of(v, name->text, ORPHAN_DIGITS);
}

enum err volume_orphan_cost(struct volume *v, uint64_t ino, uint32_t *blocks)
{
	struct volume_inode orphans;
	struct orphan_name text;
	const struct volume_name name = orphan_name_of(v, ino, &text);
	enum err err = volume_inode_load(v, INO_ORPHANS, &orphans);

	if (!err)
		err = volume_dir_insert_cost(v, &orphans, &name, blocks);
	if (!err)
		*blocks += volume_inode_cost(v, 1);
	return err;
}

enum err volume_orphan_add(struct volume *v, const struct volume_inode *inode)
{
	struct volume_inode orphans;
	struct orphan_name text;
	const struct volume_name name = orphan_name_of(v, inode->tree.ino, &text);
	enum err err = volume_inode_load(v, INO_ORPHANS, &orphans);

	if (!err)
		err = volume_dir_insert(v, &orphans, &name, inode->tree.ino,
					(enum volume_type)inode->type);
	return err ? err : volume_inode_store(v, &orphans);
}

/* Before anything is changed: an error leaves all as it was. */
static enum err orphan_prepare(struct volume *v, const struct volume_inode *orphans,
			       const struct volume_name *name)
{
	uint32_t blocks;
	enum err err = volume_dir_remove_cost(v, orphans, name, &blocks);

	if (!err)
		err = volume_change(v);
	return err ? err : volume_reserve(v, blocks + volume_inode_cost(v, 2), true);
}

static enum err orphan_free(struct volume *v, uint64_t ino)
{
	struct volume_inode inode, orphans;
	struct orphan_name text;
	const struct volume_name name = orphan_name_of(v, ino, &text);
	enum err err = volume_inode_load(v, ino, &inode);

	if (!err)
		err = volume_inode_load(v, INO_ORPHANS, &orphans);
	if (!err)
		err = inode.nlink == 0 ? orphan_prepare(v, &orphans, &name) : E_VOLUME_FORMAT;
	if (err)
		return err;
	err = volume_dir_remove(v, &orphans, &name);
	if (!err)
		err = volume_inode_store(v, &orphans);
	if (!err)
		err = volume_inode_free(v, &inode);
	return err ? volume_break(v, err) : E_OK;
}

/* What cannot be freed now is freed by the next mount. */
static void release_locked(struct volume *v, uint64_t ino)
{
	struct volume_hold *h = hold_find(v->names, ino);
	struct volume_inode inode;

	must(h->count > 0);
	if (--h->count > 0)
		return;
	hold_remove(v->names, h);
	if (volume_inode_load(v, ino, &inode) != E_OK || inode.nlink != 0)
		return;
	if (volume_balance(v) == E_OK)
		(void)orphan_free(v, ino);
}

void volume_release(struct volume *v, uint64_t ino)
{
	mutex_lock(&v->lock);
	release_locked(v, ino);
	mutex_unlock(&v->lock);
}

enum err volume_free_orphans(struct volume *v)
{
	struct volume_inode orphans;
	struct volume_entry entry;
	enum err err;

	for (;;) {
		err = volume_inode_load(v, INO_ORPHANS, &orphans);
		if (!err)
			err = volume_dir_next(v, &orphans, 0, &entry);
		if (err)
			break;
		err = orphan_free(v, entry.ino);
		if (!err)
			err = volume_balance(v);
		if (err)
			break;
	}
	return err == E_NOT_FOUND || err == E_NO_SPACE ? E_OK : err;
}
