/*
 * Directories of the untrusted host, and what all its nodes have in common.
 * Trust: nothing the host answers, beyond what the stubs of hostcall/ check (lengths, closed
 * lists); types and names of directory entries are checked again in form here.
 * Invariant: each node owns its handle and closes it once; names go out one component at a time.
 */
#include "wasi/fs_host_impl.h"

#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "wasi/fs_volume.h"

#define HOST_ERRNO(name, number) static_assert(WASI_##name == (number), "errno " #name);
#include "boundary/errno.def"
#undef HOST_ERRNO

static_assert(WASI_CLOCK_THREAD == HOST_CLOCK_THREAD, "clock ids");
static_assert(WASI_TIME_MTIM_NOW == HOST_TIME_MTIM_NOW, "time flags");
static_assert(FS_NAME_MAX == HOST_NAME_SIZE_MAX && FS_LINK_MAX == HOST_LINK_MAX, "name limits");
static_assert(FS_OPEN_READ == HOST_OPEN_READ && FS_OPEN_WRITE == HOST_OPEN_WRITE &&
		      FS_OPEN_CREATE == HOST_OPEN_CREATE && FS_OPEN_EXCL == HOST_OPEN_EXCL &&
		      FS_OPEN_TRUNC == HOST_OPEN_TRUNC && FS_OPEN_DIR == HOST_OPEN_DIR,
	      "open flags");

static const struct fs_ops g_host_dir_ops;

/* The host's type as the guest's; everything unknown is UNKNOWN. */
enum wasi_filetype fs_host_type(uint32_t type)
{
	switch (type) {
	case HOST_TYPE_FILE:
		return WASI_TYPE_FILE;
	case HOST_TYPE_DIR:
		return WASI_TYPE_DIR;
	case HOST_TYPE_LINK:
		return WASI_TYPE_LINK;
	case HOST_TYPE_CHAR:
		return WASI_TYPE_CHAR;
	case HOST_TYPE_BLOCK:
		return WASI_TYPE_BLOCK;
	case HOST_TYPE_SOCKET:
		return WASI_TYPE_SOCKET_STREAM;
	default:
		return WASI_TYPE_UNKNOWN;
	}
}

/* A host's number that says "volume" would make a program trust what it may not. */
static uint64_t host_dev(uint64_t dev)
{
	return (dev ^ FS_VOLUME_DEV) >> 32 == 0 ? ~dev : dev;
}

struct wasi_filestat fs_host_filestat(const struct host_stat *st)
{
	return (struct wasi_filestat){
		.dev = host_dev(st->dev),
		.ino = st->ino,
		.type = (uint8_t)fs_host_type(st->type),
		.nlink = st->nlink,
		.size = st->size,
		.atim = st->atime,
		.mtim = st->mtime,
		.ctim = st->ctime,
	};
}

uint32_t fs_host_handle(const struct fs_node *node)
{
	return ((const struct host_node *)node)->handle;
}

struct fs_host *fs_host_of(const struct fs_node *node)
{
	return ((const struct host_node *)node)->host;
}

void fs_host_close(struct fs_node *node)
{
	(void)hostcall_close(fs_host_handle(node)); /* nothing is left to be done on an error */
	heap_free(node);
}

enum wasi_errno fs_host_node(struct fs_host *host, uint32_t handle, size_t size,
			     const struct fs_ops *ops, enum wasi_filetype type,
			     struct host_node **node)
{
	struct host_node *n = heap_alloc(size);

	if (!n) {
		(void)hostcall_close(handle);
		return WASI_NOMEM;
	}
	fs_node_init(&n->node, ops, type, false);
	n->host = host;
	n->handle = handle;
	*node = n;
	return WASI_SUCCESS;
}

enum wasi_errno fs_host_stat(struct fs_node *node, struct wasi_filestat *st)
{
	struct host_stat host;
	const enum host_errno e = hostcall_stat(fs_host_handle(node), &host);

	if (e == HOST_SUCCESS)
		*st = fs_host_filestat(&host);
	return (enum wasi_errno)e;
}

enum wasi_errno fs_host_set_times(struct fs_node *node, const struct fs_times *times)
{
	return (enum wasi_errno)hostcall_set_times(fs_host_handle(node), times->atim, times->mtim,
						   times->flags);
}

/* The flags of an open file that the host must know. RSYNC is no weaker than SYNC on Linux. */
uint32_t fs_host_flags(uint32_t fdflags)
{
	return (fdflags & WASI_FD_APPEND ? HOST_OPEN_APPEND : 0) |
	       (fdflags & WASI_FD_NONBLOCK ? HOST_OPEN_NONBLOCK : 0) |
	       (fdflags & WASI_FD_DSYNC ? HOST_OPEN_DSYNC : 0) |
	       (fdflags & (WASI_FD_SYNC | WASI_FD_RSYNC) ? HOST_OPEN_SYNC : 0);
}

enum wasi_errno fs_host_set_flags(struct fs_node *node, uint32_t fdflags)
{
	return (enum wasi_errno)hostcall_set_flags(fs_host_handle(node), fs_host_flags(fdflags));
}

enum wasi_errno fs_host_sync(struct fs_node *node, bool data_only)
{
	return (enum wasi_errno)hostcall_sync(fs_host_handle(node), data_only);
}

static size_t host_chunk(size_t size)
{
	return size < HOSTCALL_DATA_MAX ? size : HOSTCALL_DATA_MAX;
}

enum wasi_errno fs_host_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
			     size_t *done)
{
	uint8_t *p = buf;
	size_t total = 0;

	while (total < size) {
		const size_t chunk = host_chunk(size - total);
		size_t n;
		const enum host_errno e =
			hostcall_pread(fs_host_handle(node), p + total, chunk, off + total, &n);

		if (e != HOST_SUCCESS && total == 0)
			return (enum wasi_errno)e;
		if (e != HOST_SUCCESS)
			break;
		total += n;
		if (n < chunk)
			break;
	}
	*done = total;
	return WASI_SUCCESS;
}

enum wasi_errno fs_host_write(struct fs_node *node, const void *buf, size_t size, uint64_t off,
			      size_t *done)
{
	const uint32_t handle = fs_host_handle(node);
	const uint8_t *p = buf;
	size_t total = 0;

	while (total < size) {
		const size_t chunk = host_chunk(size - total);
		size_t n;
		const enum host_errno e =
			off == FS_OFFSET_END
				? hostcall_write(handle, p + total, chunk, &n)
				: hostcall_pwrite(handle, p + total, chunk, off + total, &n);

		if (e != HOST_SUCCESS && total == 0)
			return (enum wasi_errno)e;
		if (e != HOST_SUCCESS)
			break;
		total += n;
		if (n < chunk)
			break;
	}
	*done = total;
	return WASI_SUCCESS;
}

static enum wasi_errno host_dir_new(struct fs_host *host, uint32_t handle, struct fs_node **node)
{
	struct host_node *n;
	const enum wasi_errno e = fs_host_node(host, handle, sizeof(struct host_dir),
					       &g_host_dir_ops, WASI_TYPE_DIR, &n);

	if (e == WASI_SUCCESS)
		*node = &n->node;
	return e;
}

/* What the handle is: known when a directory was demanded (a lie only makes later calls fail),
 * asked for otherwise. Owns the handle. */
static enum wasi_errno host_opened(struct fs_host *host, uint32_t handle, uint32_t flags,
				   uint32_t fdflags, struct fs_node **node)
{
	struct host_stat st;

	if (flags & FS_OPEN_DIR)
		return host_dir_new(host, handle, node);

	enum wasi_errno e = (enum wasi_errno)hostcall_stat(handle, &st);
	const enum wasi_filetype type =
		e == WASI_SUCCESS ? fs_host_type(st.type) : WASI_TYPE_UNKNOWN;

	if (type == WASI_TYPE_LINK)
		e = WASI_IO;
	if (e != WASI_SUCCESS) {
		(void)hostcall_close(handle);
		return e;
	}
	if (type == WASI_TYPE_DIR)
		return host_dir_new(host, handle, node);
	if (type == WASI_TYPE_FILE || type == WASI_TYPE_BLOCK)
		return fs_host_file_node(host, handle, &st, flags, fdflags, node);
	return fs_host_stream_node(host, handle, type, node);
}

static enum wasi_errno host_dir_open(struct fs_node *dir, struct name name, uint32_t flags,
				     uint32_t fdflags, struct fs_node **node)
{
	uint32_t handle, host = flags | fs_host_flags(fdflags);

	if (flags & FS_OPEN_TRUNC)
		host |= HOST_OPEN_WRITE;
	if (flags & FS_OPEN_DIR) /* writing to one is refused once it is known to be one */
		host &= ~(HOST_OPEN_WRITE | HOST_OPEN_APPEND);
	if (!(host & HOST_OPEN_WRITE))
		host |= HOST_OPEN_READ;
	if (!(flags & FS_OPEN_DIR))
		fs_host_flush_all(fs_host_of(dir));

	const enum host_errno e = hostcall_open(fs_host_handle(dir), name, host, &handle);

	if (e != HOST_SUCCESS)
		return (enum wasi_errno)e;
	return host_opened(fs_host_of(dir), handle, flags, fdflags, node);
}

static enum wasi_errno host_dir_stat_at(struct fs_node *dir, struct name name,
					struct wasi_filestat *st)
{
	struct host_stat host;

	fs_host_flush_all(fs_host_of(dir));
	const enum host_errno e = hostcall_stat_at(fs_host_handle(dir), name, &host);

	if (e != HOST_SUCCESS)
		return (enum wasi_errno)e;
	*st = fs_host_filestat(&host);
	fs_host_stat_correct(fs_host_of(dir), st);
	return WASI_SUCCESS;
}

static enum wasi_errno host_dir_set_times_at(struct fs_node *dir, struct name name,
					     const struct fs_times *times)
{
	fs_host_flush_all(fs_host_of(dir)); /* or it would set the time itself, later */
	return (enum wasi_errno)hostcall_set_times_at(fs_host_handle(dir), name, times->atim,
						      times->mtim, times->flags);
}

static enum wasi_errno host_dir_readdir(struct fs_node *dir, uint64_t cookie,
					struct fs_dirent_sink *sink)
{
	return fs_host_list_read((struct host_dir *)dir, cookie, sink);
}

static enum wasi_errno host_dir_readlink(struct fs_node *dir, struct name name, char *buf,
					 size_t size, size_t *done)
{
	return (enum wasi_errno)hostcall_readlink(fs_host_handle(dir), name, buf, size, done);
}

static enum wasi_errno host_dir_mkdir(struct fs_node *dir, struct name name)
{
	return (enum wasi_errno)hostcall_mkdir(fs_host_handle(dir), name);
}

static enum wasi_errno host_dir_unlink(struct fs_node *dir, struct name name)
{
	return (enum wasi_errno)hostcall_unlink(fs_host_handle(dir), name, HOST_UNLINK_FILE);
}

static enum wasi_errno host_dir_rmdir(struct fs_node *dir, struct name name)
{
	return (enum wasi_errno)hostcall_unlink(fs_host_handle(dir), name, HOST_UNLINK_DIR);
}

static enum wasi_errno host_dir_rename(struct fs_node *dir, struct name name,
				       struct fs_node *new_dir, struct name new_name)
{
	fs_host_flush_all(fs_host_of(dir));
	return (enum wasi_errno)hostcall_rename(fs_host_handle(dir), name, fs_host_handle(new_dir),
						new_name);
}

static enum wasi_errno host_dir_link(struct fs_node *dir, struct name name, struct fs_node *new_dir,
				     struct name new_name)
{
	return (enum wasi_errno)hostcall_link(fs_host_handle(dir), name, fs_host_handle(new_dir),
					      new_name);
}

static enum wasi_errno host_dir_symlink(struct name target, struct fs_node *dir, struct name name)
{
	return (enum wasi_errno)hostcall_symlink(target, fs_host_handle(dir), name);
}

static void host_dir_close(struct fs_node *node)
{
	fs_host_list_fini(&((struct host_dir *)node)->list);
	fs_host_close(node);
}

static const struct fs_ops g_host_dir_ops = {
	.close = host_dir_close,
	.stat = fs_host_stat,
	.set_times = fs_host_set_times,
	.sync = fs_host_sync,
	.open = host_dir_open,
	.stat_at = host_dir_stat_at,
	.set_times_at = host_dir_set_times_at,
	.readdir = host_dir_readdir,
	.readlink = host_dir_readlink,
	.mkdir = host_dir_mkdir,
	.unlink = host_dir_unlink,
	.rmdir = host_dir_rmdir,
	.rename = host_dir_rename,
	.link = host_dir_link,
	.symlink = host_dir_symlink,
};

enum wasi_errno fs_host_root(struct fs_host *host, uint32_t handle, struct fs_node **node)
{
	return host_dir_new(host, handle, node);
}
