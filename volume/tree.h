/*
 * The blocks of an object, through the cache. A pointer to a block stays valid until sixteen further
 * calls for other blocks, or volume_balance, volume_flush or volume_commit. The caller keeps the
 * object's struct volume_tree where it belongs (an inode, the superblock): after volume_tree_write and
 * volume_tree_cut it stores it again when it changed. While blocks are dirty, root may be older than
 * the cache, which counts.
 */
#ifndef VOLUME_TREE_H
#define VOLUME_TREE_H

#include "volume/impl.h"

/* Block `index` as it is now; *block is NULL for a hole, also beyond what the tree's depth reaches. */
MUST_USE enum err volume_tree_read(struct volume *v, const struct volume_tree *tree, uint64_t index,
				   const uint8_t **block);

/*
 * Block `index` to be changed: it and its ancestors are dirty from now on. whole: the caller writes
 * all of it, so its old content is not read (the block is zero then). A hole becomes a block of
 * zeros. E_NO_SPACE when the volume has no room for what is dirty then; E_FILE_SIZE beyond
 * VOLUME_DEPTH_MAX; on an error nothing has changed.
 */
MUST_USE enum err volume_tree_write(struct volume *v, struct volume_tree *tree, uint64_t index,
				    bool whole, uint8_t **block);

/* Makes holes of all blocks from index `count` on and frees what they took; 0: an empty tree.
 * An error other than E_OK may leave it half-done: the caller breaks the volume. */
MUST_USE enum err volume_tree_cut(struct volume *v, struct volume_tree *tree, uint64_t count);

/* Calls `visit` for each block that the tree refers to, nodes before what is below them; only of a tree
 * without dirty blocks. The nodes are opened and so authenticated; data only if `read`. For the check.
 */
MUST_USE enum err volume_tree_visit(struct volume *v, const struct volume_tree *tree, bool read,
				    enum err (*visit)(void *context,
						      const struct volume_place *place,
						      uint32_t block),
				    void *context);

/*
 * Is there room for `blocks` more blocks to become dirty (the file grows if it must)? E_NO_SPACE. An
 * operation of several steps asks before its first change. `freeing`: it makes room in the end and may
 * use the reserve that is kept for such.
 */
MUST_USE enum err volume_reserve(struct volume *v, uint32_t blocks, bool freeing);

/* At the end of every operation and between the parts of a long one: writes dirty blocks out when
 * there are too many of them. No pointer into the cache survives it. */
MUST_USE enum err volume_balance(struct volume *v);

#endif
