/*
 * Listing a directory of the host.
 * Trust: entries and their number are the host's; hostcall/ checks the form of the records, and it is
 * checked again here. Cookies are the guest's.
 * Invariant: a listing that goes on gives each entry of a batch once, whatever happens to the
 * directory meanwhile; one that begins (cookie 0) asks the host anew.
 */
#include <string.h>

#include "base/heap.h"
#include "base/reader.h"
#include "wasi/fs_host_impl.h"

#define LIST_BATCH_SIZE 32768u /* asked of the host at once */
#define LIST_MARKS_MAX	4096u  /* beyond, going back costs a walk from the last of them */
#define LIST_MARKS_STEP 16u

void fs_host_list_fini(struct host_list *list)
{
	heap_free(list->batch);
	heap_free(list->marks);
}

/* Takes one record off; false: what the host gave is malformed. */
static bool list_next(struct reader *r, struct fs_dirent *entry)
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
		.type = fs_host_type(type),
		.name = {(const char *)name, size},
	};
	return fs_name_valid(entry->name);
}

static enum wasi_errno list_add_mark(struct host_list *list, struct host_mark mark)
{
	const size_t n = list->mark_count;

	if (n != 0 && (n == LIST_MARKS_MAX || list->marks[n - 1].index >= mark.index))
		return WASI_SUCCESS;
	if (n == list->mark_room) {
		struct host_mark *marks = heap_resize(list->marks, n * sizeof(*marks),
						      (n + LIST_MARKS_STEP) * sizeof(*marks));

		if (!marks)
			return WASI_NOMEM;
		list->marks = marks;
		list->mark_room += LIST_MARKS_STEP;
	}
	list->marks[list->mark_count++] = mark;
	return WASI_SUCCESS;
}

/* Counts the records of the batch, and finds out how to go on behind them. */
static enum wasi_errno list_measure(struct host_list *list)
{
	struct reader r;
	struct fs_dirent entry;

	reader_init(&r, list->batch, list->size);
	while (r.left != 0) {
		if (!list_next(&r, &entry))
			return WASI_IO;
		list->after.index++;
		list->after.cookie = entry.next;
	}
	return WASI_SUCCESS;
}

/* The batch that begins at `from`; empty at the end. */
static enum wasi_errno list_load(struct host_dir *dir, struct host_mark from)
{
	struct host_list *list = &dir->list;
	size_t size;
	enum wasi_errno e = list_add_mark(list, from);

	if (e != WASI_SUCCESS)
		return e;
	list->size = 0;
	list->first = from.index;
	list->after = from;
	if (!list->batch)
		list->batch = heap_alloc(LIST_BATCH_SIZE);
	if (!list->batch)
		return WASI_NOMEM;
	e = (enum wasi_errno)hostcall_readdir(dir->base.handle, from.cookie, list->batch,
					      LIST_BATCH_SIZE, &size);
	if (e != WASI_SUCCESS)
		return e;
	list->size = size;
	e = list_measure(list);
	if (e != WASI_SUCCESS) {
		list->size = 0;
		list->after = from;
	}
	return e;
}

/* The last mark that is not behind the entry. */
static struct host_mark list_mark(const struct host_list *list, uint64_t index)
{
	size_t i = list->mark_count;

	while (i > 1 && list->marks[i - 1].index > index)
		i--;
	return i != 0 ? list->marks[i - 1] : (struct host_mark){0, 0};
}

/* Loads batches until one holds the entry, or the last, which is empty. A host whose directory never
 * ends keeps the program waiting, as it can at any time. */
static enum wasi_errno list_seek(struct host_dir *dir, uint64_t index)
{
	struct host_list *list = &dir->list;
	enum wasi_errno e = WASI_SUCCESS;

	if (index == 0)
		list->mark_count = 0; /* from the start: nothing known of it counts any more */
	if (index == 0 || index < list->first)
		e = list_load(dir, list_mark(list, index));
	while (e == WASI_SUCCESS && index >= list->after.index) {
		e = list_load(dir, list->after);
		if (e == WASI_SUCCESS && list->size == 0)
			break;
	}
	return e;
}

/* Hands on the entries of the batch from `index` on; false: no more, please. */
static bool list_emit(const struct host_list *list, uint64_t index, struct fs_dirent_sink *sink)
{
	struct reader r;
	struct fs_dirent entry;

	reader_init(&r, list->batch, list->size);
	for (uint64_t i = list->first; i < list->after.index && list_next(&r, &entry); i++) {
		entry.next = i + 1;
		if (i >= index && !sink->take(sink, &entry))
			return false;
	}
	return list->size != 0;
}

/* Ends: every entry that the sink takes fills at least a byte of a bounded buffer. */
static enum wasi_errno list_read(struct host_dir *dir, uint64_t index, struct fs_dirent_sink *sink)
{
	enum wasi_errno e = list_seek(dir, index);

	while (e == WASI_SUCCESS && list_emit(&dir->list, index, sink))
		e = list_load(dir, dir->list.after);
	return e;
}

enum wasi_errno fs_host_list_read(struct host_dir *dir, uint64_t cookie,
				  struct fs_dirent_sink *sink)
{
	mutex_lock(&dir->list.lock);
	const enum wasi_errno e = list_read(dir, cookie, sink);

	mutex_unlock(&dir->list.lock);
	return e;
}
