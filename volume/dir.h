/*
 * Directories: names by extendible hashing, in blocks of the directory's own tree.
 *
 * A name's position is 64 bits: the upper 48 are those of its hash (volume_hash_name; 1 stands for 0),
 * the lower 16 tell names apart whose 48 bits are the same. A position belongs to a name as long as the
 * name exists; listings go by position, and a cookie is a position plus 1.
 *
 * Blocks. With n buckets and t blocks of the table: bucket b is block b, of b < n; block j of the table is
 * the block i of n <= i < n + t with i mod t == j mod t, so that one more bucket, or one less, moves one
 * block of the table. The inode's size is (n + t) blocks, its count is the number of names, its `bits` are
 * g below. An empty directory has no block.
 *
 * Table. Slot s, a little-endian number of 32 bits, names the bucket of the positions whose upper g bits
 * are s. 1024 slots to a block; t is 2^g / 1024, at least 1; no table (t = 0) when g is 0, the one
 * bucket is number 0 then. Slots that do not exist are zero.
 *
 * Bucket:   0 u8  depth d, at most g: how many upper bits all positions in it share
 *           1 u8  zero
 *           2 u16 bytes of entries
 *           4 u32 0, or 1 + the number of another bucket of the same positions; only when d is 20
 *           8 u64 these upper d bits, the others zero
 *          16     entries in no order: u64 position, u64 inode, u8 type, u8 size, the name; then zeros
 */
#ifndef VOLUME_DIR_H
#define VOLUME_DIR_H

#include "volume/impl.h"

#define DIR_BITS_MAX	20u	   /* of g and d */
#define DIR_BUCKETS_MAX (1u << 24) /* of a directory */
#define DIR_POSITION	0xffffu	   /* the bits of a position that do not come of the hash */

#define BUCKET_HEAD 16u
#define BUCKET_ROOM (VOLUME_BLOCK_SIZE - BUCKET_HEAD) /* bytes of entries */

struct volume_name {
	const char *p;
	size_t size;
	uint64_t hash;
};

struct volume_entry {
	uint64_t position;
	uint64_t ino;
	enum volume_type type;
	const char *name; /* in the cache: as long as tree.h says */
	size_t name_size;
};

/* How many buckets and blocks of the table it has. E_VOLUME_FORMAT. */
struct volume_dir_shape {
	uint32_t buckets;
	uint32_t tables;
};
MUST_USE enum err volume_dir_shape(const struct volume_inode *dir, struct volume_dir_shape *shape);
/* The block that holds block `table` of the table. */
uint32_t volume_dir_table_at(const struct volume_dir_shape *shape, uint32_t table);

/* A bucket's head, checked; its entries follow one by one. E_VOLUME_FORMAT. */
struct volume_bucket {
	uint8_t depth;
	size_t used;
	uint32_t next; /* 1 + its number, or 0 */
	uint64_t prefix;
	const uint8_t *entries;
};
MUST_USE enum err volume_bucket_decode(const uint8_t block[VOLUME_BLOCK_SIZE],
				       const struct volume_inode *dir,
				       struct volume_bucket *bucket);
/* *off: bytes of entries before it; set to where the next one stands. E_NOT_FOUND: no further. */
MUST_USE enum err volume_bucket_next(const struct volume_bucket *bucket, size_t *off,
				     struct volume_entry *entry);

/* Bucket `number` of the directory. E_VOLUME_FORMAT: it has none, or it is none. */
MUST_USE enum err volume_dir_bucket(struct volume *v, const struct volume_inode *dir,
				    uint32_t number, struct volume_bucket *bucket);

/* 1..VOLUME_NAME_MAX bytes, no '/' and no NUL, neither "." nor "..". */
MUST_USE bool volume_name_is_valid(const char *name, size_t size);
struct volume_name volume_name_of(const struct volume *v, const char *p, size_t size);

/* The upper bits of a position of that hash. */
uint64_t volume_position_of(uint64_t hash);

MUST_USE enum err volume_dir_find(struct volume *v, const struct volume_inode *dir,
				  const struct volume_name *name, struct volume_entry *entry);
/* The entry with the lowest position of `from` or above. */
MUST_USE enum err volume_dir_next(struct volume *v, const struct volume_inode *dir, uint64_t from,
				  struct volume_entry *entry);

/*
 * Changes. *dir is changed with them and the caller stores it, after an error too; then the caller
 * breaks the volume. `ino` and `type` are what the name stands for. The two costs are the number of
 * blocks, ancestors among them, that the change may make dirty (volume_reserve). E_NO_SPACE of the
 * first: so many names cannot be told apart.
 */
MUST_USE enum err volume_dir_insert_cost(struct volume *v, const struct volume_inode *dir,
					 const struct volume_name *name, uint32_t *blocks);
MUST_USE enum err volume_dir_insert(struct volume *v, struct volume_inode *dir,
				    const struct volume_name *name, uint64_t ino,
				    enum volume_type type);
MUST_USE enum err volume_dir_remove_cost(struct volume *v, const struct volume_inode *dir,
					 const struct volume_name *name, uint32_t *blocks);
MUST_USE enum err volume_dir_remove(struct volume *v, struct volume_inode *dir,
				    const struct volume_name *name);
/* The name stands for something else from now on; its position stays. */
MUST_USE enum err volume_dir_replace(struct volume *v, struct volume_inode *dir,
				     const struct volume_name *name, uint64_t ino,
				     enum volume_type type);

#endif
