/*
 * A file system in the enclave's memory: names, directories and the life of nodes.
 * Trust: names and targets are the guest's, of a form that wasi/fs.c has checked; times are the
 * host's word. Nothing else comes from outside.
 * Invariant: every entry stands in the table, in the list of its directory, and holds one reference to
 * its node; a node is freed with its last reference, the file system with its root. One lock is held
 * over each operation, never over a host call.
 */
#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "wasi/fs_tmp_impl.h"

#define TMP_TABLE_FIRST 64
#define TMP_COOKIE_SELF 0u
#define TMP_COOKIE_UP	1u
#define TMP_COOKIE_REST 2u

static const struct fs_ops g_tmp_ops;

enum wasi_errno tmp_charge(struct tmp_fs *fs, uint64_t size)
{
	if (size > fs->limit - fs->used)
		return WASI_NOSPC;
	fs->used += size;
	return WASI_SUCCESS;
}

void tmp_give_back(struct tmp_fs *fs, uint64_t size)
{
	must(size <= fs->used);
	fs->used -= size;
}

static struct tmp_node *tmp_of(struct fs_node *node)
{
	return (struct tmp_node *)node;
}

/* ---- time ---- */

/* The host's time, asked for outside of the lock; 0 when it does not say. */
static uint64_t tmp_clock(void)
{
	uint64_t ns;

	return hostcall_clock(HOST_CLOCK_REALTIME, &ns) == HOST_SUCCESS ? ns : 0;
}

/* The time of a change: no earlier than that of any change before. */
static uint64_t tmp_time(struct tmp_fs *fs, uint64_t now)
{
	if (now > fs->last_time)
		fs->last_time = now;
	return fs->last_time;
}

/* If the bytes changed since the last look, they did so now. Takes the lock; `n` is referenced. */
static void tmp_settle(struct tmp_node *n)
{
	mutex_lock(&n->fs->lock);
	const bool changed = n->changed;

	mutex_unlock(&n->fs->lock);
	if (!changed)
		return;

	const uint64_t now = tmp_clock();

	mutex_lock(&n->fs->lock);
	if (n->changed)
		n->mtim = n->ctim = tmp_time(n->fs, now);
	n->changed = false;
	mutex_unlock(&n->fs->lock);
}

/* ---- nodes ---- */

static enum wasi_errno tmp_node_new(struct tmp_fs *fs, const struct fs_node *like,
				    enum wasi_filetype type, uint64_t now, struct tmp_node **out)
{
	enum wasi_errno e = fs->node_count < FS_TMP_NODES_MAX ? WASI_SUCCESS : WASI_NOSPC;

	if (e == WASI_SUCCESS)
		e = tmp_charge(fs, sizeof(struct tmp_node));
	if (e != WASI_SUCCESS)
		return e;

	struct tmp_node *n = heap_alloc(sizeof(*n));

	if (!n) {
		tmp_give_back(fs, sizeof(*n));
		return WASI_NOMEM;
	}
	fs_node_init(&n->node, &g_tmp_ops, type, false);
	n->node.read_only = like->read_only;
	n->node.mount = like->mount;
	n->fs = fs;
	n->ino = ++fs->last_ino;
	n->next_seq = TMP_COOKIE_REST;
	n->atim = n->mtim = n->ctim = tmp_time(fs, now);
	fs->node_count++;
	*out = n;
	return WASI_SUCCESS;
}

/* Frees what no reference leads to any more; not the root. */
static void tmp_node_free(struct tmp_node *n)
{
	struct tmp_fs *fs = n->fs;

	tmp_data_free(n);
	if (n->target) {
		heap_free(n->target);
		tmp_give_back(fs, n->size);
	}
	heap_free(n);
	tmp_give_back(fs, sizeof(*n));
	fs->node_count--;
}

/* Under the lock: one reference less. */
static void tmp_node_drop(struct tmp_node *n)
{
	if (atomic_fetch_sub_explicit(&n->node.refs, 1, memory_order_acq_rel) == 1)
		tmp_node_free(n);
}

/* ---- making ---- */

/* Is it in the tree? Nothing can be made in a directory that was removed. */
static bool tmp_dir_alive(const struct tmp_node *dir)
{
	return dir->above != NULL;
}

/* A new node under a new name. *out without a reference of its own. */
static enum wasi_errno tmp_make(struct tmp_node *dir, struct name name, enum wasi_filetype type,
				uint64_t now, struct tmp_node **out)
{
	struct tmp_entry *entry;
	struct tmp_node *n;

	if (!tmp_dir_alive(dir))
		return WASI_NOENT;
	if (tmp_find(dir, name))
		return WASI_EXIST;
	enum wasi_errno e = tmp_entry_new(dir->fs, name, &entry);

	if (e != WASI_SUCCESS)
		return e;
	e = tmp_node_new(dir->fs, &dir->node, type, now, &n);
	if (e != WASI_SUCCESS) {
		tmp_entry_free(dir->fs, entry);
		return e;
	}
	n->nlink = type == WASI_TYPE_DIR; /* itself, as "." */
	tmp_entry_place(entry, dir, n);
	*out = n;
	return WASI_SUCCESS;
}

/* ---- operations ---- */

/* The root goes last: everything that is left hangs on its table. */
static void tmp_fs_free(struct tmp_node *root)
{
	struct tmp_fs *fs = root->fs;

	for (size_t i = 0; i < fs->table_size; i++) {
		while (fs->table[i]) {
			struct tmp_entry *e = fs->table[i];

			fs->table[i] = e->hash_next;
			tmp_node_drop(e->node);
			tmp_entry_free(fs, e);
		}
	}
	heap_free(fs->table);
	heap_free(root);
	heap_free(fs);
}

static void tmp_close(struct fs_node *node)
{
	struct tmp_node *n = tmp_of(node);
	struct tmp_fs *fs = n->fs;

	if (n->above == n) {
		tmp_fs_free(n);
		return;
	}
	mutex_lock(&fs->lock);
	tmp_node_free(n);
	mutex_unlock(&fs->lock);
}

static void tmp_describe(const struct tmp_node *n, struct wasi_filestat *st)
{
	*st = (struct wasi_filestat){
		.dev = n->node.mount,
		.ino = n->ino,
		.type = (uint8_t)n->node.type,
		.nlink = n->nlink,
		.size = n->size,
		.atim = n->atim,
		.mtim = n->mtim,
		.ctim = n->ctim,
	};
}

static enum wasi_errno tmp_stat(struct fs_node *node, struct wasi_filestat *st)
{
	struct tmp_node *n = tmp_of(node);

	tmp_settle(n);
	mutex_lock(&n->fs->lock);
	tmp_describe(n, st);
	mutex_unlock(&n->fs->lock);
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_set_times(struct fs_node *node, const struct fs_times *times)
{
	struct tmp_node *n = tmp_of(node);
	const uint64_t clock = tmp_clock();

	tmp_settle(n);
	mutex_lock(&n->fs->lock);
	const uint64_t now = tmp_time(n->fs, clock);

	if (times->flags & (WASI_TIME_ATIM | WASI_TIME_ATIM_NOW))
		n->atim = times->flags & WASI_TIME_ATIM ? times->atim : now;
	if (times->flags & (WASI_TIME_MTIM | WASI_TIME_MTIM_NOW))
		n->mtim = times->flags & WASI_TIME_MTIM ? times->mtim : now;
	n->ctim = now;
	mutex_unlock(&n->fs->lock);
	return WASI_SUCCESS;
}

/* Appending, non-blocking and synchronous writing are all one in memory. */
static enum wasi_errno tmp_set_flags(struct fs_node *node, uint32_t fdflags)
{
	(void)node;
	(void)fdflags;
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_sync(struct fs_node *node, bool data_only)
{
	(void)node;
	(void)data_only;
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_flush(struct fs_node *node)
{
	tmp_settle(tmp_of(node));
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
				size_t *done)
{
	struct tmp_node *n = tmp_of(node);

	mutex_lock(&n->fs->lock);
	const enum wasi_errno e = tmp_data_read(n, buf, size, off, done);

	mutex_unlock(&n->fs->lock);
	return e;
}

static enum wasi_errno tmp_write(struct fs_node *node, const void *buf, size_t size, uint64_t off,
				 size_t *done)
{
	struct tmp_node *n = tmp_of(node);

	mutex_lock(&n->fs->lock);
	const enum wasi_errno e =
		tmp_data_write(n, buf, size, off == FS_OFFSET_END ? n->size : off, done);

	n->changed = n->changed || (e == WASI_SUCCESS && *done != 0);
	mutex_unlock(&n->fs->lock);
	return e;
}

static enum wasi_errno tmp_set_size(struct fs_node *node, uint64_t size)
{
	struct tmp_node *n = tmp_of(node);

	mutex_lock(&n->fs->lock);
	const enum wasi_errno e = tmp_data_resize(n, size);

	n->changed = n->changed || e == WASI_SUCCESS;
	mutex_unlock(&n->fs->lock);
	return e;
}

static enum wasi_errno tmp_allocate(struct fs_node *node, uint64_t off, uint64_t len)
{
	struct tmp_node *n = tmp_of(node);

	mutex_lock(&n->fs->lock);
	const enum wasi_errno e = tmp_data_allocate(n, off, len);

	n->changed = n->changed || e == WASI_SUCCESS;
	mutex_unlock(&n->fs->lock);
	return e;
}

/* May what is there be opened so? */
static enum wasi_errno tmp_open_check(const struct tmp_node *n, uint32_t flags)
{
	const uint32_t changing = FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNC;

	if (flags & FS_OPEN_EXCL)
		return WASI_EXIST;
	if (n->node.type == WASI_TYPE_LINK)
		return WASI_LOOP;
	if (n->node.type == WASI_TYPE_DIR)
		return flags & changing ? WASI_ISDIR : WASI_SUCCESS;
	return flags & FS_OPEN_DIR ? WASI_NOTDIR : WASI_SUCCESS;
}

static enum wasi_errno tmp_open_locked(struct tmp_node *dir, struct name name, uint32_t flags,
				       uint64_t now, struct tmp_node **out)
{
	const struct tmp_entry *entry = tmp_find(dir, name);
	enum wasi_errno e;

	if (!entry && !(flags & FS_OPEN_CREATE))
		return WASI_NOENT;
	if (!entry) {
		e = tmp_make(dir, name, WASI_TYPE_FILE, now, out);
	} else {
		*out = entry->node;
		e = tmp_open_check(*out, flags);
	}
	if (e != WASI_SUCCESS)
		return e;
	if (flags & FS_OPEN_TRUNC) {
		e = tmp_data_resize(*out, 0);
		(*out)->changed = true;
	}
	if (e == WASI_SUCCESS)
		(void)fs_node_get(&(*out)->node);
	return e;
}

static enum wasi_errno tmp_open(struct fs_node *dir, struct name name, uint32_t flags,
				uint32_t fdflags, struct fs_node **node)
{
	struct tmp_node *d = tmp_of(dir), *n;
	const uint64_t now = flags & FS_OPEN_CREATE ? tmp_clock() : 0;

	(void)fdflags;
	mutex_lock(&d->fs->lock);
	const enum wasi_errno e = tmp_open_locked(d, name, flags, now, &n);

	mutex_unlock(&d->fs->lock);
	if (e == WASI_SUCCESS)
		*node = &n->node;
	return e;
}

/* A reference to what has the name, or NULL. */
static struct tmp_node *tmp_get(struct tmp_node *dir, struct name name)
{
	mutex_lock(&dir->fs->lock);
	const struct tmp_entry *e = tmp_find(dir, name);
	struct tmp_node *n = e ? e->node : NULL;

	if (n)
		(void)fs_node_get(&n->node);
	mutex_unlock(&dir->fs->lock);
	return n;
}

static enum wasi_errno tmp_stat_at(struct fs_node *dir, struct name name, struct wasi_filestat *st)
{
	struct tmp_node *n = tmp_get(tmp_of(dir), name);

	if (!n)
		return WASI_NOENT;
	const enum wasi_errno e = tmp_stat(&n->node, st);

	fs_node_put(&n->node);
	return e;
}

static enum wasi_errno tmp_set_times_at(struct fs_node *dir, struct name name,
					const struct fs_times *times)
{
	struct tmp_node *n = tmp_get(tmp_of(dir), name);

	if (!n)
		return WASI_NOENT;
	const enum wasi_errno e = tmp_set_times(&n->node, times);

	fs_node_put(&n->node);
	return e;
}

/* The first entry from `cookie` on. */
static struct tmp_entry *tmp_entry_from(const struct tmp_node *dir, uint64_t cookie)
{
	struct tmp_entry *e = dir->first;

	if (dir->hint && dir->hint->seq <= cookie)
		e = dir->hint;
	while (e && e->seq < cookie)
		e = e->next;
	return e;
}

static bool tmp_list_one(struct fs_dirent_sink *sink, uint64_t cookie, const struct tmp_node *n,
			 struct name name)
{
	const struct fs_dirent entry = {
		.ino = n->ino, .next = cookie + 1, .type = n->node.type, .name = name};

	return sink->take(sink, &entry);
}

/* A directory that was removed is its own parent, for want of another. */
static void tmp_list(struct tmp_node *dir, uint64_t cookie, struct fs_dirent_sink *sink)
{
	const struct tmp_node *up = dir->above ? dir->above : dir;

	if (cookie <= TMP_COOKIE_SELF &&
	    !tmp_list_one(sink, TMP_COOKIE_SELF, dir, (struct name){".", 1}))
		return;
	if (cookie <= TMP_COOKIE_UP &&
	    !tmp_list_one(sink, TMP_COOKIE_UP, up, (struct name){"..", 2}))
		return;
	for (struct tmp_entry *e = tmp_entry_from(dir, cookie); e; e = e->next) {
		dir->hint = e;
		if (!tmp_list_one(sink, e->seq, e->node, (struct name){e->name, e->size}))
			return;
	}
}

static enum wasi_errno tmp_readdir(struct fs_node *dir, uint64_t cookie,
				   struct fs_dirent_sink *sink)
{
	struct tmp_node *d = tmp_of(dir);

	mutex_lock(&d->fs->lock);
	tmp_list(d, cookie, sink);
	mutex_unlock(&d->fs->lock);
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_readlink(struct fs_node *dir, struct name name, char *buf, size_t size,
				    size_t *done)
{
	struct tmp_node *n = tmp_get(tmp_of(dir), name);

	if (!n)
		return WASI_NOENT;
	const bool link = n->node.type == WASI_TYPE_LINK;

	if (link) { /* a target never changes */
		*done = n->size < size ? (size_t)n->size : size;
		memcpy(buf, n->target, *done);
	}
	fs_node_put(&n->node);
	return link ? WASI_SUCCESS : WASI_INVAL;
}

static enum wasi_errno tmp_mkdir(struct fs_node *dir, struct name name)
{
	struct tmp_node *d = tmp_of(dir), *n;
	const uint64_t now = tmp_clock();

	mutex_lock(&d->fs->lock);
	const enum wasi_errno e = tmp_make(d, name, WASI_TYPE_DIR, now, &n);

	mutex_unlock(&d->fs->lock);
	return e;
}

/* May it go: as a file, or as an empty directory? */
static enum wasi_errno tmp_remove_check(const struct tmp_node *n, bool as_dir)
{
	const bool dir = n->node.type == WASI_TYPE_DIR;

	if (dir != as_dir)
		return dir ? WASI_ISDIR : WASI_NOTDIR;
	return dir && n->first ? WASI_NOTEMPTY : WASI_SUCCESS;
}

static void tmp_entry_remove(struct tmp_entry *entry)
{
	struct tmp_node *n = tmp_entry_take(entry);

	if (n->node.type == WASI_TYPE_DIR)
		n->nlink = 0;
	tmp_node_drop(n);
}

static enum wasi_errno tmp_remove(struct fs_node *dir, struct name name, bool as_dir)
{
	struct tmp_node *d = tmp_of(dir);

	mutex_lock(&d->fs->lock);
	struct tmp_entry *entry = tmp_find(d, name);
	const enum wasi_errno e = entry ? tmp_remove_check(entry->node, as_dir) : WASI_NOENT;

	if (e == WASI_SUCCESS)
		tmp_entry_remove(entry);
	mutex_unlock(&d->fs->lock);
	return e;
}

static enum wasi_errno tmp_unlink(struct fs_node *dir, struct name name)
{
	return tmp_remove(dir, name, false);
}

static enum wasi_errno tmp_rmdir(struct fs_node *dir, struct name name)
{
	return tmp_remove(dir, name, true);
}

/* Is `dir` the directory n, or below it? */
static bool tmp_is_within(const struct tmp_node *dir, const struct tmp_node *n)
{
	while (dir != n && dir->above && dir->above != dir)
		dir = dir->above;
	return dir == n;
}

/* May `old` take the place of `over` (NULL: nothing is there) in `dir`? */
static enum wasi_errno tmp_rename_check(const struct tmp_entry *old, const struct tmp_node *dir,
					const struct tmp_entry *over)
{
	const bool is_dir = old->node->node.type == WASI_TYPE_DIR;

	if (!tmp_dir_alive(dir))
		return WASI_NOENT;
	if (is_dir && tmp_is_within(dir, old->node))
		return WASI_INVAL;
	if (over && tmp_is_within(old->dir, over->node))
		return WASI_NOTEMPTY;
	return over ? tmp_remove_check(over->node, is_dir) : WASI_SUCCESS;
}

static enum wasi_errno tmp_rename_locked(struct tmp_node *dir, struct name name,
					 struct tmp_node *new_dir, struct name new_name)
{
	struct tmp_entry *old = tmp_find(dir, name), *over = tmp_find(new_dir, new_name), *placed;

	if (!old)
		return WASI_NOENT;
	if (over && over->node == old->node) /* two names of one file: nothing happens (POSIX) */
		return WASI_SUCCESS;
	enum wasi_errno e = tmp_rename_check(old, new_dir, over);

	if (e == WASI_SUCCESS)
		e = tmp_entry_new(dir->fs, new_name, &placed);
	if (e != WASI_SUCCESS)
		return e;
	if (over)
		tmp_entry_remove(over);
	tmp_entry_place(placed, new_dir, tmp_entry_take(old));
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_rename(struct fs_node *dir, struct name name, struct fs_node *new_dir,
				  struct name new_name)
{
	struct tmp_node *d = tmp_of(dir);

	mutex_lock(&d->fs->lock);
	const enum wasi_errno e = tmp_rename_locked(d, name, tmp_of(new_dir), new_name);

	mutex_unlock(&d->fs->lock);
	return e;
}

static enum wasi_errno tmp_link_locked(const struct tmp_node *dir, struct name name,
				       struct tmp_node *new_dir, struct name new_name)
{
	struct tmp_entry *old = tmp_find(dir, name), *placed;

	if (!old)
		return WASI_NOENT;
	if (!tmp_dir_alive(new_dir))
		return WASI_NOENT;
	if (tmp_find(new_dir, new_name))
		return WASI_EXIST;
	if (old->node->node.type == WASI_TYPE_DIR)
		return WASI_PERM;
	const enum wasi_errno e = tmp_entry_new(dir->fs, new_name, &placed);

	if (e != WASI_SUCCESS)
		return e;
	(void)fs_node_get(&old->node->node);
	tmp_entry_place(placed, new_dir, old->node);
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_link(struct fs_node *dir, struct name name, struct fs_node *new_dir,
				struct name new_name)
{
	struct tmp_node *d = tmp_of(dir);

	mutex_lock(&d->fs->lock);
	const enum wasi_errno e = tmp_link_locked(d, name, tmp_of(new_dir), new_name);

	mutex_unlock(&d->fs->lock);
	return e;
}

/* The target's own memory, charged. */
static enum wasi_errno tmp_target_new(struct tmp_fs *fs, struct name target, char **out)
{
	const enum wasi_errno e = tmp_charge(fs, target.size);

	if (e != WASI_SUCCESS)
		return e;
	*out = heap_alloc(target.size);
	if (!*out) {
		tmp_give_back(fs, target.size);
		return WASI_NOMEM;
	}
	memcpy(*out, target.p, target.size);
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_symlink_locked(struct name target, struct tmp_node *dir,
					  struct name name, uint64_t now)
{
	struct tmp_node *n;
	char *text;
	enum wasi_errno e = tmp_target_new(dir->fs, target, &text);

	if (e != WASI_SUCCESS)
		return e;
	e = tmp_make(dir, name, WASI_TYPE_LINK, now, &n);
	if (e != WASI_SUCCESS) {
		heap_free(text);
		tmp_give_back(dir->fs, target.size);
		return e;
	}
	n->target = text;
	n->size = target.size;
	return WASI_SUCCESS;
}

static enum wasi_errno tmp_symlink(struct name target, struct fs_node *dir, struct name name)
{
	struct tmp_node *d = tmp_of(dir);
	const uint64_t now = tmp_clock();

	mutex_lock(&d->fs->lock);
	const enum wasi_errno e = tmp_symlink_locked(target, d, name, now);

	mutex_unlock(&d->fs->lock);
	return e;
}

static const struct fs_ops g_tmp_ops = {
	.close = tmp_close,
	.flush = tmp_flush,
	.stat = tmp_stat,
	.set_times = tmp_set_times,
	.set_flags = tmp_set_flags,
	.sync = tmp_sync,
	.read = tmp_read,
	.write = tmp_write,
	.set_size = tmp_set_size,
	.allocate = tmp_allocate,
	.open = tmp_open,
	.stat_at = tmp_stat_at,
	.set_times_at = tmp_set_times_at,
	.readdir = tmp_readdir,
	.readlink = tmp_readlink,
	.mkdir = tmp_mkdir,
	.unlink = tmp_unlink,
	.rmdir = tmp_rmdir,
	.rename = tmp_rename,
	.link = tmp_link,
	.symlink = tmp_symlink,
};

/* ---- the whole ---- */

static enum wasi_errno tmp_root_new(struct tmp_fs *fs, uint32_t mount, bool read_only,
				    struct fs_node **root)
{
	const struct fs_node like = {.read_only = read_only, .mount = mount};
	const uint64_t now = tmp_clock();
	struct tmp_node *n;

	fs->table = heap_alloc_array(TMP_TABLE_FIRST, sizeof(*fs->table));
	fs->table_size = TMP_TABLE_FIRST;
	enum wasi_errno e =
		fs->table ? tmp_charge(fs, TMP_TABLE_FIRST * sizeof(*fs->table)) : WASI_NOMEM;

	if (e == WASI_SUCCESS)
		e = tmp_node_new(fs, &like, WASI_TYPE_DIR, now, &n);
	if (e != WASI_SUCCESS)
		return e;
	n->nlink = 2;
	n->above = n;
	*root = &n->node;
	return WASI_SUCCESS;
}

enum wasi_errno fs_tmp_new(uint64_t size, uint32_t mount, bool read_only, struct fs_node **root)
{
	struct tmp_fs *fs = heap_alloc(sizeof(*fs));

	if (!fs)
		return WASI_NOMEM;
	fs->limit = size ? size : FS_TMP_SIZE_DEFAULT;
	fs->last_ino = (uint64_t)mount << 32; /* programs that forget the device tell them apart */
	const enum wasi_errno e = tmp_root_new(fs, mount, read_only, root);

	if (e != WASI_SUCCESS) {
		heap_free(fs->table);
		heap_free(fs);
	}
	return e;
}
