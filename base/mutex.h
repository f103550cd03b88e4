/*
 * A mutex that waits by park (base/park.h): for what may be held across a host call, where spinning
 * would burn the CPU that the holder waits for. Zeroed is unlocked. Not recursive; the thread that
 * locked unlocks. Whoever waits for it may lose a token that was meant for another wait, so every
 * other wait of the thread stands in a loop as park asks. mutex_unlock still looks at the mutex after
 * another may have taken it: it is freed only where no unlock can be under way.
 */
#ifndef BASE_MUTEX_H
#define BASE_MUTEX_H

#include <stdatomic.h>

#include "base/cc.h"

struct mutex {
	_Atomic uint32_t held;
	_Atomic uint64_t waiters; /* bit n: thread n waits, or is about to */
};

void mutex_lock(struct mutex *m);

/* Takes the mutex if it is free. */
MUST_USE bool mutex_try_lock(struct mutex *m);

/* Wakes one of those who wait. */
void mutex_unlock(struct mutex *m);

#endif
