/*
 * Names in the directories of the file system in memory: one hash table for all, and a list for each.
 * Trust: names are the guest's, of a form that wasi/fs.c has checked.
 * Invariant: an entry that was placed stands in the table and in the list of its directory.
 */
#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "wasi/fs_tmp_impl.h"

/* FNV-1a over directory and name: the program can only slow itself down. */
static uint32_t tmp_hash(const struct tmp_node *dir, struct name name)
{
	uint32_t h = 2166136261u ^ (uint32_t)dir->ino;

	for (size_t i = 0; i < name.size; i++)
		h = (h ^ (uint8_t)name.p[i]) * 16777619u;
	return h;
}

static struct tmp_entry **tmp_bucket(const struct tmp_fs *fs, uint32_t hash)
{
	return &fs->table[hash & (fs->table_size - 1)];
}

struct tmp_entry *tmp_find(const struct tmp_node *dir, struct name name)
{
	const uint32_t hash = tmp_hash(dir, name);
	struct tmp_entry *e = *tmp_bucket(dir->fs, hash);

	while (e && !(e->hash == hash && e->dir == dir && e->size == name.size &&
		      memcmp(e->name, name.p, name.size) == 0))
		e = e->hash_next;
	return e;
}

/* Twice as many buckets. Want of room only makes searching slower. */
static void tmp_table_grow(struct tmp_fs *fs)
{
	const size_t size = fs->table_size * 2;

	if (tmp_charge(fs, fs->table_size * sizeof(*fs->table)) != WASI_SUCCESS)
		return;

	struct tmp_entry **old = fs->table;
	struct tmp_entry **table = heap_alloc_array(size, sizeof(*table));

	if (!table) {
		tmp_give_back(fs, fs->table_size * sizeof(*fs->table));
		return;
	}
	const size_t old_size = fs->table_size;

	fs->table = table;
	fs->table_size = size;
	for (size_t i = 0; i < old_size; i++) {
		for (struct tmp_entry *e = old[i], *next; e; e = next) {
			struct tmp_entry **bucket = tmp_bucket(fs, e->hash);

			next = e->hash_next;
			e->hash_next = *bucket;
			*bucket = e;
		}
	}
	heap_free(old);
}

static size_t tmp_entry_size(size_t name_size)
{
	return sizeof(struct tmp_entry) + name_size;
}

enum wasi_errno tmp_entry_new(struct tmp_fs *fs, struct name name, struct tmp_entry **out)
{
	const size_t size = tmp_entry_size(name.size);
	const enum wasi_errno e = tmp_charge(fs, size);

	if (e != WASI_SUCCESS)
		return e;
	*out = heap_alloc(size);
	if (!*out) {
		tmp_give_back(fs, size);
		return WASI_NOMEM;
	}
	(*out)->size = (uint32_t)name.size;
	memcpy((*out)->name, name.p, name.size);
	return WASI_SUCCESS;
}

void tmp_entry_free(struct tmp_fs *fs, struct tmp_entry *e)
{
	const size_t size = tmp_entry_size(e->size);

	heap_free(e);
	tmp_give_back(fs, size);
}

void tmp_entry_place(struct tmp_entry *e, struct tmp_node *dir, struct tmp_node *node)
{
	struct tmp_fs *fs = dir->fs;

	e->dir = dir;
	e->node = node;
	e->seq = dir->next_seq++;
	e->hash = tmp_hash(dir, (struct name){e->name, e->size});
	e->hash_next = *tmp_bucket(fs, e->hash);
	*tmp_bucket(fs, e->hash) = e;
	e->prev = dir->last;
	if (dir->last)
		dir->last->next = e;
	else
		dir->first = e;
	dir->last = e;
	node->nlink++;
	if (node->node.type == WASI_TYPE_DIR) {
		node->above = dir;
		dir->nlink++;
	}
	dir->changed = true;
	if (++fs->entry_count > fs->table_size)
		tmp_table_grow(fs);
}

struct tmp_node *tmp_entry_take(struct tmp_entry *e)
{
	struct tmp_node *dir = e->dir, *node = e->node;
	struct tmp_entry **p = tmp_bucket(dir->fs, e->hash);

	while (*p != e)
		p = &(*p)->hash_next;
	*p = e->hash_next;
	if (e->prev)
		e->prev->next = e->next;
	else
		dir->first = e->next;
	if (e->next)
		e->next->prev = e->prev;
	else
		dir->last = e->prev;
	if (dir->hint == e)
		dir->hint = e->prev;
	dir->fs->entry_count--;
	node->nlink--;
	if (node->node.type == WASI_TYPE_DIR) {
		node->above = NULL;
		dir->nlink--;
	}
	dir->changed = true;
	tmp_entry_free(dir->fs, e);
	return node;
}
