/*
 * preview1: reading, writing and positions; receiving and sending.
 * Trust: descriptors, pointers, lengths and offsets are the guest's; counts from a mount are at
 * most what was asked for.
 * Invariant: nothing is read or written before every buffer and the place of the result are
 * checked. A stream is waited for without a lock.
 */
#include <string.h>

#include "base/heap.h"
#include "wasi/funcs.h"
#include "wasi/table.h"

#define GATHER_MAX 2048 /* vectors up to this many bytes go through one buffer in one call */

/* The position, asking for the size when the last write appended. */
static enum wasi_errno fd_offset(struct wasi_descriptor *d, uint64_t *off)
{
	struct wasi_filestat st;

	if (d->off_at_end) {
		const enum wasi_errno e = fs_stat(d->node, &st);

		if (e != WASI_SUCCESS)
			return e;
		d->off = st.size;
		d->off_at_end = false;
	}
	*off = d->off;
	return WASI_SUCCESS;
}

/* The first `size` bytes of all that the buffers have room for. */
static void fd_deal_out(const struct wasi_iovs *iovs, const uint8_t *bytes, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < iovs->count && at < size; i++) {
		const size_t left = size - at;
		const size_t n = iovs->v[i].size < left ? iovs->v[i].size : left;

		memcpy(iovs->v[i].p, bytes + at, n);
		at += n;
	}
}

/* Several small buffers: one read, then dealt out. */
static enum wasi_errno fd_read_gathered(struct fs_node *node, const struct wasi_iovs *iovs,
					uint64_t off, size_t *done)
{
	uint8_t buf[GATHER_MAX];
	const enum wasi_errno e = fs_read(node, buf, iovs->total, off, done);

	if (e == WASI_SUCCESS)
		fd_deal_out(iovs, buf, *done);
	return e;
}

/* Buffer by buffer; a stream stops after the first, because a second read could wait. */
static enum wasi_errno fd_read_each(struct fs_node *node, const struct wasi_iovs *iovs,
				    uint64_t off, size_t *done)
{
	size_t total = 0;

	for (size_t i = 0; i < iovs->count; i++) {
		const struct wasi_buffer *b = &iovs->v[i];
		size_t n;

		if (b->size == 0)
			continue;
		const enum wasi_errno e = fs_read(node, b->p, b->size, off + total, &n);

		if (e != WASI_SUCCESS && total == 0)
			return e;
		if (e != WASI_SUCCESS)
			break;
		total += n;
		if (n < b->size || node->stream)
			break;
	}
	*done = total;
	return WASI_SUCCESS;
}

static enum wasi_errno fd_read_at(struct fs_node *node, const struct wasi_iovs *iovs, uint64_t off,
				  size_t *done)
{
	if (iovs->count > 1 && iovs->total != 0 && iovs->total <= GATHER_MAX)
		return fd_read_gathered(node, iovs, off, done);
	return fd_read_each(node, iovs, off, done);
}

static enum wasi_errno fd_write_gathered(struct fs_node *node, const struct wasi_iovs *iovs,
					 uint64_t off, size_t *done)
{
	uint8_t buf[GATHER_MAX];
	size_t at = 0;

	for (size_t i = 0; i < iovs->count; i++) {
		memcpy(buf + at, iovs->v[i].p, iovs->v[i].size);
		at += iovs->v[i].size;
	}
	return fs_write(node, buf, at, off, done);
}

static enum wasi_errno fd_write_each(struct fs_node *node, const struct wasi_iovs *iovs,
				     uint64_t off, size_t *done)
{
	size_t total = 0;

	for (size_t i = 0; i < iovs->count; i++) {
		const struct wasi_buffer *b = &iovs->v[i];
		size_t n;

		if (b->size == 0)
			continue;
		const enum wasi_errno e =
			fs_write(node, b->p, b->size,
				 off == FS_OFFSET_END ? FS_OFFSET_END : off + total, &n);

		if (e != WASI_SUCCESS && total == 0)
			return e;
		if (e != WASI_SUCCESS)
			break;
		total += n;
		if (n < b->size)
			break;
	}
	*done = total;
	return WASI_SUCCESS;
}

static enum wasi_errno fd_write_at(struct fs_node *node, const struct wasi_iovs *iovs, uint64_t off,
				   size_t *done)
{
	if (iovs->count > 1 && iovs->total != 0 && iovs->total <= GATHER_MAX)
		return fd_write_gathered(node, iovs, off, done);
	return fd_write_each(node, iovs, off, done);
}

/* At the descriptor's own position, whose lock is held. */
static enum wasi_errno fd_read_here(struct wasi_descriptor *d, const struct wasi_iovs *iovs,
				    size_t *done)
{
	uint64_t off;
	enum wasi_errno e = fd_offset(d, &off);

	if (e == WASI_SUCCESS)
		e = fd_read_at(d->node, iovs, off, done);
	if (e == WASI_SUCCESS)
		d->off = off + *done;
	return e;
}

static enum wasi_errno fd_write_here(struct wasi_descriptor *d, const struct wasi_iovs *iovs,
				     size_t *done)
{
	const bool append = d->flags & WASI_FD_APPEND;
	uint64_t off = FS_OFFSET_END;
	enum wasi_errno e = append ? WASI_SUCCESS : fd_offset(d, &off);

	if (e == WASI_SUCCESS)
		e = fd_write_at(d->node, iovs, off, done);
	if (e != WASI_SUCCESS)
		return e;
	if (append)
		d->off_at_end = true;
	else
		d->off = off + *done;
	return WASI_SUCCESS;
}

typedef enum wasi_errno (*fd_transfer)(struct wasi_descriptor *d, const struct wasi_iovs *iovs,
				       const uint64_t *args, size_t *done);

static enum wasi_errno transfer_read(struct wasi_descriptor *d, const struct wasi_iovs *iovs,
				     const uint64_t *args, size_t *done)
{
	(void)args;
	if (d->node->stream)
		return fd_read_at(d->node, iovs, 0, done);
	mutex_lock(&d->lock);
	const enum wasi_errno e = fd_read_here(d, iovs, done);

	mutex_unlock(&d->lock);
	return e;
}

static enum wasi_errno transfer_pread(struct wasi_descriptor *d, const struct wasi_iovs *iovs,
				      const uint64_t *args, size_t *done)
{
	if (args[3] > FS_OFFSET_MAX)
		return WASI_INVAL;
	return fd_read_at(d->node, iovs, args[3], done);
}

static enum wasi_errno transfer_write(struct wasi_descriptor *d, const struct wasi_iovs *iovs,
				      const uint64_t *args, size_t *done)
{
	(void)args;
	if (d->node->stream)
		return fd_write_at(d->node, iovs, FS_OFFSET_END, done);
	mutex_lock(&d->lock);
	const enum wasi_errno e = fd_write_here(d, iovs, done);

	mutex_unlock(&d->lock);
	return e;
}

static enum wasi_errno transfer_pwrite(struct wasi_descriptor *d, const struct wasi_iovs *iovs,
				       const uint64_t *args, size_t *done)
{
	if (args[3] > FS_OFFSET_MAX)
		return WASI_INVAL;
	mutex_lock(&d->lock);
	const bool append = d->flags & WASI_FD_APPEND; /* wins, as in Linux and wasmtime */

	mutex_unlock(&d->lock);
	return fd_write_at(d->node, iovs, append ? FS_OFFSET_END : args[3], done);
}

/* What the four share: args[1], args[2] the vector, `out` the place of the count. */
static enum wasi_errno fd_move(struct wasi_descriptor *d, const struct wasi_memory *m,
			       const uint64_t *args, uint32_t out, fd_transfer transfer)
{
	struct wasi_iovs iovs;
	size_t done = 0;

	if (!wasi_memory_at(m, out, sizeof(uint32_t)))
		return WASI_FAULT;

	enum wasi_errno e = wasi_iovs_init(&iovs, m, (uint32_t)args[1], (uint32_t)args[2]);

	if (e != WASI_SUCCESS)
		return e;
	e = transfer(d, &iovs, args, &done);
	wasi_iovs_fini(&iovs);
	if (e != WASI_SUCCESS)
		return e;

	const uint32_t count = (uint32_t)done; /* at most iovs.total */

	return wasi_memory_put(m, out, &count, sizeof(count));
}

typedef enum wasi_errno (*fd_getter)(struct wasi *wasi, uint32_t fd, uint64_t rights,
				     struct wasi_descriptor **d);

/* One of them: takes the descriptor with these rights, moves, lets go. */
static enum wasi_errno fd_run(struct wasi *wasi, const struct wasi_memory *memory,
			      const uint64_t *args, fd_getter get, uint64_t rights, uint32_t out,
			      fd_transfer transfer)
{
	struct wasi_descriptor *d;
	enum wasi_errno e = get(wasi, (uint32_t)args[0], rights, &d);

	if (e != WASI_SUCCESS)
		return e;
	e = fd_move(d, memory, args, out, transfer);
	wasi_descriptor_put(d);
	return e;
}

uint32_t wasi_fd_read(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return fd_run(wasi, memory, args, wasi_table_get_file, WASI_RIGHT_FD_READ,
		      (uint32_t)args[3], transfer_read);
}

uint32_t wasi_fd_write(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return fd_run(wasi, memory, args, wasi_table_get_file, WASI_RIGHT_FD_WRITE,
		      (uint32_t)args[3], transfer_write);
}

uint32_t wasi_fd_pread(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return fd_run(wasi, memory, args, wasi_table_get_seekable,
		      WASI_RIGHT_FD_READ | WASI_RIGHT_FD_SEEK, (uint32_t)args[4], transfer_pread);
}

uint32_t wasi_fd_pwrite(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return fd_run(wasi, memory, args, wasi_table_get_seekable,
		      WASI_RIGHT_FD_WRITE | WASI_RIGHT_FD_SEEK, (uint32_t)args[4], transfer_pwrite);
}

/* Where `whence` counts from. */
static enum wasi_errno fd_seek_base(struct wasi_descriptor *d, uint32_t whence, uint64_t *base)
{
	struct wasi_filestat st;
	enum wasi_errno e = WASI_SUCCESS;

	switch (whence) {
	case WASI_WHENCE_SET:
		*base = 0;
		return WASI_SUCCESS;
	case WASI_WHENCE_CUR:
		return fd_offset(d, base);
	case WASI_WHENCE_END:
		e = fs_stat(d->node, &st);
		*base = e == WASI_SUCCESS ? st.size : 0;
		return e;
	default:
		return WASI_INVAL;
	}
}

/* INVAL when the new position *to would be negative or above FS_OFFSET_MAX. */
static enum wasi_errno fd_seek_to(struct wasi_descriptor *d, int64_t delta, uint32_t whence,
				  uint64_t *to)
{
	uint64_t base;
	int64_t off;
	const enum wasi_errno e = fd_seek_base(d, whence, &base);

	if (e != WASI_SUCCESS)
		return e;
	if (base > FS_OFFSET_MAX || __builtin_add_overflow((int64_t)base, delta, &off) || off < 0)
		return WASI_INVAL;
	d->off = (uint64_t)off;
	d->off_at_end = false;
	*to = d->off;
	return WASI_SUCCESS;
}

/* Asking where one is needs less than going elsewhere. */
static uint64_t fd_seek_rights(int64_t delta, uint32_t whence)
{
	return delta == 0 && whence == WASI_WHENCE_CUR ? WASI_RIGHT_FD_TELL : WASI_RIGHT_FD_SEEK;
}

enum wasi_errno wasi_fd_move_to(struct wasi *wasi, const struct wasi_memory *memory, uint32_t fd,
				int64_t delta, uint32_t whence, uint32_t out)
{
	struct wasi_descriptor *d;
	uint64_t to;
	enum wasi_errno e = wasi_table_get_seekable(wasi, fd, fd_seek_rights(delta, whence), &d);

	if (e != WASI_SUCCESS)
		return e;
	if (wasi_memory_at(memory, out, sizeof(to))) {
		mutex_lock(&d->lock);
		e = fd_seek_to(d, delta, whence, &to);
		mutex_unlock(&d->lock);
	} else {
		e = WASI_FAULT;
	}
	wasi_descriptor_put(d);
	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, out, &to, sizeof(to));
}

uint32_t wasi_fd_seek(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return wasi_fd_move_to(wasi, memory, (uint32_t)args[0], (int64_t)args[1], (uint32_t)args[2],
			       (uint32_t)args[3]);
}

uint32_t wasi_fd_tell(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	return wasi_fd_move_to(wasi, memory, (uint32_t)args[0], 0, WASI_WHENCE_CUR,
			       (uint32_t)args[1]);
}

uint32_t wasi_fd_close(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)memory;
	return wasi_table_remove(wasi, (uint32_t)args[0]);
}

uint32_t wasi_fd_renumber(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)memory;
	return wasi_table_renumber(wasi, (uint32_t)args[0], (uint32_t)args[1]);
}

/* A directory is synced where that says something (fs_ops.dir_sync); elsewhere it is BADF, as in wasmtime. */
static enum wasi_errno fd_check_sync(const struct wasi_descriptor *d, uint64_t right)
{
	if (d->node->type == WASI_TYPE_DIR && !d->node->ops->dir_sync)
		return WASI_BADF;
	return right & ~d->rights ? WASI_NOTCAPABLE : WASI_SUCCESS;
}

static enum wasi_errno fd_sync(struct wasi *wasi, uint32_t fd, uint64_t right, bool data_only)
{
	struct wasi_descriptor *d;
	enum wasi_errno e = wasi_table_get(wasi, fd, 0, &d);

	if (e != WASI_SUCCESS)
		return e;
	e = fd_check_sync(d, right);
	if (e == WASI_SUCCESS)
		e = fs_sync(d->node, data_only);
	wasi_descriptor_put(d);
	return e;
}

uint32_t wasi_fd_sync(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)memory;
	return fd_sync(wasi, (uint32_t)args[0], WASI_RIGHT_FD_SYNC, false);
}

uint32_t wasi_fd_datasync(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	(void)memory;
	return fd_sync(wasi, (uint32_t)args[0], WASI_RIGHT_FD_DATASYNC, true);
}

/* Advice is checked and not acted upon. */
uint32_t wasi_fd_advise(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	struct wasi_descriptor *d;
	const enum wasi_errno e =
		wasi_table_get_seekable(wasi, (uint32_t)args[0], WASI_RIGHT_FD_ADVISE, &d);

	(void)memory;
	if (e != WASI_SUCCESS)
		return e;
	wasi_descriptor_put(d);
	if ((uint32_t)args[3] > WASI_ADVICE_LAST || args[1] > FS_OFFSET_MAX ||
	    args[2] > FS_OFFSET_MAX)
		return WASI_INVAL;
	return WASI_SUCCESS;
}

uint32_t wasi_fd_allocate(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	struct wasi_descriptor *d;
	enum wasi_errno e = wasi_table_get_seekable(wasi, (uint32_t)args[0], 0, &d);

	(void)memory;
	if (e != WASI_SUCCESS)
		return e;
	if (!(d->access & WASI_ACCESS_WRITE))
		e = WASI_BADF;
	else if (!(d->rights & WASI_RIGHT_FD_ALLOCATE))
		e = WASI_NOTCAPABLE;
	else
		e = fs_allocate(d->node, args[1], args[2]);
	wasi_descriptor_put(d);
	return e;
}

/* A buffer's worth at once, or with WAITALL all of it: up to the end, an error or the program's. */
static enum wasi_errno sock_recv_into(struct fs_node *node, const struct wasi_buffer *b,
				      uint32_t flags, size_t *done)
{
	const bool again = flags == WASI_RECV_WAITALL;
	size_t total = 0;

	do {
		size_t n = 0;
		const enum wasi_errno e =
			node->ops->recv(node, b->p + total, b->size - total, flags, &n);

		if (e != WASI_SUCCESS && total == 0)
			return e;
		total += n;
		if (e != WASI_SUCCESS || n == 0)
			break;
	} while (again && total < b->size);
	*done = total;
	return WASI_SUCCESS;
}

/* Into several buffers by way of one, so that looking (PEEK) sees them filled in order. */
static enum wasi_errno sock_recv_gathered(struct fs_node *node, const struct wasi_iovs *iovs,
					  uint32_t flags, size_t *done)
{
	const size_t size = iovs->total < HOSTCALL_DATA_MAX ? iovs->total : HOSTCALL_DATA_MAX;
	struct wasi_buffer whole = {heap_alloc(size), size};

	if (!whole.p)
		return WASI_NOMEM;
	const enum wasi_errno e = sock_recv_into(node, &whole, flags, done);

	if (e == WASI_SUCCESS)
		fd_deal_out(iovs, whole.p, *done);
	heap_free(whole.p);
	return e;
}

static enum wasi_errno transfer_recv(struct wasi_descriptor *d, const struct wasi_iovs *iovs,
				     const uint64_t *args, size_t *done)
{
	const uint32_t flags = (uint32_t)args[3];

	if (iovs->total == 0)
		return WASI_SUCCESS; /* *done is 0 */
	if (iovs->count == 1)
		return sock_recv_into(d->node, &iovs->v[0], flags, done);
	return sock_recv_gathered(d->node, iovs, flags, done);
}

/* Of a stream nothing is ever cut off: no ro_flags. */
uint32_t wasi_sock_recv(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	const uint16_t none = 0;
	const uint32_t flags = (uint32_t)args[3];

	if (flags & ~(WASI_RECV_PEEK | WASI_RECV_WAITALL))
		return WASI_INVAL;
	if (!wasi_memory_at(memory, (uint32_t)args[5], sizeof(none)))
		return WASI_FAULT;
	const enum wasi_errno e = fd_run(wasi, memory, args, wasi_table_get_socket,
					 WASI_RIGHT_FD_READ, (uint32_t)args[4], transfer_recv);

	return e != WASI_SUCCESS ? e
				 : wasi_memory_put(memory, (uint32_t)args[5], &none, sizeof(none));
}

uint32_t wasi_sock_send(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	struct wasi_descriptor *d;

	if ((uint32_t)args[3] != 0) { /* no flag is defined */
		const enum wasi_errno e = wasi_table_get_socket(wasi, (uint32_t)args[0], 0, &d);

		if (e == WASI_SUCCESS)
			wasi_descriptor_put(d);
		return e != WASI_SUCCESS ? e : WASI_INVAL;
	}
	return fd_run(wasi, memory, args, wasi_table_get_socket, WASI_RIGHT_FD_WRITE,
		      (uint32_t)args[4], transfer_write);
}
