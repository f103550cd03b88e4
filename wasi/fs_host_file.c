/*
 * Files of the untrusted host, read ahead and written behind.
 * Trust: nothing the host answers beyond what hostcall/ checks. Which two descriptors mean one file is
 * its word, too (device and inode): a lie makes it serve other content, which is its own anyway.
 * Invariant: bytes that are to go out belong to one node, through whose handle they go, in the order in
 * which they were written; no other node of the file reads, writes or describes it before they have
 * gone. Bytes that were read ahead count as long as nothing was changed through any node, and only for
 * who reads on where they begin. One lock per file stands around all this.
 */
#include <string.h>

#include "base/checked.h"
#include "base/heap.h"
#include "wasi/fs_host_impl.h"

struct host_file_node;

/* What all open nodes of one file share. */
struct host_file {
	struct host_file *next; /* this and the next three: under fs_host.lock */
	uint64_t dev, ino;
	size_t refs;
	struct mutex lock;
	uint64_t version;	       /* counts the changes through any node */
	struct host_file_node *writer; /* whose bytes are to go out; NULL: none are */
	uint8_t *out;
	size_t out_size;
	uint64_t out_off; /* FS_OFFSET_END: to be appended */
};

struct host_file_node {
	struct host_node base;
	struct host_file *file;
	bool direct;	   /* each write goes out at once: synchronous, or no regular file */
	uint64_t version;  /* of the file, when it was read last */
	uint64_t next_off; /* where the last read ended */
	bool reads_on;	   /* it had begun where the one before ended */
	uint8_t *ahead;	   /* read ahead and not given out: bytes [at, size) of it, */
	size_t ahead_at;
	size_t ahead_size;
	uint64_t ahead_off; /* which begin here in the file */
};

static struct host_file_node *file_of(struct fs_node *node)
{
	return (struct host_file_node *)node;
}

/* ---- buffers ---- */

/* A buffer, or NULL when enough are in use: then one does without. */
static uint8_t *buffer_get(struct fs_host *host)
{
	uint8_t *p = NULL;

	mutex_lock(&host->buffer_lock);
	const bool may = host->buffers < FS_HOST_BUFFERS_MAX;

	if (may)
		host->buffers++;
	if (may && host->spares != 0)
		p = host->spare[--host->spares];
	mutex_unlock(&host->buffer_lock);
	if (!may || p)
		return p;
	p = heap_alloc(FS_HOST_BUFFER_SIZE);
	if (!p) {
		mutex_lock(&host->buffer_lock);
		host->buffers--;
		mutex_unlock(&host->buffer_lock);
	}
	return p;
}

static void buffer_put(struct fs_host *host, uint8_t *p)
{
	if (!p)
		return;
	mutex_lock(&host->buffer_lock);
	host->buffers--;
	if (host->spares < FS_HOST_SPARES) {
		host->spare[host->spares++] = p;
		p = NULL;
	}
	mutex_unlock(&host->buffer_lock);
	heap_free(p);
}

void fs_host_fini(struct fs_host *host)
{
	while (host->spares != 0)
		heap_free(host->spare[--host->spares]);
}

/* ---- writing behind, under the file's lock ---- */

/* Nothing is to go out any more. */
static void out_done(struct host_file *f)
{
	struct fs_host *host = f->writer->base.host;

	buffer_put(host, f->out);
	f->out = NULL;
	f->out_size = 0;
	f->writer = NULL;
	atomic_fetch_sub_explicit(&host->dirty, 1, memory_order_relaxed);
}

/* Takes away what has gone out. */
static void out_advance(struct host_file *f, size_t done)
{
	memmove(f->out, f->out + done, f->out_size - done);
	f->out_size -= done;
	if (f->out_off != FS_OFFSET_END)
		f->out_off += done;
}

/* On an error what has not gone out stays. Each turn ends it, fails, or sends something. */
static enum wasi_errno out_flush(struct host_file *f)
{
	while (f->writer) {
		size_t done = 0;
		enum wasi_errno e = fs_host_write(&f->writer->base.node, f->out, f->out_size,
						  f->out_off, &done);

		if (e == WASI_SUCCESS && done == 0)
			e = WASI_IO;
		if (e != WASI_SUCCESS)
			return e;
		out_advance(f, done);
		if (f->out_size == 0)
			out_done(f);
	}
	return WASI_SUCCESS;
}

/* Begins to keep back what node n writes at off. False: no buffer. */
static bool out_begin(struct host_file *f, struct host_file_node *n, uint64_t off)
{
	f->out = buffer_get(n->base.host);
	if (!f->out)
		return false;
	f->writer = n;
	f->out_off = off;
	atomic_fetch_add_explicit(&n->base.host->dirty, 1, memory_order_relaxed);
	return true;
}

/* Where in the buffer `size` bytes of node n at off belong, whole; false: not there. */
static bool out_place(const struct host_file *f, const struct host_file_node *n, size_t size,
		      uint64_t off, size_t *at)
{
	const bool append = off == FS_OFFSET_END;

	if (f->writer != n || append != (f->out_off == FS_OFFSET_END))
		return false;
	if (!append && (off < f->out_off || off - f->out_off > f->out_size))
		return false;
	*at = append ? f->out_size : (size_t)(off - f->out_off);
	return size <= FS_HOST_BUFFER_SIZE - *at;
}

/* A write of node n while others may look. Those of a buffer's size go out themselves. */
static enum wasi_errno out_write(struct host_file *f, struct host_file_node *n, const void *buf,
				 size_t size, uint64_t off, size_t *done)
{
	size_t at = 0;

	f->version++;
	if (!out_place(f, n, size, off, &at)) {
		const enum wasi_errno e = out_flush(f);

		if (e != WASI_SUCCESS)
			return e;
		at = 0;
		if (n->direct || size == 0 || size >= FS_HOST_BUFFER_SIZE || !out_begin(f, n, off))
			return fs_host_write(&n->base.node, buf, size, off, done);
	}
	memcpy(f->out + at, buf, size);
	if (at + size > f->out_size)
		f->out_size = at + size;
	*done = size;
	return WASI_SUCCESS;
}

static enum wasi_errno host_file_write(struct fs_node *node, const void *buf, size_t size,
				       uint64_t off, size_t *done)
{
	struct host_file_node *n = file_of(node);

	mutex_lock(&n->file->lock);
	const enum wasi_errno e = out_write(n->file, n, buf, size, off, done);

	mutex_unlock(&n->file->lock);
	return e;
}

/* What was written through any node goes out. */
static enum wasi_errno host_file_flush_all(struct host_file *f)
{
	mutex_lock(&f->lock);
	const enum wasi_errno e = out_flush(f);

	mutex_unlock(&f->lock);
	return e;
}

void fs_host_flush_all(struct fs_host *host)
{
	if (atomic_load_explicit(&host->dirty, memory_order_relaxed) == 0)
		return;
	mutex_lock(&host->lock);
	for (struct host_file *f = host->files; f; f = f->next)
		(void)host_file_flush_all(f);
	mutex_unlock(&host->lock);
}

/* ---- reading ahead, under the file's lock ---- */

static void ahead_drop(struct host_file_node *n)
{
	buffer_put(n->base.host, n->ahead);
	n->ahead = NULL;
	n->ahead_at = n->ahead_size = 0;
}

/* Gives out what was read ahead. */
static size_t ahead_take(struct host_file_node *n, uint8_t *buf, size_t size)
{
	const size_t left = n->ahead_size - n->ahead_at;
	const size_t take = size < left ? size : left;

	if (take != 0)
		memcpy(buf, n->ahead + n->ahead_at, take);
	n->ahead_at += take;
	n->ahead_off += take;
	return take;
}

/* Reads a buffer full from off on; false: without one. */
static bool ahead_fill(struct host_file_node *n, uint64_t off, enum wasi_errno *e)
{
	size_t size = FS_HOST_BUFFER_SIZE;

	if (off > FS_OFFSET_MAX - size)
		return false;
	if (!n->ahead)
		n->ahead = buffer_get(n->base.host);
	if (!n->ahead)
		return false;
	n->ahead_at = n->ahead_size = 0;
	n->ahead_off = off;
	*e = fs_host_read(&n->base.node, n->ahead, size, off, &n->ahead_size);
	return true;
}

/* A read of node n at off begins: does it go on where the last one ended? */
static void read_begin(const struct host_file *f, struct host_file_node *n, uint64_t off)
{
	const bool goes_on = off == n->next_off && off != 0 && n->version == f->version;

	if (!goes_on || off != n->ahead_off)
		ahead_drop(n);
	n->reads_on = goes_on;
	n->version = f->version;
}

/* What is there, and what can be read ahead; *done < size: the rest is to be read directly, unless
 * *end. */
static enum wasi_errno read_buffered(struct host_file_node *n, uint8_t *buf, size_t size,
				     uint64_t off, size_t *done, bool *end)
{
	enum wasi_errno e = WASI_SUCCESS;
	size_t total = ahead_take(n, buf, size);

	*end = false;
	if (total < size && n->reads_on && size - total < FS_HOST_BUFFER_SIZE / 2 &&
	    ahead_fill(n, off + total, &e)) {
		*end = n->ahead_size < size - total;
		total += ahead_take(n, buf + total, size - total);
		if (n->ahead_size < FS_HOST_BUFFER_SIZE && n->ahead_at == n->ahead_size)
			ahead_drop(n); /* the end, for now */
	}
	*done = total;
	return total == 0 ? e : WASI_SUCCESS;
}

/* The rest comes from the host without the lock: others may read at the same time. */
static enum wasi_errno read_rest(struct host_file_node *n, uint8_t *buf, size_t size, uint64_t off,
				 size_t *done)
{
	size_t more = 0;

	mutex_unlock(&n->file->lock);
	const enum wasi_errno e =
		fs_host_read(&n->base.node, buf + *done, size - *done, off + *done, &more);

	mutex_lock(&n->file->lock);
	if (e != WASI_SUCCESS)
		return *done == 0 ? e : WASI_SUCCESS;
	*done += more;
	return WASI_SUCCESS;
}

static enum wasi_errno host_file_read(struct fs_node *node, void *buf, size_t size, uint64_t off,
				      size_t *done)
{
	struct host_file_node *n = file_of(node);
	size_t total = 0;
	bool end = false;

	mutex_lock(&n->file->lock);
	enum wasi_errno e = out_flush(n->file);

	if (e == WASI_SUCCESS) {
		read_begin(n->file, n, off);
		e = read_buffered(n, buf, size, off, &total, &end);
	}
	if (e == WASI_SUCCESS && total < size && !end)
		e = read_rest(n, buf, size, off, &total);
	if (e == WASI_SUCCESS) {
		n->next_off = off + total;
		*done = total;
	}
	mutex_unlock(&n->file->lock);
	return e;
}

/* ---- the rest ---- */

/* A size as if everything had gone out, when it could not. */
static void stat_correct(const struct host_file *f, struct wasi_filestat *st)
{
	uint64_t end = 0;

	if (!f->writer)
		return;
	if (!checked_add_u64(&end, f->out_off == FS_OFFSET_END ? st->size : f->out_off,
			     f->out_size))
		return;
	if (end > FS_OFFSET_MAX) /* no file is larger, whatever size the host said */
		end = FS_OFFSET_MAX;
	if (end > st->size)
		st->size = end;
}

static void host_file_stat_correct(struct host_file *f, struct wasi_filestat *st)
{
	mutex_lock(&f->lock);
	stat_correct(f, st);
	mutex_unlock(&f->lock);
}

void fs_host_stat_correct(struct fs_host *host, struct wasi_filestat *st)
{
	if (atomic_load_explicit(&host->dirty, memory_order_relaxed) == 0)
		return;
	mutex_lock(&host->lock);
	for (struct host_file *f = host->files; f; f = f->next) {
		if (f->dev == st->dev && f->ino == st->ino)
			host_file_stat_correct(f, st);
	}
	mutex_unlock(&host->lock);
}

static enum wasi_errno host_file_stat(struct fs_node *node, struct wasi_filestat *st)
{
	struct host_file *f = file_of(node)->file;

	mutex_lock(&f->lock);
	(void)out_flush(f); /* an error stays for the next write, sync or close */
	const enum wasi_errno e = fs_host_stat(node, st);

	if (e == WASI_SUCCESS)
		stat_correct(f, st);
	mutex_unlock(&f->lock);
	return e;
}

/* Bytes that the new size cuts off need not go out, and could not on a full disk. */
static void out_cut(struct host_file *f, uint64_t size)
{
	if (!f->writer)
		return;
	if (f->out_off == FS_OFFSET_END ? size == 0 : f->out_off >= size)
		out_done(f);
	else if (f->out_off != FS_OFFSET_END && f->out_size > size - f->out_off)
		f->out_size = (size_t)(size - f->out_off);
}

static enum wasi_errno host_file_set_size(struct fs_node *node, uint64_t size)
{
	struct host_file *f = file_of(node)->file;

	mutex_lock(&f->lock);
	out_cut(f, size);
	enum wasi_errno e = out_flush(f);

	f->version++;
	if (e == WASI_SUCCESS)
		e = (enum wasi_errno)hostcall_set_size(fs_host_handle(node), size);
	mutex_unlock(&f->lock);
	return e;
}

static enum wasi_errno host_file_allocate(struct fs_node *node, uint64_t off, uint64_t len)
{
	struct host_file *f = file_of(node)->file;

	mutex_lock(&f->lock);
	enum wasi_errno e = out_flush(f);

	f->version++;
	if (e == WASI_SUCCESS)
		e = (enum wasi_errno)hostcall_allocate(fs_host_handle(node), off, len);
	mutex_unlock(&f->lock);
	return e;
}

static enum wasi_errno host_file_set_times(struct fs_node *node, const struct fs_times *times)
{
	(void)host_file_flush_all(file_of(node)->file); /* or it would set the time itself, later */
	return fs_host_set_times(node, times);
}

static enum wasi_errno host_file_set_flags(struct fs_node *node, uint32_t fdflags)
{
	const enum wasi_errno e = host_file_flush_all(file_of(node)->file);

	return e != WASI_SUCCESS ? e : fs_host_set_flags(node, fdflags);
}

static enum wasi_errno host_file_sync(struct fs_node *node, bool data_only)
{
	const enum wasi_errno e = host_file_flush_all(file_of(node)->file);

	return e != WASI_SUCCESS ? e : fs_host_sync(node, data_only);
}

static enum wasi_errno host_file_flush(struct fs_node *node)
{
	struct host_file_node *n = file_of(node);

	mutex_lock(&n->file->lock);
	const enum wasi_errno e = n->file->writer == n ? out_flush(n->file) : WASI_SUCCESS;

	mutex_unlock(&n->file->lock);
	return e;
}

/* ---- which file it is ---- */

/* A reference to the file of this name for it, or NULL. Under the lock of the list. */
static struct host_file *file_find(struct fs_host *host, const struct host_stat *st)
{
	struct host_file *f = host->files;

	while (f && !(f->dev == st->dev && f->ino == st->ino))
		f = f->next;
	if (f) {
		f->refs++;
		return f;
	}
	f = heap_alloc(sizeof(*f));
	if (!f)
		return NULL;
	f->dev = st->dev;
	f->ino = st->ino;
	f->refs = 1;
	f->next = host->files;
	host->files = f;
	return f;
}

static struct host_file *file_get(struct fs_host *host, const struct host_stat *st)
{
	mutex_lock(&host->lock);
	struct host_file *f = file_find(host, st);

	mutex_unlock(&host->lock);
	return f;
}

static void file_put(struct fs_host *host, struct host_file *f)
{
	mutex_lock(&host->lock);
	const bool last = --f->refs == 0;

	if (last) {
		struct host_file **p = &host->files;

		while (*p != f)
			p = &(*p)->next;
		*p = f->next;
	}
	mutex_unlock(&host->lock);
	if (last)
		heap_free(f);
}

/* What still cannot go out is lost: whoever closed the descriptor was told. */
static void host_file_close(struct fs_node *node)
{
	struct host_file_node *n = file_of(node);
	struct host_file *f = n->file;

	mutex_lock(&f->lock);
	if (f->writer == n && out_flush(f) != WASI_SUCCESS)
		out_done(f);
	ahead_drop(n);
	mutex_unlock(&f->lock);
	file_put(n->base.host, f);
	fs_host_close(node);
}

static const struct fs_ops g_host_file_ops = {
	.close = host_file_close,
	.flush = host_file_flush,
	.stat = host_file_stat,
	.set_times = host_file_set_times,
	.set_flags = host_file_set_flags,
	.sync = host_file_sync,
	.read = host_file_read,
	.write = host_file_write,
	.set_size = host_file_set_size,
	.allocate = host_file_allocate,
};

enum wasi_errno fs_host_file_node(struct fs_host *host, uint32_t handle, const struct host_stat *st,
				  uint32_t flags, uint32_t fdflags, struct fs_node **node)
{
	const enum wasi_filetype type = fs_host_type(st->type);
	struct host_file *f = file_get(host, st);
	struct host_node *n;

	if (!f) {
		(void)hostcall_close(handle);
		return WASI_NOMEM;
	}
	const enum wasi_errno e = fs_host_node(host, handle, sizeof(struct host_file_node),
					       &g_host_file_ops, type, &n);

	if (e != WASI_SUCCESS) {
		file_put(host, f);
		return e;
	}
	struct host_file_node *file = (struct host_file_node *)n;

	file->file = f;
	file->direct =
		type != WASI_TYPE_FILE || fdflags & (WASI_FD_DSYNC | WASI_FD_SYNC | WASI_FD_RSYNC);
	if (flags & FS_OPEN_TRUNC) {
		mutex_lock(&f->lock);
		f->version++;
		mutex_unlock(&f->lock);
	}
	*node = &n->node;
	return WASI_SUCCESS;
}
