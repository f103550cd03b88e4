/* A disk in memory that remembers what was written to it, and when it was told to make it durable. */
#include "test/lib/volume_disk.h"

#include <stdlib.h>
#include <string.h>

#define SECTOR 512u

static void *disk_room(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		abort();
	return p;
}

void disk_image_resize(struct disk_image *image, uint64_t size)
{
	if (size > image->room) {
		image->room = size + size / 2;
		image->bytes = disk_room(image->bytes, image->room);
	}
	if (size > image->size)
		memset(image->bytes + image->size, 0, size - image->size);
	image->size = size;
}

void disk_image_write(struct disk_image *image, const uint8_t *bytes, uint64_t off, uint64_t size)
{
	if (off + size > image->size)
		disk_image_resize(image, off + size);
	if (size > 0)
		memcpy(image->bytes + off, bytes, size);
}

void disk_image_copy(struct disk_image *to, const struct disk_image *from)
{
	to->size = 0;
	disk_image_write(to, from->bytes, 0, from->size);
}

void disk_image_free(struct disk_image *image)
{
	free(image->bytes);
	*image = (struct disk_image){0};
}

void disk_apply(struct disk_image *image, const struct disk_entry *entry)
{
	disk_apply_torn(image, entry, DISK_WHOLE);
}

static bool disk_sector_there(enum disk_tear tear, uint64_t sector, uint64_t count)
{
	switch (tear) {
	case DISK_PREFIX:
		return sector < count / 2;
	case DISK_SUFFIX:
		return sector >= count / 2;
	case DISK_ODD:
		return sector % 2 == 1;
	case DISK_EVEN:
		return sector % 2 == 0;
	case DISK_FIRST:
		return sector == 0;
	case DISK_BUT_LAST:
		return sector + 1 < count;
	default:
		return true;
	}
}

void disk_apply_torn(struct disk_image *image, const struct disk_entry *entry, enum disk_tear tear)
{
	const uint64_t count = entry->size / SECTOR;
	const uint64_t cut = entry->size / 2 + 77;

	if (entry->kind == DISK_SIZE)
		disk_image_resize(image, entry->size);
	if (entry->kind != DISK_WRITE)
		return;
	if (tear == DISK_BYTES || tear == DISK_BYTES_BEHIND) {
		const uint64_t from = tear == DISK_BYTES ? 0 : cut;
		const uint64_t to = tear == DISK_BYTES ? cut : entry->size;

		if (to > from && to <= entry->size)
			disk_image_write(image, entry->bytes + from, entry->off + from, to - from);
		return;
	}
	if (tear == DISK_WHOLE) {
		disk_image_write(image, entry->bytes, entry->off, entry->size);
		return;
	}
	for (uint64_t i = 0; i < count; i++) {
		if (disk_sector_there(tear, i, count))
			disk_image_write(image, entry->bytes + i * SECTOR, entry->off + i * SECTOR,
					 SECTOR);
	}
}

static void disk_log(struct volume_disk *disk, enum disk_kind kind, const void *bytes, uint64_t off,
		     uint64_t size)
{
	if (!disk->logging)
		return;
	if (disk->log_count == disk->log_room) {
		disk->log_room = disk->log_room * 2 + 64;
		disk->log = disk_room(disk->log, disk->log_room * sizeof(*disk->log));
	}
	struct disk_entry *entry = &disk->log[disk->log_count++];

	*entry = (struct disk_entry){.kind = kind, .off = off, .size = size};
	if (kind == DISK_WRITE) {
		entry->bytes = disk_room(NULL, size ? size : 1);
		memcpy(entry->bytes, bytes, size);
	}
}

/* Is it this change's turn to fail? */
static bool disk_fails(struct volume_disk *disk, enum disk_kind kind)
{
	if (disk->fail_after < 0)
		return false;
	if (disk->fail_after > 0) {
		disk->fail_after--;
		return false;
	}
	if (disk->fail_once)
		disk->fail_after = -1;
	disk->failed++;
	disk->failed_kind = kind;
	return true;
}

static enum err disk_read(void *context, void *buf, uint64_t off, size_t size)
{
	struct volume_disk *disk = context;

	disk->reads++;
	if (off > disk->image.size || size > disk->image.size - off)
		return E_IO;
	if (size > 0)
		memcpy(buf, disk->image.bytes + off, size);
	if (disk->spoil)
		disk->spoil(disk->spoil_context, buf, off, size);
	return E_OK;
}

static enum err disk_write(void *context, const void *buf, uint64_t off, size_t size)
{
	struct volume_disk *disk = context;

	disk->writes++;
	if (disk->size_max && off + size > disk->size_max)
		return E_NO_SPACE;
	if (disk_fails(disk, DISK_WRITE)) {
		if (disk->fail_torn) {
			disk_log(disk, DISK_WRITE, buf, off, size / 2);
			disk_image_write(&disk->image, buf, off, size / 2);
		}
		return E_IO;
	}
	disk_log(disk, DISK_WRITE, buf, off, size);
	disk_image_write(&disk->image, buf, off, size);
	return E_OK;
}

static enum err disk_sync(void *context)
{
	struct volume_disk *disk = context;

	disk->syncs++;
	if (disk_fails(disk, DISK_SYNC))
		return E_IO;
	disk_log(disk, DISK_SYNC, NULL, 0, 0);
	return E_OK;
}

static enum err disk_size(void *context, uint64_t *size)
{
	const struct volume_disk *disk = context;

	*size = disk->image.size;
	return E_OK;
}

static enum err disk_set_size(void *context, uint64_t size)
{
	struct volume_disk *disk = context;

	if (disk->size_max && size > disk->size_max && size > disk->image.size)
		return E_NO_SPACE;
	if (disk_fails(disk, DISK_SIZE))
		return E_IO;
	disk_log(disk, DISK_SIZE, NULL, 0, size);
	disk_image_resize(&disk->image, size);
	return E_OK;
}

void disk_init(struct volume_disk *disk)
{
	*disk = (struct volume_disk){.fail_after = -1};
}

void disk_log_clear(struct volume_disk *disk)
{
	for (size_t i = 0; i < disk->log_count; i++)
		free(disk->log[i].bytes);
	disk->log_count = 0;
}

void disk_fini(struct volume_disk *disk)
{
	disk_log_clear(disk);
	free(disk->log);
	disk_image_free(&disk->image);
	*disk = (struct volume_disk){0};
}

struct volume_device disk_device(struct volume_disk *disk)
{
	return (struct volume_device){.context = disk,
				      .read = disk_read,
				      .write = disk_write,
				      .sync = disk_sync,
				      .size = disk_size,
				      .set_size = disk_set_size};
}
