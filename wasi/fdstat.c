/*
 * preview1: what is known about a descriptor: attributes, flags, rights, times, preopened names.
 * Trust: descriptors and values are the guest's; attributes are as trusted as the mount.
 */
#include "wasi/funcs.h"
#include "wasi/table.h"

/* A stream's type is asked for; every other is known. */
static uint8_t fdstat_type(struct fs_node *node)
{
	struct wasi_filestat st;

	if (node->type != WASI_TYPE_UNKNOWN || fs_stat(node, &st) != WASI_SUCCESS)
		return (uint8_t)node->type;
	return st.type;
}

uint32_t wasi_fd_fdstat_get(struct wasi *wasi, const struct wasi_memory *memory,
			    const uint64_t *args)
{
	struct wasi_descriptor *d;
	const enum wasi_errno e = wasi_table_get(wasi, (uint32_t)args[0], 0, &d);

	if (e != WASI_SUCCESS)
		return e;

	mutex_lock(&d->lock);
	const uint16_t flags = d->flags;

	mutex_unlock(&d->lock);

	const struct wasi_fdstat st = {
		.type = fdstat_type(d->node),
		.flags = flags,
		.rights_base = d->rights,
		.rights_inheriting = d->rights_inheriting,
	};

	wasi_descriptor_put(d);
	return wasi_memory_put(memory, (uint32_t)args[1], &st, sizeof(st));
}

/* APPEND and NONBLOCK may change; the sync flags stay as they were opened: NOTSUP. */
static enum wasi_errno fdstat_set_flags(struct wasi_descriptor *d, uint32_t flags)
{
	const uint32_t fixed = WASI_FD_DSYNC | WASI_FD_RSYNC | WASI_FD_SYNC;

	if (flags & ~WASI_FD_ALL)
		return WASI_INVAL;
	if ((flags ^ d->flags) & fixed)
		return WASI_NOTSUP;
	if (flags == d->flags)
		return WASI_SUCCESS;

	const enum wasi_errno e = fs_set_flags(d->node, flags);

	if (e == WASI_SUCCESS)
		d->flags = (uint16_t)flags;
	return e;
}

uint32_t wasi_fd_fdstat_set_flags(struct wasi *wasi, const struct wasi_memory *memory,
				  const uint64_t *args)
{
	struct wasi_descriptor *d;
	enum wasi_errno e =
		wasi_table_get_file(wasi, (uint32_t)args[0], WASI_RIGHT_FD_FDSTAT_SET_FLAGS, &d);

	(void)memory;
	if (e != WASI_SUCCESS)
		return e;
	mutex_lock(&d->lock);
	e = fdstat_set_flags(d, (uint32_t)args[1]);
	mutex_unlock(&d->lock);
	wasi_descriptor_put(d);
	return e;
}

/* Rights only ever shrink. */
uint32_t wasi_fd_fdstat_set_rights(struct wasi *wasi, const struct wasi_memory *memory,
				   const uint64_t *args)
{
	(void)memory;
	return wasi_table_limit_rights(wasi, (uint32_t)args[0], args[1], args[2]);
}

enum wasi_errno wasi_fd_stat(struct wasi *wasi, uint32_t fd, struct wasi_filestat *st)
{
	struct wasi_descriptor *d;
	enum wasi_errno e = wasi_table_get(wasi, fd, WASI_RIGHT_FD_FILESTAT_GET, &d);

	if (e != WASI_SUCCESS)
		return e;
	e = fs_stat(d->node, st);
	wasi_descriptor_put(d);
	return e;
}

uint32_t wasi_fd_filestat_get(struct wasi *wasi, const struct wasi_memory *memory,
			      const uint64_t *args)
{
	struct wasi_filestat st;
	const enum wasi_errno e = wasi_fd_stat(wasi, (uint32_t)args[0], &st);

	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, (uint32_t)args[1], &st, sizeof(st));
}

/* A file that is not open for writing: INVAL, as ftruncate. */
uint32_t wasi_fd_filestat_set_size(struct wasi *wasi, const struct wasi_memory *memory,
				   const uint64_t *args)
{
	struct wasi_descriptor *d;
	enum wasi_errno e = wasi_table_get_file(wasi, (uint32_t)args[0], 0, &d);

	(void)memory;
	if (e != WASI_SUCCESS)
		return e;
	if (d->node->stream || !(d->access & WASI_ACCESS_WRITE))
		e = WASI_INVAL;
	else if (!(d->rights & WASI_RIGHT_FD_FILESTAT_SET_SIZE))
		e = WASI_NOTCAPABLE;
	else
		e = fs_set_size(d->node, args[1]);
	wasi_descriptor_put(d);
	return e;
}

enum wasi_errno wasi_times_decode(struct fs_times *times, uint64_t atim, uint64_t mtim,
				  uint32_t flags)
{
	const uint32_t both_atim = WASI_TIME_ATIM | WASI_TIME_ATIM_NOW;
	const uint32_t both_mtim = WASI_TIME_MTIM | WASI_TIME_MTIM_NOW;

	if (flags & ~WASI_TIME_ALL || (flags & both_atim) == both_atim ||
	    (flags & both_mtim) == both_mtim)
		return WASI_INVAL;
	if ((flags & WASI_TIME_ATIM && atim > INT64_MAX) ||
	    (flags & WASI_TIME_MTIM && mtim > INT64_MAX))
		return WASI_INVAL;
	times->atim = flags & WASI_TIME_ATIM ? atim : 0;
	times->mtim = flags & WASI_TIME_MTIM ? mtim : 0;
	times->flags = flags;
	return WASI_SUCCESS;
}

uint32_t wasi_fd_filestat_set_times(struct wasi *wasi, const struct wasi_memory *memory,
				    const uint64_t *args)
{
	struct wasi_descriptor *d;
	struct fs_times times;
	enum wasi_errno e =
		wasi_table_get(wasi, (uint32_t)args[0], WASI_RIGHT_FD_FILESTAT_SET_TIMES, &d);

	(void)memory;
	if (e != WASI_SUCCESS)
		return e;
	e = wasi_times_decode(&times, args[1], args[2], (uint32_t)args[3]);
	if (e == WASI_SUCCESS)
		e = fs_set_times(d->node, &times);
	wasi_descriptor_put(d);
	return e;
}

/* The mount of a preopened directory. BADF tells wasi-libc that there are no more. */
static enum wasi_errno prestat_mount(struct wasi *wasi, uint32_t fd,
				     const struct wasi_mount **mount)
{
	struct wasi_descriptor *d;
	enum wasi_errno e = wasi_table_get(wasi, fd, 0, &d);

	if (e != WASI_SUCCESS)
		return e;
	*mount = d->mount;
	wasi_descriptor_put(d);
	return *mount ? WASI_SUCCESS : WASI_BADF;
}

uint32_t wasi_fd_prestat_get(struct wasi *wasi, const struct wasi_memory *memory,
			     const uint64_t *args)
{
	const struct wasi_mount *mount;
	const enum wasi_errno e = prestat_mount(wasi, (uint32_t)args[0], &mount);

	if (e != WASI_SUCCESS)
		return e;

	const struct wasi_prestat st = {
		.tag = WASI_PREOPEN_DIR,
		.name_size = (uint32_t)mount->path.size,
	};

	return wasi_memory_put(memory, (uint32_t)args[1], &st, sizeof(st));
}

uint32_t wasi_fd_prestat_dir_name(struct wasi *wasi, const struct wasi_memory *memory,
				  const uint64_t *args)
{
	const struct wasi_mount *mount;
	const enum wasi_errno e = prestat_mount(wasi, (uint32_t)args[0], &mount);

	if (e != WASI_SUCCESS)
		return e;
	if (mount->path.size > (uint32_t)args[2])
		return WASI_NAMETOOLONG;
	return wasi_memory_put(memory, (uint32_t)args[1], mount->path.p, mount->path.size);
}
