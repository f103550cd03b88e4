/*
 * preview1: reading directories.
 * Trust: buffer and cookie are the guest's; entries are as trusted as the mount, their names are
 * single components.
 */
#include <string.h>

#include "wasi/funcs.h"
#include "wasi/table.h"

/* Fills the guest's buffer. The last entry may be cut: used == size tells the guest so. */
struct readdir_sink {
	struct fs_dirent_sink sink;
	uint8_t *p;
	uint32_t size;
	uint32_t used;
};

/* Appends as much as fits; false when that is not all. */
static bool readdir_put(struct readdir_sink *s, const void *p, size_t size)
{
	const size_t left = s->size - s->used;
	const size_t n = size < left ? size : left;

	memcpy(s->p + s->used, p, n);
	s->used += (uint32_t)n;
	return n == size;
}

static bool readdir_take(struct fs_dirent_sink *sink, const struct fs_dirent *entry)
{
	struct readdir_sink *s = (struct readdir_sink *)sink;
	const struct wasi_dirent record = {
		.next = entry->next,
		.ino = entry->ino,
		.name_size = (uint32_t)entry->name.size,
		.type = (uint8_t)entry->type,
	};

	return readdir_put(s, &record, sizeof(record)) &&
	       readdir_put(s, entry->name.p, entry->name.size);
}

uint32_t wasi_fd_readdir(struct wasi *wasi, const struct wasi_memory *memory, const uint64_t *args)
{
	struct wasi_descriptor *d;
	const uint32_t size = (uint32_t)args[2], used_at = (uint32_t)args[4];
	struct readdir_sink s = {
		.sink = {.take = readdir_take},
		.p = wasi_memory_at(memory, (uint32_t)args[1], size),
		.size = size,
	};
	enum wasi_errno e = wasi_table_get_dir(wasi, (uint32_t)args[0], WASI_RIGHT_FD_READDIR, &d);

	if (e != WASI_SUCCESS)
		return e;
	if (!s.p || !wasi_memory_at(memory, used_at, sizeof(s.used)))
		e = WASI_FAULT;
	else
		e = fs_readdir(d->node, args[3], &s.sink);
	wasi_descriptor_put(d);
	return e != WASI_SUCCESS ? e : wasi_memory_put(memory, used_at, &s.used, sizeof(s.used));
}
