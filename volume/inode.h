/*
 * Inodes: records of INO_TABLE, loaded and stored by value. And who is held.
 */
#ifndef VOLUME_INODE_H
#define VOLUME_INODE_H

#include "volume/impl.h"

#define INODES_RECENT 8u /* a power of two */

struct volume_hold {
	uint64_t ino; /* 0: nothing here */
	uint64_t count;
};

struct volume_names {
	struct volume_hold *holds; /* by number, open addressing, at most half full */
	size_t size;
	size_t used;
	/* Records as the table has them, by the last bits of their numbers: to be decoded once. */
	struct volume_inode recent[INODES_RECENT];
};

MUST_USE enum err volume_names_init(struct volume *v);
void volume_names_fini(struct volume *v);

/* E_NOT_FOUND: beyond the table, or free. */
MUST_USE enum err volume_inode_load(struct volume *v, uint64_t ino, struct volume_inode *inode);
MUST_USE enum err volume_inode_store(struct volume *v, const struct volume_inode *inode);
/* A number for *inode, which is stored under it; inode->tree.ino is set. On an error nothing has
 * changed. */
MUST_USE enum err volume_inode_new(struct volume *v, struct volume_inode *inode);
/* Frees its blocks and its record. */
MUST_USE enum err volume_inode_free(struct volume *v, struct volume_inode *inode);
/* Blocks that storing `count` records may make dirty (volume_reserve). */
uint32_t volume_inode_cost(const struct volume *v, uint32_t count);

/* For volume_flush: the tree of an object, system objects included, and its new root. */
MUST_USE enum err volume_object_tree(struct volume *v, uint64_t ino, struct volume_tree *tree);
MUST_USE enum err volume_object_set_root(struct volume *v, uint64_t ino,
					 const struct volume_ref *root);

/* The empty file system of a new volume: table, orphans, root. */
MUST_USE enum err volume_inode_format(struct volume *v);
/* Frees what was held when the volume was last let go of; for a mount that may write, before anything
 * else. Does nothing (and makes nothing dirty) when there is none. */
MUST_USE enum err volume_free_orphans(struct volume *v);

MUST_USE bool volume_is_held(const struct volume *v, uint64_t ino);
/* A file that lost its last name and is held: an entry of INO_ORPHANS with its number as the name. */
MUST_USE enum err volume_orphan_cost(struct volume *v, uint64_t ino, uint32_t *blocks);
MUST_USE enum err volume_orphan_add(struct volume *v, const struct volume_inode *inode);

/* The host's word for the time, for what changes now. */
uint64_t volume_now(const struct volume *v);

#endif
