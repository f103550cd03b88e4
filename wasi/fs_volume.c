/*
 * A trusted volume as a mount.
 * Trust: names and targets are the guest's, of a form that wasi/fs.c has checked; what comes out of volume/ is
 * authentic. The time is the host's word.
 * Invariant: every node holds its file, so that its number means this file alone. Between a look at a name and what is
 * done on it no other call changes names or sizes: one lock is held over each such operation; commits are made outside.
 */
#include "wasi/fs_volume.h"

#include <string.h>

#include "base/heap.h"
#include "base/mutex.h"

#define COOKIE_SELF 0u
#define COOKIE_UP   1u
#define COOKIE_REST 2u /* + the number of an entry */

#define SYNC_FLAGS (WASI_FD_SYNC | WASI_FD_DSYNC | WASI_FD_RSYNC)

/* One mount. It lives as long as its root. */
struct volume_fs {
	struct volume *volume;
	struct mutex lock; /* of names and sizes */
};

/* An open file, directory or symlink's place. */
struct volume_node {
	struct fs_node node;
	struct volume_fs *fs;
	uint64_t ino;
	_Atomic uint32_t fdflags;
};

/*
 * A directory. Guests keep cookies in 32 bits (telldir), those of the volume need 64: here entries are numbered as they are
 * given out, and places[n] is the volume's cookie of entry n. So a listing goes on where it was, whatever comes and goes.
 */
struct volume_dir {
	struct volume_node base;
	struct mutex lock; /* of the rest */
	uint64_t *places;
	size_t count; /* known; places[0] is 0, the start */
	size_t room;
};

static const struct fs_ops g_file_ops, g_dir_ops;

static struct volume_node *volume_of(struct fs_node *node)
{
	return (struct volume_node *)node;
}

static enum wasi_errno volume_errno(enum err err)
{
	switch (err) {
	case E_OK:
		return WASI_SUCCESS;
	case E_NOMEM:
		return WASI_NOMEM;
	case E_NOT_FOUND:
		return WASI_NOENT;
	case E_EXISTS:
		return WASI_EXIST;
	case E_INVALID:
		return WASI_INVAL;
	case E_NOT_DIRECTORY:
		return WASI_NOTDIR;
	case E_IS_DIRECTORY:
		return WASI_ISDIR;
	case E_NOT_EMPTY:
		return WASI_NOTEMPTY;
	case E_NO_SPACE:
		return WASI_NOSPC;
	case E_FILE_SIZE:
		return WASI_FBIG;
	case E_LINKS:
		return WASI_MLINK;
	case E_READ_ONLY:
	case E_VOLUME_BROKEN:
		return WASI_ROFS;
	default: /* the host failed, or lied */
		return WASI_IO;
	}
}

static enum wasi_filetype volume_filetype(enum volume_type type)
{
	switch (type) {
	case VOLUME_FILE:
		return WASI_TYPE_FILE;
	case VOLUME_DIRECTORY:
		return WASI_TYPE_DIR;
	case VOLUME_SYMLINK:
		return WASI_TYPE_LINK;
	case VOLUME_TYPE_END:
		break;
	}
	return WASI_TYPE_UNKNOWN;
}

/* ---- nodes ---- */

/* Not holding anything yet. */
static struct volume_node *node_new(struct volume_fs *fs, enum wasi_filetype type,
				    const struct fs_node *like)
{
	const bool is_dir = type == WASI_TYPE_DIR;
	struct volume_node *n =
		heap_alloc(is_dir ? sizeof(struct volume_dir) : sizeof(struct volume_node));

	if (!n)
		return NULL;
	fs_node_init(&n->node, is_dir ? &g_dir_ops : &g_file_ops, type, false);
	n->node.read_only = like->read_only;
	n->node.mount = like->mount;
	n->fs = fs;
	return n;
}

static void file_close(struct fs_node *node)
{
	struct volume_node *n = volume_of(node);

	volume_release(n->fs->volume, n->ino);
	heap_free(n);
}

static void dir_close(struct fs_node *node)
{
	struct volume_dir *d = (struct volume_dir *)node;
	struct volume_fs *root_of = d->base.ino == VOLUME_ROOT ? d->base.fs : NULL;

	volume_release(d->base.fs->volume, d->base.ino);
	heap_free(d->places);
	heap_free(d);
	heap_free(root_of);
}

/* ---- operations on one file ---- */

static void describe(const struct volume_node *n, const struct volume_stat *from,
		     struct wasi_filestat *st)
{
	*st = (struct wasi_filestat){
		.dev = FS_VOLUME_DEV | n->node.mount,
		.ino = from->ino,
		.type = (uint8_t)volume_filetype(from->type),
		.nlink = from->nlink,
		.size = from->size,
		.atim = from->atim,
		.mtim = from->mtim,
		.ctim = from->ctim,
	};
}

/* Of any file of n's volume. */
static enum wasi_errno stat_ino(const struct volume_node *n, uint64_t ino, struct wasi_filestat *st)
{
	struct volume_stat got;
	const enum err err = volume_stat(n->fs->volume, ino, &got);

	if (err == E_OK)
		describe(n, &got, st);
	return volume_errno(err);
}

static enum wasi_errno node_stat(struct fs_node *node, struct wasi_filestat *st)
{
	const struct volume_node *n = volume_of(node);

	return stat_ino(n, n->ino, st);
}

static enum wasi_errno times_ino(const struct volume_fs *fs, uint64_t ino,
				 const struct fs_times *times)
{
	const uint32_t flags = times->flags;
	uint64_t now = 0;

	if ((flags & (WASI_TIME_ATIM_NOW | WASI_TIME_MTIM_NOW)) &&
	    hostcall_clock(HOST_CLOCK_REALTIME, &now) != HOST_SUCCESS)
		return WASI_IO;
	const uint64_t atim = flags & WASI_TIME_ATIM ? times->atim : now;
	const uint64_t mtim = flags & WASI_TIME_MTIM ? times->mtim : now;

	return volume_errno(volume_set_times(
		fs->volume, ino, flags & (WASI_TIME_ATIM | WASI_TIME_ATIM_NOW) ? &atim : NULL,
		flags & (WASI_TIME_MTIM | WASI_TIME_MTIM_NOW) ? &mtim : NULL));
}

static enum wasi_errno node_set_times(struct fs_node *node, const struct fs_times *times)
{
	const struct volume_node *n = volume_of(node);

	return times_ino(n->fs, n->ino, times);
}

static enum wasi_errno node_set_flags(struct fs_node *node, uint32_t fdflags)
{
	atomic_store(&volume_of(node)->fdflags, fdflags);
	return WASI_SUCCESS;
}

static enum wasi_errno node_sync(struct fs_node *node, bool data_only)
{
	(void)data_only;
	return volume_errno(volume_commit(volume_of(node)->fs->volume));
}

/* After a change of a file's bytes. */
static enum wasi_errno file_changed(struct volume_node *n)
{
	if (!(atomic_load(&n->fdflags) & SYNC_FLAGS))
		return WASI_SUCCESS;
	return volume_errno(volume_commit(n->fs->volume));
}

static enum wasi_errno file_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
				 size_t *done)
{
	const struct volume_node *n = volume_of(node);

	return volume_errno(volume_read(n->fs->volume, n->ino, buf, size, off, done));
}

static enum wasi_errno file_write(struct fs_node *node, const void *buf, size_t size, uint64_t off,
				  size_t *done)
{
	static_assert(FS_OFFSET_END == UINT64_MAX, "what volume_write appends by");
	struct volume_node *n = volume_of(node);
	size_t written;

	mutex_lock(&n->fs->lock);
	const enum err err = volume_write(n->fs->volume, n->ino, buf, size, off, &written);

	mutex_unlock(&n->fs->lock);
	enum wasi_errno e = volume_errno(err);

	if (e == WASI_SUCCESS && written != 0)
		e = file_changed(n);
	if (e == WASI_SUCCESS)
		*done = written;
	return e;
}

static enum wasi_errno file_set_size(struct fs_node *node, uint64_t size)
{
	struct volume_node *n = volume_of(node);

	mutex_lock(&n->fs->lock);
	const enum err err = volume_set_size(n->fs->volume, n->ino, size);

	mutex_unlock(&n->fs->lock);
	return err == E_OK ? file_changed(n) : volume_errno(err);
}

/* Under the lock: nothing is ever cut off. */
static enum err allocate_locked(struct volume_node *n, uint64_t end)
{
	struct volume_stat st;
	const enum err err = volume_stat(n->fs->volume, n->ino, &st);

	if (err != E_OK || st.size >= end)
		return err;
	return volume_set_size(n->fs->volume, n->ino, end);
}

/* Each write goes to a new place, so none can be kept for it; but whether there is room for as many is known. */
static enum wasi_errno file_allocate(struct fs_node *node, uint64_t off, uint64_t len)
{
	struct volume_node *n = volume_of(node);

	mutex_lock(&n->fs->lock);
	enum err err = off + len > VOLUME_FILE_MAX ? E_FILE_SIZE : volume_room(n->fs->volume, len);

	if (err == E_OK)
		err = allocate_locked(n, off + len);
	mutex_unlock(&n->fs->lock);
	return err == E_OK ? file_changed(n) : volume_errno(err);
}

/* ---- names ---- */

/* May what is there be opened so? */
static enum wasi_errno open_check(enum volume_type type, uint32_t flags)
{
	const uint32_t changing = FS_OPEN_WRITE | FS_OPEN_CREATE | FS_OPEN_TRUNC;

	if (flags & FS_OPEN_EXCL)
		return WASI_EXIST;
	if (type == VOLUME_SYMLINK)
		return WASI_LOOP;
	if (type == VOLUME_DIRECTORY)
		return flags & changing ? WASI_ISDIR : WASI_SUCCESS;
	return flags & FS_OPEN_DIR ? WASI_NOTDIR : WASI_SUCCESS;
}

/* Finds the file or makes it. */
static enum wasi_errno open_find(const struct volume_node *dir, struct name name, uint32_t flags,
				 uint64_t *ino, enum volume_type *type)
{
	struct volume *v = dir->fs->volume;
	enum err err = volume_lookup(v, dir->ino, name.p, name.size, ino, type);

	if (err == E_OK)
		return open_check(*type, flags);
	if (err != E_NOT_FOUND || !(flags & FS_OPEN_CREATE))
		return volume_errno(err);
	*type = VOLUME_FILE;
	return volume_errno(volume_create(v, dir->ino, name.p, name.size, VOLUME_FILE, ino));
}

/* A node that holds the file. */
static enum wasi_errno open_hold(struct volume_node *dir, uint64_t ino, enum volume_type type,
				 struct volume_node **out)
{
	struct volume_node *n = node_new(dir->fs, volume_filetype(type), &dir->node);

	if (!n)
		return WASI_NOMEM;
	const enum err err = volume_hold(dir->fs->volume, ino);

	if (err != E_OK) {
		heap_free(n);
		return volume_errno(err);
	}
	n->ino = ino;
	*out = n;
	return WASI_SUCCESS;
}

static enum wasi_errno open_locked(struct volume_node *dir, struct name name, uint32_t flags,
				   struct volume_node **out)
{
	enum volume_type type;
	uint64_t ino;
	enum wasi_errno e = open_find(dir, name, flags, &ino, &type);

	if (e == WASI_SUCCESS)
		e = open_hold(dir, ino, type, out);
	if (e != WASI_SUCCESS || !(flags & FS_OPEN_TRUNC))
		return e;
	e = volume_errno(volume_set_size(dir->fs->volume, ino, 0));
	if (e != WASI_SUCCESS)
		fs_node_put(&(*out)->node);
	return e;
}

static enum wasi_errno dir_open(struct fs_node *dir, struct name name, uint32_t flags,
				uint32_t fdflags, struct fs_node **node)
{
	struct volume_node *d = volume_of(dir), *n = NULL;

	mutex_lock(&d->fs->lock);
	const enum wasi_errno e = open_locked(d, name, flags, &n);

	mutex_unlock(&d->fs->lock);
	if (e != WASI_SUCCESS)
		return e;
	atomic_store(&n->fdflags, fdflags);
	*node = &n->node;
	return WASI_SUCCESS;
}

/* Under the lock. */
static enum wasi_errno find(const struct volume_node *dir, struct name name, uint64_t *ino)
{
	enum volume_type type;

	return volume_errno(
		volume_lookup(dir->fs->volume, dir->ino, name.p, name.size, ino, &type));
}

static enum wasi_errno dir_stat_at(struct fs_node *dir, struct name name, struct wasi_filestat *st)
{
	struct volume_node *d = volume_of(dir);
	uint64_t ino;

	mutex_lock(&d->fs->lock);
	enum wasi_errno e = find(d, name, &ino);

	if (e == WASI_SUCCESS)
		e = stat_ino(d, ino, st);
	mutex_unlock(&d->fs->lock);
	return e;
}

static enum wasi_errno dir_set_times_at(struct fs_node *dir, struct name name,
					const struct fs_times *times)
{
	struct volume_node *d = volume_of(dir);
	uint64_t ino;

	mutex_lock(&d->fs->lock);
	enum wasi_errno e = find(d, name, &ino);

	if (e == WASI_SUCCESS)
		e = times_ino(d->fs, ino, times);
	mutex_unlock(&d->fs->lock);
	return e;
}

static enum wasi_errno dir_readlink(struct fs_node *dir, struct name name, char *buf, size_t size,
				    size_t *done)
{
	struct volume_node *d = volume_of(dir);
	uint64_t ino;

	mutex_lock(&d->fs->lock);
	enum wasi_errno e = find(d, name, &ino);

	if (e == WASI_SUCCESS)
		e = volume_errno(volume_readlink(d->fs->volume, ino, buf, size, done));
	mutex_unlock(&d->fs->lock);
	return e;
}

static enum wasi_errno dir_mkdir(struct fs_node *dir, struct name name)
{
	struct volume_node *d = volume_of(dir);
	uint64_t ino;

	mutex_lock(&d->fs->lock);
	const enum err err =
		volume_create(d->fs->volume, d->ino, name.p, name.size, VOLUME_DIRECTORY, &ino);

	mutex_unlock(&d->fs->lock);
	return volume_errno(err);
}

static enum wasi_errno dir_unlink(struct fs_node *dir, struct name name)
{
	struct volume_node *d = volume_of(dir);

	mutex_lock(&d->fs->lock);
	const enum err err = volume_unlink(d->fs->volume, d->ino, name.p, name.size);

	mutex_unlock(&d->fs->lock);
	return volume_errno(err);
}

static enum wasi_errno dir_rmdir(struct fs_node *dir, struct name name)
{
	struct volume_node *d = volume_of(dir);

	mutex_lock(&d->fs->lock);
	const enum err err = volume_rmdir(d->fs->volume, d->ino, name.p, name.size);

	mutex_unlock(&d->fs->lock);
	return volume_errno(err);
}

static enum wasi_errno dir_rename(struct fs_node *dir, struct name name, struct fs_node *new_dir,
				  struct name new_name)
{
	struct volume_node *d = volume_of(dir);

	mutex_lock(&d->fs->lock);
	const enum err err = volume_rename(d->fs->volume, d->ino, name.p, name.size,
					   volume_of(new_dir)->ino, new_name.p, new_name.size);

	mutex_unlock(&d->fs->lock);
	return volume_errno(err);
}

static enum wasi_errno dir_link(struct fs_node *dir, struct name name, struct fs_node *new_dir,
				struct name new_name)
{
	struct volume_node *d = volume_of(dir);
	uint64_t ino;

	mutex_lock(&d->fs->lock);
	enum wasi_errno e = find(d, name, &ino);

	if (e == WASI_SUCCESS)
		e = volume_errno(volume_link(d->fs->volume, ino, volume_of(new_dir)->ino,
					     new_name.p, new_name.size));
	mutex_unlock(&d->fs->lock);
	return e == WASI_ISDIR ? WASI_PERM : e;
}

static enum wasi_errno dir_symlink(struct name target, struct fs_node *dir, struct name name)
{
	struct volume_node *d = volume_of(dir);

	mutex_lock(&d->fs->lock);
	const enum err err =
		volume_symlink(d->fs->volume, d->ino, name.p, name.size, target.p, target.size);

	mutex_unlock(&d->fs->lock);
	return volume_errno(err);
}

/* ---- listing ---- */

struct listing {
	struct volume_dir *dir;
	struct fs_dirent_sink *sink;
	size_t index;  /* of the entry that comes next */
	size_t wanted; /* those before it are counted and not given out */
	bool no_memory;
};

/* Where entry `index` begins. */
static bool place_put(struct volume_dir *dir, size_t index, uint64_t place)
{
	if (index == dir->room) {
		const size_t room = dir->room == 0 ? 32 : dir->room * 2;
		uint64_t *places = heap_resize(dir->places, dir->room * sizeof(*places),
					       room * sizeof(*places));

		if (!places)
			return false;
		dir->places = places;
		dir->room = room;
	}
	dir->places[index] = place;
	if (dir->count <= index)
		dir->count = index + 1;
	return true;
}

static bool list_take(void *context, const struct volume_dirent *entry)
{
	struct listing *l = context;
	const struct fs_dirent out = {
		.ino = entry->ino,
		.next = COOKIE_REST + l->index + 1,
		.type = volume_filetype(entry->type),
		.name = {entry->name, entry->name_size},
	};

	/* Known first, or the guest would get a cookie that leads nowhere. */
	l->no_memory = !place_put(l->dir, l->index + 1, entry->next);
	if (l->no_memory || (l->index >= l->wanted && !l->sink->take(l->sink, &out)))
		return false;
	l->index++;
	return true;
}

/* From entry `wanted` on. */
static enum wasi_errno list_entries(struct volume_dir *dir, size_t wanted,
				    struct fs_dirent_sink *sink)
{
	if (dir->count == 0 && !place_put(dir, 0, 0))
		return WASI_NOMEM;
	struct listing l = {.dir = dir, .sink = sink, .wanted = wanted};

	l.index = wanted < dir->count ? wanted : dir->count - 1;
	const size_t first = l.index;
	const enum err err = volume_readdir(dir->base.fs->volume, dir->base.ino, dir->places[first],
					    list_take, &l);

	if (l.no_memory && l.index == first) /* else the next call tells it */
		return WASI_NOMEM;
	return volume_errno(err);
}

static bool list_dot(struct fs_dirent_sink *sink, uint64_t cookie, uint64_t ino, const char *name)
{
	const struct fs_dirent entry = {.ino = ino,
					.next = cookie + 1,
					.type = WASI_TYPE_DIR,
					.name = {name, strlen(name)}};

	return sink->take(sink, &entry);
}

/* A directory that was removed is its own parent, for want of another. */
static enum wasi_errno list_from(struct volume_dir *dir, uint64_t cookie,
				 struct fs_dirent_sink *sink)
{
	uint64_t up = dir->base.ino;

	if (cookie <= COOKIE_SELF && !list_dot(sink, COOKIE_SELF, dir->base.ino, "."))
		return WASI_SUCCESS;
	if (cookie <= COOKIE_UP) {
		const enum err err = volume_parent(dir->base.fs->volume, dir->base.ino, &up);

		if (err != E_OK && err != E_NOT_FOUND)
			return volume_errno(err);
		if (!list_dot(sink, COOKIE_UP, up, ".."))
			return WASI_SUCCESS;
	}
	return list_entries(dir, cookie < COOKIE_REST ? 0 : cookie - COOKIE_REST, sink);
}

static enum wasi_errno dir_readdir(struct fs_node *dir, uint64_t cookie,
				   struct fs_dirent_sink *sink)
{
	struct volume_dir *d = (struct volume_dir *)dir;

	mutex_lock(&d->lock);
	const enum wasi_errno e = list_from(d, cookie, sink);

	mutex_unlock(&d->lock);
	return e;
}

static const struct fs_ops g_file_ops = {
	.close = file_close,
	.stat = node_stat,
	.set_times = node_set_times,
	.set_flags = node_set_flags,
	.sync = node_sync,
	.read = file_read,
	.write = file_write,
	.set_size = file_set_size,
	.allocate = file_allocate,
};

static const struct fs_ops g_dir_ops = {
	.close = dir_close,
	.stat = node_stat,
	.set_times = node_set_times,
	.set_flags = node_set_flags,
	.sync = node_sync,
	.dir_sync = true,
	.open = dir_open,
	.stat_at = dir_stat_at,
	.set_times_at = dir_set_times_at,
	.readdir = dir_readdir,
	.readlink = dir_readlink,
	.mkdir = dir_mkdir,
	.unlink = dir_unlink,
	.rmdir = dir_rmdir,
	.rename = dir_rename,
	.link = dir_link,
	.symlink = dir_symlink,
};

/* ---- the whole ---- */

enum wasi_errno fs_volume_new(struct volume *volume, uint32_t mount, bool read_only,
			      struct fs_node **root)
{
	const struct fs_node like = {.read_only = read_only, .mount = mount};
	struct volume_fs *fs = heap_alloc(sizeof(*fs));
	struct volume_node *n = fs ? node_new(fs, WASI_TYPE_DIR, &like) : NULL;

	if (!n || volume_hold(volume, VOLUME_ROOT) != E_OK) {
		heap_free(n);
		heap_free(fs);
		return WASI_NOMEM;
	}
	fs->volume = volume;
	n->ino = VOLUME_ROOT;
	*root = &n->node;
	return WASI_SUCCESS;
}
