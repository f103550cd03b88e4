/*
 * The layout of a volume in its file, and the codecs of its records (doc/volume.md). Little-endian.
 *
 *   blocks 0..3, 4..7  two copies of the header: key slots (volume/header.h)
 *   blocks 8, 9        superblocks of odd and of even sequence numbers
 *   blocks 10..15      zero
 *   blocks 16..        everything else, wherever the map has room
 *
 * Every decoder takes plaintext that was authenticated: what it rejects was written by a broken
 * or newer runtime under the right key, or is our own bug; it is bounded all the same.
 */
#ifndef VOLUME_FORMAT_H
#define VOLUME_FORMAT_H

#include "volume/volume.h"

#define VOLUME_VERSION	   1u
#define VOLUME_HEADER_SIZE 16384u /* of a copy */
#define VOLUME_SUPER_BLOCK 8u	  /* + sequence & 1 */
#define VOLUME_DATA_BLOCK  16u	  /* first block of the map's */
#define VOLUME_BLOCKS_MAX  UINT32_MAX

#define VOLUME_TAG_SIZE	  16u
#define VOLUME_NONCE_SIZE 12u
#define VOLUME_SALT_SIZE  32u

#define VOLUME_REF_SIZE	    32u
#define VOLUME_FANOUT	    128u /* references in a node */
#define VOLUME_FANOUT_SHIFT 7u
#define VOLUME_DEPTH_MAX    5u /* levels of nodes above the data: 2^35 blocks and more */

/* Where a block is and how it was sealed. block 0: a hole, all else is zero then. For blocks of
 * INO_EPOCHS epoch and counter are the two parts of a random nonce. */
struct volume_ref {
	uint32_t block;
	uint32_t epoch;
	uint64_t counter;
	uint8_t tag[VOLUME_TAG_SIZE];
};

/* The blocks of an object: depth 0: root is its block 0; depth n: root is a node of VOLUME_FANOUT
 * references to trees of depth n - 1. */
struct volume_tree {
	uint64_t ino;
	struct volume_ref root;
	uint8_t depth; /* 0..VOLUME_DEPTH_MAX */
};

/* What a block is, which its seal binds: block `index` of those at `level` of object `ino`; level 0
 * is data, level n a node that stands for VOLUME_FANOUT^n blocks of data. */
struct volume_place {
	uint64_t ino;
	uint64_t index;
	uint8_t level;
};

/* A commit. */
struct volume_super {
	uint64_t sequence;		       /* from 1 */
	uint8_t parent[VOLUME_HASH_SIZE];      /* root of the commit before; zeros for the first */
	uint64_t time;			       /* ns since 1970: the host's word */
	uint32_t block_count;		       /* of the file: no reference goes beyond */
	uint32_t used_count;		       /* bits set in the map */
	uint32_t epoch_count;		       /* salts in INO_EPOCHS */
	uint64_t inode_count;		       /* records in INO_TABLE, free ones included */
	uint64_t inode_free;		       /* first of the list of free records; 0: none */
	struct volume_tree epochs, map, table; /* their ino is not stored */
};

#define VOLUME_INODE_SIZE   256u
#define VOLUME_INODE_INLINE 128u /* bytes of a symlink's target that need no block */

/* A record of INO_TABLE. type 0: free. */
struct volume_inode {
	uint8_t type; /* enum volume_type */
	uint32_t nlink;
	uint64_t size; /* bytes: of data, of the target, of a directory's blocks */
	uint64_t atim, mtim, ctim;
	uint64_t parent; /* of a directory: where its name is; of a free record: the next one */
	uint64_t count;	 /* of a directory: its entries */
	uint8_t bits;	 /* of a directory: of a name's hash that index its table (volume/dir.h) */
	struct volume_tree tree;
	uint8_t target[VOLUME_INODE_INLINE]; /* of a symlink that fits */
};

void volume_ref_encode(uint8_t out[VOLUME_REF_SIZE], const struct volume_ref *ref);
void volume_ref_decode(struct volume_ref *ref, const uint8_t in[VOLUME_REF_SIZE]);

/* The plaintext of a superblock: VOLUME_SUPER_SIZE bytes. */
#define VOLUME_SUPER_SIZE (VOLUME_BLOCK_SIZE - VOLUME_NONCE_SIZE - VOLUME_TAG_SIZE)
void volume_super_encode(uint8_t out[VOLUME_SUPER_SIZE], const struct volume_super *super);
/* E_VOLUME_VERSION, E_VOLUME_FORMAT: fields that no runtime of this version writes. */
MUST_USE enum err volume_super_decode(struct volume_super *super,
				      const uint8_t in[VOLUME_SUPER_SIZE]);

void volume_inode_encode(uint8_t out[VOLUME_INODE_SIZE], const struct volume_inode *inode);
/* E_VOLUME_FORMAT. tree.ino is set to `ino`. */
MUST_USE enum err volume_inode_decode(struct volume_inode *inode, uint64_t ino,
				      const uint8_t in[VOLUME_INODE_SIZE]);

#endif
