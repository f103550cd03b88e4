/*
 * A volume's file, by host calls and the mapping.
 * Trust: nothing. What is read is held against its seal in volume/; a count is at most what was asked for (hostcall/),
 * and one of 0 is an error, so that every loop ends; that something was written or synced is the host's claim.
 * Invariant: host memory is copied once, by hostcall_map_read or a stub; nothing is written through the mapping; no byte
 * that was fetched ahead outlasts a write.
 */
#include "program/volume_device.h"

#include <string.h>

#include "base/checked.h"
#include "base/heap.h"

/* What the host says, as volume/device.h has it. */
static enum err device_error(enum host_errno error)
{
	switch (error) {
	case HOST_SUCCESS:
		return E_OK;
	case HOST_NOSPC:
	case HOST_DQUOT:
	case HOST_FBIG:
		return E_NO_SPACE;
	case HOST_ROFS:
	case HOST_BADF: /* opened for reading alone */
		return E_READ_ONLY;
	default:
		return E_IO;
	}
}

/* Fetches what was announced from `off` on, as much as one call brings. Want of memory only costs time. */
static void fetch(struct volume_handle *file, uint64_t off)
{
	const uint64_t left = file->ahead_end - off;
	size_t done = 0;

	file->fetched_size = 0;
	if (!file->fetched)
		file->fetched = heap_alloc(HOSTCALL_DATA_MAX);
	if (!file->fetched || hostcall_pread(file->handle, file->fetched,
					     left < HOSTCALL_DATA_MAX ? left : HOSTCALL_DATA_MAX,
					     off, &done) != HOST_SUCCESS)
		return;
	file->fetched_off = off;
	file->fetched_size = done;
}

/* Bytes that were fetched before they were asked for: 0 when those at `off` were not. */
static size_t take_fetched(struct volume_handle *file, uint8_t *to, uint64_t off, size_t size)
{
	if (off - file->fetched_off >= file->fetched_size && off >= file->ahead_off &&
	    off < file->ahead_end)
		fetch(file, off);
	const uint64_t at = off - file->fetched_off;

	if (at >= file->fetched_size)
		return 0;
	const size_t left = file->fetched_size - (size_t)at;
	const size_t n = size < left ? size : left;

	memcpy(to, file->fetched + at, n);
	return n;
}

static enum err read_by_calls(struct volume_handle *file, uint8_t *to, uint64_t off, size_t size)
{
	while (size != 0) {
		size_t done = take_fetched(file, to, off, size);

		if (done == 0) {
			const enum host_errno error =
				hostcall_pread(file->handle, to, size, off, &done);

			if (error != HOST_SUCCESS)
				return device_error(error);
		}
		if (done == 0)
			return E_IO;
		to += done;
		off += done;
		size -= done;
	}
	return E_OK;
}

/* A mapping that is too small for the file, or an offset that is none of a word, goes by calls. */
static enum err device_read(void *context, void *buf, uint64_t off, size_t size)
{
	struct volume_handle *file = context;

	if (off % sizeof(uint64_t) != 0 || !range_inside(off, size, file->mapping.size))
		return read_by_calls(file, buf, off, size);
	const enum err err = hostcall_map_read(buf, &file->mapping, off, size);

	/* While one block is opened, the CPU fetches the one behind it, if blocks are read in a row. */
	if (off == file->next)
		hostcall_map_hint(&file->mapping, off + size, size);
	file->next = off + size;
	return err;
}

/* What was fetched may be old now. */
static void forget_fetched(struct volume_handle *file)
{
	file->fetched_size = 0;
	file->ahead_off = file->ahead_end = 0;
}

static enum err device_write(void *context, const void *buf, uint64_t off, size_t size)
{
	struct volume_handle *file = context;
	const uint8_t *from = buf;

	forget_fetched(file);
	while (size != 0) {
		size_t done;
		const enum host_errno error = hostcall_pwrite(file->handle, from, size, off, &done);

		if (error != HOST_SUCCESS)
			return device_error(error);
		if (done == 0)
			return E_IO;
		from += done;
		off += done;
		size -= done;
	}
	return E_OK;
}

static enum err device_sync(void *context)
{
	const struct volume_handle *file = context;

	return device_error(hostcall_sync(file->handle, true));
}

static enum err device_size(void *context, uint64_t *size)
{
	const struct volume_handle *file = context;
	struct host_stat st;
	const enum err err = device_error(hostcall_stat(file->handle, &st));

	if (err == E_OK)
		*size = st.size;
	return err;
}

/* A file system that cannot reserve grows the file all the same. */
static enum err device_grow(const struct volume_handle *file, uint64_t from, uint64_t size)
{
	const enum host_errno error = hostcall_allocate(file->handle, from, size - from);

	if (error == HOST_NOTSUP || error == HOST_NOSYS)
		return device_error(hostcall_set_size(file->handle, size));
	return device_error(error);
}

static enum err device_set_size(void *context, uint64_t size)
{
	struct volume_handle *file = context;
	uint64_t now;
	const enum err err = device_size(context, &now);

	forget_fetched(file);
	if (err != E_OK || now == size)
		return err;
	return now < size ? device_grow(file, now, size)
			  : device_error(hostcall_set_size(file->handle, size));
}

/* Regions in which a mapping is announced, each as a whole and once: to ask again for pages that the host has shown
 * already costs more than it gives. Beyond the bitmap nothing is announced. */
#define REGION_SIZE  ((uint64_t)512 << 10)
#define REGION_COUNT ((uint64_t)1 << 17) /* 64 GiB */

static void show_region(struct volume_handle *file, uint64_t region)
{
	const uint64_t bit = (uint64_t)1 << region % 64;

	if (file->shown[region / 64] & bit)
		return;
	file->shown[region / 64] |= bit;
	(void)hostcall_ahead(file->handle, region * REGION_SIZE, REGION_SIZE);
}

/* size is not 0. */
static void show_ahead(struct volume_handle *file, uint64_t off, uint64_t size)
{
	const uint64_t last = (off + size - 1) / REGION_SIZE;

	if (!file->shown)
		file->shown = heap_alloc(REGION_COUNT / 8);
	for (uint64_t r = off / REGION_SIZE; file->shown && r <= last && r < REGION_COUNT; r++)
		show_region(file, r);
}

static void device_ahead(void *context, uint64_t off, uint64_t size)
{
	struct volume_handle *file = context;

	if (file->mapping.size != 0) {
		show_ahead(file, off, size);
		return;
	}
	file->ahead_off = off;
	file->ahead_end = size <= UINT64_MAX - off ? off + size : off;
}

void volume_handle_init(struct volume_handle *file, uint32_t handle, bool mapped)
{
	*file = (struct volume_handle){.handle = handle};
	if (mapped && hostcall_map(handle, &file->mapping) != HOST_SUCCESS)
		file->mapping = (struct host_mapping){0};
}

void volume_handle_fini(struct volume_handle *file)
{
	hostcall_unmap(&file->mapping);
	heap_free(file->shown);
	heap_free(file->fetched);
	file->shown = NULL;
	file->fetched = NULL;
	forget_fetched(file);
}

struct volume_device volume_handle_device(struct volume_handle *file)
{
	return (struct volume_device){
		.context = file,
		.read = device_read,
		.write = device_write,
		.sync = device_sync,
		.size = device_size,
		.set_size = device_set_size,
		.ahead = device_ahead,
	};
}
