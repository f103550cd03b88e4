/*
 * Crash replay. A workload runs on a disk that logs (test/lib/volume_disk.h); then, at every change
 * of the log, the states are made in which a crash at that moment may leave the medium: what was
 * synced is there, and of what was not any part, in any order, each write whole or torn.
 */
#ifndef TEST_LIB_VOLUME_CRASH_H
#define TEST_LIB_VOLUME_CRASH_H

#include "test/lib/volume_disk.h"

/* When a commit began and when it had returned, as positions in the log; what it holds is the
 * caller's. */
struct crash_commit {
	size_t begin, end;
};

struct crash {
	const struct volume_disk *disk;	    /* its log; it began to log when `start` was copied */
	const struct disk_image *start;	    /* what was on the medium then, durable */
	const struct crash_commit *commits; /* commits[0].end is 0: the state at the start */
	size_t commit_count;
	uint32_t samples; /* random subsets of what is pending, where all of them are too many */
	uint64_t seed;
	/*
	 * One state: it may be at commit `last` or, if next is another one, at that. Says which it is by
	 * returning its number, or SIZE_MAX: it is neither. May change the image.
	 */
	size_t (*look)(void *context, struct disk_image *image, size_t last, size_t next);
	void *context;
	size_t entry;	 /* of the log: the newest one that may have happened in this state */
	uint64_t points; /* changes of the log */
	uint64_t states; /* made and looked at */
	uint64_t at_last, at_next; /* what they opened at; where there is no next one, at_last */
	uint64_t wrong;
	uint64_t limit; /* stop after so many states, 0: none */
};

void crash_run(struct crash *c);

#endif
