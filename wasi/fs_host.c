/*
 * Directories and files of the untrusted host.
 * Trust: nothing the host answers, beyond what the stubs of hostcall/ check (lengths, closed
 * lists); types and names of directory entries are checked again in form here.
 * Invariant: each node owns its handle and closes it once; names go out one component at a time.
 */
#include "wasi/fs_host.h"

#include <string.h>

#include "base/err.h"
#include "base/heap.h"
#include "base/reader.h"

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

#define HOST_READDIR_MIN 1024 /* bytes asked of the host at once; three of the longest names fit   \
			       */
#define HOST_READDIR_MAX 32768

static const struct fs_ops g_host_dir_ops;
static const struct fs_ops g_host_file_ops;

/* The host's type as the guest's; everything unknown is UNKNOWN. */
static enum wasi_filetype host_type(uint32_t type)
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

static struct wasi_filestat host_filestat(const struct host_stat *st)
{
	return (struct wasi_filestat){
		.dev = st->dev,
		.ino = st->ino,
		.type = (uint8_t)host_type(st->type),
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

void fs_host_close(struct fs_node *node)
{
	(void)hostcall_close(fs_host_handle(node)); /* nothing is left to be done on an error */
	heap_free(node);
}

static const struct fs_ops *host_ops(enum wasi_filetype type)
{
	if (type == WASI_TYPE_DIR)
		return &g_host_dir_ops;
	if (type == WASI_TYPE_FILE || type == WASI_TYPE_BLOCK)
		return &g_host_file_ops;
	return &g_fs_stream_ops;
}

enum wasi_errno fs_host_node(uint32_t handle, enum wasi_filetype type, struct fs_node **node)
{
	struct host_node *n = heap_alloc(sizeof(*n));

	if (!n) {
		(void)hostcall_close(handle);
		return WASI_NOMEM;
	}
	const struct fs_ops *ops = host_ops(type);

	fs_node_init(&n->node, ops, type, ops == &g_fs_stream_ops);
	n->handle = handle;
	*node = &n->node;
	return WASI_SUCCESS;
}

enum wasi_errno fs_host_stat(struct fs_node *node, struct wasi_filestat *st)
{
	struct host_stat host;
	const enum host_errno e = hostcall_stat(fs_host_handle(node), &host);

	if (e == HOST_SUCCESS)
		*st = host_filestat(&host);
	return (enum wasi_errno)e;
}

enum wasi_errno fs_host_set_times(struct fs_node *node, const struct fs_times *times)
{
	return (enum wasi_errno)hostcall_set_times(fs_host_handle(node), times->atim, times->mtim,
						   times->flags);
}

/* The flags of an open file that the host must know. RSYNC is no weaker than SYNC on Linux. */
static uint32_t host_flags(uint32_t fdflags)
{
	return (fdflags & WASI_FD_APPEND ? HOST_OPEN_APPEND : 0) |
	       (fdflags & WASI_FD_NONBLOCK ? HOST_OPEN_NONBLOCK : 0) |
	       (fdflags & WASI_FD_DSYNC ? HOST_OPEN_DSYNC : 0) |
	       (fdflags & (WASI_FD_SYNC | WASI_FD_RSYNC) ? HOST_OPEN_SYNC : 0);
}

enum wasi_errno fs_host_set_flags(struct fs_node *node, uint32_t fdflags)
{
	return (enum wasi_errno)hostcall_set_flags(fs_host_handle(node), host_flags(fdflags));
}

enum wasi_errno fs_host_sync(struct fs_node *node, bool data_only)
{
	return (enum wasi_errno)hostcall_sync(fs_host_handle(node), data_only);
}

static size_t host_chunk(size_t size)
{
	return size < HOSTCALL_DATA_MAX ? size : HOSTCALL_DATA_MAX;
}

static enum wasi_errno host_file_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
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

static enum wasi_errno host_file_set_size(struct fs_node *node, uint64_t size)
{
	return (enum wasi_errno)hostcall_set_size(fs_host_handle(node), size);
}

static enum wasi_errno host_file_allocate(struct fs_node *node, uint64_t off, uint64_t len)
{
	return (enum wasi_errno)hostcall_allocate(fs_host_handle(node), off, len);
}

/* What the handle is: known when a directory was demanded (a lie only makes later calls fail),
 * asked for otherwise. */
static enum wasi_errno host_opened_type(uint32_t handle, uint32_t flags, enum wasi_filetype *type)
{
	struct host_stat st;

	if (flags & FS_OPEN_DIR) {
		*type = WASI_TYPE_DIR;
		return WASI_SUCCESS;
	}
	const enum host_errno e = hostcall_stat(handle, &st);

	if (e != HOST_SUCCESS)
		return (enum wasi_errno)e;
	*type = host_type(st.type);
	return *type == WASI_TYPE_LINK ? WASI_IO : WASI_SUCCESS;
}

static enum wasi_errno host_dir_open(struct fs_node *dir, struct name name, uint32_t flags,
				     uint32_t fdflags, struct fs_node **node)
{
	uint32_t handle, host = flags | host_flags(fdflags);
	enum wasi_filetype type;

	if (flags & FS_OPEN_TRUNC)
		host |= HOST_OPEN_WRITE;
	if (!(host & HOST_OPEN_WRITE))
		host |= HOST_OPEN_READ;

	enum wasi_errno e =
		(enum wasi_errno)hostcall_open(fs_host_handle(dir), name, host, &handle);

	if (e != WASI_SUCCESS)
		return e;
	e = host_opened_type(handle, flags, &type);
	if (e != WASI_SUCCESS) {
		(void)hostcall_close(handle);
		return e;
	}
	return fs_host_node(handle, type, node);
}

static enum wasi_errno host_dir_stat_at(struct fs_node *dir, struct name name,
					struct wasi_filestat *st)
{
	struct host_stat host;
	const enum host_errno e = hostcall_stat_at(fs_host_handle(dir), name, &host);

	if (e == HOST_SUCCESS)
		*st = host_filestat(&host);
	return (enum wasi_errno)e;
}

static enum wasi_errno host_dir_set_times_at(struct fs_node *dir, struct name name,
					     const struct fs_times *times)
{
	return (enum wasi_errno)hostcall_set_times_at(fs_host_handle(dir), name, times->atim,
						      times->mtim, times->flags);
}

/* Takes one record off; false: what the host gave is malformed. */
static bool host_dirent_next(struct reader *r, struct fs_dirent *entry)
{
	const uint64_t ino = reader_u64(r);
	const uint64_t next = reader_u64(r);
	const uint32_t type = reader_u32(r);
	const uint32_t size = reader_u32(r);
	const uint8_t *name = reader_take(r, size);

	(void)reader_take(r, (8 - size % 8) % 8); /* padding */
	if (!reader_ok(r))
		return false;
	*entry = (struct fs_dirent){
		.ino = ino,
		.next = next,
		.type = host_type(type),
		.name = {(const char *)name, size},
	};
	return fs_name_valid(entry->name);
}

/* Hands the records on; *more: the sink wants another batch, which starts at *cookie. */
static enum wasi_errno host_dirents_emit(const uint8_t *buf, size_t size, uint64_t *cookie,
					 struct fs_dirent_sink *sink, bool *more)
{
	struct reader r;
	struct fs_dirent entry;

	reader_init(&r, buf, size);
	*more = size != 0;
	while (*more && r.left != 0) {
		if (!host_dirent_next(&r, &entry))
			return WASI_IO;
		*cookie = entry.next;
		*more = sink->take(sink, &entry);
	}
	return WASI_SUCCESS;
}

/* What may fill the sink at once: a host's record is at most a third longer than the guest's. */
static size_t host_readdir_size(size_t room)
{
	if (room > HOST_READDIR_MAX / 2)
		return HOST_READDIR_MAX;
	return HOST_READDIR_MIN + room / 3 * 4;
}

/* Ends: every entry that the sink takes fills at least a byte of a bounded buffer. */
static enum wasi_errno host_dir_readdir(struct fs_node *dir, uint64_t cookie,
					struct fs_dirent_sink *sink)
{
	const size_t size = host_readdir_size(sink->room);
	uint8_t *buf = heap_alloc(size);
	bool more = buf != NULL;
	enum wasi_errno e = buf ? WASI_SUCCESS : WASI_NOMEM;

	while (more) {
		size_t n;

		e = (enum wasi_errno)hostcall_readdir(fs_host_handle(dir), cookie, buf, size, &n);
		if (e == WASI_SUCCESS)
			e = host_dirents_emit(buf, n, &cookie, sink, &more);
		if (e != WASI_SUCCESS)
			break;
	}
	heap_free(buf);
	return e;
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

static const struct fs_ops g_host_file_ops = {
	.close = fs_host_close,
	.stat = fs_host_stat,
	.set_times = fs_host_set_times,
	.set_flags = fs_host_set_flags,
	.sync = fs_host_sync,
	.read = host_file_read,
	.write = fs_host_write,
	.set_size = host_file_set_size,
	.allocate = host_file_allocate,
};

static const struct fs_ops g_host_dir_ops = {
	.close = fs_host_close,
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
