/*
 * The time of a volume's changes: the host's clock, without an exit for each of them. It is asked when the enclave has been
 * left since it was asked last: who waits, reads the clock or talks to anybody leaves it, so two changes have one time
 * only if nothing but reckoning is between them; and after VOLUME_CLOCK_USES changes.
 */
#ifndef PROGRAM_VOLUME_CLOCK_H
#define PROGRAM_VOLUME_CLOCK_H

#include "base/cc.h"

#define VOLUME_CLOCK_USES 1024u

/* Zeroed is ready. */
struct volume_clock {
	uint64_t ns;
	uint64_t calls; /* hostcall_count when it was asked */
	uint32_t uses;
};

/* The `now` of a struct volume_config: ns since 1970, 0 while the host does not say; it never goes back. `context` is a
 * struct volume_clock, used by one thread at a time. */
uint64_t volume_clock_now(void *context);

#endif
