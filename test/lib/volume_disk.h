/*
 * A disk in memory for a volume's tests: the bytes as the program sees them, a log of all that was
 * written, and the states in which a crash may leave the medium (volume/device.h says which those
 * are). It can fail at the n-th operation and be full.
 */
#ifndef TEST_LIB_VOLUME_DISK_H
#define TEST_LIB_VOLUME_DISK_H

#include "volume/device.h"

enum disk_kind { DISK_WRITE = 1, DISK_SYNC, DISK_SIZE };

struct disk_entry {
	enum disk_kind kind;
	uint64_t off;
	uint64_t size; /* of DISK_SIZE: the new one */
	uint8_t *bytes;
};

/* Bytes in memory, as long as they were written. */
struct disk_image {
	uint8_t *bytes;
	uint64_t size, room;
};

struct volume_disk {
	struct disk_image image;
	bool logging;
	struct disk_entry *log;
	size_t log_count, log_room;
	uint64_t size_max; /* E_NO_SPACE beyond it; 0: no bound */
	long fail_after;   /* changes that still succeed; -1: all */
	bool fail_once;	   /* only one fails, then all is well again */
	bool fail_torn;	   /* of the write that fails the first half is there */
	uint64_t reads, writes, syncs, failed;
	enum disk_kind failed_kind; /* of the last that failed */
	/* May change what a read gives; NULL: nothing does. */
	void (*spoil)(void *context, uint8_t *buf, uint64_t off, size_t size);
	void *spoil_context;
};

/* An empty file. */
void disk_init(struct volume_disk *disk);
void disk_fini(struct volume_disk *disk);
struct volume_device disk_device(struct volume_disk *disk);

void disk_image_copy(struct disk_image *to, const struct disk_image *from);
void disk_image_write(struct disk_image *image, const uint8_t *bytes, uint64_t off, uint64_t size);
void disk_image_resize(struct disk_image *image, uint64_t size);
void disk_image_free(struct disk_image *image);

/* Does what an entry says to an image. */
void disk_apply(struct disk_image *image, const struct disk_entry *entry);

/* How a write may be torn. */
enum disk_tear {
	DISK_WHOLE,
	DISK_PREFIX,   /* sectors of 512 bytes: the first half */
	DISK_SUFFIX,   /* the second half */
	DISK_ODD,      /* every second one */
	DISK_EVEN,     /* the others */
	DISK_FIRST,    /* the first one alone */
	DISK_BUT_LAST, /* all but the last one */
	DISK_BYTES,    /* to a byte in the middle of a sector */
	DISK_BYTES_BEHIND,
	DISK_TEARS
};
void disk_apply_torn(struct disk_image *image, const struct disk_entry *entry, enum disk_tear tear);

/* Drops the log; what is there now counts as synced. */
void disk_log_clear(struct volume_disk *disk);

#endif
