/*
 * Which blocks of the file are in use: two bitmaps in memory, one of the last commit and one of the
 * transaction. A block is given out when neither has it, so nothing that the last commit can
 * reach is written over, and what a transaction wrote and gave up again is free at once.
 */
#ifndef VOLUME_MAP_H
#define VOLUME_MAP_H

#include "volume/impl.h"

/* Reads INO_MAP; E_VOLUME_FORMAT when it does not agree with the superblock's counts. */
MUST_USE enum err volume_map_load(struct volume *v);
/* An empty one: the first VOLUME_DATA_BLOCK blocks are in use. */
MUST_USE enum err volume_map_new(struct volume *v);
void volume_map_fini(struct volume *v);

/* The next free block, near the last one given out if possible, so that what is written in a row lies in a
 * row; low ones first after a commit, so that the file can shrink. E_NO_SPACE. */
MUST_USE enum err volume_map_take(struct volume *v, uint32_t *block);
/* E_VOLUME_FORMAT: it is not in use; what refers to it contradicts the map, or something else does. */
MUST_USE enum err volume_map_give(struct volume *v, uint32_t block);
/* Makes sure that `count` blocks can be taken, growing the file; E_NO_SPACE. */
MUST_USE enum err volume_map_ensure(struct volume *v, uint32_t count);
/* Is it in use in the transaction? */
MUST_USE bool volume_map_used(const struct volume *v, uint32_t block);
/* Blocks of INO_MAP whose bits changed since the last commit: the next one from `first` on. */
MUST_USE bool volume_map_next_changed(const struct volume *v, uint64_t first, uint64_t *index);
/* The content of block `index` of INO_MAP as of now. */
void volume_map_encode(const struct volume *v, uint64_t index, uint8_t out[VOLUME_BLOCK_SIZE]);
/* How many blocks the file needs: the superblock's count for a commit. Less than super.block_count when
 * much of the end is free. */
MUST_USE uint32_t volume_map_settle_end(struct volume *v);
/* The transaction is durable, super is its superblock: its bitmap is the last commit's now. The file
 * had old_count blocks; what super does not count of them is given back. */
void volume_map_committed(struct volume *v, uint32_t old_count);

#endif
