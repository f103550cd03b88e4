/*
 * The host's side of the shared area (boundary/abi.h): built before the first entry, given to the
 * enclave once. What the enclave writes there is untrusted for the machine's owner too: results are
 * copied out before they are looked at.
 */
#ifndef HOST_SHARED_AREA_H
#define HOST_SHARED_AREA_H

#include "base/cc.h"
#include "base/err.h"
#include "host/run.h"

struct shared_area {
	uint8_t *base;
	size_t size;
	uint64_t slots_off;
	uint32_t thread_count;
};

/* Maps the area and copies launch record and module into it. E_NOMEM. */
MUST_USE enum err shared_area_init(struct shared_area *a, uint32_t thread_count,
				   const struct host_run_request *request);

/* Zeroed is fine. */
void shared_area_fini(struct shared_area *a);

/* The slot of a thread. */
uint8_t *shared_area_slot(const struct shared_area *a, uint32_t thread);

/* Copies the result that stands in a slot after EXIT_DONE and checks it. E_MALFORMED when it makes
 * no sense, E_NOMEM. Fills end, frames, frame_names, text. */
MUST_USE enum err shared_area_result(const struct shared_area *a, uint32_t thread,
				     struct host_run_result *result);

#endif
