/*
 * The rules that hold for every kind of mount, in front of its operations.
 * Trust: names come from path resolution, which made them single components; offsets and sizes are
 * the guest's. What a mount answers is as trusted as the mount.
 * Invariant: no writing operation of a read-only mount is ever called, and no name that is not one
 * component goes to any mount.
 */
#include "wasi/fs.h"

#include <string.h>

#include "base/err.h"

void fs_node_init(struct fs_node *node, const struct fs_ops *ops, enum wasi_filetype type,
		  bool stream)
{
	node->ops = ops;
	atomic_init(&node->refs, 1);
	node->type = type;
	node->stream = stream;
	node->read_only = false;
	node->mount = 0;
}

struct fs_node *fs_node_get(struct fs_node *node)
{
	atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
	return node;
}

void fs_node_put(struct fs_node *node)
{
	if (node && atomic_fetch_sub_explicit(&node->refs, 1, memory_order_acq_rel) == 1)
		node->ops->close(node);
}

bool fs_name_valid(struct name name)
{
	if (name.size == 0 || name.size > FS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.size; i++) {
		if (name.p[i] == '/' || name.p[i] == '\0')
			return false;
	}
	return true;
}

/* What path resolution promises for every name that it hands on. */
static void fs_must_be_component(struct name name)
{
	must(fs_name_valid(name));
	must(!(name.size == 1 && name.p[0] == '.'));
	must(!(name.size == 2 && name.p[0] == '.' && name.p[1] == '.'));
}

enum wasi_errno fs_flush(struct fs_node *node)
{
	return node->ops->flush ? node->ops->flush(node) : WASI_SUCCESS;
}

enum wasi_errno fs_stat(struct fs_node *node, struct wasi_filestat *st)
{
	return node->ops->stat ? node->ops->stat(node, st) : WASI_NOTSUP;
}

enum wasi_errno fs_set_times(struct fs_node *node, const struct fs_times *times)
{
	if (node->read_only)
		return WASI_ROFS;
	return node->ops->set_times ? node->ops->set_times(node, times) : WASI_NOTSUP;
}

enum wasi_errno fs_set_flags(struct fs_node *node, uint32_t fdflags)
{
	return node->ops->set_flags ? node->ops->set_flags(node, fdflags) : WASI_NOTSUP;
}

enum wasi_errno fs_sync(struct fs_node *node, bool data_only)
{
	return node->ops->sync ? node->ops->sync(node, data_only) : WASI_NOTSUP;
}

enum wasi_errno fs_read(struct fs_node *node, void *buf, size_t size, uint64_t off, size_t *done)
{
	if (off > FS_OFFSET_MAX)
		return WASI_INVAL;
	if (size > FS_OFFSET_MAX - off)
		size = FS_OFFSET_MAX - off;
	return node->ops->read ? node->ops->read(node, buf, size, off, done) : WASI_NOTSUP;
}

enum wasi_errno fs_write(struct fs_node *node, const void *buf, size_t size, uint64_t off,
			 size_t *done)
{
	if (node->read_only)
		return WASI_ROFS;
	if (off != FS_OFFSET_END && off > FS_OFFSET_MAX)
		return WASI_INVAL;
	if (off != FS_OFFSET_END && size > FS_OFFSET_MAX - off)
		return WASI_FBIG;
	return node->ops->write ? node->ops->write(node, buf, size, off, done) : WASI_NOTSUP;
}

enum wasi_errno fs_set_size(struct fs_node *node, uint64_t size)
{
	if (node->read_only)
		return WASI_ROFS;
	if (size > FS_OFFSET_MAX)
		return WASI_INVAL;
	return node->ops->set_size ? node->ops->set_size(node, size) : WASI_NOTSUP;
}

enum wasi_errno fs_allocate(struct fs_node *node, uint64_t off, uint64_t len)
{
	if (node->read_only)
		return WASI_ROFS;
	if (len == 0 || off > FS_OFFSET_MAX)
		return WASI_INVAL;
	if (len > FS_OFFSET_MAX - off)
		return WASI_FBIG;
	return node->ops->allocate ? node->ops->allocate(node, off, len) : WASI_NOTSUP;
}

/* Opening to create, on a read-only mount: what exists may be opened, nothing is made. */
static enum wasi_errno fs_open_read_only(struct fs_node *dir, struct name name, uint32_t flags,
					 uint32_t fdflags, struct fs_node **node)
{
	if (flags & (FS_OPEN_WRITE | FS_OPEN_TRUNC))
		return WASI_ROFS;

	enum wasi_errno e =
		dir->ops->open(dir, name, flags & ~FS_OPEN_CREATE & ~FS_OPEN_EXCL, fdflags, node);

	if (!(flags & FS_OPEN_CREATE))
		return e;
	if (e == WASI_NOENT)
		return WASI_ROFS;
	if (e == WASI_SUCCESS && flags & FS_OPEN_EXCL) {
		fs_node_put(*node);
		return WASI_EXIST;
	}
	return e;
}

enum wasi_errno fs_open(struct fs_node *dir, struct name name, uint32_t flags, uint32_t fdflags,
			struct fs_node **node)
{
	struct fs_node *child;

	if (!dir->ops->open)
		return WASI_NOTSUP;
	fs_must_be_component(name);

	const enum wasi_errno e = dir->read_only
					  ? fs_open_read_only(dir, name, flags, fdflags, &child)
					  : dir->ops->open(dir, name, flags, fdflags, &child);

	if (e != WASI_SUCCESS)
		return e;
	if (child->mount != dir->mount) { /* a node of its own: nobody else has it yet */
		child->read_only = dir->read_only;
		child->mount = dir->mount;
	}
	*node = child;
	return WASI_SUCCESS;
}

enum wasi_errno fs_stat_at(struct fs_node *dir, struct name name, struct wasi_filestat *st)
{
	fs_must_be_component(name);
	return dir->ops->stat_at ? dir->ops->stat_at(dir, name, st) : WASI_NOTSUP;
}

enum wasi_errno fs_readdir(struct fs_node *dir, uint64_t cookie, struct fs_dirent_sink *sink)
{
	return dir->ops->readdir ? dir->ops->readdir(dir, cookie, sink) : WASI_NOTSUP;
}

enum wasi_errno fs_readlink(struct fs_node *dir, struct name name, char *buf, size_t size,
			    size_t *done)
{
	fs_must_be_component(name);
	return dir->ops->readlink ? dir->ops->readlink(dir, name, buf, size, done) : WASI_NOTSUP;
}

/* May `name` be changed in dir? */
static enum wasi_errno fs_check_change(const struct fs_node *dir, struct name name)
{
	fs_must_be_component(name);
	return dir->read_only ? WASI_ROFS : WASI_SUCCESS;
}

/* The same for two places, which must be in one mount. */
static enum wasi_errno fs_check_change_two(const struct fs_node *dir, struct name name,
					   const struct fs_node *new_dir, struct name new_name)
{
	if (dir->mount != new_dir->mount || dir->ops != new_dir->ops)
		return WASI_XDEV;

	const enum wasi_errno e = fs_check_change(dir, name);

	return e != WASI_SUCCESS ? e : fs_check_change(new_dir, new_name);
}

enum wasi_errno fs_set_times_at(struct fs_node *dir, struct name name, const struct fs_times *times)
{
	const enum wasi_errno e = fs_check_change(dir, name);

	if (e != WASI_SUCCESS)
		return e;
	return dir->ops->set_times_at ? dir->ops->set_times_at(dir, name, times) : WASI_NOTSUP;
}

enum wasi_errno fs_mkdir(struct fs_node *dir, struct name name)
{
	const enum wasi_errno e = fs_check_change(dir, name);

	if (e != WASI_SUCCESS)
		return e;
	return dir->ops->mkdir ? dir->ops->mkdir(dir, name) : WASI_NOTSUP;
}

enum wasi_errno fs_unlink(struct fs_node *dir, struct name name)
{
	const enum wasi_errno e = fs_check_change(dir, name);

	if (e != WASI_SUCCESS)
		return e;
	return dir->ops->unlink ? dir->ops->unlink(dir, name) : WASI_NOTSUP;
}

enum wasi_errno fs_rmdir(struct fs_node *dir, struct name name)
{
	const enum wasi_errno e = fs_check_change(dir, name);

	if (e != WASI_SUCCESS)
		return e;
	return dir->ops->rmdir ? dir->ops->rmdir(dir, name) : WASI_NOTSUP;
}

enum wasi_errno fs_rename(struct fs_node *dir, struct name name, struct fs_node *new_dir,
			  struct name new_name)
{
	const enum wasi_errno e = fs_check_change_two(dir, name, new_dir, new_name);

	if (e != WASI_SUCCESS)
		return e;
	return dir->ops->rename ? dir->ops->rename(dir, name, new_dir, new_name) : WASI_NOTSUP;
}

enum wasi_errno fs_link(struct fs_node *dir, struct name name, struct fs_node *new_dir,
			struct name new_name)
{
	const enum wasi_errno e = fs_check_change_two(dir, name, new_dir, new_name);

	if (e != WASI_SUCCESS)
		return e;
	return dir->ops->link ? dir->ops->link(dir, name, new_dir, new_name) : WASI_NOTSUP;
}

enum wasi_errno fs_symlink(struct name target, struct fs_node *dir, struct name name)
{
	const enum wasi_errno e = fs_check_change(dir, name);

	if (e != WASI_SUCCESS)
		return e;
	return dir->ops->symlink ? dir->ops->symlink(target, dir, name) : WASI_NOTSUP;
}
