/*
 * The table of the program's open files.
 * Trust: handles are the enclave's claims; a number is good only if the table says so.
 * Invariant: a descriptor stays open while a call uses it (refs), so that its number cannot become
 * another file's meanwhile; a reserved handle is never given to a later file.
 */
#include "host/service/impl.h"

#include <unistd.h>

#include "base/heap.h"

struct service_file *service_file_get(struct host_service *s, uint64_t handle)
{
	struct service_file *file;

	if (handle >= HOST_HANDLES_MAX)
		return NULL;
	pthread_mutex_lock(&s->lock);
	file = s->files[handle];
	if (file)
		file->refs++;
	pthread_mutex_unlock(&s->lock);
	return file;
}

void service_file_put(struct host_service *s, struct service_file *file)
{
	if (!file)
		return;
	pthread_mutex_lock(&s->lock);
	bool last = --file->refs == 0;
	pthread_mutex_unlock(&s->lock);

	if (!last)
		return;
	service_unmap_file(file);
	if (!file->borrowed)
		close(file->fd);
	heap_free(file);
}

/* A copy of *file with one reference, or NULL; then an owned descriptor is closed. */
static struct service_file *file_new(const struct service_file *file)
{
	struct service_file *copy = heap_alloc(sizeof *copy);

	if (!copy) {
		service_unmap_file(file);
		if (!file->borrowed)
			close(file->fd);
		return NULL;
	}
	copy->fd = file->fd;
	copy->refs = 1;
	copy->borrowed = file->borrowed;
	copy->read_only = file->read_only;
	copy->stream = file->stream;
	copy->listens = file->listens;
	copy->connected = file->connected;
	copy->leased = file->leased;
	copy->search = file->search;
	copy->may_read = file->may_read;
	copy->may_write = file->may_write;
	copy->map = file->map;
	copy->map_size = file->map_size;
	copy->idle_ns = file->idle_ns;
	atomic_init(&copy->nonblock, atomic_load(&file->nonblock));
	return copy;
}

static bool table_full(const struct host_service *s)
{
	return s->limits.handles != 0 && s->open_handles >= s->limits.handles;
}

enum host_errno service_file_room(struct host_service *s)
{
	pthread_mutex_lock(&s->lock);
	bool full = table_full(s);
	pthread_mutex_unlock(&s->lock);

	return full ? HOST_MFILE : HOST_SUCCESS;
}

/* Under the lock: the lowest free handle, or HOST_HANDLES_MAX. */
static uint32_t table_free(const struct host_service *s)
{
	uint32_t handle = s->reserved_handles;

	while (handle < HOST_HANDLES_MAX && s->files[handle])
		handle++;
	return table_full(s) ? HOST_HANDLES_MAX : handle;
}

enum host_errno service_file_add(struct host_service *s, const struct service_file *file,
				 uint64_t *handle)
{
	struct service_file *copy = file_new(file);

	if (!copy)
		return HOST_NOMEM;
	pthread_mutex_lock(&s->lock);
	uint32_t slot = table_free(s);

	if (slot < HOST_HANDLES_MAX) {
		s->files[slot] = copy;
		s->open_handles++;
	}
	pthread_mutex_unlock(&s->lock);
	if (slot == HOST_HANDLES_MAX) {
		service_file_put(s, copy);
		return HOST_MFILE;
	}
	*handle = slot;
	return HOST_SUCCESS;
}

enum err service_file_place(struct host_service *s, uint32_t handle,
			    const struct service_file *file)
{
	struct service_file *copy = file_new(file);

	if (!copy)
		return E_NOMEM;
	s->files[handle] = copy;
	s->open_handles++;
	return E_OK;
}

enum host_errno service_file_close(struct host_service *s, uint64_t handle)
{
	must(handle < HOST_HANDLES_MAX); /* the caller has looked it up */
	pthread_mutex_lock(&s->lock);
	struct service_file *file = s->files[handle];

	if (file) {
		s->files[handle] = NULL;
		s->open_handles--;
	}
	pthread_mutex_unlock(&s->lock);
	service_file_put(s, file);
	return file ? HOST_SUCCESS : HOST_BADF;
}
