/*
 * A volume whose plaintext can be changed at will and sealed again under its own key, with all
 * references above: what a decoder behind the seal would see if somebody who has the key lied.
 */
#ifndef TEST_LIB_VOLUME_FORGE_H
#define TEST_LIB_VOLUME_FORGE_H

#include "test/lib/volume_pair.h"
#include "volume/format.h"

/* What a block's reference stands in. */
enum forge_parent { FORGE_NODE, FORGE_INODE, FORGE_SUPER };

struct forge_block {
	struct volume_place place;
	struct volume_ref ref;
	enum forge_parent kind;
	uint32_t parent; /* index of the block that has the reference; of the record's block */
	uint32_t at;	 /* where in it */
	bool dirty;
	uint8_t plain[VOLUME_BLOCK_SIZE];
};

struct forge {
	struct pair pair; /* mounted: its epoch seals */
	struct volume_super super;
	struct forge_block *blocks; /* those with references before what they refer to */
	uint32_t count;
};

/* A small volume with every kind of block. */
void forge_init(struct forge *f);
void forge_fini(struct forge *f);

/* The same again, to be changed: copies blocks and superblock. */
void forge_copy(struct forge *to, const struct forge *from);
void forge_copy_free(struct forge *f);

/* Seals what is dirty, and all above it, into the image, and the superblock. */
void forge_seal(struct forge *f, struct disk_image *image);

#endif
