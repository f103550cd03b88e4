/*
 * The full check of a volume: every block that the last commit refers to is opened, and everything
 * that two places say of the same thing is compared: the map and the trees, counts of links, parents,
 * entries and inodes, sizes and blocks.
 */
#ifndef VOLUME_CHECK_H
#define VOLUME_CHECK_H

#include "volume/volume.h"

struct volume_check {
	uint64_t files, directories, symlinks;
	uint64_t blocks;   /* opened */
	uint64_t orphans;  /* files without a name, which the next mount frees */
	uint64_t problems; /* found; the first is described: */
	const char *what;  /* words, static; NULL: none */
	uint64_t ino;	   /* where */
	uint64_t block;
};

/* Of a volume without uncommitted changes (E_STATE otherwise). E_OK even with problems, which *check
 * counts; errors are E_NOMEM and what the device cannot do. `progress` may be NULL. */
MUST_USE enum err volume_check(struct volume *v, struct volume_check *check,
			       void (*progress)(void *context, uint64_t blocks, uint64_t of),
			       void *context);

#endif
