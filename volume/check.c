/*
 * The full check: blocks against the map, records against each other. Directories: check_dir.c.
 * Trust: nothing is believed because it was authenticated: what our own code wrote wrongly is what is
 * looked for. Numbers are bounded before they index anything; memory is a few bits per block and a
 * few bytes per record of the table, whose number the blocks of the file bound.
 */
#include "volume/check.h"

#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "volume/check_impl.h"
#include "volume/inode.h"
#include "volume/map.h"
#include "volume/tree.h"

#define TABLE_RECORDS (VOLUME_BLOCK_SIZE / VOLUME_INODE_SIZE)
#define EPOCH_SALTS   (VOLUME_BLOCK_SIZE / VOLUME_SALT_SIZE)
#define MAP_BITS      (VOLUME_BLOCK_SIZE * 8u)

/* ---- sets, problems ---- */

enum err check_set_init(struct check_set *set, uint64_t count)
{
	set->bits = heap_alloc_array((size_t)(count / 8 + 1), 1);
	set->count = count;
	return set->bits ? E_OK : E_NOMEM;
}

void check_set_fini(struct check_set *set)
{
	heap_free(set->bits);
	set->bits = NULL;
}

bool check_set_has(const struct check_set *set, uint64_t number)
{
	return number < set->count && (set->bits[number / 8] >> (number % 8) & 1) != 0;
}

bool check_set_add(struct check_set *set, uint64_t number)
{
	if (number >= set->count || check_set_has(set, number))
		return false;
	set->bits[number / 8] |= (uint8_t)(1u << (number % 8));
	return true;
}

void check_problem(struct check *c, const char *what, uint64_t ino, uint64_t block)
{
	struct volume_check *r = c->result;

	if (r->problems++ > 0)
		return;
	r->what = what;
	r->ino = ino;
	r->block = block;
}

enum err check_error(struct check *c, enum err err, uint64_t ino, uint64_t block)
{
	if (err == E_VOLUME_BLOCK)
		check_problem(c, "a block is not what was written there", ino, block);
	else if (err == E_VOLUME_FORMAT)
		check_problem(c, "a record cannot be understood", ino, block);
	else
		return err;
	c->hidden = true;
	return E_OK;
}

enum err check_inode(struct check *c, uint64_t ino, struct volume_inode *inode)
{
	const enum err err = volume_inode_load(c->v, ino, inode);

	if (!err || err == E_NOT_FOUND)
		return err;
	const enum err end = check_error(c, err, ino, 0);

	return end ? end : E_NOT_FOUND;
}

/* ---- the blocks of an object ---- */

struct check_tree {
	struct check *c;
	uint64_t limit; /* blocks of data lie below it */
	uint64_t count; /* so many of them there are */
};

static enum err tree_block(void *context, const struct volume_place *place, uint32_t block)
{
	struct check_tree *t = context;
	struct check *c = t->c;

	c->result->blocks++;
	if (!check_set_add(&c->blocks, block))
		check_problem(c, "a block is referred to twice", place->ino, block);
	else if (!volume_map_used(c->v, block))
		check_problem(c, "a block that is referred to is free in the map", place->ino,
			      block);
	if (place->level == 0) {
		t->count++;
		if (place->index >= t->limit)
			check_problem(c, "there is a block beyond the end", place->ino, block);
	}
	if (c->progress)
		c->progress(c->context, c->result->blocks, c->v->super.used_count);
	return E_OK;
}

/* dense: there are no holes. */
static enum err tree_check(struct check *c, const struct volume_tree *tree, uint64_t limit,
			   bool dense)
{
	struct check_tree t = {.c = c, .limit = limit};
	const uint64_t problems = c->result->problems;
	const enum err err = volume_tree_visit(c->v, tree, true, tree_block, &t);

	if (err)
		return check_error(c, err, tree->ino, 0);
	if (dense && t.count != limit && problems == c->result->problems)
		check_problem(c, "a block is missing", tree->ino, 0);
	return E_OK;
}

static uint64_t round_up(uint64_t n, uint64_t unit)
{
	return n / unit + (n % unit != 0);
}

/* The bytes of the last block that are behind the end. */
static enum err tail_check(struct check *c, const struct volume_inode *inode)
{
	const size_t keep = inode->size % VOLUME_BLOCK_SIZE;
	const uint8_t *block;

	if (keep == 0)
		return E_OK;
	const enum err err =
		volume_tree_read(c->v, &inode->tree, inode->size / VOLUME_BLOCK_SIZE, &block);

	if (err)
		return check_error(c, err, inode->tree.ino, 0);
	for (size_t i = keep; block && i < VOLUME_BLOCK_SIZE; i++) {
		if (block[i] == 0)
			continue;
		check_problem(c, "there are bytes behind the end", inode->tree.ino, 0);
		break;
	}
	return E_OK;
}

static enum err system_check(struct check *c)
{
	const struct volume_super *s = &c->v->super;
	enum err err = tree_check(c, &s->epochs, round_up(s->epoch_count, EPOCH_SALTS), true);

	if (!err)
		err = tree_check(c, &s->map, round_up(s->block_count, MAP_BITS), false);
	if (!err)
		err = tree_check(c, &s->table, round_up(s->inode_count, TABLE_RECORDS), true);
	return err;
}

/* Every block that is in use is referred to. */
static void map_check(struct check *c)
{
	uint64_t used = VOLUME_DATA_BLOCK;

	for (uint32_t b = VOLUME_DATA_BLOCK; b < c->v->super.block_count; b++) {
		if (!volume_map_used(c->v, b))
			continue;
		used++;
		if (!c->hidden && !check_set_has(&c->blocks, b))
			check_problem(c, "a block is in use and nothing refers to it", 0, b);
	}
	if (used != c->v->super.used_count)
		check_problem(c, "the count of blocks in use is wrong", 0, 0);
}

/* ---- records ---- */

static enum err free_check(struct check *c)
{
	uint64_t ino = c->v->super.inode_free;
	const uint8_t *block;
	struct volume_inode inode;

	while (ino != 0) {
		if (ino < INO_FIRST || !check_set_add(&c->free, ino)) {
			check_problem(c, "the list of free records is not one", ino, 0);
			return E_OK;
		}
		enum err err =
			volume_tree_read(c->v, &c->v->super.table, ino / TABLE_RECORDS, &block);

		if (!err)
			err = block ? volume_inode_decode(&inode, ino,
							  block + ino % TABLE_RECORDS *
									  VOLUME_INODE_SIZE)
				    : E_VOLUME_FORMAT;
		if (err)
			return check_error(c, err, ino, 0);
		if (inode.type != 0) {
			check_problem(c, "a record in use is on the list of free ones", ino, 0);
			return E_OK;
		}
		ino = inode.parent;
	}
	return E_OK;
}

static enum err file_check(struct check *c, const struct volume_inode *file)
{
	const enum err err =
		tree_check(c, &file->tree, round_up(file->size, VOLUME_BLOCK_SIZE), false);

	c->result->files++;
	return err ? err : tail_check(c, file);
}

static enum err symlink_check(struct check *c, const struct volume_inode *link)
{
	const enum err err =
		tree_check(c, &link->tree, link->size > VOLUME_INODE_INLINE ? 1 : 0, true);

	c->result->symlinks++;
	if (err || link->size <= VOLUME_INODE_INLINE)
		return err;
	return tail_check(c, link);
}

static enum err directory_check(struct check *c, const struct volume_inode *dir)
{
	const enum err err = tree_check(c, &dir->tree, dir->size / VOLUME_BLOCK_SIZE, true);

	c->result->directories += dir->tree.ino != INO_ORPHANS;
	return err ? err : check_directory(c, dir);
}

/* The blocks of every record, and what every directory names. */
static enum err record_check(struct check *c, uint64_t ino)
{
	struct volume_inode inode;
	const enum err err = check_inode(c, ino, &inode);

	if (err == E_NOT_FOUND) {
		if (ino >= INO_FIRST && !c->hidden && !check_set_has(&c->free, ino))
			check_problem(c, "a free record is not on the list of these", ino, 0);
		return E_OK;
	}
	if (err)
		return err;
	switch (inode.type) {
	case VOLUME_DIRECTORY:
		return directory_check(c, &inode);
	case VOLUME_SYMLINK:
		return symlink_check(c, &inode);
	default:
		return file_check(c, &inode);
	}
}

/* ---- names, after all directories were read ---- */

static bool is_system(uint64_t ino)
{
	return ino == INO_ORPHANS || ino == VOLUME_ROOT;
}

static void names_check(struct check *c, const struct volume_inode *inode)
{
	const uint64_t ino = inode->tree.ino;
	const uint32_t names = c->names[ino];
	const bool orphan = check_set_has(&c->orphans, ino);

	if (is_system(ino)) {
		if (names != 0 || inode->parent != ino || inode->type != VOLUME_DIRECTORY)
			check_problem(c, "the root is not one", ino, 0);
		return;
	}
	c->result->orphans += orphan;
	if (orphan && (inode->nlink != 0 || names != 0))
		check_problem(c, "what has a name is listed as nameless", ino, 0);
	else if (!orphan && names == 0)
		check_problem(c, "no name leads to it", ino, 0);
	else if (inode->type == VOLUME_DIRECTORY ? names > 1 : names != inode->nlink)
		check_problem(c, "the count of its names is wrong", ino, 0);
	if (orphan && inode->type == VOLUME_DIRECTORY && (inode->parent != ino || inode->count))
		check_problem(c, "a directory without a name has a place", ino, 0);
}

/* Marks the way up from a directory to what is marked already; `marks` are for this way alone. */
static enum err way_mark(struct check *c, uint64_t *at, struct check_set *marks)
{
	struct volume_inode dir;
	enum err err = E_OK;

	while (!check_set_has(&c->rooted, *at) && check_set_add(marks, *at)) {
		err = check_inode(c, *at, &dir);
		if (err)
			break;
		*at = dir.parent;
	}
	return err == E_NOT_FOUND ? E_OK : err;
}

/*
 * Up through the parents to what is known to hang on the root; then the same way again, so that it is known
 * from then on. What stands in `walk` from other ways stands in `rooted` too.
 */
static enum err rooted_check(struct check *c, uint64_t ino, struct check_set *walk)
{
	uint64_t top = ino, end = ino;
	enum err err = way_mark(c, &top, walk);

	if (err)
		return err;
	if (!check_set_has(&c->rooted, top))
		check_problem(c, "a directory does not hang on the root", ino, 0);
	return way_mark(c, &end, &c->rooted);
}

static enum err names_check_all(struct check *c, struct check_set *walk)
{
	struct volume_inode inode;
	enum err err = E_OK;

	for (uint64_t ino = 0; ino < c->v->super.inode_count && !err; ino++) {
		err = check_inode(c, ino, &inode);
		if (err == E_NOT_FOUND) {
			if (is_system(ino) && !c->hidden)
				check_problem(c, "the root is missing", ino, 0);
			err = E_OK;
			continue;
		}
		if (err || c->hidden)
			continue;
		names_check(c, &inode);
		if (inode.type == VOLUME_DIRECTORY && !check_set_has(&c->orphans, ino))
			err = rooted_check(c, ino, walk);
	}
	return err;
}

/* ---- the whole ---- */

static void check_fini(struct check *c)
{
	check_set_fini(&c->blocks);
	check_set_fini(&c->free);
	check_set_fini(&c->orphans);
	check_set_fini(&c->rooted);
	heap_free(c->names);
}

static enum err check_init(struct check *c)
{
	const struct volume_super *s = &c->v->super;
	enum err err = check_set_init(&c->blocks, s->block_count);

	if (!err)
		err = check_set_init(&c->free, s->inode_count);
	if (!err)
		err = check_set_init(&c->orphans, s->inode_count);
	if (!err)
		err = check_set_init(&c->rooted, s->inode_count);
	c->names = err ? NULL : heap_alloc_array((size_t)s->inode_count, sizeof(*c->names));
	if (!err && !c->names)
		err = E_NOMEM;
	if (!err && !c->v->map)
		err = volume_map_load(c->v);
	if (!err)
		err = check_set_add(&c->rooted, VOLUME_ROOT) &&
				      check_set_add(&c->rooted, INO_ORPHANS)
			      ? E_OK
			      : E_VOLUME_FORMAT;
	return err;
}

static enum err check_run(struct check *c)
{
	struct check_set walk = {0};
	enum err err = system_check(c);

	if (!err)
		err = free_check(c);
	for (uint64_t ino = 0; ino < c->v->super.inode_count && !err; ino++)
		err = record_check(c, ino);
	if (!err)
		err = check_set_init(&walk, c->v->super.inode_count);
	if (!err)
		err = names_check_all(c, &walk);
	check_set_fini(&walk);
	if (!err)
		map_check(c);
	return err;
}

static enum err check_locked(struct volume *v, struct volume_check *result,
			     void (*progress)(void *context, uint64_t blocks, uint64_t of),
			     void *context)
{
	struct volume_check found = {0};
	struct check c = {.v = v, .result = &found, .progress = progress, .context = context};

	if (v->changed)
		return E_STATE;
	memset(v->names->recent, 0, sizeof(v->names->recent)); /* the table itself is asked */
	enum err err = check_init(&c);

	if (!err)
		err = check_run(&c);
	else
		err = check_error(&c, err, 0, 0);
	check_fini(&c);
	if (!err)
		*result = found;
	return err;
}

enum err volume_check(struct volume *v, struct volume_check *check,
		      void (*progress)(void *context, uint64_t blocks, uint64_t of), void *context)
{
	mutex_lock(&v->lock);
	const enum err err = check_locked(v, check, progress, context);

	mutex_unlock(&v->lock);
	return err;
}
