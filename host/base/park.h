/*
 * base/park.h for ordinary threads of a process, by futex; and the token itself, for the service,
 * whose threads are those of one enclave.
 */
#ifndef HOST_BASE_PARK_H
#define HOST_BASE_PARK_H

#include <stdatomic.h>

#include "base/park.h"

/* Zeroed: not there. */
struct park_token {
	_Atomic uint32_t there;
};

/* Waits for the token and takes it; false when timeout_ns passed first. May return true without. */
bool park_token_take(struct park_token *token, uint64_t timeout_ns);

/* Puts it there. May be called in a signal handler. */
void park_token_give(struct park_token *token);

/* The calling thread is number `thread` (below PARK_THREADS_MAX) from now on; 0 until it says so. */
void park_enter(uint32_t thread);

#endif
