/*
 * The descriptor table.
 * Trust: numbers are the guest's.
 * Invariant: no free number is below fd_hint; each element owns one reference. The table is looked at
 * and changed under its lock alone; references are put after it, since the last one closes.
 */
#include "wasi/table.h"

#include "base/heap.h"

#define FDS_FIRST 64 /* size of a new table */

/* What a node of its type and access can do at all. */
static uint64_t descriptor_possible(const struct fs_node *node, uint8_t access)
{
	uint64_t rights = WASI_RIGHTS_FILE;

	if (node->type == WASI_TYPE_DIR)
		return WASI_RIGHTS_DIR |
		       (node->ops->dir_sync ? WASI_RIGHT_FD_SYNC | WASI_RIGHT_FD_DATASYNC : 0);
	if (node->stream)
		rights = node->ops->recv ? WASI_RIGHTS_SOCKET : WASI_RIGHTS_STREAM;
	if (!(access & WASI_ACCESS_READ))
		rights &= ~WASI_RIGHT_FD_READ;
	if (!(access & WASI_ACCESS_WRITE))
		rights &= ~(WASI_RIGHT_FD_WRITE | WASI_RIGHT_FD_ALLOCATE);
	return rights;
}

enum wasi_errno wasi_descriptor_new(struct wasi_descriptor **out, struct fs_node *node,
				    uint8_t access, uint64_t inherited)
{
	struct wasi_descriptor *d = heap_alloc(sizeof(*d));

	if (!d) {
		fs_node_put(node);
		return WASI_NOMEM;
	}
	atomic_init(&d->refs, 1);
	d->node = node;
	d->access = access;
	atomic_init(&d->rights, inherited & descriptor_possible(node, access));
	atomic_init(&d->rights_inheriting, node->type == WASI_TYPE_DIR ? inherited : 0);
	*out = d;
	return WASI_SUCCESS;
}

void wasi_descriptor_put(struct wasi_descriptor *d)
{
	if (atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
		return;
	fs_node_put(d->node);
	heap_free(d);
}

/* Makes the table larger; the numbers before stay. */
static enum wasi_errno table_grow(struct wasi *wasi)
{
	const size_t size = wasi->fd_size ? wasi->fd_size * 2 : FDS_FIRST;

	if (size > WASI_FDS_MAX)
		return WASI_MFILE;

	struct wasi_descriptor **fds =
		heap_resize(wasi->fds, wasi->fd_size * sizeof(*fds), size * sizeof(*fds));

	if (!fds)
		return WASI_NOMEM;
	wasi->fds = fds;
	wasi->fd_size = size;
	return WASI_SUCCESS;
}

static enum wasi_errno table_place(struct wasi *wasi, struct wasi_descriptor *d, uint32_t *fd)
{
	enum wasi_errno e = WASI_SUCCESS;
	size_t i = wasi->fd_hint;

	while (i < wasi->fd_size && wasi->fds[i])
		i++;
	if (i == wasi->fd_size)
		e = table_grow(wasi);
	if (e != WASI_SUCCESS)
		return e;
	wasi->fds[i] = d;
	wasi->fd_hint = i + 1;
	*fd = (uint32_t)i;
	return WASI_SUCCESS;
}

enum wasi_errno wasi_table_add(struct wasi *wasi, struct wasi_descriptor *d, uint32_t *fd)
{
	mutex_lock(&wasi->lock);
	const enum wasi_errno e = table_place(wasi, d, fd);

	mutex_unlock(&wasi->lock);
	if (e != WASI_SUCCESS)
		wasi_descriptor_put(d);
	return e;
}

static struct wasi_descriptor *table_lookup(const struct wasi *wasi, uint32_t fd)
{
	return fd < wasi->fd_size ? wasi->fds[fd] : NULL;
}

/* The checks of the wasi_table_get family; errors by kind of node stand before rights, as wasmtime
 * answers. d may be NULL. */
static enum wasi_errno descriptor_check(const struct wasi_descriptor *d, uint64_t rights,
					enum wasi_errno if_dir, enum wasi_errno if_stream,
					enum wasi_errno if_file)
{
	if (!d)
		return WASI_BADF;

	const enum wasi_errno e = d->node->type == WASI_TYPE_DIR ? if_dir
				  : d->node->stream		 ? if_stream
								 : if_file;

	if (e != WASI_SUCCESS)
		return e;
	if ((rights & WASI_RIGHT_FD_READ && !(d->access & WASI_ACCESS_READ)) ||
	    (rights & WASI_RIGHT_FD_WRITE && !(d->access & WASI_ACCESS_WRITE)))
		return WASI_BADF;
	return rights & ~d->rights ? WASI_NOTCAPABLE : WASI_SUCCESS;
}

static enum wasi_errno table_get(struct wasi *wasi, uint32_t fd, uint64_t rights,
				 enum wasi_errno if_dir, enum wasi_errno if_stream,
				 enum wasi_errno if_file, struct wasi_descriptor **out)
{
	mutex_lock(&wasi->lock);
	struct wasi_descriptor *d = table_lookup(wasi, fd);
	const enum wasi_errno e = descriptor_check(d, rights, if_dir, if_stream, if_file);

	if (e == WASI_SUCCESS) {
		atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
		*out = d;
	}
	mutex_unlock(&wasi->lock);
	return e;
}

enum wasi_errno wasi_table_get(struct wasi *wasi, uint32_t fd, uint64_t rights,
			       struct wasi_descriptor **d)
{
	return table_get(wasi, fd, rights, WASI_SUCCESS, WASI_SUCCESS, WASI_SUCCESS, d);
}

enum wasi_errno wasi_table_get_file(struct wasi *wasi, uint32_t fd, uint64_t rights,
				    struct wasi_descriptor **d)
{
	return table_get(wasi, fd, rights, WASI_BADF, WASI_SUCCESS, WASI_SUCCESS, d);
}

enum wasi_errno wasi_table_get_seekable(struct wasi *wasi, uint32_t fd, uint64_t rights,
					struct wasi_descriptor **d)
{
	return table_get(wasi, fd, rights, WASI_BADF, WASI_SPIPE, WASI_SUCCESS, d);
}

enum wasi_errno wasi_table_get_socket(struct wasi *wasi, uint32_t fd, uint64_t rights,
				      struct wasi_descriptor **out)
{
	enum wasi_errno e = wasi_table_get(wasi, fd, 0, out);

	if (e != WASI_SUCCESS)
		return e;
	if (!(*out)->node->ops->recv)
		e = WASI_NOTSOCK;
	else
		e = descriptor_check(*out, rights, WASI_SUCCESS, WASI_SUCCESS, WASI_SUCCESS);
	if (e != WASI_SUCCESS)
		wasi_descriptor_put(*out);
	return e;
}

enum wasi_errno wasi_table_get_dir(struct wasi *wasi, uint32_t fd, uint64_t rights,
				   struct wasi_descriptor **d)
{
	return table_get(wasi, fd, rights, WASI_SUCCESS, WASI_NOTDIR, WASI_NOTDIR, d);
}

/* Checked and written under the table's lock, or two who take rights away could give some back. */
static enum wasi_errno descriptor_limit_rights(struct wasi_descriptor *d, uint64_t rights,
					       uint64_t inheriting)
{
	if (!d)
		return WASI_BADF;
	if (rights & ~d->rights || inheriting & ~d->rights_inheriting)
		return WASI_NOTCAPABLE;
	d->rights = rights;
	d->rights_inheriting = inheriting;
	return WASI_SUCCESS;
}

enum wasi_errno wasi_table_limit_rights(struct wasi *wasi, uint32_t fd, uint64_t rights,
					uint64_t inheriting)
{
	mutex_lock(&wasi->lock);
	const enum wasi_errno e =
		descriptor_limit_rights(table_lookup(wasi, fd), rights, inheriting);

	mutex_unlock(&wasi->lock);
	return e;
}

/* Takes the element out of the table. */
static struct wasi_descriptor *table_take(struct wasi *wasi, uint32_t fd)
{
	struct wasi_descriptor *d = wasi->fds[fd];

	wasi->fds[fd] = NULL;
	if (fd < wasi->fd_hint)
		wasi->fd_hint = fd;
	return d;
}

/* What it wrote and was kept back goes out, and an error is the closer's: as with close(2), the
 * descriptor is gone all the same. */
static enum wasi_errno descriptor_close(struct wasi_descriptor *d)
{
	const enum wasi_errno e = fs_flush(d->node);

	wasi_descriptor_put(d);
	return e;
}

enum wasi_errno wasi_table_remove(struct wasi *wasi, uint32_t fd)
{
	mutex_lock(&wasi->lock);
	struct wasi_descriptor *closed = table_lookup(wasi, fd) ? table_take(wasi, fd) : NULL;

	mutex_unlock(&wasi->lock);
	return closed ? descriptor_close(closed) : WASI_BADF;
}

/* *closed: what had the number `to`, or NULL when nothing moved. */
static enum wasi_errno table_move(struct wasi *wasi, uint32_t from, uint32_t to,
				  struct wasi_descriptor **closed)
{
	*closed = NULL;
	if (!table_lookup(wasi, from) || !table_lookup(wasi, to))
		return WASI_BADF;
	if (from == to)
		return WASI_SUCCESS;
	*closed = wasi->fds[to];
	wasi->fds[to] = table_take(wasi, from);
	return WASI_SUCCESS;
}

enum wasi_errno wasi_table_renumber(struct wasi *wasi, uint32_t from, uint32_t to)
{
	struct wasi_descriptor *closed;

	mutex_lock(&wasi->lock);
	const enum wasi_errno e = table_move(wasi, from, to, &closed);

	mutex_unlock(&wasi->lock);
	return closed ? descriptor_close(closed) : e;
}

void wasi_table_fini(struct wasi *wasi)
{
	for (size_t i = 0; i < wasi->fd_size; i++) {
		if (wasi->fds[i])
			wasi_descriptor_put(wasi->fds[i]);
	}
	heap_free(wasi->fds);
	wasi->fds = NULL;
	wasi->fd_size = 0;
	wasi->fd_hint = 0;
}
