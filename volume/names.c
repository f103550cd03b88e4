/*
 * Names: what directories say of files, and what operations on them do to both.
 * Trust: names and targets are the program's, and checked here; directories and inodes were
 * authenticated, yet a walk through parents is bounded.
 * Invariant: an operation reads and asks for room first; from its first change on an error breaks the
 * volume, so that no half of it is ever committed. A directory has two links and one for each
 * directory in it, its `parent` is where its name is; one without a name is its own parent.
 */
#include <string.h>

#include "base/err.h"
#include "volume/commit.h"
#include "volume/dir.h"
#include "volume/inode.h"
#include "volume/rule.h"
#include "volume/tree.h"

/* A directory, a name, and what it stands for. */
struct place {
	struct volume_inode dir;
	struct volume_name name;
	struct volume_entry entry;
	bool there;
	char text[VOLUME_NAME_MAX]; /* the name: nobody changes it while it is used */
};

/* ---- reading ---- */

static enum err dir_load(struct volume *v, uint64_t ino, struct volume_inode *dir)
{
	const enum err err = ino < VOLUME_ROOT ? E_NOT_FOUND : volume_inode_load(v, ino, dir);

	if (err)
		return err;
	return dir->type == VOLUME_DIRECTORY ? E_OK : E_NOT_DIRECTORY;
}

/* Looks a name up; E_OK whether it is there or not. */
static enum err place_find(struct volume *v, struct place *p, uint64_t dir, const char *name,
			   size_t size)
{
	if (size == 0 || size > sizeof(p->text))
		return E_INVALID;
	memcpy(p->text, name, size);
	if (!volume_name_is_valid(p->text, size))
		return E_INVALID;
	enum err err = dir_load(v, dir, &p->dir);

	if (err)
		return err;
	p->name = volume_name_of(v, p->text, size);
	err = volume_dir_find(v, &p->dir, &p->name, &p->entry);
	p->there = err == E_OK;
	return err == E_NOT_FOUND ? E_OK : err;
}

/* What the entry stands for. An entry without an inode contradicts itself. */
static enum err place_load(struct volume *v, const struct place *p, struct volume_inode *inode)
{
	const enum err err = volume_inode_load(v, p->entry.ino, inode);

	if (err)
		return err == E_NOT_FOUND ? E_VOLUME_FORMAT : err;
	return volume_holds(ENTRY_INODE, inode->type == p->entry.type && inode->nlink > 0)
		       ? E_OK
		       : E_VOLUME_FORMAT;
}

/* For a new name: its directory has a name itself, and the name is free. */
static enum err place_for_new(struct volume *v, struct place *p, uint64_t dir, const char *name,
			      size_t size)
{
	const enum err err = place_find(v, p, dir, name, size);

	if (err)
		return err;
	if (p->dir.nlink == 0)
		return E_NOT_FOUND;
	return p->there ? E_EXISTS : E_OK;
}

static enum err lookup_locked(struct volume *v, uint64_t dir, const char *name, size_t size,
			      uint64_t *ino, enum volume_type *type)
{
	struct place p;
	const enum err err = place_find(v, &p, dir, name, size);

	if (err)
		return err;
	if (!p.there)
		return E_NOT_FOUND;
	*ino = p.entry.ino;
	*type = p.entry.type;
	return E_OK;
}

enum err volume_lookup(struct volume *v, uint64_t dir, const char *name, size_t name_size,
		       uint64_t *ino, enum volume_type *type)
{
	mutex_lock(&v->lock);
	const enum err err = lookup_locked(v, dir, name, name_size, ino, type);

	mutex_unlock(&v->lock);
	return err;
}

enum err volume_parent(struct volume *v, uint64_t dir, uint64_t *parent)
{
	struct volume_inode inode;

	mutex_lock(&v->lock);
	const enum err err = dir_load(v, dir, &inode);

	mutex_unlock(&v->lock);
	if (!err)
		*parent = inode.parent;
	return err;
}

/* ---- changing ---- */

/* Last before the first change: `blocks` and `records` are what may become dirty. */
static enum err prepare(struct volume *v, uint32_t blocks, uint32_t records, bool freeing)
{
	const enum err err = volume_change(v);

	return err ? err : volume_reserve(v, blocks + volume_inode_cost(v, records), freeing);
}

static void touch(const struct volume *v, struct volume_inode *inode)
{
	inode->mtim = inode->ctim = volume_now(v);
}

/* Stores the directory and what was changed with it. */
static enum err store_both(struct volume *v, struct volume_inode *dir,
			   const struct volume_inode *inode)
{
	const enum err err = volume_inode_store(v, inode);

	touch(v, dir);
	return err ? err : volume_inode_store(v, dir);
}

static enum err place_insert(struct volume *v, struct place *p, const struct volume_inode *inode)
{
	if (inode->type == VOLUME_DIRECTORY)
		p->dir.nlink++;
	return volume_dir_insert(v, &p->dir, &p->name, inode->tree.ino,
				 (enum volume_type)inode->type);
}

/* A new inode under a new name; a symlink's target that needs a block is written with it. */
static enum err place_create(struct volume *v, struct place *p, struct volume_inode *inode,
			     const char *target)
{
	uint32_t blocks;
	uint8_t *block;
	enum err err = volume_dir_insert_cost(v, &p->dir, &p->name, &blocks);

	if (!err)
		err = prepare(v, blocks + (target != NULL), 2, false);
	if (err)
		return err;
	inode->atim = inode->mtim = inode->ctim = volume_now(v);
	err = volume_inode_new(v, inode);
	if (err)
		return err;
	if (target) {
		err = volume_tree_write(v, &inode->tree, 0, true, &block);
		if (!err)
			memcpy(block, target, (size_t)inode->size);
	}
	if (!err)
		err = place_insert(v, p, inode);
	if (!err)
		err = store_both(v, &p->dir, inode);
	return err ? volume_break(v, err) : E_OK;
}

static enum err create_locked(struct volume *v, uint64_t dir, const char *name, size_t size,
			      enum volume_type type, uint64_t *ino)
{
	const bool directory = type == VOLUME_DIRECTORY;
	struct volume_inode inode = {
		.type = (uint8_t)type,
		.nlink = directory ? 2 : 1,
		.parent = directory ? dir : 0,
	};
	struct place p;
	enum err err = type == VOLUME_FILE || directory ? E_OK : E_INVALID;

	if (!err)
		err = volume_balance(v);
	if (!err)
		err = place_for_new(v, &p, dir, name, size);
	if (!err)
		err = place_create(v, &p, &inode, NULL);
	if (!err)
		*ino = inode.tree.ino;
	return err;
}

enum err volume_create(struct volume *v, uint64_t dir, const char *name, size_t name_size,
		       enum volume_type type, uint64_t *ino)
{
	mutex_lock(&v->lock);
	const enum err err = create_locked(v, dir, name, name_size, type, ino);

	mutex_unlock(&v->lock);
	return err;
}

static enum err symlink_locked(struct volume *v, uint64_t dir, const char *name, size_t size,
			       const char *target, size_t target_size)
{
	struct volume_inode inode = {.type = VOLUME_SYMLINK, .nlink = 1, .size = target_size};
	const bool inside = target_size <= VOLUME_INODE_INLINE;
	struct place p;
	enum err err = target_size > 0 && target_size <= VOLUME_LINK_MAX ? E_OK : E_INVALID;

	if (!err && inside)
		memcpy(inode.target, target, target_size);
	if (!err)
		err = volume_balance(v);
	if (!err)
		err = place_for_new(v, &p, dir, name, size);
	return err ? err : place_create(v, &p, &inode, inside ? NULL : target);
}

enum err volume_symlink(struct volume *v, uint64_t dir, const char *name, size_t name_size,
			const char *target, size_t target_size)
{
	mutex_lock(&v->lock);
	const enum err err = symlink_locked(v, dir, name, name_size, target, target_size);

	mutex_unlock(&v->lock);
	return err;
}

static enum err readlink_locked(struct volume *v, uint64_t ino, char *buf, size_t size,
				size_t *done)
{
	struct volume_inode inode;
	const uint8_t *target = inode.target;
	enum err err = ino < VOLUME_ROOT ? E_NOT_FOUND : volume_inode_load(v, ino, &inode);

	if (!err && inode.type != VOLUME_SYMLINK)
		err = E_INVALID;
	if (!err && inode.size > VOLUME_INODE_INLINE)
		err = volume_tree_read(v, &inode.tree, 0, &target);
	if (err)
		return err;
	if (!target)
		return E_VOLUME_FORMAT;
	*done = inode.size < size ? (size_t)inode.size : size;
	if (*done > 0)
		memcpy(buf, target, *done);
	return E_OK;
}

enum err volume_readlink(struct volume *v, uint64_t ino, char *buf, size_t size, size_t *done)
{
	mutex_lock(&v->lock);
	const enum err err = readlink_locked(v, ino, buf, size, done);

	mutex_unlock(&v->lock);
	return err;
}

/* May one more name be given to it? */
static enum err link_check(struct volume *v, uint64_t ino, struct volume_inode *inode)
{
	const enum err err = ino < VOLUME_ROOT ? E_NOT_FOUND : volume_inode_load(v, ino, inode);

	if (err)
		return err;
	if (inode->type == VOLUME_DIRECTORY)
		return E_IS_DIRECTORY;
	if (inode->nlink == 0)
		return E_NOT_FOUND;
	return inode->nlink < VOLUME_LINKS_MAX ? E_OK : E_LINKS;
}

static enum err link_locked(struct volume *v, uint64_t ino, uint64_t dir, const char *name,
			    size_t size)
{
	struct volume_inode inode;
	struct place p;
	uint32_t blocks;
	enum err err = volume_balance(v);

	if (!err)
		err = place_for_new(v, &p, dir, name, size);
	if (!err)
		err = link_check(v, ino, &inode);
	if (!err)
		err = volume_dir_insert_cost(v, &p.dir, &p.name, &blocks);
	if (!err)
		err = prepare(v, blocks, 2, false);
	if (err)
		return err;
	inode.nlink++;
	inode.ctim = volume_now(v);
	err = place_insert(v, &p, &inode);
	if (!err)
		err = store_both(v, &p.dir, &inode);
	return err ? volume_break(v, err) : E_OK;
}

enum err volume_link(struct volume *v, uint64_t ino, uint64_t dir, const char *name,
		     size_t name_size)
{
	mutex_lock(&v->lock);
	const enum err err = link_locked(v, ino, dir, name, name_size);

	mutex_unlock(&v->lock);
	return err;
}

/* ---- removing ---- */

/* May it go, as a directory or as anything else? */
static enum err remove_check(const struct volume_inode *inode, bool as_directory)
{
	const bool directory = inode->type == VOLUME_DIRECTORY;

	if (directory != as_directory)
		return directory ? E_IS_DIRECTORY : E_NOT_DIRECTORY;
	return directory && inode->count > 0 ? E_NOT_EMPTY : E_OK;
}

/* How many blocks become dirty when it loses a name, besides records and the name's directory. */
static enum err drop_cost(struct volume *v, const struct volume_inode *inode, uint32_t *blocks)
{
	*blocks = 0;
	if (!volume_is_held(v, inode->tree.ino))
		return E_OK;
	return volume_orphan_cost(v, inode->tree.ino, blocks);
}

/* It lost a name. */
static enum err drop(struct volume *v, struct volume_inode *inode)
{
	inode->nlink--;
	inode->ctim = volume_now(v);
	if (inode->type == VOLUME_DIRECTORY) {
		inode->nlink = 0;
		inode->parent = inode->tree.ino;
	}
	if (inode->nlink == 0 && !volume_is_held(v, inode->tree.ino))
		return volume_inode_free(v, inode);
	const enum err err = volume_inode_store(v, inode);

	if (err || inode->nlink > 0)
		return err;
	return volume_orphan_add(v, inode);
}

static enum err remove_change(struct volume *v, struct place *p, struct volume_inode *inode)
{
	enum err err = volume_dir_remove(v, &p->dir, &p->name);

	if (inode->type == VOLUME_DIRECTORY)
		p->dir.nlink--;
	touch(v, &p->dir);
	if (!err)
		err = volume_inode_store(v, &p->dir);
	if (!err)
		err = drop(v, inode);
	return err ? volume_break(v, err) : E_OK;
}

static enum err remove_locked(struct volume *v, uint64_t dir, const char *name, size_t size,
			      bool as_directory)
{
	struct volume_inode inode;
	struct place p;
	uint32_t blocks, more;
	enum err err = volume_balance(v);

	if (!err)
		err = place_find(v, &p, dir, name, size);
	if (!err)
		err = p.there ? place_load(v, &p, &inode) : E_NOT_FOUND;
	if (!err)
		err = remove_check(&inode, as_directory);
	if (!err)
		err = volume_dir_remove_cost(v, &p.dir, &p.name, &blocks);
	if (!err)
		err = drop_cost(v, &inode, &more);
	if (!err)
		err = prepare(v, blocks + more, 2, true);
	return err ? err : remove_change(v, &p, &inode);
}

enum err volume_unlink(struct volume *v, uint64_t dir, const char *name, size_t name_size)
{
	mutex_lock(&v->lock);
	const enum err err = remove_locked(v, dir, name, name_size, false);

	mutex_unlock(&v->lock);
	return err;
}

enum err volume_rmdir(struct volume *v, uint64_t dir, const char *name, size_t name_size)
{
	mutex_lock(&v->lock);
	const enum err err = remove_locked(v, dir, name, name_size, true);

	mutex_unlock(&v->lock);
	return err;
}

/* ---- renaming ---- */

/* A rename under way. Both places may be in one directory: `to_dir` is where the second one's is. */
struct rename {
	struct place from, to;
	struct volume_inode *to_dir;
	struct volume_inode moved, over; /* over: if to.there */
};

/* Is the directory `dir` the one with the number `ino`, or below it? */
static enum err is_within(struct volume *v, const struct volume_inode *dir, uint64_t ino,
			  bool *within)
{
	struct volume_inode at;
	uint64_t number = dir->tree.ino, parent = dir->parent;

	*within = number == ino;
	for (uint64_t steps = 0; !*within && parent != number; steps++) {
		if (steps > v->super.inode_count)
			return E_VOLUME_FORMAT;
		number = parent;
		const enum err err = dir_load(v, number, &at);

		if (err)
			return err == E_NOT_FOUND || err == E_NOT_DIRECTORY ? E_VOLUME_FORMAT : err;
		parent = at.parent;
		*within = number == ino;
	}
	return E_OK;
}

/* As rename(2) has it, for two names that stand for two different files. */
static enum err rename_check(struct volume *v, struct rename *r)
{
	const bool directory = r->moved.type == VOLUME_DIRECTORY;
	bool within = false;
	enum err err = E_OK;

	if (r->to_dir->nlink == 0)
		return E_NOT_FOUND;
	if (directory)
		err = is_within(v, r->to_dir, r->moved.tree.ino, &within);
	if (err || within)
		return err ? err : E_INVALID;
	if (!r->to.there)
		return E_OK;
	err = place_load(v, &r->to, &r->over);
	if (!err && r->over.type == VOLUME_DIRECTORY)
		err = is_within(v, &r->from.dir, r->over.tree.ino, &within);
	if (err || within)
		return err ? err : E_NOT_EMPTY;
	return remove_check(&r->over, directory);
}

static enum err rename_cost(struct volume *v, struct rename *r, uint32_t *blocks)
{
	uint32_t from, to = 8, over = 0;
	enum err err = volume_dir_remove_cost(v, &r->from.dir, &r->from.name, &from);

	if (!err && !r->to.there)
		err = volume_dir_insert_cost(v, r->to_dir, &r->to.name, &to);
	if (!err && r->to.there)
		err = drop_cost(v, &r->over, &over);
	/* one directory: it grows first, so that its table counts twice at most */
	*blocks = from + 2 * to + over;
	return err;
}

/* The new name stands for it, the old one is gone; links of the directories change with it. */
static enum err rename_names(struct volume *v, struct rename *r)
{
	const enum volume_type type = (enum volume_type)r->moved.type;
	const uint64_t ino = r->moved.tree.ino;
	enum err err;

	if (r->to.there)
		err = volume_dir_replace(v, r->to_dir, &r->to.name, ino, type);
	else
		err = volume_dir_insert(v, r->to_dir, &r->to.name, ino, type);
	if (!err)
		err = volume_dir_remove(v, &r->from.dir, &r->from.name);
	if (type == VOLUME_DIRECTORY) {
		r->from.dir.nlink--;
		r->to_dir->nlink += !r->to.there;
	}
	return err;
}

static enum err rename_change(struct volume *v, struct rename *r)
{
	enum err err = rename_names(v, r);

	if (r->moved.type == VOLUME_DIRECTORY)
		r->moved.parent = r->to_dir->tree.ino;
	r->moved.ctim = volume_now(v);
	if (!err)
		err = store_both(v, &r->from.dir, &r->moved);
	touch(v, r->to_dir);
	if (!err && r->to_dir != &r->from.dir)
		err = volume_inode_store(v, r->to_dir);
	if (!err && r->to.there)
		err = drop(v, &r->over);
	return err ? volume_break(v, err) : E_OK;
}

static enum err rename_find(struct volume *v, struct rename *r, uint64_t dir, const char *name,
			    size_t size, uint64_t new_dir, const char *new_name, size_t new_size)
{
	enum err err = place_find(v, &r->from, dir, name, size);

	if (!err)
		err = place_find(v, &r->to, new_dir, new_name, new_size);
	if (!err)
		err = r->from.there ? place_load(v, &r->from, &r->moved) : E_NOT_FOUND;
	r->to_dir = dir == new_dir ? &r->from.dir : &r->to.dir;
	return err;
}

static enum err rename_locked(struct volume *v, struct rename *r)
{
	uint32_t blocks;

	if (r->to.there && r->to.entry.ino == r->moved.tree.ino)
		return E_OK;
	enum err err = rename_check(v, r);

	if (!err)
		err = rename_cost(v, r, &blocks);
	if (!err)
		err = prepare(v, blocks, 4, false);
	return err ? err : rename_change(v, r);
}

enum err volume_rename(struct volume *v, uint64_t dir, const char *name, size_t name_size,
		       uint64_t new_dir, const char *new_name, size_t new_name_size)
{
	struct rename r;

	mutex_lock(&v->lock);
	enum err err = volume_balance(v);

	if (!err)
		err = rename_find(v, &r, dir, name, name_size, new_dir, new_name, new_name_size);
	if (!err)
		err = rename_locked(v, &r);
	mutex_unlock(&v->lock);
	return err;
}
