/*
 * Inside volume/: what a mounted volume is, and what its parts do for each other. From below:
 *
 *   seal.h    one block sealed and opened; epochs, counters, nonces
 *   map.h     which blocks of the file are in use
 *   cache.h   plaintext blocks in memory, clean and dirty
 *   tree.h    the blocks of one object (a file, a directory, a table), a radix tree of references
 *   commit.h  dirty blocks go out; the superblock
 *   inode.h, dir.h  records of files; names
 *
 * All of it is called with the volume's mutex held.
 *
 * **Invariant:** every block that is dirty has all its ancestors up to the top of its tree in the
 * cache, dirty as well; what is dirty is never evicted. Blocks become clean in volume_flush alone, all
 * at once from the bottom up, and that runs only where no caller holds a pointer into the cache:
 * in volume_balance and volume_commit.
 */
#ifndef VOLUME_IMPL_H
#define VOLUME_IMPL_H

#include "base/mutex.h"
#include "volume/format.h"
#include "volume/volume.h"

/* Objects that the volume keeps for itself; their trees stand in the superblock. */
#define INO_EPOCHS 1u /* 32-byte salts by epoch */
#define INO_MAP	   2u /* a bit per block of the file */
#define INO_TABLE  3u /* inodes by number */
#define INO_ORPHANS                                                                                \
	4u	     /* a directory: files without a name that were held, to be freed by a mount */
#define INO_FIRST 6u /* of those that are given out; VOLUME_ROOT is 5 */

struct volume_cache;
struct volume_map;
struct volume_seal;
struct volume_names;

struct volume {
	struct mutex lock;
	struct volume_config config;
	struct volume_super super;     /* of the transaction: becomes the next superblock */
	struct volume_state committed; /* the last commit */
	struct volume_cache *cache;    /* cache.c */
	struct volume_map *map;	    /* map.c; NULL while nothing was written on a read-only mount */
	struct volume_seal *seal;   /* seal.c: keys, the mount's epoch, its counter */
	struct volume_names *names; /* inode.h: what is held, records decoded lately */
	bool settled;		    /* the last commit is durable for sure (commit.h) */
	bool changed;		    /* something is not committed */
	bool broken;		    /* nothing can be committed any more */
	struct volume_usage usage;
};

/* A change stopped half-way by an error: the transaction must not be committed. Returns err. */
static inline enum err volume_break(struct volume *v, enum err err)
{
	v->broken = true;
	return err;
}

#endif
